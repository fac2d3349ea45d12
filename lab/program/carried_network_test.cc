// Carried programs that talk to each other and to functions over the simulated network.
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

#include "lab/program/program_testing.h"

namespace lab {
namespace {

using std::chrono::milliseconds;

constexpr char kCServer[] = R"(
  int fd = listening(9999);
  for (;;) { int client = accept(fd, NULL, NULL); send(client, "Hi we are connected!", 20, 0); close(client); })";
constexpr char kCClient[] = R"(
  int fd = connected("10.0.0.1", 9999); char text[100]; int length;
  while ((length = recv(fd, text, sizeof text, 0)) > 0) fwrite(text, 1, length, stdout);
  return length == 0 ? 0 : 1;)";
constexpr char kPythonServer[] = R"(
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('', 9999)); s.listen(5)
while True:
    client, address = s.accept()
    client.sendall(b'Hi we are connected!'); client.close()
)";
constexpr char kPythonClient[] = R"(
import socket, sys
s = socket.create_connection(('alpha', 9999), timeout=5)
sys.stdout.write(s.makefile('r').read())
)";

class CarriedNetworkTest : public ProgramTest {
 protected:
  // Starts the server on alpha, lets it get ready, then runs the client on beta to its end.
  Outcome Talk(TwoHosts& hosts, const std::string& server, const std::string& client, std::string input = "") {
    server_ = hosts.Start(hosts.alpha, Options(server));
    EXPECT_TRUE(hosts.world.RunUntil([&] { return hosts.world.Listening(hosts.alpha, 9999); }, milliseconds(1000)))
        << hosts.world.outcome(server_).error_output;
    const ProcessId process = hosts.Start(hosts.beta, Options(client), {}, std::move(input));
    hosts.world.RunUntil([&] { return hosts.world.outcome(process).exited; }, std::chrono::seconds(100));
    const Outcome outcome = hosts.world.outcome(process);
    EXPECT_TRUE(outcome.exited);
    for (const ProcessId any : {server_, process}) {
      for (const auto& [key, value] : hosts.world.outcome(any).reports) EXPECT_EQ(value, "") << key;
    }
    EXPECT_EQ(outcome.error_output, "");
    return outcome;
  }

  // A C client against a function as server, both on the world's network; the client's outcome.
  Outcome Meet(const std::string& client, Function server) {
    CompileMain("client", client);
    TwoHosts hosts;
    StartOptions options;
    options.name = "server";
    hosts.world.Start(hosts.alpha, options, std::move(server));
    const ProcessId process = hosts.Start(hosts.beta, Options("client"));
    hosts.Run();
    const Outcome outcome = hosts.world.outcome(process);
    for (const auto& [key, value] : outcome.reports) EXPECT_EQ(value, "") << key;
    return outcome;
  }

  ProcessId server_ = -1;
};

// A function that accepts one connection on port 9999 and hands it to `body`.
Function Accepting(std::function<void(Process&, int)> body) {
  return [body = std::move(body)](Process& process) {
    Sockets& sockets = process.sockets();
    const int fd = sockets.socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(9999);
    sockets.bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    sockets.listen(fd, 5);
    body(process, sockets.accept(fd, nullptr, nullptr));
    return 0;
  };
}

TEST_F(CarriedNetworkTest, ClientsAndServersOfAllLanguagesMeet) {
  CompileMain("c_server", kCServer);
  CompileMain("c_client", kCClient);
  WritePython("server.py", kPythonServer);
  WritePython("client.py", kPythonClient);
  for (const std::string server : {"c_server", "server.py"}) {
    for (const std::string client : {"c_client", "client.py"}) {
      TwoHosts hosts;
      EXPECT_EQ(Talk(hosts, server, client).output, "Hi we are connected!") << server << " and " << client;
    }
  }
}

TEST_F(CarriedNetworkTest, ARunIsRepeatedToTheBit) {
  WritePython("server.py", kPythonServer);
  CompileMain("c_client", kCClient);
  uint64_t hash = 0;
  for (int i = 0; i < 5; ++i) {
    TwoHosts hosts(Choices::Seeded(3));
    LinkOptions lossy;
    lossy.loss_ppm = 300'000;
    hosts.world.SetLink(hosts.alpha, hosts.beta, lossy);
    Talk(hosts, "server.py", "c_client");
    if (i > 0) {
      EXPECT_EQ(hosts.world.trace().hash(), hash);
    }
    hash = hosts.world.trace().hash();
  }
}

TEST_F(CarriedNetworkTest, StdioOnASocketWorks) {
  const Outcome outcome = Meet(R"(
    int fd = connected("10.0.0.1", 9999);
    FILE* in = fdopen(fd, "r"); FILE* out = fdopen(dup(fd), "w"); char line[100];
    fprintf(out, "%s %d\n", "question", 42); fflush(out);
    while (fgets(line, sizeof line, in)) printf("<%s>", line);
    dprintf(fd, "bye");
    return ferror(in) != 0;)", Accepting([](Process& process, int client) {
    char text[100] = {};
    process.sockets().recv(client, text, sizeof(text), 0);
    EXPECT_STREQ(text, "question 42\n");
    process.sockets().send(client, "one\ntwo\n", 8, 0);
    process.sockets().shutdown(client, SHUT_WR);
    EXPECT_EQ(process.sockets().recv(client, text, sizeof(text), MSG_WAITALL), 3);
  }));
  EXPECT_EQ(outcome.output, "<one\n><two\n>");
  EXPECT_EQ(outcome.exit_status, 0);
}

TEST_F(CarriedNetworkTest, MoreBytesThanTheChannelHoldsGoThrough) {
  CompileMain("server", R"(
    int fd = listening(9999), client = accept(fd, NULL, NULL), n;
    static char text[3000000]; long sum = 0, total = 0;
    while ((n = read(client, text, sizeof text)) > 0) { total += n; for (int i = 0; i < n; ++i) sum += text[i]; }
    dprintf(client, "%ld %ld", total, sum);
    return 0;)");
  WritePython("client.py", R"(
import socket
s = socket.create_connection(('alpha', 9999)); data = bytes(i % 100 for i in range(2500000))
s.sendall(data); s.shutdown(socket.SHUT_WR)
print(s.recv(100).decode() == f'{len(data)} {sum(data)}')
)");
  TwoHosts hosts;
  EXPECT_EQ(Talk(hosts, "server", "client.py").output, "True\n");
}

TEST_F(CarriedNetworkTest, GatheredAndScatteredMessagesKeepTheirOrder) {
  EXPECT_EQ(Meet(R"(
    int fd = connected("10.0.0.1", 9999); char a[3] = "", b[10] = "";
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{a, 2}, {b, 9}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 3};
    printf("%d ", (int)sendmsg(fd, &message, 0)); printf("%d ", (int)writev(fd, out, 3));
    shutdown(fd, SHUT_WR);
    message.msg_iov = in; message.msg_iovlen = 2;
    printf("%d %s%s", (int)recvmsg(fd, &message, MSG_WAITALL), a, b);
    printf(" %d\n", (int)recv(fd, a, 1, MSG_PEEK));
    return 0;)", Accepting([](Process& process, int client) {
    char text[12];
    EXPECT_EQ(process.sockets().recv(client, text, 12, MSG_WAITALL), 12);
    process.sockets().send(client, text, 12, 0);
  })).output, "6 6 11 abcdefabcde 1\n");
}

TEST_F(CarriedNetworkTest, PollAndSelectWaitForTheNetwork) {
  EXPECT_EQ(Meet(R"(
    int fd = connected("10.0.0.1", 9999); char text[10]; struct timespec t;
    struct pollfd fds[2] = {{fd, POLLIN}, {99, POLLIN}};
    printf("%d ", poll(fds, 1, 50));
    printf("%d ", poll(fds, 2, -1)); printf("%d ", fds[1].revents == POLLNVAL);
    printf("%d ", poll(fds, 1, -1)); printf("%d ", fds[0].revents == POLLIN); read(fd, text, 10);
    fd_set set; FD_ZERO(&set); FD_SET(fd, &set); struct timeval second = {1, 0};
    printf("%d ", select(fd + 1, &set, NULL, NULL, &second)); printf("%d ", (int)(second.tv_usec / 100000));
    printf("%d\n", FD_ISSET(fd, &set) != 0);
    return 0;)", Accepting([](Process& process, int client) {
    for (int i = 0; i < 2; ++i) {
      process.sleep(milliseconds(300));
      process.sockets().send(client, "x", 1, 0);
    }
    process.sleep(milliseconds(300));
  })).output, "0 1 1 1 1 1 7 1\n");
}

TEST_F(CarriedNetworkTest, NonblockingCallsDoNotWait) {
  EXPECT_EQ(Meet(R"(
    struct sockaddr_in in = at("10.0.0.1", 9999); char c; int error, waiting; socklen_t length = sizeof error;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    printf("%d ", connect(fd, (void*)&in, sizeof in)); printf("%d ", errno == EINPROGRESS);
    struct pollfd one = {fd, POLLOUT}; poll(&one, 1, -1);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    printf("%d %d ", error, (int)recv(fd, &c, 1, 0)); printf("%d ", errno == EAGAIN);
    printf("%d ", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0); fcntl(fd, F_SETFL, 0);
    printf("%d ", recv(fd, &c, 1, MSG_PEEK) == 1); ioctl(fd, 0x541B, &waiting);
    printf("%d\n", waiting);
    return 0;)", Accepting([](Process& process, int client) {
    process.sleep(milliseconds(100));
    process.sockets().send(client, "xyz", 3, 0);
  })).output, "-1 1 0 -1 1 1 1 3\n");
}

TEST_F(CarriedNetworkTest, ErrorsAreTheNetworks) {
  EXPECT_EQ(Meet(R"(
    struct sockaddr_in in = at("10.0.0.1", 1); int fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("%d", connect(fd, (void*)&in, sizeof in)); printf(" %d", errno == ECONNREFUSED);
    printf(" %d", socket(AF_UNIX, SOCK_STREAM, 0)); printf(" %d", errno == EAFNOSUPPORT);
    printf(" %d", (int)send(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_NOSIGNAL)); printf(" %d\n", errno == EPIPE);
    return 0;)", [](Process&) { return 0; }).output, "-1 1 -1 1 -1 1\n");
}

TEST_F(CarriedNetworkTest, SIGPIPEEndsAProgramThatDoesNotIgnoreIt) {
  const auto reset = Accepting([](Process& process, int client) { process.sockets().close(client); });
  const std::string body = R"(
    int fd = connected("10.0.0.1", 9999); sleep(1); write(fd, "x", 1); sleep(1);
    printf("%d", (int)write(fd, "x", 1)); return 0;)";
  EXPECT_EQ(Meet(body, reset).exit_status, 128 + SIGPIPE);
  EXPECT_EQ(Meet("signal(SIGPIPE, SIG_IGN);" + body, reset).output, "-1");
  EXPECT_EQ(Meet(R"(int fd = connected("10.0.0.1", 9999); sleep(1); send(fd, "x", 1, MSG_NOSIGNAL); sleep(1);
                    printf("%d", (int)send(fd, "x", 1, MSG_NOSIGNAL)); return 0;)", reset).output, "-1");
}

TEST_F(CarriedNetworkTest, PythonsTimeoutsAreTheWorlds) {
  WritePython("server.py", "import socket, time\ns = socket.create_server(('', 9999))\nc, _ = s.accept()\n"
                           "time.sleep(100)\n");
  WritePython("client.py", R"(
import socket, time, select, selectors
s = socket.create_connection(('alpha', 9999)); s.settimeout(2.5); begin = time.monotonic()
try: s.recv(1)
except TimeoutError: print('timeout', round(time.monotonic() - begin, 2))
print(select.select([s], [], [], 0.5))
selector = selectors.PollSelector(); selector.register(s, selectors.EVENT_READ); print(selector.select(1))
print(round(time.monotonic() - begin, 1))
)");
  TwoHosts hosts;
  EXPECT_EQ(Talk(hosts, "server.py", "client.py").output, "timeout 2.5\n([], [], [])\n[]\n4.0\n");
}

TEST_F(CarriedNetworkTest, AServersClientsAreServedWhileStandardInputWaits) {
  CompileMain("server", R"(
    int fd = listening(9999); char text[10];
    for (int input = 1, served = 0; !served;) {
      fd_set set; FD_ZERO(&set); FD_SET(fd, &set); if (input) FD_SET(0, &set);
      select(fd + 1, &set, NULL, NULL, NULL);
      if (FD_ISSET(0, &set)) input = read(0, text, 10) > 0;
      if (FD_ISSET(fd, &set)) { int c = accept(fd, NULL, NULL); write(c, "hello", 5); close(c); served = 1; }
    }
    return 0;)");
  CompileMain("client", kCClient);
  TwoHosts hosts;
  EXPECT_EQ(Talk(hosts, "server", "client").output, "hello");
}

}  // namespace
}  // namespace lab
