// Timers of carried programs that end in signals: when these come, whom they reach, and what they say of themselves.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedTimersTest : public ProgramTest {
 protected:
  void CompileProgram(const std::string& body) {
    Compile("program.c", std::string(kIncludes) + R"(
      #define MS 1000000
      static volatile int got, code, thread, overrun; static volatile uintptr_t value; static timer_t timer;
      static void on(int signal, siginfo_t* info, void* context) {
        ++got; code = info->si_code; value = (uintptr_t)info->si_ptr; overrun = info->si_overrun;
        thread = syscall(SYS_gettid);
      }
      static void install(int signal, int flags) {
        struct sigaction action = {.sa_sigaction = on, .sa_flags = flags | SA_SIGINFO};
        sigaction(signal, &action, NULL);
      }
      static void arm(long value_ms, long interval_ms) {
        struct itimerspec time = {{interval_ms / 1000, interval_ms % 1000 * MS},
                                  {value_ms / 1000, value_ms % 1000 * MS}};
        if (timer_settime(timer, 0, &time, NULL) != 0) perror("settime");
      }
      static long clock_ms() {
        struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); return now.tv_sec * 1000 + now.tv_nsec / MS;
      }
      static void block(int signal) {
        sigset_t set; sigemptyset(&set); sigaddset(&set, signal); pthread_sigmask(SIG_BLOCK, &set, NULL);
      }
      static void ticked(union sigval given) { ++got; value = (uintptr_t)given.sival_ptr; }
      static void* pauses(void* unused) { thread = syscall(SYS_gettid); for (;;) pause(); }
      int main(int argc, char** argv) { setvbuf(stdout, NULL, _IONBF, 0);
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN,
                                 .sigev_value.sival_ptr = (void*)0x123456789};
      )" + body + "\n  return 0;\n}\n", "-pthread");
  }
  std::string Output(const std::string& body) {
    CompileProgram(body);
    const Outcome outcome = RunRepeatedly(Options("program"));
    return outcome.output + outcome.error_output;
  }
};

TEST_F(CarriedTimersTest, TheSignalSaysWhatItIs) {
  EXPECT_EQ(Output(R"(
    install(SIGRTMIN, 0); printf("%d ", timer_create(CLOCK_MONOTONIC, &event, &timer));
    long before = clock_ms(); arm(1500, 0);
    int paused = pause(); printf("%d %d ", paused, errno == EINTR);
    printf("%ld %d %d %lx\n", clock_ms() - before, got, code == SI_TIMER, value);)"),
            "0 -1 1 1500 1 1 123456789\n");
}

TEST_F(CarriedTimersTest, ItTicksUntilItIsDeleted) {
  EXPECT_EQ(Output(R"(
    install(SIGRTMIN, 0); timer_create(CLOCK_REALTIME, &event, &timer); long before = clock_ms(); arm(1000, 100);
    while (got < 11) pause(); printf("%ld %d ", clock_ms() - before, timer_getoverrun(timer));
    struct itimerspec left; timer_gettime(timer, &left);
    printf("%ld %d ", left.it_interval.tv_nsec / MS, left.it_value.tv_nsec > 90 * MS);
    printf("%d ", timer_delete(timer)); sleep(1);
    printf("%d %d\n", got, timer_delete(timer) == -1 && errno == EINVAL);)"),
            "2000 0 100 1 0 11 1\n");
}

TEST_F(CarriedTimersTest, TwoOfOneSignalAndMomentBothCome) {
  EXPECT_EQ(Output(R"(
    install(SIGRTMIN, 0); timer_create(CLOCK_MONOTONIC, &event, &timer); arm(100, 0);
    event.sigev_value.sival_ptr = (void*)0x77; timer_create(CLOCK_MONOTONIC, &event, &timer); arm(100, 0);
    long before = clock_ms(); while (got < 2) pause(); printf("%d %ld %lx\n", got, clock_ms() - before, value);)"),
            "2 100 77\n");
}

TEST_F(CarriedTimersTest, OneThatIsDisarmedHasNoInterval) {
  EXPECT_EQ(Output(R"(
    struct itimerval set = {{5, 0}, {0, 0}}, left; setitimer(ITIMER_REAL, &set, NULL);
    getitimer(ITIMER_REAL, &left); printf("%ld ", left.it_interval.tv_sec);
    struct itimerspec none = {{1, 0}, {0, 0}};
    int refused = syscall(SYS_timer_settime, -1, 0, &none, NULL); printf("%d %d\n", refused, errno == EINVAL);)"),
            "0 -1 1\n");
}

TEST_F(CarriedTimersTest, WhatIsMissedIsCounted) {
  EXPECT_EQ(Output(R"(
    sigset_t old, set; sigemptyset(&set); sigaddset(&set, SIGRTMIN); sigprocmask(SIG_BLOCK, &set, &old);
    install(SIGRTMIN, 0); timer_create(CLOCK_MONOTONIC, &event, &timer); arm(100, 100);
    usleep(1050000); sigprocmask(SIG_SETMASK, &old, NULL);
    printf("%d %d %d ", got, timer_getoverrun(timer), overrun);
    sigprocmask(SIG_BLOCK, &set, &old); for (int i = 0; i < 10; ++i) usleep(100000);
    sigprocmask(SIG_SETMASK, &old, NULL); printf("%d %d\n", got, timer_getoverrun(timer));)"), "1 9 9 2 9\n");
}

TEST_F(CarriedTimersTest, OneThreadCanHaveIt) {
  EXPECT_EQ(Output(R"(
    pthread_t other; pthread_create(&other, NULL, pauses, NULL); usleep(1000); int its = thread;
    install(SIGRTMIN, SA_RESTART); event.sigev_notify = SIGEV_THREAD_ID; event._sigev_un._tid = its; thread = 0;
    printf("%d ", timer_create(CLOCK_MONOTONIC, &event, &timer)); arm(500, 500); usleep(1900000);
    printf("%d %d ", got, thread == its);
    event._sigev_un._tid = 99;
    printf("%d\n", timer_create(CLOCK_MONOTONIC, &event, &timer) == -1 && errno == EINVAL);)"),
            "0 3 1 1\n");
}

TEST_F(CarriedTimersTest, AThreadIsMadeForEachTickWhereThatIsAsked) {
  EXPECT_EQ(Output(R"(
    event.sigev_notify = SIGEV_THREAD; event.sigev_notify_function = ticked;
    printf("%d ", timer_create(CLOCK_MONOTONIC, &event, &timer)); arm(250, 250); usleep(1100000); arm(0, 0); sleep(1);
    printf("%d %lx\n", got, value);)"), "0 4 123456789\n");
}

TEST_F(CarriedTimersTest, ASilentOneCanBeLookedAt) {
  EXPECT_EQ(Output(R"(
    struct itimerspec left, at = {}; event.sigev_notify = SIGEV_NONE; timer_create(CLOCK_MONOTONIC, &event, &timer);
    arm(3000, 0); sleep(1); timer_gettime(timer, &left); printf("%d ", left.it_value.tv_sec == 1);
    sleep(3); timer_gettime(timer, &left); printf("%ld %ld ", left.it_value.tv_sec, left.it_value.tv_nsec);
    clock_gettime(CLOCK_MONOTONIC, &at.it_value); at.it_value.tv_sec += 5;
    timer_settime(timer, TIMER_ABSTIME, &at, &left);
    timer_gettime(timer, &left); printf("%ld %d ", left.it_value.tv_sec, got);
    arm(100, 1000); sleep(5); timer_gettime(timer, &left); printf("%ld\n", left.it_value.tv_nsec / MS);)"),
            "1 0 0 4 0 99\n");
}

TEST_F(CarriedTimersTest, ASignalDescriptorTellsWhoseItWas) {
  EXPECT_EQ(Output(R"(
    struct signalfd_siginfo info; sigset_t set; sigemptyset(&set); sigaddset(&set, SIGRTMIN); sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL); int fd = signalfd(-1, &set, 0);
    timer_create(CLOCK_MONOTONIC, &event, &timer); arm(100, 0); read(fd, &info, sizeof info);
    printf("%d %d %lx ", info.ssi_signo == SIGRTMIN, info.ssi_code == SI_TIMER, (long)info.ssi_ptr);
    alarm(1); read(fd, &info, sizeof info); printf("%d %d ", info.ssi_signo, info.ssi_code == SI_KERNEL);
    siginfo_t waited; arm(100, 0); sigwaitinfo(&set, &waited); printf("%d\n", waited.si_code == SI_TIMER);)"),
            "1 1 123456789 14 1 1\n");
}

TEST_F(CarriedTimersTest, NobodyInheritsThem) {
  EXPECT_EQ(Output(R"(
    if (argc > 1) { sleep(2); printf("%d\n", timer_getoverrun((timer_t)0) == -1 && errno == EINVAL); return 0; }
    event.sigev_signo = SIGURG;
    struct itimerspec left; timer_create(CLOCK_MONOTONIC, &event, &timer); arm(1000, 1000);
    if (!fork()) { printf("%d ", timer_gettime(timer, &left) == -1 && errno == EINVAL); sleep(2); _exit(0); }
    int status; wait(&status); printf("%d ", status);
    execl("/proc/self/exe", "program", "again", NULL);)"), "1 0 1\n");
}

TEST_F(CarriedTimersTest, OneThatNobodyNoticesCostsNothing) {
  // A thousand million ticks.
  EXPECT_EQ(Output(R"(
    signal(SIGRTMIN, SIG_IGN); timer_create(CLOCK_MONOTONIC, &event, &timer);
    struct itimerspec often = {{0, 1000}, {0, 1000}}; timer_settime(timer, 0, &often, NULL);
    sleep(900); printf("slept\n");)"), "slept\n");
}

TEST_F(CarriedTimersTest, MisuseIsAnErrorAsInLinux) {
  CompileProgram(R"(
    #define TELL(call) printf("%s ", (call) == 0 ? "0" : strerrorname_np(errno))
    struct itimerspec time = {{0, 0}, {100, 0}}, old; int number; void* bad = (void*)8;
    for (int clock = 0; clock < 20; ++clock) {
      // Two count what a processor does, two depend on the machine's clocks.
      if (clock != 2 && clock != 3 && clock != 8 && clock != 9) TELL(syscall(SYS_timer_create, clock, &event, &number));
    }
    event.sigev_signo = 0; TELL(timer_create(0, &event, &timer));
    event.sigev_signo = 65; TELL(timer_create(0, &event, &timer));
    event.sigev_notify = SIGEV_NONE; TELL(timer_create(0, &event, &timer));
    event.sigev_notify = 77; event.sigev_signo = 10; TELL(syscall(SYS_timer_create, 0, &event, &number));
    event.sigev_notify = SIGEV_THREAD_ID; event._sigev_un._tid = 1 << 30; TELL(timer_create(0, &event, &timer));
    TELL(syscall(SYS_timer_create, 0, bad, &number)); TELL(syscall(SYS_timer_create, 0, NULL, bad));
    TELL(timer_create(0, NULL, &timer));
    TELL(timer_settime(timer, 0, NULL, NULL)); TELL(timer_settime(timer, 0, &time, bad));
    TELL(timer_gettime(timer, bad));
    TELL(timer_settime(timer, 0, &time, &old)); printf("%ld ", old.it_value.tv_sec);
    time.it_value.tv_nsec = 1000000000; TELL(timer_settime(timer, 0, &time, NULL));
    time.it_value.tv_nsec = -1; TELL(timer_settime(timer, 0, &time, NULL));
    time.it_value.tv_nsec = 0; time.it_interval.tv_sec = -1; TELL(timer_settime(timer, 0, &time, NULL));
    timer_t none = (timer_t)4000; TELL(timer_gettime(none, &old)); TELL(timer_settime(none, 0, &time, &old));
    TELL(timer_delete(none)); TELL(timer_getoverrun(none)); TELL(timer_getoverrun(timer)); TELL(timer_delete(timer));
    block(SIGALRM); timer_create(0, NULL, &timer); arm(1, 0);
    sigset_t alarm; siginfo_t info; sigemptyset(&alarm); sigaddset(&alarm, SIGALRM); sigwaitinfo(&alarm, &info);
    printf("%d %d %d\n", info.si_code == SI_TIMER, info.si_int == info.si_timerid, info.si_overrun);)");
  const std::string kernels = KernelsOutput("program");
  ASSERT_NE(kernels, "");
  const Outcome outcome = RunRepeatedly(Options("program"));
  EXPECT_EQ(outcome.output + outcome.error_output, kernels);
}

TEST_F(CarriedTimersTest, BadPointersAreErrorsAsInLinux) {
  CompileMain("pointers", R"(
    struct itimerspec time = {{0, 0}, {100, 0}};
    struct itimerval value;
    int timer = -1;
    const int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    void tell(long result) { printf("%s ", result == -1 ? strerrorname_np(errno) : "fine"); }
    tell(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, NULL));
    tell(syscall(SYS_timer_create, 55, 8, &timer));
    tell(syscall(SYS_timer_create, 55, NULL, &timer));
    tell(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &timer));
    tell(syscall(SYS_timer_gettime, timer, NULL));
    tell(syscall(SYS_timer_gettime, 77, NULL));
    tell(syscall(SYS_timer_settime, timer, 0, NULL, &time));
    tell(syscall(SYS_timer_settime, timer, 0, 8, NULL));
    tell(syscall(SYS_timer_settime, timer, 0, &time, 8));
    tell(syscall(SYS_timer_settime, timer, 0, &time, NULL));
    tell(syscall(SYS_getitimer, ITIMER_REAL, NULL));
    tell(syscall(SYS_getitimer, 5, &value));
    tell(syscall(SYS_setitimer, 5, NULL, NULL));
    tell(syscall(SYS_setitimer, ITIMER_REAL, NULL, NULL));
    tell(syscall(SYS_timerfd_gettime, fd, NULL));
    tell(syscall(SYS_timerfd_gettime, 77, NULL));
    tell(syscall(SYS_timerfd_settime, fd, 0, NULL, NULL));
    tell(syscall(SYS_timerfd_settime, fd, 0, &time, 8));
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("pointers")).output, KernelsOutput("pointers"));
}

}  // namespace
}  // namespace lab
