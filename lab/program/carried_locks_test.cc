// Files' locks, which are the kernel's, waited for in the world's time; and what ends with a sentence beside them.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedLocksTest : public ProgramTest {
 protected:
  // The child has the lock for 50 ms; the parent says when it has it.
  std::string WaitsFor(const std::string& lock) {
    CompileMain("locks", R"(
      struct flock whole = {.l_type = F_WRLCK};
      struct timespec begin, end;
      int fd, told[2];
      pipe(told);
      if (fork() == 0) {
        fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
        if ()" + lock + R"( != 0) perror("child");
        write(told[1], "x", 1);
        usleep(50000);
        _exit(0);
      }
      read(told[0], &fd, 1);
      fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
      clock_gettime(CLOCK_MONOTONIC, &begin);
      if ()" + lock + R"( != 0) perror("parent");
      clock_gettime(CLOCK_MONOTONIC, &end);
      printf("%ld", (end.tv_nsec - begin.tv_nsec + 1000000000) % 1000000000 / 10000000);
      wait(NULL);
      return 0;)");
    return RunRepeatedly(Options("locks")).output;
  }
};

TEST_F(CarriedLocksTest, FlockWaits) { EXPECT_EQ(WaitsFor("flock(fd, LOCK_EX)"), "5"); }
TEST_F(CarriedLocksTest, RecordLocksWait) { EXPECT_EQ(WaitsFor("fcntl(fd, F_SETLKW, &whole)"), "5"); }
TEST_F(CarriedLocksTest, LocksOfOpenFilesWait) { EXPECT_EQ(WaitsFor("fcntl(fd, F_OFD_SETLKW, &whole)"), "5"); }

TEST_F(CarriedLocksTest, ASignalInterruptsTheWait) {
  CompileMain("interrupted", R"(
    struct sigaction action = {.sa_handler = (void (*)(int))getpid};
    int told[2], fd;
    char byte;
    pipe(told);
    sigaction(SIGALRM, &action, NULL);
    if (fork() == 0) {
      fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
      flock(fd, LOCK_EX);
      write(told[1], "x", 1);
      sleep(2);
      _exit(0);
    }
    read(told[0], &byte, 1);
    fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
    alarm(1);
    printf("%d", flock(fd, LOCK_EX) == -1 && errno == EINTR);
    wait(NULL);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("interrupted")).output, "1");
}

// The last of three to wait is told that it must not.
TEST_F(CarriedLocksTest, ACircleOfProcessesLocksIsADeadlock) {
  CompileMain("circle", R"(
    struct flock whole = {.l_type = F_WRLCK};
    const char* names[] = {"/tmp/duet-one", "/tmp/duet-two", "/tmp/duet-three", "/tmp/duet-one"};
    for (int i = 0; i < 3; ++i) {
      if (fork() != 0) continue;
      const int own = open(names[i], O_RDWR | O_CREAT, 0600), next = open(names[i + 1], O_RDWR | O_CREAT, 0600);
      fcntl(own, F_SETLKW, &whole);
      usleep(100000 + 100000 * i);
      if (fcntl(next, F_SETLKW, &whole) != 0) printf("%d %s\n", i, strerrorname_np(errno));
      return 0;
    }
    while (wait(NULL) > 0) {}
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("circle")).output, "2 EDEADLK\n");
}

TEST_F(CarriedLocksTest, ProcessesThatWaitForEachOthersLocksAreReported) {
  CompileMain("crossed", R"(
    struct flock whole = {.l_type = F_WRLCK};
    const int child = fork() == 0;
    const char* names[2] = {"/tmp/one", "/tmp/two"};
    const int first = open(names[child], O_RDWR | O_CREAT, 0600);
    fcntl(first, F_SETLKW, &whole);
    sleep(1);
    // Linux sees no circle where one of the locks is an open file's.
    const int second = open(names[!child], O_RDWR | O_CREAT, 0600);
    fcntl(second, F_OFD_SETLKW, &whole);
    return 0;)");
  TwoHosts hosts;
  hosts.Start(hosts.alpha, Options("crossed"));
  hosts.Run();
  EXPECT_LT(hosts.world.now(), std::chrono::seconds(5));
  const std::string report = hosts.world.Deadlock();
  EXPECT_NE(report.find("crossed waits for a lock of a file that process "), std::string::npos) << report;
  EXPECT_NE(report.find(") waits for a lock of a file that process "), std::string::npos) << report;
}

TEST_F(CarriedLocksTest, AMutexOfAProcessThatIsKilledGoesToWhoWaits) {
  CompileMain("robust", R"(
    pthread_mutex_t* mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(mutex, &attributes);
    const pid_t owner = fork();
    if (owner == 0) { pthread_mutex_lock(mutex); pause(); }
    if (fork() == 0) { sleep(2); kill(owner, argc > 1 ? SIGSEGV : SIGKILL); _exit(0); }
    sleep(1);
    printf("%d ", pthread_mutex_lock(mutex) == EOWNERDEAD);
    printf("%d ", pthread_mutex_consistent(mutex));
    printf("%d ", pthread_mutex_unlock(mutex));
    while (wait(NULL) > 0) {}
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("robust")).output, "1 0 0 ");
}

// Other worlds have it too, at the same time.
TEST_F(CarriedLocksTest, LockingAFileThatEverybodySeesEndsWithASentence) {
  CompileMain("locks", R"(
    if (flock(open("/submission/locks", O_RDONLY), LOCK_SH) != 0) return 1;
    return flock(open("/submission/locks", O_RDONLY), LOCK_EX | LOCK_NB);)");
  TwoHosts hosts;
  const ProcessId locks = hosts.Start(hosts.alpha, Options("locks"));
  hosts.Run();
  EXPECT_EQ(hosts.world.outcome(locks).Report(kUnsupportedReport),
            "locks locks a file that it shares with everybody (flock), which Duet does not carry: what it locks has to "
            "be in /tmp");
}

TEST_F(CarriedLocksTest, PassingADescriptorEndsWithASentence) {
  CompileMain("rights", R"(
    int ends[2];
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec one = {"x", 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    return sendmsg(ends[0], &message, 0) != 1;)");
  TwoHosts hosts;
  const ProcessId rights = hosts.Start(hosts.alpha, Options("rights"));
  hosts.Run();
  EXPECT_EQ(hosts.world.outcome(rights).Report(kUnsupportedReport),
            "rights passes a descriptor (sendmsg with SCM_RIGHTS), which Duet does not carry yet");
}

}  // namespace
}  // namespace lab
