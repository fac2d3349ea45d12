// `duet run --interactive`: a program whose standard input is a terminal's, or a file's.
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/background.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kEndOfInput = 4;  // Ctrl-D
constexpr int kInterrupt = 3;   // Ctrl-C

// Answers each line in capitals.
constexpr char kServer[] = R"(
import socket
listener = socket.create_server(("", 9999))
while True:
    peer, _ = listener.accept()
    for line in peer.makefile():
        peer.sendall(line.upper().encode())
    peer.close()
)";

// Asks for lines with a prompt, and shows the answers.
constexpr char kClient[] = R"(
import socket
server = socket.create_connection(("server", 9999))
answers = server.makefile()
while True:
    try:
        line = input("> ")
    except EOFError:
        print("bye")
        break
    server.sendall((line + "\n").encode())
    print(answers.readline(), end="")
)";

// Waits for a line, and says meanwhile that time passes.
constexpr char kTicker[] = R"(
import select, sys, time
begin = time.monotonic()
while not select.select([sys.stdin], [], [], 0.05)[0]:
    print("tick", flush=True)
print("after", round(time.monotonic() - begin, 3), "came", sys.stdin.readline().strip())
)";

// Writes without any thought of buffers.
constexpr char kC[] = R"(
#include <stdio.h>
int main(void) {
  char line[100];
  printf("name?\n");
  if (fgets(line, sizeof line, stdin) != NULL) printf("hello %s", line);
  return getchar() == EOF ? 0 : 1;
}
)";

// A duet binary with a terminal of its own.
class Terminal {
 public:
  Terminal(const std::vector<std::string>& arguments, const std::string& temporary) {
    std::vector<std::string> words = {Binary()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ != 0) return;
    if (!temporary.empty()) setenv("TMPDIR", temporary.c_str(), 1);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  ~Terminal() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
    close(terminal_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void Type(const std::string& text) {
    ASSERT_EQ(write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Type(int key) { Type(std::string(1, static_cast<char>(key))); }

  // Whether `text` has come behind what was seen before, within a generous while; it has been seen then.
  bool See(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      const size_t at = shown_.find(text, seen_);
      if (at != std::string::npos) {
        seen_ = at + text.size();
        return true;
      }
      if (std::chrono::steady_clock::now() > deadline || !ReadMore()) return false;
    }
  }

  // 128 + n where signal n ended it. What it has shown is all then.
  int Wait() {
    while (ReadMore()) {
    }
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  const std::string& shown() const { return shown_; }

 private:
  // False at the end.
  bool ReadMore() {
    constexpr int kAskAgainMs = 1000;
    pollfd output{terminal_, POLLIN, 0};
    if (poll(&output, 1, kAskAgainMs) == 0) return true;
    char buffer[4096];
    const ssize_t length = read(terminal_, buffer, sizeof(buffer));
    if (length > 0) shown_.append(buffer, static_cast<size_t>(length));
    return length > 0;
  }

  pid_t pid_ = -1;
  int terminal_ = -1;
  std::string shown_;
  size_t seen_ = 0;
};

std::string Hash(const std::string& text) {
  const size_t at = text.find("hash ");
  return at == std::string::npos ? "" : text.substr(at, 5 + 16);
}

class InteractiveTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
    folder_ = Folder("interactive");
    WriteFile(folder_ + "/server.py", kServer);
    WriteFile(folder_ + "/client.py", kClient);
    WriteFile(folder_ + "/ticker.py", kTicker);
  }

  std::vector<std::string> Chat(std::vector<std::string> more) const {
    std::vector<std::string> line = {"run", "--host", "server", "python3 server.py", "--host", "client"};
    line.insert(line.end(), {"python3 client.py", "--directory", folder_, "--interactive", "client"});
    line.insert(line.end(), more.begin(), more.end());
    return line;
  }

  void Converse(const std::vector<std::string>& line) {
    Terminal terminal(line, "");
    ASSERT_TRUE(terminal.See("client | > ")) << terminal.shown();
    terminal.Type("hello\n");
    ASSERT_TRUE(terminal.See("client | HELLO\r\nclient | > ")) << terminal.shown();
    terminal.Type("well\n");
    ASSERT_TRUE(terminal.See("client | WELL\r\nclient | > ")) << terminal.shown();
    terminal.Type(kEndOfInput);
    ASSERT_TRUE(terminal.See("bye\r\n")) << terminal.shown();
    EXPECT_EQ(terminal.Wait(), 0) << terminal.shown();
    shown_ = terminal.shown();
  }

  std::string folder_;
  std::string shown_;
};

TEST_F(InteractiveTest, APersonTalksToASimulatedNetworkAndTheTalkCanBeRunAgain) {
  const std::string record = folder_ + "/talk.textproto";
  ASSERT_NO_FATAL_FAILURE(Converse(Chat({"--latency", "30ms", "--record", record})));
  ASSERT_NE(Hash(shown_), "") << shown_;
  for (int i = 0; i < 2; ++i) {
    const Ran again = Duet({"run", record});
    EXPECT_EQ(again.status, 0) << again.error_output;
    EXPECT_THAT(again.output, AllOf(HasSubstr("HELLO\n"), HasSubstr("WELL\n"), HasSubstr("bye\n")));
    EXPECT_EQ(Hash(again.error_output), Hash(shown_)) << ReadFile(record);
  }
}

TEST_F(InteractiveTest, APersonTalksToTheKernelsNetwork) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  ASSERT_NO_FATAL_FAILURE(Converse(Chat({"--world", "real"})));
}

TEST_F(InteractiveTest, TimePassesForAProgramThatWaitsForAPerson) {
  const std::string record = folder_ + "/ticks.textproto";
  Terminal terminal({"run", "--host", "a", "python3 ticker.py", "--directory", folder_, "--interactive", "a",
                     "--record", record},
                    "");
  ASSERT_TRUE(terminal.See("tick") && terminal.See("tick")) << terminal.shown();
  terminal.Type("now\n");
  ASSERT_TRUE(terminal.See("came now")) << terminal.shown();
  EXPECT_EQ(terminal.Wait(), 0) << terminal.shown();
  const Ran again = Duet({"run", record});
  EXPECT_THAT(again.output, AllOf(HasSubstr("tick\na | tick\n"), HasSubstr("came now\n")));
  EXPECT_EQ(Hash(again.error_output), Hash(terminal.shown())) << ReadFile(record);
}

// A server is waited for while somebody may type for it, and so it is when it runs again.
TEST_F(InteractiveTest, AServerThatEndsByACommandEndsAgainByTheRecord) {
  const std::string record = folder_ + "/quit.textproto";
  WriteFile(folder_ + "/quit.py",
            "import socket, sys, time\n"
            "socket.create_server(('', 9999))\n"
            "print('serving')\n"
            "sys.stdin.readline()\n"
            "time.sleep(1)\n"
            "print('bye')\n"
            "sys.exit(3)\n");
  Terminal terminal({"run", "--host", "a", "python3 quit.py", "--directory", folder_, "--interactive", "a", "--record",
                     record},
                    "");
  ASSERT_TRUE(terminal.See("serving")) << terminal.shown();
  terminal.Type("quit\n");
  ASSERT_TRUE(terminal.See("bye")) << terminal.shown();
  EXPECT_EQ(terminal.Wait(), 1) << terminal.shown();
  const Ran again = Duet({"run", record});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.output, HasSubstr("bye\n"));
  EXPECT_EQ(Hash(again.error_output), Hash(terminal.shown())) << ReadFile(record);
}

TEST_F(InteractiveTest, AProgramInCShowsItsLinesAsItWritesThem) {
  WriteFile(folder_ + "/ask.c", kC);
  ASSERT_EQ(std::system(absl::StrCat("gcc -o ", folder_, "/ask ", folder_, "/ask.c").c_str()), 0);
  for (const char* world : {"sim", "real"}) {
    if (std::string(world) == "real" && !WhyNoRealWorld().empty()) continue;
    Terminal terminal({"run", "--host", "a", "./ask", "--directory", folder_, "--interactive", "a", "--world", world},
                      "");
    ASSERT_TRUE(terminal.See("a | name?")) << terminal.shown();
    terminal.Type("Ada\n");
    ASSERT_TRUE(terminal.See("a | hello Ada")) << terminal.shown();
    terminal.Type(kEndOfInput);
    EXPECT_EQ(terminal.Wait(), 0) << terminal.shown();
  }
}

TEST_F(InteractiveTest, AnInterruptEndsAllAndLeavesNothing) {
  MarkedFolder marked;
  Terminal terminal(Chat({}), marked.path());
  ASSERT_TRUE(terminal.See("client | > ")) << terminal.shown();
  terminal.Type(kInterrupt);
  EXPECT_EQ(terminal.Wait(), 128 + SIGINT) << terminal.shown();
  EXPECT_TRUE(marked.WaitForNone());
  EXPECT_TRUE(marked.Empty());
}

TEST_F(InteractiveTest, WhatAPipeGivesIsThereFromTheBeginningAndEveryRunIsTheSame) {
  std::vector<std::string> hashes;
  for (int i = 0; i < 2; ++i) {
    service::CommandOptions options;
    std::string output;
    options.input = "hello\nwell\n";
    options.on_output = [&](std::string_view bytes) { output += bytes; };
    const service::CommandResult ran = DuetWith(Chat({}), {}, options);
    EXPECT_EQ(ran.status, 0) << ran.error_output;
    EXPECT_EQ(output, "client | > HELLO\nclient | > WELL\nclient | > bye\n");
    hashes.push_back(Hash(ran.error_output));
  }
  EXPECT_EQ(hashes[0], hashes[1]);
  EXPECT_NE(hashes[0], "");
}

TEST_F(InteractiveTest, WhatIsWrongGetsOneSentence) {
  WriteFile(folder_ + "/two.textproto", R"(host { name: "a" }
program { host: "a" name: "x" command: "true" interactive: true }
program { host: "a" name: "y" command: "true" interactive: true })");
  WriteFile(folder_ + "/order.textproto", R"(host { name: "a" }
program { host: "a" command: "true"
  typed { at: "2s" text: "x" }
  typed { at: "1s" text: "y" } })");
  ExpectSentence({"run", "--host", "a", "true", "--interactive", "b"}, "there is no program `b`");
  ExpectSentence({"run", folder_ + "/two.textproto"}, "two.textproto:3:47: there is one standard input");
  ExpectSentence({"run", folder_ + "/order.textproto"}, "order.textproto:4:11: what is typed stands in the order");
}

}  // namespace
}  // namespace lab::e2e
