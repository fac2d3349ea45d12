// Socket options, flags and ioctls of carried programs reach the world's sockets as they are.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedOptionsTest : public ProgramTest {
 protected:
  // What the body of a main prints that has a connection over the loopback: `client` and `server`.
  std::string Prints(const std::string& body) {
    CompileMain("program", R"(
      int listener = listening(9999); int client = connected("127.0.0.1", 9999);
      int server = accept(listener, NULL, NULL); int value; socklen_t length; char text[100] = {0};
      struct iovec one = {text, 10}; struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};)" +
                               body + "return 0;");
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, Options("program"));
    hosts.Run();
    const Outcome& outcome = hosts.world.outcome(process);
    EXPECT_EQ(outcome.exit_status, 0) << outcome.error_output;
    for (const auto& [key, value] : outcome.reports) EXPECT_EQ(value, "") << key;
    return outcome.output;
  }
};

TEST_F(CarriedOptionsTest, NumbersAreSetAndRead) {
  EXPECT_EQ(Prints(R"(
    int options[][3] = {{6, 4, 11}, {6, 18, 500}, {6, 25, 77}, {1, 9, 1}, {1, 12, 3}, {0, 2, 33}, {0, 1, 16}};
    for (int i = 0; i < 7; ++i) {
      int* option = options[i]; length = sizeof value;
      setsockopt(client, option[0], option[1], &option[2], 4);
      getsockopt(client, option[0], option[1], &value, &length); printf("%d ", value);
    })"),
            "11 500 77 1 3 33 16 ");
}

TEST_F(CarriedOptionsTest, ValuesOfEveryLengthPass) {
  EXPECT_EQ(Prints(R"(
    unsigned char byte = 200; setsockopt(client, 0, 2, &byte, 1); length = 1;
    getsockopt(client, 0, 2, text, &length); printf("%d %u, ", (unsigned char)text[0], length);
    setsockopt(client, 6, 13, "reno", 4); length = sizeof text;
    getsockopt(client, 6, 13, text, &length); printf("%s %u, ", text, length);
    length = sizeof text; getsockopt(client, 6, 11, text, &length); printf("%d %u, ", text[0], length);
    struct timeval limit = {1, 500000}; setsockopt(client, 1, 20, &limit, sizeof limit); limit.tv_sec = 7;
    length = sizeof limit; getsockopt(client, 1, 20, &limit, &length); printf("%d", (int)limit.tv_sec);)"),
            "200 1, reno 16, 1 100, 1");
}

TEST_F(CarriedOptionsTest, RefusalsPass) {
  EXPECT_EQ(Prints(R"(
    value = 1; length = sizeof value; int pipes[2]; pipe(pipes);
    setsockopt(client, 1, 2, &value, 3); printf("%d ", errno == EINVAL);
    setsockopt(client, 1, 2, NULL, 4); printf("%d ", errno == EFAULT);
    setsockopt(client, 6, 9999, &value, 4); printf("%d ", errno == ENOPROTOOPT);
    getsockopt(client, 17, 1, &value, &length); printf("%d ", errno == EOPNOTSUPP);
    getsockopt(pipes[0], 1, 2, &value, &length); printf("%d ", errno == ENOTSOCK);
    message.msg_iovlen = 1025;
    sendmsg(client, &message, 0); printf("%d ", errno == EMSGSIZE);
    recvmsg(client, &message, 0); printf("%d ", errno == EMSGSIZE);
    writev(client, &one, 1025); printf("%d ", errno == EINVAL);
    message.msg_iovlen = 1; message.msg_name = text; message.msg_namelen = -1;
    sendmsg(client, &message, 0); printf("%d", errno == EINVAL);)"),
            "1 1 1 1 1 1 1 1 1");
}

TEST_F(CarriedOptionsTest, FlagsPass) {
  EXPECT_EQ(Prints(R"(
    printf("%d ", (int)recv(server, text, 5, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    send(client, "head", 4, MSG_MORE); send(client, "body", 4, 0);
    printf("%d %s, ", (int)recv(server, text, 8, MSG_PEEK | MSG_WAITALL), text);
    memset(text, '-', 4); printf("%d %.4s, ", (int)recv(server, text, 4, MSG_TRUNC), text);
    printf("%d ", (int)recv(server, NULL, 2, MSG_TRUNC));
    message.msg_flags = 77; memset(text, 0, sizeof text);
    int received = recvmsg(server, &message, 0); printf("%d %s %d, ", received, text, message.msg_flags);
    received = recv(server, text, 1, MSG_ERRQUEUE); printf("%d %d", received, errno == EAGAIN);)"),
            "1 8 headbody, 4 ----, 2 2 dy 0, -1 1");
}

TEST_F(CarriedOptionsTest, UrgentBytesPass) {
  EXPECT_EQ(Prints(R"(
    send(client, "abc", 3, MSG_OOB);
    fd_set exceptional; FD_ZERO(&exceptional); FD_SET(server, &exceptional);
    int ready = select(server + 1, NULL, NULL, &exceptional, NULL);
    printf("%d %d, ", ready, FD_ISSET(server, &exceptional) != 0);
    struct pollfd polled = {server, POLLPRI, 0}; poll(&polled, 1, 0); printf("%d ", polled.revents == POLLPRI);
    int received = recv(server, text, 10, 0); printf("%d %s, ", received, text);
    printf("%d ", ioctl(server, 0x8905, &value)); printf("%d, ", value);
    received = recvmsg(server, &message, MSG_OOB);
    printf("%d %c %d, ", received, text[0], message.msg_flags == MSG_OOB);
    received = recv(server, text, 1, MSG_OOB); printf("%d %d", received, errno == EINVAL);)"),
            "1 1, 1 2 ab, 0 1, 1 c 1, -1 1");
}

TEST_F(CarriedOptionsTest, IoctlsPass) {
  EXPECT_EQ(Prints(R"(
    enum { kOutQueue = 0x5411, kAtMark = 0x8905, kInQueue = 0x541b, kCloexec = 0x5451, kNonblocking = 0x5421 };
    send(client, "hello", 5, 0); usleep(1000); int result;
    value = 7; result = ioctl(client, kOutQueue, &value); printf("%d %d, ", result, value);
    value = 7; result = ioctl(server, kInQueue, &value); printf("%d %d, ", result, value);
    value = 7; result = ioctl(server, kAtMark, &value); printf("%d %d, ", result, value);
    result = ioctl(listener, kOutQueue, &value); printf("%d %d, ", result, errno == EINVAL);
    result = ioctl(client, kCloexec, 0); printf("%d %d, ", result, fcntl(client, F_GETFD));
    value = 1; result = ioctl(client, kNonblocking, &value);
    printf("%d %d", result, fcntl(client, F_GETFL) & O_NONBLOCK);)"),
            "0 0, 0 5, 0 0, -1 1, 0 1, 0 2048");
}

}  // namespace
}  // namespace lab
