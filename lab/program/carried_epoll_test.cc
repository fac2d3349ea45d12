// Carried programs that wait with epoll, for events and timers too, and that talk to themselves over a socketpair.
#include <chrono>

#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedEpollTest : public ProgramTest {
 protected:
  Outcome RunMain(const std::string& body) {
    CompileMain("program", body);
    TwoHosts hosts;
    return Finish(hosts, hosts.Start(hosts.alpha, Options("program")));
  }

  // Runs until the process has ended, which it does by itself and without complaints.
  static Outcome Finish(TwoHosts& hosts, ProcessId process) {
    hosts.world.RunUntil([&] { return hosts.world.outcome(process).exited; }, std::chrono::seconds(100));
    const Outcome outcome = hosts.world.outcome(process);
    EXPECT_TRUE(outcome.exited);
    for (const auto& [key, value] : outcome.reports) EXPECT_EQ(value, "") << key;
    EXPECT_EQ(outcome.error_output, "");
    return outcome;
  }
};

TEST_F(CarriedEpollTest, EventDescriptorsCount) {
  EXPECT_EQ(RunMain(R"(
    int counter = eventfd(3, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE), shared = eventfd(0, 0);
    uint64_t v = 0;
    printf("%d ", (int)read(counter, &v, 8)); printf("%d ", (int)v); printf("%d ", (int)read(counter, &v, 8));
    printf("%d ", errno == EAGAIN);
    struct pollfd both = {counter, POLLIN | POLLOUT}; poll(&both, 1, 0); printf("%d ", both.revents == POLLOUT);
    v = 5; printf("%d ", (int)write(counter, &v, 8)); poll(&both, 1, 0);
    printf("%d ", both.revents == (POLLIN | POLLOUT));
    printf("%d ", (int)read(counter, &v, 4)); printf("%d ", errno == EINVAL);
    read(semaphore, &v, 8); printf("%d ", (int)v); read(semaphore, &v, 8); printf("%d ", (int)v);
    fflush(stdout);
    if (fork() == 0) { sleep(1); v = 7; write(shared, &v, 8); _exit(0); }
    struct epoll_event in = {EPOLLIN}, got; int epoll = epoll_create1(0); epoll_ctl(epoll, EPOLL_CTL_ADD, shared, &in);
    printf("%d ", epoll_wait(epoll, &got, 1, -1)); read(shared, &v, 8); printf("%d\n", (int)v); wait(NULL);
    return 0;)").output, "8 3 -1 1 1 8 1 -1 1 1 1 1 7\n");
}

TEST_F(CarriedEpollTest, TimerDescriptorsExpireInTheWorldsTime) {
  EXPECT_EQ(RunMain(R"(
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), once = timerfd_create(CLOCK_REALTIME, 0); uint64_t v = 0;
    struct itimerspec every = {{0, 250000000}, {1, 0}}, at = {}, left; struct timespec now;
    printf("%d ", timerfd_settime(timer, 0, &every, NULL)); printf("%d ", (int)read(timer, &v, 8));
    printf("%d ", errno == EAGAIN);
    sleep(2); printf("%d ", (int)read(timer, &v, 8)); printf("%d ", (int)v);
    timerfd_gettime(timer, &left); printf("%d %ld ", left.it_value.tv_nsec > 240000000, left.it_interval.tv_nsec);
    clock_gettime(CLOCK_REALTIME, &now); at.it_value = now; at.it_value.tv_sec += 3;
    timerfd_settime(once, TFD_TIMER_ABSTIME, &at, NULL);
    struct pollfd in = {once, POLLIN}; printf("%d ", poll(&in, 1, 2000)); read(once, &v, 8); printf("%d ", (int)v);
    struct timespec later; clock_gettime(CLOCK_REALTIME, &later); printf("%ld ", later.tv_sec - now.tv_sec);
    memset(&every, 0, sizeof every); timerfd_settime(timer, 0, &every, &left);
    printf("%d ", left.it_interval.tv_nsec != 0);
    printf("%d\n", timerfd_gettime(1, &left));
    return 0;)").output, "0 -1 1 8 5 1 250000000 0 1 3 1 -1\n");
}

TEST_F(CarriedEpollTest, TellsWhatHappensToTheProgramsDescriptors) {
  EXPECT_EQ(RunMain(R"(
    int file = open("/tmp/x", O_CREAT | O_RDWR, 0600), ends[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    pipe(ends);
    struct epoll_event in = {EPOLLIN | EPOLLET, {.u64 = 0x1122334455667788}}, out = {EPOLLOUT, {.fd = ends[1]}}, got[4];
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &in));
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &out));
    printf("%d ", epoll_wait(epoll, got, 4, -1) == 1 && got[0].data.fd == ends[1] && got[0].events == EPOLLOUT);
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL));
    printf("%d ", epoll_wait(epoll, got, 4, 10));
    write(ends[1], "x", 1);
    printf("%d ", epoll_pwait(epoll, got, 4, -1, NULL) == 1 && got[0].data.u64 == in.data.u64);
    struct timespec little = {0, 1000};
    printf("%d ", epoll_pwait2(epoll, got, 4, &little, NULL));
    printf("%d ", (fcntl(epoll, F_GETFD) & FD_CLOEXEC) != 0);
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_ADD, file, &in) == -1 && errno == EPERM);
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_DEL, file, &in) == -1 && errno == EPERM);
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_ADD, 99, &in) == -1 && errno == EBADF);
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &in) == -1 && errno == EEXIST);
    printf("%d ", epoll_ctl(file, EPOLL_CTL_ADD, ends[0], &in) == -1 && errno == EINVAL);
    printf("%d ", epoll_create(0) == -1 && errno == EINVAL);
    printf("%d\n", epoll_create(1) == ends[1] + 1);
    return 0;)").output, "0 0 1 0 0 1 0 1 1 1 1 1 1 1 1\n");
}

TEST_F(CarriedEpollTest, BadPointersAreErrors) {
  EXPECT_EQ(RunMain(R"(
    int ends[2], epoll = epoll_create1(0); pipe(ends); void* bad = (void*)8;
    struct epoll_event out = {EPOLLOUT};
    printf("%d ", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], bad) == -1 && errno == EFAULT);
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &out);
    printf("%d ", epoll_wait(epoll, bad, 1, 0) == -1 && errno == EFAULT);
    printf("%d ", socketpair(AF_UNIX, SOCK_STREAM, 0, bad) == -1 && errno == EFAULT);
    printf("%d ", poll(bad, 1, 0) == -1 && errno == EFAULT);
    printf("%d ", poll(NULL, 1, 0) == -1 && errno == EFAULT);
    printf("%d ", select(9, bad, 0, 0, 0) == -1 && errno == EFAULT);
    printf("%d ", write(ends[1], bad, 1) == -1 && errno == EFAULT);
    write(ends[1], "x", 1);
    printf("%d ", read(ends[0], bad, 1) == -1 && errno == EFAULT);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("%d ", bind(fd, bad, 16) == -1 && errno == EFAULT);
    printf("%d ", connect(fd, bad, 16) == -1 && errno == EFAULT);
    printf("%d ", sendmsg(fd, bad, 0) == -1 && errno == EFAULT);
    printf("%d ", recvmsg(fd, NULL, 0) == -1 && errno == EFAULT);
    printf("%d ", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bad, 4) == -1 && errno == EFAULT);
    printf("%d\n", getsockname(fd, bad, bad) == -1 && errno == EFAULT);
    return 0;)").output, "1 1 1 1 1 1 1 1 1 1 1 1 1 1\n");
}

TEST_F(CarriedEpollTest, ASocketPairIsTheWorlds) {
  EXPECT_EQ(RunMain(R"(
    int ends[2]; char text[20] = "";
    printf("%d ", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
    printf("%d ", recv(ends[0], text, 1, 0) == -1 && errno == EAGAIN);
    write(ends[1], "hello", 5); shutdown(ends[1], SHUT_WR);
    printf("%d %s ", (int)read(ends[0], text, 20), text); printf("%d ", (int)read(ends[0], text, 20));
    struct sockaddr_storage name; socklen_t length = sizeof name;
    printf("%d ", getsockname(ends[0], (void*)&name, &length));
    printf("%d ", name.ss_family == AF_UNIX && length == 2);
    close(ends[1]);
    printf("%d ", send(ends[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    printf("%d ", socketpair(AF_INET, SOCK_STREAM, 0, ends) == -1 && errno == EOPNOTSUPP);
    printf("%d\n", dup3(ends[0], 20, O_CLOEXEC) == 20 && fcntl(20, F_GETFD) == FD_CLOEXEC);
    return 0;)").output, "0 1 5 hello 0 0 1 1 1 1\n");
}

TEST_F(CarriedEpollTest, PpollAndPselectWaitForFractionsOfAMillisecond) {
  EXPECT_EQ(RunMain(R"(
    int ends[2]; pipe(ends); struct pollfd one = {ends[0], POLLIN}; struct timespec limit = {0, 200000}, begin, end;
    sigset_t none; sigemptyset(&none); fd_set set; FD_ZERO(&set); FD_SET(ends[0], &set);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    printf("%d ", ppoll(&one, 1, &limit, &none)); printf("%d ", pselect(ends[0] + 1, &set, 0, 0, &limit, &none));
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%ld ", (end.tv_nsec - begin.tv_nsec) / 100000); printf("%ld ", limit.tv_nsec);
    limit.tv_nsec = 1000000000; printf("%d\n", ppoll(&one, 1, &limit, NULL) == -1 && errno == EINVAL);
    return 0;)").output, "0 0 4 200000 1\n");
}

TEST_F(CarriedEpollTest, AnAsyncioServerServesSeveralClientsAtOnce) {
  WritePython("server.py", R"(
import asyncio
async def serve(reader, writer):
    while line := await reader.readline():
        await asyncio.sleep(0.5)
        writer.write(line.upper()); await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, '0.0.0.0', 9999)
    async with server: await server.serve_forever()
asyncio.run(main())
)");
  WritePython("client.py", R"(
import asyncio, time
async def talk(name):
    reader, writer = await asyncio.open_connection('10.0.0.1', 9999)
    for i in range(3):
        writer.write(f'{name}{i}\n'.encode()); print((await reader.readline()).decode().strip(), end=' ')
    writer.close(); await writer.wait_closed()
async def main():
    await asyncio.gather(*(talk(name) for name in 'abc'))
begin = time.monotonic(); asyncio.run(main()); print(round(time.monotonic() - begin, 1))
)");
  TwoHosts hosts;
  hosts.Start(hosts.alpha, Options("server.py"));
  ASSERT_TRUE(hosts.world.RunUntil([&] { return hosts.world.Listening(hosts.alpha, 9999); }, std::chrono::seconds(9)));
  EXPECT_EQ(Finish(hosts, hosts.Start(hosts.beta, Options("client.py"))).output,
            "A0 B0 C0 A1 B1 C1 A2 B2 C2 1.5\n");
}

TEST_F(CarriedEpollTest, PythonsDefaultSelectorIsEpoll) {
  WritePython("program.py", R"(
import selectors, socket
a, b = socket.socketpair(); s = selectors.DefaultSelector(); s.register(a, selectors.EVENT_READ, 'a')
print(type(s).__name__, s.select(0.1)); b.send(b'x'); print([key.data for key, events in s.select(1)], a.recv(10))
)");
  TwoHosts hosts;
  EXPECT_EQ(Finish(hosts, hosts.Start(hosts.alpha, Options("program.py"))).output,
            "EpollSelector []\n['a'] b'x'\n");
}

// Named pipes are the kernel's, sockets the lab's.
TEST_F(CarriedEpollTest, WhereThereIsRoomForFewTheKernelsAndTheLabsTakeTurns) {
  CompileMain("turns", R"(
    int list = epoll_create1(0), ends[2], told[2] = {0, 0};
    char name[] = "/tmp/duet-turns-XXXXXX";
    close(mkstemp(name));
    unlink(name);
    mkfifo(name, 0600);
    const int fifo = open(name, O_RDWR);
    unlink(name);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    write(fifo, "x", 1);
    write(ends[1], "x", 1);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 0};
    epoll_ctl(list, EPOLL_CTL_ADD, fifo, &event);
    event.data.u32 = 1;
    epoll_ctl(list, EPOLL_CTL_ADD, ends[0], &event);
    for (int i = 0; i < 6; ++i) {
      if (epoll_wait(list, &event, 1, -1) != 1) return 1;
      ++told[event.data.u32];
    }
    printf("%d %d", told[0], told[1]);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("turns")).output, "3 3");
  EXPECT_EQ(KernelsOutput("turns"), "3 3");
}

TEST_F(CarriedEpollTest, PollTakesAsManyEntriesAsTheProgramMayHaveDescriptors) {
  CompileMain("many", R"(
    static struct pollfd fds[3000];
    struct rlimit limit = {2000, 2000};
    int ends[2];
    setrlimit(RLIMIT_NOFILE, &limit);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    write(ends[1], "x", 1);
    for (int i = 0; i < 3000; ++i) fds[i] = (struct pollfd){-1, POLLIN, 0};
    fds[3].fd = 999;
    fds[1000].fd = open("/dev/null", O_RDONLY);
    fds[1500].fd = fds[1999].fd = ends[0];
    printf("%d ", poll(fds, 2000, -1));
    printf("%d %d %d %d ", fds[3].revents, fds[1000].revents, fds[1500].revents, fds[1999].revents);
    printf("%d ", poll(fds, 2001, 0) == -1 && errno == EINVAL);
    limit.rlim_cur = 10;
    setrlimit(RLIMIT_NOFILE, &limit);
    printf("%d ", poll(fds, 11, 0) == -1 && errno == EINVAL);
    printf("%d", poll(fds, 10, 0));
    return 0;)");
  ProgramOptions options = Options("many");
  options.limits.open_files = 4000;
  EXPECT_EQ(RunRepeatedly(options).output, KernelsOutput("many"));
}

}  // namespace
}  // namespace lab
