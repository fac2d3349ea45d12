// The numbers of a carried program's descriptors: those that Linux would give, for its sockets and its files together,
// and the same to the world that has the sockets.
#include "absl/strings/str_cat.h"
#include "lab/program/program_testing.h"
#include "lab/trace/ledger.h"

namespace lab {
namespace {

class CarriedDescriptorsTest : public ProgramTest {
 protected:
  // Where it is carried, and its ledger.
  std::string OutputOf(const std::string& name, const std::string& argument, std::string* ledger = nullptr) {
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, Options(name), {argument});
    hosts.Run();
    const Outcome& outcome = hosts.world.outcome(process);
    EXPECT_EQ(outcome.exit_status, 0) << outcome.error_output;
    for (const auto& [key, value] : outcome.reports) EXPECT_EQ(value, "") << key;
    if (ledger != nullptr) *ledger = LedgerText(hosts.world.trace(), hosts.world.Unfinished());
    return outcome.output;
  }
};

TEST_F(CarriedDescriptorsTest, EpollKnowsThemByTheProgramsNumbers) {
  CompileMain("numbers", R"(
    int ends[2], list = epoll_create1(0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1}, came[4];
    int copy = dup(ends[0]);
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, copy, &event));
    close(copy);
    int file = open("/dev/null", O_RDONLY), other = dup(ends[0]);
    event.data.u32 = 2;
    printf("%d %d %d ", file == copy, other == copy, epoll_ctl(list, EPOLL_CTL_ADD, other, &event));
    write(ends[1], "x", 1);
    printf("%d\n", epoll_wait(list, came, 4, 0));
    return 0;)");
  EXPECT_EQ(OutputOf("numbers", ""), "0 1 0 0 2\n");
  EXPECT_EQ(KernelsOutput("numbers"), "0 1 0 0 2\n");
}

TEST_F(CarriedDescriptorsTest, TheLedgerHasTheProgramsNumbers) {
  CompileMain("calls", R"(
    int files[4], ends[2], others[2];
    for (int i = 0; i < 4; ++i) files[i] = open("/dev/null", O_RDONLY);  // 3 to 6
    int listener = listening(9999);                                     // 7
    close(files[1]);
    int client = connected("10.0.0.1", 9999);                           // 4
    int server = accept(listener, NULL, NULL);                          // 8
    close(files[3]);
    pipe(ends);                                                         // 6, 9
    socketpair(AF_UNIX, SOCK_STREAM, 0, others);                        // 10, 11
    dup2(server, 20);
    dup3(server, files[0], O_CLOEXEC);                                  // 3
    fcntl(client, F_DUPFD, 30);
    fcntl(client, F_DUPFD_CLOEXEC, 30);                                 // 31
    dup2(files[2], ends[0]);                                            // a file, at 6
    dup(20);                                                            // 12
    printf("%d %d %d %d %d\n", eventfd(0, 0), timerfd_create(CLOCK_MONOTONIC, 0), epoll_create1(0),
           socket(AF_INET, SOCK_DGRAM, 0), open("/dev/null", O_RDONLY));
    fflush(stdout);
    if (fork() == 0) {
      close(4);
      char* const next[] = {"/bin/sh", "-c", "echo >&4", NULL};
      dup(30);                                                          // 4
      execv(next[0], next);
    }
    wait(NULL);
    return 0;)");
  std::string ledger;
  // The arguments are evaluated from the last on.
  EXPECT_EQ(OutputOf("calls", "", &ledger), "17 16 15 14 13\n");
  for (const char* const call : {
           "socket(AF_INET, SOCK_STREAM, 0) = 7", "listen(7, 5) = 0", "socket(AF_INET, SOCK_STREAM, 0) = 4",
           "accept(7, alpha:35738) = 8", "pipe([6, 9]) = 0", "socketpair(AF_UNIX, SOCK_STREAM, [10, 11]) = 0",
           "dup2(8, 20) = 20", "dup3(8, 3, O_CLOEXEC) = 3", "fcntl(4, F_DUPFD, 30) = 30",
           "fcntl(4, F_DUPFD_CLOEXEC, 30) = 31", "close(6) = 0", "dup(20) = 12", "socket(AF_INET, SOCK_DGRAM, 0) = 14",
           "epoll_create1(0) = 15", "timerfd_create(1, 0) = 16", "eventfd(0, 0) = 17", "close(4) = 0", "dup(30) = 4",
           "close(31) = 0", "write(1, \"\\n\", 1) = 1"}) {
    EXPECT_NE(ledger.find(call), std::string::npos) << call << " is missing in\n" << ledger;
  }
}

// Descriptors of all kinds come and go, and are put on epoll's lists, in the program and in children of it: the same
// numbers and errors as in Linux.
TEST_F(CarriedDescriptorsTest, AreThoseOfTheKernel) {
  CompileMain("random", R"(
    unsigned state = atoi(argv[1]);
    unsigned long told = 0;
    unsigned below(unsigned n) { state = state * 1103515245 + 12345; return (state >> 16) % n; }
    void tell(long result) { told = told * 31 + (result < 0 ? 1000 + errno : result); }
    int one() { return 3 + below(24); }
    void step(int children) {
      int ends[2];
      sigset_t usr1; sigemptyset(&usr1); sigaddset(&usr1, SIGUSR1);
      struct epoll_event event = {.events = EPOLLIN | EPOLLOUT}, came[30];
      switch (below(17)) {
        case 0: tell(socket(AF_INET, below(2) ? SOCK_STREAM : SOCK_DGRAM, 0)); break;
        case 1: tell(open("/dev/null", O_RDWR)); break;
        case 2: case 3: tell(close(one())); break;
        case 4: tell(dup(one())); break;
        case 5: tell(dup2(one(), one())); break;
        case 6: tell(dup3(one(), one(), O_CLOEXEC)); break;
        case 7: tell(fcntl(one(), F_DUPFD, one())); break;
        case 8: tell(pipe(ends)); tell(ends[0]); tell(ends[1]); break;
        case 9: tell(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)); tell(ends[0]); tell(ends[1]); break;
        case 10: tell(below(2) ? eventfd(0, EFD_NONBLOCK) : timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)); break;
        case 11: tell(epoll_create1(EPOLL_CLOEXEC)); break;
        case 12: tell(epoll_wait(3, came, 30, 0)); tell(signalfd(-1, &usr1, SFD_NONBLOCK)); break;
        case 13:
          if (children) {
            fflush(stdout);
            pid_t child = fork();
            int status;
            if (child == 0) {
              for (int i = 0; i < 20; ++i) step(0);
              _exit(told & 0xff);
            }
            waitpid(child, &status, 0);
            tell(status);
          }
          break;
        default: tell(epoll_ctl(3, 1 + below(3), one(), &event));
      }
    }
    close_range(3, ~0u, 0);
    epoll_create1(0);
    for (int i = 0; i < 1000; ++i) {
      step(1);
      if (i % 20 == 19) close_range(15, ~0u, 0);
      if (i % 50 == 49) printf("%lx ", told);
    }
    return 0;)");
  for (int seed = 1; seed <= 20; ++seed) {
    const std::string kernels = KernelsOutput("random", absl::StrCat(seed));
    ASSERT_NE(kernels, "");
    EXPECT_EQ(OutputOf("random", absl::StrCat(seed)), kernels) << "seed " << seed;
  }
}

// As on the kernel, where accept has its number before it waits: `number`, here. To look for it takes numbers, one of
// which accept may find taken.
constexpr char kAccepting[] = R"(
    static int listener;
    void* accepts(void* unused) { return (void*)(long)accept(listener, NULL, NULL); }
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    listener = listening(0);
    getsockname(listener, (void*)&address, &length);
    const int lowest = dup(listener);
    int number = lowest;
    pthread_t thread;
    void* accepted;
    close(lowest);
    pthread_create(&thread, NULL, accepts, NULL);
    while (dup2(1, number) == number) {
      close(number);
      number = number == lowest ? lowest + 1 : lowest;
      usleep(1000);
    })";

TEST_F(CarriedDescriptorsTest, ANumberThatAnAcceptHasReservedIsBusyAndNotOpen) {
  CompileMain("reserved", std::string(kAccepting) + R"(
    printf("%s ", dup2(1, number) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup2(listener, number) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup3(listener, number, O_CLOEXEC) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup2(888, number) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup2(number, number) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup3(number, number, 0) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup2(number, 20) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", dup(number) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", fcntl(number, F_GETFD) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", write(number, "x", 1) == -1 ? strerrorname_np(errno) : "no error");
    printf("%s ", close(number) == -1 ? strerrorname_np(errno) : "no error");
    printf("%d ", close_range(number, number, 0));
    const int client = connected("127.0.0.1", ntohs(address.sin_port));
    pthread_join(thread, &accepted);
    printf("%d ", (long)accepted == number);
    printf("%d\n", write(client, "x", 1) == 1 && read(number, &client, 1) == 1);
    return 0;)", "-pthread");
  EXPECT_EQ(OutputOf("reserved", ""),
            "EBUSY EBUSY EBUSY EBADF EBADF EINVAL EBADF EBADF EBADF EBADF EBADF 0 1 1\n");
  EXPECT_EQ(OutputOf("reserved", ""), KernelsOutput("reserved"));
}

TEST_F(CarriedDescriptorsTest, ANumberThatAnAcceptHasReservedIsNothingToAnyCall) {
  CompileMain("reserved", std::string(kAccepting) + R"(
    struct stat about;
    struct epoll_event event = {.events = EPOLLIN};
    struct itimerspec time = {{0, 0}, {1, 0}};
    const int list = epoll_create1(0), file = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    sigset_t usr1; sigemptyset(&usr1); sigaddset(&usr1, SIGUSR1);
    struct pollfd one = {number, POLLIN | POLLOUT};
    #define SHOW(call) printf("%s ", (call) == -1 ? strerrorname_np(errno) : "no error")
    SHOW(fstat(number, &about)); SHOW(fsync(number)); SHOW(fchmod(number, 0600)); SHOW(fchdir(number));
    SHOW(lseek(number, 0, SEEK_SET)); SHOW(ftruncate(number, 0)); SHOW(flock(number, LOCK_SH)); puts("");
    SHOW(bind(number, (void*)&address, length)); SHOW(listen(number, 5)); SHOW(accept(number, NULL, NULL));
    SHOW(connect(number, (void*)&address, length)); SHOW(getsockname(number, (void*)&address, &length));
    SHOW(getpeername(number, (void*)&address, &length)); SHOW(shutdown(number, SHUT_WR));
    SHOW(setsockopt(number, SOL_SOCKET, SO_KEEPALIVE, &list, sizeof list));
    SHOW(getsockopt(number, SOL_SOCKET, SO_ERROR, &about, &length)); puts("");
    SHOW(read(number, &about, 1)); SHOW(recv(number, &about, 1, 0)); SHOW(send(number, "x", 1, 0));
    SHOW(sendfile(number, zero, NULL, 1)); SHOW(sendfile(file, number, NULL, 1));
    SHOW(sendfile(listener, number, NULL, 1)); puts("");
    SHOW(epoll_ctl(number, EPOLL_CTL_ADD, file, &event)); SHOW(epoll_ctl(list, EPOLL_CTL_ADD, number, &event));
    SHOW(epoll_wait(number, &event, 1, 0)); SHOW(timerfd_settime(number, 0, &time, NULL));
    SHOW(timerfd_gettime(number, &time)); SHOW(signalfd(number, &usr1, 0)); puts("");
    printf("%d ", poll(&one, 1, 1000)); printf("%d\n", one.revents == POLLNVAL);
    SHOW(dup3(listener, number, 0xbad)); SHOW(close_range(number, number, 0x100)); puts("");
    return 0;)", "-pthread");
  const std::string kernels = KernelsOutput("reserved");
  EXPECT_NE(kernels.find("\n1 1\n"), std::string::npos) << kernels;
  EXPECT_EQ(OutputOf("reserved", ""), kernels);
}

TEST_F(CarriedDescriptorsTest, BadFlagsAreToldOfBeforeABadDescriptor) {
  CompileMain("flags", R"(
    #define SHOW(call) printf("%s ", (call) == -1 ? strerrorname_np(errno) : "no error")
    SHOW(dup3(-1, 5, 0xbad)); SHOW(dup3(-1, 5, O_CLOEXEC)); SHOW(dup3(1, 1, 0)); SHOW(dup3(-1, -1, 0));
    SHOW(close_range(20, 10, 0x100)); SHOW(close_range(20, 10, 0)); SHOW(close_range(10, 20, 0x100));
    SHOW(setitimer(5, (void*)8, NULL)); SHOW(setitimer(5, NULL, NULL)); SHOW(getitimer(5, (void*)8));
    return 0;)");
  const std::string kernels = KernelsOutput("flags");
  EXPECT_EQ(kernels, "EINVAL EBADF EINVAL EINVAL EINVAL EINVAL EINVAL EFAULT EINVAL EINVAL ");
  EXPECT_EQ(OutputOf("flags", ""), kernels);
}

// As on the kernel, which reads the entries once.
TEST_F(CarriedDescriptorsTest, APollHasTheEntriesThatItBeganWith) {
  CompileMain("entries", R"(
    static int ends[2], others[2];
    static struct pollfd two[2];
    static char path[64];
    int waits() {  // whether main is in poll; in the world: whether it is somebody else's turn
      char call[16] = "";
      const int file = open(path, O_RDONLY);
      if (file < 0 || read(file, call, 15) <= 0) puts("what main does can't be told");
      close(file);
      return atoi(call) == SYS_poll || atoi(call) == SYS_futex;
    }
    void* changes(void* unused) {
      do usleep(1000); while (!waits());
      two[0].fd = -1;
      two[1].events = 0;
      write(others[1], "x", 1);
      return unused;
    }
    pthread_t thread;
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, others);
    sprintf(path, "/proc/self/task/%d/syscall", getpid());
    two[0] = (struct pollfd){ends[0], POLLIN, 9};
    two[1] = (struct pollfd){others[0], POLLIN, 9};
    pthread_create(&thread, NULL, changes, NULL);
    printf("%d ", poll(two, 2, -1));
    printf("%d %d %d %d\n", two[0].fd, two[0].revents, two[1].events, two[1].revents == POLLIN);
    pthread_join(thread, NULL);
    return 0;)", "-pthread");
  EXPECT_EQ(KernelsOutput("entries"), "1 -1 0 0 1\n");
  EXPECT_EQ(OutputOf("entries", ""), "1 -1 0 0 1\n");
}

}  // namespace
}  // namespace lab
