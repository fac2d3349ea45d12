// The ledger of a carried program: calls that Sockets doesn't serve, and calls that have not returned.
#include "lab/program/program_testing.h"
#include "lab/trace/ledger.h"

namespace lab {
namespace {

class CarriedLedgerTest : public ProgramTest {
 protected:
  // The ledger of that main, without times and names, after a second at most.
  std::string LedgerOf(const std::string& body, Duration limit = std::chrono::seconds(1)) {
    CompileMain("calls", body, "-pthread");
    TwoHosts hosts;
    hosts.Start(hosts.alpha, Options("calls"));
    hosts.Run(limit);
    return LedgerText(hosts.world.trace(), hosts.world.Unfinished());
  }

  static void ExpectLines(const std::string& ledger, const std::vector<std::string>& parts) {
    size_t at = 0;
    for (const std::string& part : parts) {
      const size_t found = ledger.find("calls  " + part, at);
      ASSERT_NE(found, std::string::npos) << part << " is missing, or in another place of\n" << ledger;
      at = found + 1;
    }
  }
};

TEST_F(CarriedLedgerTest, HasProcessesAndSignals) {
  const std::string ledger = LedgerOf(R"(
    signal(SIGUSR1, SIG_IGN);
    int status, child = fork();
    if (child == 0) { usleep(1000); _exit(3); }
    kill(child, SIGUSR1);
    waitpid(child, &status, 0);
    kill(child, SIGTERM);
    if (fork() == 0) execl("/bin/true", "true", NULL);
    wait(NULL);
    return 0;)");
  ExpectLines(ledger, {"sigaction(SIGUSR1, SIG_IGN) = 0", "fork() = 3", "kill(3, SIGUSR1) = 0",
                       "waitpid(3, exited with 3) = 3 <0.00", "kill(3, SIGTERM) = -1 ESRCH", "fork() = 4",
                       "execve(\"/bin/true\") = 0"});
  EXPECT_NE(ledger.find("waitpid(-1, exited with 0) = 4"), std::string::npos) << ledger;
}

TEST_F(CarriedLedgerTest, HasAFailedExec) {
  ExpectLines(LedgerOf(R"(execl("/none", "none", NULL); return 0;)"), {"execve(\"/none\") = -1 ENOENT"});
}

TEST_F(CarriedLedgerTest, HasEventsAndTimers) {
  ExpectLines(LedgerOf(R"(
    struct itimerspec soon = {{0, 0}, {0, 5000000}};
    struct itimerval alarm = {{0, 0}, {9, 0}};
    int event = eventfd(1, EFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(timer, 0, &soon, NULL);
    setitimer(ITIMER_REAL, &alarm, NULL);
    struct sigevent none = {.sigev_notify = SIGEV_NONE};
    timer_t own;
    timer_create(CLOCK_REALTIME, &none, &own);
    timer_settime(own, 0, &soon, NULL);
    return 0;)"), {"eventfd(1, O_NONBLOCK) = 3", "timerfd_create(1, 0) = 4", "timerfd_settime(4, 5 ms) = 0",
                   "setitimer(ITIMER_REAL, 9000 ms) = 0", "timer_create(0, SIGEV_NONE) = 0",
                   "timer_settime(0, 5 ms) = 0"});
}

TEST_F(CarriedLedgerTest, HasFutexesThatBlockAndWake) {
  ExpectLines(LedgerOf(R"(
    static int word;
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &(struct timespec){0, 2000000}, NULL, 0);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 5, NULL, NULL, 0);
    return 0;)"), {"futex(0x", "futex(0x"});
}

TEST_F(CarriedLedgerTest, HasWhatHasNotReturned) {
  const std::string ledger = LedgerOf(R"(
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    pthread_create(&thread, NULL, (void*)pthread_mutex_lock, &mutex);
    if (fork() == 0) for (;;) pause();
    listening(9999);
    accept(3, NULL, NULL);)");
  ExpectLines(ledger, {"clone(CLONE_THREAD) = 3", "fork() = 4"});
  for (const std::string call : {"accept(3)", "sigwait()", "FUTEX_WAIT, for ever)"}) {
    EXPECT_NE(ledger.find(call + " = ? <unfinished ...>\n"), std::string::npos) << call << "\n" << ledger;
  }
}

TEST_F(CarriedLedgerTest, KeepsWhatOtherThreadsWereInWhenTheProgramEnded) {
  const std::string ledger = LedgerOf(R"(
    pthread_t thread;
    pthread_create(&thread, NULL, (void*)sleep, (void*)100);
    usleep(1000);
    return 0;)");
  EXPECT_NE(ledger.find("sleep(100000 ms) = ? <unfinished ...>\n"), std::string::npos) << ledger;
}

}  // namespace
}  // namespace lab
