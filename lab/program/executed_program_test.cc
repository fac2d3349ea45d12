// Programs in the real world: their outcome, names, ledger and limits.
#include "lab/program/program_testing.h"
#include "real/namespaces.h"
#include "real/real_world.h"

namespace lab {
namespace {

class ExecutedProgramTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    if (IsSkipped()) return;
    if (const absl::Status available = real::Available(); !available.ok()) GTEST_SKIP() << available.message();
    const absl::Status entered = real::EnterNamespaces();
    ASSERT_TRUE(entered.ok()) << entered;
  }

  // Runs it on its own in a world, to its end.
  Outcome Run(const ProgramOptions& options, std::string input = "", bool short_transfers = false) {
    real::RealWorld world(Choices::Seeded(5));
    HostOptions host;
    host.name = "alpha";
    const HostId alpha = world.AddHost(host);
    StartOptions start;
    start.name = "program";
    start.arguments = {"one"};
    start.input = std::move(input);
    start.short_transfers = short_transfers;
    const ProcessId process = world.Start(alpha, start, ExecutedProgram(options));
    EXPECT_TRUE(world.RunUntil([&] { return world.outcome(process).exited; }, std::chrono::seconds(60)));
    for (const Event& event : world.trace().events()) {
      if (const auto* call = std::get_if<CallEvent>(&event)) ledger_ += ToString(call->entry) + "\n";
    }
    return world.outcome(process);
  }

  // What the last program's ledger says, a line a call.
  std::string ledger_;
};

TEST_F(ExecutedProgramTest, StreamsArgumentsNamesAndStatusAreTheWorlds) {
  CompileMain("program", R"(
    char line[100] = "", name[100]; fgets(line, 100, stdin); gethostname(name, 100);
    printf("%s %s %s %d\n", argv[1], line, name, gethostbyname("alpha") != NULL); fprintf(stderr, "oops\n");
    return 3;)");
  const Outcome outcome = Run(Options("program"), "input");
  EXPECT_EQ(outcome.output, "one input alpha 1\n");
  EXPECT_EQ(outcome.error_output, "oops\n");
  EXPECT_EQ(outcome.exit_status, 3);
}

TEST_F(ExecutedProgramTest, ThreadsAndProcessesWork) {
  Compile("program.c", std::string(kIncludes) + R"(
    void* run(void* nothing) { printf("thread "); return 0; }
    int main() {
      pthread_t thread; pthread_create(&thread, 0, run, 0); pthread_join(thread, 0); fflush(stdout);
      int status; pid_t child = fork(); if (child == 0) { printf("child "); fflush(stdout); _exit(7); }
      waitpid(child, &status, 0); printf("%d ", WEXITSTATUS(status)); fflush(stdout);
      return system("echo shell") != 0; })");
  EXPECT_EQ(Run(Options("program")).output, "thread child 7 shell\n");
}

constexpr char kTalksToItself[] = R"(
import socket
s = socket.create_server(('', 9999)); c = socket.create_connection(('127.0.0.1', 9999)); a, _ = s.accept()
c.sendall(b'x' * 1000); c.shutdown(socket.SHUT_WR); sizes = []
while data := a.recv(1000): sizes.append(len(data))
print(len(sizes) > 1, sum(sizes))
)";

TEST_F(ExecutedProgramTest, TheLedgerHasItsCalls) {
  WritePython("program.py", kTalksToItself);
  EXPECT_EQ(Run(Options("program.py")).output, "False 1000\n");
  for (const char* call : {"socket(", "bind(", "listen(", "connect(", "accept(", "send(", "shutdown(", "recv("}) {
    EXPECT_NE(ledger_.find(call), std::string::npos) << call << " in\n" << ledger_;
  }
}

TEST_F(ExecutedProgramTest, TheLedgerHasProcessesSignalsAndTimers) {
  Compile("program.c", std::string(kIncludes) + R"(
    void* nothing(void* argument) { return argument; }
    void ignore(int signal) {}
    int main(int argc, char** argv) {
      if (argc == 3) { socket(AF_INET, SOCK_DGRAM, 0); return 0; }
      pthread_t thread; pthread_create(&thread, 0, nothing, 0); pthread_join(thread, 0);
      int status; pid_t child = fork();
      if (child == 0) { pause(); _exit(1); }
      signal(SIGUSR1, ignore); raise(SIGUSR1);
      kill(child, SIGTERM); waitpid(child, &status, 0);
      alarm(5); alarm(0);
      struct itimerspec timer = {{0, 0}, {3, 0}};
      timerfd_settime(timerfd_create(CLOCK_MONOTONIC, 0), 0, &timer, 0);
      // Nothing is looked at that isn't there.
      if (timerfd_settime(0, 0, NULL, 0) != -1 || timer_settime(0, 0, NULL, 0) != -1) return 1;
      timer_t own;
      timer_create(CLOCK_MONOTONIC, NULL, &own);
      timer_settime(own, 0, &timer, 0);
      eventfd(4, EFD_NONBLOCK);
      if (fork() == 0) { execl("/bin/sh", "sh", "-c", "exec /submission/program two three", NULL); }
      wait(&status);
      return WEXITSTATUS(status); })");
  EXPECT_EQ(Run(Options("program")).exit_status, 0);
  for (const char* call :
       {"clone(CLONE_THREAD) = 0\n", "fork() = ", "sigaction(SIGUSR1, a handler) = 0\n", ", SIGUSR1) = 0\n",
        ", SIGTERM) = 0\n", ", ended by SIGTERM) = ", "setitimer(ITIMER_REAL, 5000 ms) = 0\n",
        "timerfd_create(1, ", ", 3000 ms) = 0\n", "timer_create(1, SIGALRM) = 0\n", "timer_settime(0, 3000 ms) = 0\n",
        "eventfd(4, ", "execve(\"/bin/sh\") = 0\n",
        "execve(\"/submission/program\") = 0\n", "socket(AF_INET, SOCK_DGRAM"}) {
    EXPECT_NE(ledger_.find(call), std::string::npos) << call << " in\n" << ledger_;
  }
}

TEST_F(ExecutedProgramTest, TransfersAreCutShortWhereAsked) {
  WritePython("program.py", kTalksToItself);
  EXPECT_EQ(Run(Options("program.py"), "", true).output, "True 1000\n");
}

TEST_F(ExecutedProgramTest, CrashesAndLimitsAreSaid) {
  CompileMain("crash", "*(volatile int*)8 = 1;");
  EXPECT_EQ(Run(Options("crash")).exit_status, 139);
  CompileMain("loop", "for (;;) {}");
  ProgramOptions options = Options("loop");
  options.limits.cpu_seconds = 1;
  const Outcome outcome = Run(options);
  EXPECT_EQ(outcome.Report(kLimitReport), "loop used more than 1 s of CPU time");
  EXPECT_EQ(outcome.exit_status, 128 + SIGXCPU);
}

}  // namespace
}  // namespace lab
