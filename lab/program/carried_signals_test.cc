// Signals in carried programs: when they come, whom they interrupt, and what the interrupted call says.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedSignalsTest : public ProgramTest {
 protected:
  // Of a C program with that body of main, in which on() counts signals in `got` and install() installs it.
  std::string Output(const std::string& body) {
    Compile("program.c", std::string(kIncludes) + R"(
      static volatile int got; static int ends[2];
      static void on(int signal) { ++got; }
      static void install(int signal, int flags) {
        struct sigaction action = {.sa_handler = on, .sa_flags = flags}; sigaction(signal, &action, NULL);
      }
      static void write_signal(int signal) { char number = (char)signal; write(ends[1], &number, 1); }
      static int shared;
      static void* reads(void* signal) { return (void*)read(shared, signal, sizeof(struct signalfd_siginfo)); }
      int main() { int status, n; pid_t child; char c; setvbuf(stdout, NULL, _IONBF, 0); pipe(ends);
      )" + body + "\n  return 0;\n}\n");
    const Outcome outcome = RunRepeatedly(Options("program"));
    return outcome.output + outcome.error_output;
  }
};

TEST_F(CarriedSignalsTest, AnAlarmInterruptsWhatDoesNotRestart) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, 0); alarm(5); time_t before = time(NULL);
    n = read(ends[0], &c, 1); printf("%d %d ", n, errno == EINTR); printf("%d %ld\n", got, time(NULL) - before);)"),
            "-1 1 1 5\n");
}

TEST_F(CarriedSignalsTest, WithRestartTheCallGoesOn) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, SA_RESTART); alarm(1);
    if (!fork()) { sleep(2); write(ends[1], "x", 1); exit(0); }
    n = read(ends[0], &c, 1); printf("%d %d\n", n, got);)"), "1 1\n");
}

TEST_F(CarriedSignalsTest, SomeCallsNeverRestart) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, SA_RESTART); struct pollfd in = {ends[0], POLLIN}; struct timespec left, ten = {10, 0};
    alarm(1); n = poll(&in, 1, -1); printf("%d %d ", n, errno == EINTR);
    alarm(1); fd_set set; FD_ZERO(&set); FD_SET(ends[0], &set); n = select(10, &set, 0, 0, 0);
    printf("%d %d ", n, errno == EINTR);
    alarm(1); n = epoll_wait(epoll_create1(0), &(struct epoll_event){}, 1, -1); printf("%d %d ", n, errno == EINTR);
    alarm(1); n = nanosleep(&ten, &left); printf("%d %d %ld %d\n", n, errno == EINTR, left.tv_sec, got);)"),
            "-1 1 -1 1 -1 1 -1 1 9 4\n");
}

TEST_F(CarriedSignalsTest, SocketCallsAreInterrupted) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, 0); int fd = listening(9999);
    alarm(1); n = accept(fd, 0, 0); printf("%d %d ", n, errno == EINTR);
    int client = connected("127.0.0.1", 9999);
    alarm(1); n = recv(client, &c, 1, 0); printf("%d %d ", n, errno == EINTR);
    static char much[10 << 20]; alarm(1); long sent = send(client, much, sizeof much, 0);
    printf("%d %d\n", sent > 0 && sent < sizeof much, got);)"),
            "-1 1 -1 1 1 3\n");
}

TEST_F(CarriedSignalsTest, ATimerTicks) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, 0); struct itimerval timer = {{0, 100000}, {1, 0}}, old; setitimer(ITIMER_REAL, &timer, NULL);
    struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a);
    while (got < 11) pause();
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%ld ", ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000));
    getitimer(ITIMER_REAL, &old); printf("%ld ", old.it_interval.tv_usec);
    timer = (struct itimerval){}; setitimer(ITIMER_REAL, &timer, &old); printf("%d ", old.it_value.tv_usec > 90000);
    sleep(1); printf("%d %d\n", got, alarm(0));)"), "2000 100000 1 11 0\n");
}

TEST_F(CarriedSignalsTest, ATimerThatNobodyNoticesCostsNothing) {
  // A thousand million ticks.
  EXPECT_EQ(Output(R"(
    signal(SIGALRM, SIG_IGN); struct itimerval timer = {{0, 1}, {0, 1}}; setitimer(ITIMER_REAL, &timer, NULL);
    sleep(900);
    install(SIGALRM, 0); pause(); printf("%d\n", got);)"), "1\n");
}

TEST_F(CarriedSignalsTest, TheEndOfAChildInterrupts) {
  EXPECT_EQ(Output(R"(
    install(SIGCHLD, 0); if (!fork()) { sleep(1); exit(0); }
    n = read(ends[0], &c, 1); printf("%d %d ", n, errno == EINTR); printf("%d ", got); wait(NULL);
    signal(SIGCHLD, SIG_IGN); if (!fork()) { sleep(1); exit(0); }
    n = wait(NULL); printf("%d %d\n", n, errno == ECHILD);)"), "-1 1 1 -1 1\n");
}

TEST_F(CarriedSignalsTest, ASignalThatIsIgnoredInterruptsNothing) {
  EXPECT_EQ(Output(R"(
    signal(SIGUSR1, SIG_IGN); child = getpid();
    if (!fork()) { sleep(1); kill(child, SIGUSR1); sleep(1); write(ends[1], "x", 1); exit(0); }
    printf("%d\n", (int)read(ends[0], &c, 1));)"), "1\n");
}

TEST_F(CarriedSignalsTest, BlockedSignalsWait) {
  EXPECT_EQ(Output(R"(
    install(SIGUSR1, 0); sigset_t set, old, pending; sigemptyset(&set); sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old); child = getpid();
    if (!fork()) { kill(child, SIGUSR1); exit(0); } sleep(1);
    sigpending(&pending); printf("%d %d ", got, sigismember(&pending, SIGUSR1));
    n = sigsuspend(&old); printf("%d %d %d ", n, errno == EINTR, got);
    raise(SIGUSR1); sigprocmask(SIG_SETMASK, &old, NULL); printf("%d\n", got);)"), "0 1 -1 1 1 2\n");
}

TEST_F(CarriedSignalsTest, TheEndOfAParentCanBeASignal) {
  // Of three grandchildren two are ended by it, and the third is interrupted.
  EXPECT_EQ(Output(R"(
    for (int i = 0; i < 3; ++i) {
      if (fork()) continue;
      int ready[2]; pipe(ready);
      if (fork()) { read(ready[0], &c, 1); sleep(3 - i); _exit(0); }
      int asked[] = {SIGUSR1, SIGTERM, SIGKILL}; prctl(PR_SET_PDEATHSIG, asked[i]);
      install(SIGUSR1, 0); write(ready[1], "x", 1);
      n = read(ends[0], &c, 1); printf("%d %d ", n, errno == EINTR); write(ends[1], "g", 1); _exit(0);
    }
    close(ends[1]); while (wait(NULL) > 0) {}
    n = 0; while (read(ends[0], &c, 1) > 0) ++n; printf("%d\n", n);)"), "-1 1 1\n");
}

TEST_F(CarriedSignalsTest, AKillThatEndsOthersWithItIsOver) {
  // The grandchild is meant too, and gone already when its turn comes.
  EXPECT_EQ(Output(R"(
    if (!fork()) {
      if (!fork()) { prctl(PR_SET_PDEATHSIG, SIGKILL); write(ends[1], "x", 1); }
      for (;;) pause();
    }
    read(ends[0], &c, 1); printf("%d ", kill(-1, SIGKILL));
    wait(&status); printf("%d\n", WTERMSIG(status));)"), "0 9\n");
  // It ends itself, with its parent.
  EXPECT_EQ(Output(R"(
    if (!fork()) {
      if (!fork()) { prctl(PR_SET_PDEATHSIG, SIGKILL); kill(getppid(), SIGKILL); write(ends[1], "x", 1); }
      for (;;) pause();
    }
    close(ends[1]); wait(&status);
    printf("%d ", WTERMSIG(status)); printf("%ld\n", read(ends[0], &c, 1));)"),
            "9 0\n");
}

TEST_F(CarriedSignalsTest, AllThatWaitForASignalSeeIt) {
  // The first thread looks whether it comes, another would take it.
  EXPECT_EQ(Output(R"(
    sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1); sigprocmask(SIG_BLOCK, &set, NULL);
    shared = signalfd(-1, &set, 0); child = getpid(); struct pollfd in = {shared, POLLIN};
    if (!fork()) { sleep(1); kill(child, SIGUSR1); sleep(1); kill(child, SIGUSR1); _exit(0); }
    pthread_t other; static struct signalfd_siginfo info; void* taken;
    pthread_create(&other, NULL, reads, &info); n = poll(&in, 1, -1);
    pthread_join(other, &taken); printf("%d %ld\n", n, (long)taken);)"), "1 128\n");
}

TEST_F(CarriedSignalsTest, SignalsCanBeWaitedFor) {
  EXPECT_EQ(Output(R"(
    sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1); sigprocmask(SIG_BLOCK, &set, NULL); child = getpid();
    if (!fork()) {
      sleep(1); kill(child, SIGUSR1); sleep(1);
      union sigval v = {.sival_int = 77}; sigqueue(child, SIGUSR1, v); exit(0);
    }
    int signal; printf("%d ", sigwait(&set, &signal)); printf("%d ", signal == SIGUSR1);
    siginfo_t info; n = sigwaitinfo(&set, &info); printf("%d %d ", n == SIGUSR1, info.si_value.sival_int);
    struct timespec two = {2, 0}; time_t before = time(NULL); n = sigtimedwait(&set, &info, &two);
    printf("%d %d %ld\n", n, errno == EAGAIN, time(NULL) - before);)"), "0 1 1 77 -1 1 2\n");
}

TEST_F(CarriedSignalsTest, PpollTakesAMask) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, 0); sigset_t set, none; sigemptyset(&none); sigemptyset(&set); sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL); struct pollfd in = {ends[0], POLLIN}; struct timespec three = {3, 0};
    alarm(1); printf("%d %d ", poll(&in, 1, 2000), got);
    n = ppoll(&in, 1, &three, &none); printf("%d %d %d ", n, errno == EINTR, got);
    alarm(1); n = pselect(0, 0, 0, 0, NULL, &none); printf("%d %d\n", n, got);)"), "0 0 -1 1 1 -1 2\n");
}

TEST_F(CarriedSignalsTest, TheSelfPipeTrickWorks) {
  EXPECT_EQ(Output(R"(
    signal(SIGTERM, write_signal); fcntl(ends[1], F_SETFL, O_NONBLOCK); child = getpid();
    if (!fork()) { sleep(1); kill(child, SIGTERM); exit(0); }
    struct pollfd in = {ends[0], POLLIN}; while (poll(&in, 1, -1) < 0) {}
    read(ends[0], &c, 1); printf("%d\n", c == SIGTERM);)"), "1\n");
}

TEST_F(CarriedSignalsTest, SigpipeIsRaisedAndEnds) {
  EXPECT_EQ(Output(R"(
    close(ends[0]); if (!fork()) { write(ends[1], "x", 1); exit(0); } wait(&status); printf("%d ", WTERMSIG(status));
    install(SIGPIPE, 0); n = write(ends[1], "x", 1); printf("%d %d %d\n", n, errno == EPIPE, got);)"), "13 -1 1 1\n");
}

TEST_F(CarriedSignalsTest, AGroupIsSignalledAtOnce) {
  EXPECT_EQ(Output(R"(
    install(SIGUSR1, 0); setpgid(0, 0);
    for (n = 0; n < 3; ++n) if (!fork()) { pause(); exit(got); }
    usleep(100); kill(0, SIGUSR1); int sum = 0;
    while (wait(&status) > 0 || errno == EINTR) if (WIFEXITED(status)) sum += WEXITSTATUS(status);
    printf("%d %d ", got, sum);
    child = fork(); if (!child) { setpgid(0, 0); if (!fork()) pause(); pause(); }
    usleep(100); kill(-child, SIGKILL); wait(&status); printf("%d\n", WTERMSIG(status));)"), "1 3 9\n");
}

TEST_F(CarriedSignalsTest, PythonsSignals) {
  WritePython("program.py", R"(
import os, signal, time
signal.signal(signal.SIGALRM, lambda *a: print("alarm", flush=True))
signal.alarm(2); signal.pause(); signal.setitimer(signal.ITIMER_REAL, 1); time.sleep(3);
print(round(time.monotonic() - 1000))
def stop(*a): raise KeyboardInterrupt
signal.signal(signal.SIGTERM, stop)
parent = os.getpid()
if os.fork() == 0:
    time.sleep(1); os.kill(parent, signal.SIGTERM); os._exit(0)
try: time.sleep(1000)
except KeyboardInterrupt: print("stopped")
)");
  EXPECT_EQ(RunRepeatedly(Options("program.py")).output, "alarm\nalarm\n5\nstopped\n");
}

TEST_F(CarriedSignalsTest, OneThatAFaultRaisesWaitsForItsTurnWhereItIsSent) {
  EXPECT_EQ(Output(R"(
    install(SIGSEGV, 0);
    if (!(child = fork())) { pause(); printf("child %d ", got); exit(0); }
    usleep(1000); kill(child, SIGSEGV); write(1, "parent ", 7); wait(NULL);)"),
            "parent child 1 ");
}

TEST_F(CarriedSignalsTest, KillingReachesAnotherProcessByEachOfItsNames) {
  EXPECT_EQ(Output(R"(
    for (int way = 0; way < 4; ++way) {
      if (!(child = fork())) { if (way == 3) install(SIGTERM, 0); pause(); _exit(got); }
      usleep(1000); int pidfd = syscall(SYS_pidfd_open, child, 0);
      if (way == 0) n = syscall(SYS_tgkill, child, child, SIGKILL);
      if (way == 1) n = syscall(SYS_tkill, child, SIGKILL);
      if (way >= 2) n = syscall(SYS_pidfd_send_signal, pidfd, way == 2 ? SIGKILL : SIGTERM, NULL, 0);
      printf("%d ", n); waitpid(child, &status, 0); printf("%x ", status);
      printf("%d,", syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
    })"),
            "0 9 -1,0 9 -1,0 9 -1,0 100 -1,");
}

// Both threads take the signal; the one that is not interrupted runs first with some seed, and has it then.
TEST_F(CarriedSignalsTest, WhatGoesOnWaitsForWhatIsLeft) {
  Compile("program.c", std::string(kIncludes) + R"(
    static volatile int got; static void on(int signal) { ++got; }
    static void* takes(void* p) { for (int i = 0; i < 4000; ++i) { usleep(1); sched_yield(); } return 0; }
    int main() {
      struct sigaction action = {.sa_handler = on, .sa_flags = SA_RESTART}; sigaction(SIGUSR1, &action, NULL);
      pthread_t thread;
      for (int i = 0; i < 8; ++i) pthread_create(&thread, NULL, takes, NULL);
      if (!fork()) { for (int i = 0; i < 30; ++i) { usleep(100000); kill(getppid(), SIGUSR1); } exit(0); }
      struct timespec begin, end; clock_gettime(CLOCK_MONOTONIC, &begin); int word = 0; struct timespec two = {2, 0};
      for (int slept = 0; slept < 1;) slept = syscall(SYS_futex, &word, 0, 0, &two, 0, 0) == -1 && errno == ETIMEDOUT;
      clock_gettime(CLOCK_MONOTONIC, &end); printf("%d %d\n", (int)(end.tv_sec - begin.tv_sec), got > 10);
      _exit((fflush(stdout), 0));
    })");
  EXPECT_EQ(RunRepeatedly(Options("program")).output, "2 1\n");
}

TEST_F(CarriedSignalsTest, ASocketsOwnLimitIsNotBegunAnew) {
  EXPECT_EQ(Output(R"(
    install(SIGALRM, SA_RESTART); int pair[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, pair); struct timeval limit = {3, 0};
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    alarm(1); n = recv(pair[0], &c, 1, 0); printf("%d %d %d\n", n, errno == EINTR, got);)"),
            "-1 1 1\n");
}

TEST_F(CarriedSignalsTest, OneThatAnotherThreadPollsForStillReachesWhoTakesIt) {
  Compile("both.c", std::string(kIncludes) + R"(
    static void handler(int signal) {}
    static void* pauses(void* unused) {
      sigset_t none;
      sigemptyset(&none);
      pthread_sigmask(SIG_SETMASK, &none, NULL);
      return (void*)(long)(pause() == -1 && errno == EINTR);
    }
    static void* sends(void* unused) { usleep(1000); kill(getpid(), SIGUSR1); return unused; }
    int main() {
      struct sigaction action = {.sa_handler = handler};
      sigset_t set;
      pthread_t pausing, sending;
      void* paused;
      sigemptyset(&set);
      sigaddset(&set, SIGUSR1);
      sigaction(SIGUSR1, &action, NULL);
      pthread_sigmask(SIG_BLOCK, &set, NULL);
      struct pollfd one = {signalfd(-1, &set, 0), POLLIN, 0};
      pthread_create(&pausing, NULL, pauses, NULL);
      pthread_create(&sending, NULL, sends, NULL);
      poll(&one, 1, 1000);
      pthread_join(pausing, &paused);
      printf("%ld", (long)paused);
      return 0;
    })", "-pthread");
  EXPECT_EQ(RunRepeatedly(Options("both")).output, "1");
}

}  // namespace
}  // namespace lab
