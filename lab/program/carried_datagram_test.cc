// Carried programs that send datagrams over the simulated network.
#include <string>

#include "lab/program/program_testing.h"

namespace lab {
namespace {

constexpr char kBound[] = R"(
  int fd = socket(AF_INET, SOCK_DGRAM, 0); struct sockaddr_in in = at("0.0.0.0", 9999), from;
  socklen_t size = sizeof from;
  if (bind(fd, (void*)&in, sizeof in) != 0) perror("bind");
  char text[100]; ssize_t n;
)";
constexpr char kToServer[] = R"(
  int fd = socket(AF_INET, SOCK_DGRAM, 0); struct sockaddr_in to = at("10.0.0.1", 9999); char text[100]; ssize_t n;
)";

class CarriedDatagramTest : public ProgramTest {
 protected:
  // The server on alpha and, once it is bound, the client on beta, until both have ended or wait in vain.
  Outcome Talk(const std::string& server, const std::string& client) {
    const ProcessId first = hosts_.Start(hosts_.alpha, Options(server));
    EXPECT_TRUE(hosts_.world.RunUntil([&] { return hosts_.world.Bound(hosts_.alpha, 9999); }, std::chrono::seconds(10)))
        << hosts_.world.outcome(first).error_output;
    const ProcessId second = hosts_.Start(hosts_.beta, Options(client));
    hosts_.Run();
    for (const ProcessId any : {first, second}) {
      EXPECT_EQ(hosts_.world.outcome(any).error_output, "");
      for (const auto& [key, value] : hosts_.world.outcome(any).reports) EXPECT_EQ(value, "") << key;
    }
    return hosts_.world.outcome(second);
  }

  TwoHosts hosts_;
};

TEST_F(CarriedDatagramTest, ACServerAnswersAPythonClient) {
  CompileMain("server", std::string(kBound) + R"(
    while ((n = recvfrom(fd, text, sizeof text, 0, (void*)&from, &size)) > 0) {
      sendto(fd, text, n, 0, (void*)&from, size);
    }
    return n;)");
  WritePython("client.py", R"(
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(b'hello', ('alpha', 9999))
print(s.recvfrom(100))
s.sendto(b'', ('alpha', 9999))
try: s.recvfrom(100)
except socket.timeout: print('nothing more')
)");
  EXPECT_EQ(Talk("server", "client.py").output, "(b'hello', ('10.0.0.1', 9999))\nnothing more\n");
}

TEST_F(CarriedDatagramTest, MessagesHaveNamesAndFlags) {
  CompileMain("server", std::string(kBound) + R"(
    struct iovec part = {text, 3}; struct msghdr m = {&from, sizeof from, &part, 1};
    n = recvmsg(fd, &m, 0);
    struct iovec parts[] = {{text, n}, {m.msg_flags == MSG_TRUNC ? "cut" : "all", 3}};
    m.msg_iov = parts; m.msg_iovlen = 2; m.msg_flags = 0;
    return sendmsg(fd, &m, 0) == n + 3 ? 0 : 1;)");
  CompileMain("client", std::string(kToServer) + R"(
    sendto(fd, "hello", 5, 0, (void*)&to, sizeof to);
    n = recv(fd, text, 4, MSG_PEEK | MSG_TRUNC); printf("%d ", (int)n);
    n = read(fd, text, sizeof text); printf("%.*s\n", (int)n, text); return 0;)");
  EXPECT_EQ(Talk("server", "client").output, "6 helcut\n");
}

TEST_F(CarriedDatagramTest, SeveralMessagesGoByOneCall) {
  CompileMain("server", std::string(kBound) + R"(
    char texts[4][10]; struct sockaddr_in names[4]; struct iovec parts[4]; struct mmsghdr ms[4] = {};
    for (int i = 0; i < 4; ++i) {
      parts[i] = (struct iovec){texts[i], 10};
      ms[i].msg_hdr = (struct msghdr){&names[i], sizeof names[i], &parts[i], 1};
    }
    usleep(100000);
    int got = recvmmsg(fd, ms, 4, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; ++i) parts[i].iov_len = ms[i].msg_len;
    return sendmmsg(fd, ms, got, 0) == got ? 0 : 1;)");
  CompileMain("client", std::string(kToServer) + R"(
    connect(fd, (void*)&to, sizeof to);
    struct iovec parts[] = {{"one", 3}, {"three", 5}, {"", 0}}; struct mmsghdr ms[3] = {};
    for (int i = 0; i < 3; ++i) { ms[i].msg_hdr.msg_iov = &parts[i]; ms[i].msg_hdr.msg_iovlen = 1; }
    printf("%d ", sendmmsg(fd, ms, 3, 0)); printf("%u %u %u ", ms[0].msg_len, ms[1].msg_len, ms[2].msg_len);
    for (int i = 0; i < 3; ++i) { n = recv(fd, text, sizeof text, 0); printf("[%.*s]", (int)n, text); }
    struct iovec room = {text, sizeof text}; ms[0].msg_hdr.msg_iov = &room; struct timespec none = {0, 0};
    printf(" %d", recvmmsg(fd, ms, 1, MSG_DONTWAIT, &none)); printf(" %d\n", errno == EAGAIN); return 0;)");
  EXPECT_EQ(Talk("server", "client").output, "3 3 5 0 [one][three][] -1 1\n");
}

TEST_F(CarriedDatagramTest, TheLargestGoesThroughAndALargerOneDoesNot) {
  CompileMain("server", std::string(kBound) + R"(
    static char large[70000]; n = recvfrom(fd, large, sizeof large, 0, (void*)&from, &size);
    sendto(fd, large, n, 0, (void*)&from, size); return 0;)");
  CompileMain("client", std::string(kToServer) + R"(
    static char large[70000];
    printf("%d ", (int)sendto(fd, large, 65508, 0, (void*)&to, sizeof to)); printf("%d ", errno == EMSGSIZE);
    printf("%d ", (int)sendto(fd, large, 65507, 0, (void*)&to, sizeof to));
    printf("%d\n", (int)recv(fd, large, sizeof large, 0)); return 0;)");
  EXPECT_EQ(Talk("server", "client").output, "-1 1 65507 65507\n");
}

TEST_F(CarriedDatagramTest, ABrokenPipeRaisesNoSignal) {
  CompileMain("server", std::string(kBound) + "return 0;");
  CompileMain("client", std::string(kToServer) + R"(
    connect(fd, (void*)&to, sizeof to); shutdown(fd, SHUT_WR);
    printf("%d", (int)send(fd, "x", 1, 0)); printf(" %d", errno == EPIPE);
    printf(" %d", (int)write(fd, "x", 1)); printf(" %d\n", errno == EPIPE); return 0;)");
  EXPECT_EQ(Talk("server", "client").output, "-1 1 -1 1\n");
}

TEST_F(CarriedDatagramTest, NobodyAtThePortIsRefused) {
  CompileMain("server", std::string(kBound) + "sleep(10); return 0;");
  CompileMain("client", std::string(kToServer) + R"(
    to.sin_port = htons(1); connect(fd, (void*)&to, sizeof to); send(fd, "x", 1, 0);
    printf("%d", (int)recv(fd, text, 1, 0)); printf(" %d\n", errno == ECONNREFUSED); return 0;)");
  EXPECT_EQ(Talk("server", "client").output, "-1 1\n");
}

}  // namespace
}  // namespace lab
