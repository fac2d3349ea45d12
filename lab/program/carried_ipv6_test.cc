// A carried program's sockets of AF_INET6, and the names that go with them.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedIpv6Test : public ProgramTest {};

TEST_F(CarriedIpv6Test, AClientFindsAndSpeaksToAServer) {
  CompileMain("server", R"(
    int listener = socket(AF_INET6, SOCK_STREAM, 0), fd;
    struct sockaddr_in6 own = {.sin6_family = AF_INET6, .sin6_port = htons(9999)}, other;
    socklen_t length = sizeof other;
    char text[100];
    if (bind(listener, (void*)&own, sizeof own) != 0 || listen(listener, 1) != 0) perror("bind");
    fd = accept(listener, (void*)&other, &length);
    printf("%s %d ", inet_ntop(AF_INET6, &other.sin6_addr, text, sizeof text), length == sizeof other);
    send(fd, text, recv(fd, text, sizeof text, 0), 0);
    return 0;)");
  CompileMain("client", R"(
    struct hostent* host = gethostbyname2("ip6-alpha", AF_INET6);
    struct sockaddr_in6 server = {.sin6_family = AF_INET6, .sin6_port = htons(9999)};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    char text[100] = "";
    if (host == NULL || host->h_addrtype != AF_INET6 || host->h_length != 16) return 1;
    memcpy(&server.sin6_addr, host->h_addr, 16);
    if (connect(fd, (void*)&server, sizeof server) != 0) perror("connect");
    send(fd, "hello", 5, 0);
    recv(fd, text, sizeof text, 0);
    printf("%s %d", text, gethostbyname2("alpha", AF_INET)->h_length);
    return 0;)");
  TwoHosts hosts;
  const ProcessId server = hosts.Start(hosts.alpha, Options("server"));
  hosts.Run(std::chrono::milliseconds(10));
  const ProcessId client = hosts.Start(hosts.beta, Options("client"));
  hosts.Run();
  EXPECT_EQ(hosts.world.outcome(server).output, "fd00::2 1 ");
  EXPECT_EQ(hosts.world.outcome(client).output, "hello 4");
}

}  // namespace
}  // namespace lab
