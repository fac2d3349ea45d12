// What ends a carried program: its own end, signals, limits, and what can't be carried.
#include <dirent.h>

#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedLimitsTest : public ProgramTest {
 protected:
  Outcome Run(const ProgramOptions& options) {
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, options);
    hosts.Run();
    const Outcome outcome = hosts.world.outcome(process);
    EXPECT_TRUE(outcome.exited) << hosts.world.Deadlock();
    EXPECT_EQ(outcome.Report(kLabErrorReport), "");
    return outcome;
  }
  Outcome RunMain(const std::string& body, const std::string& flags = "", Limits limits = {}) {
    CompileMain("server", body, flags);
    ProgramOptions options = Options("server");
    options.limits = limits;
    return Run(options);
  }
  std::string Unsupported(const std::string& body, const std::string& flags = "") {
    return RunMain(body, flags).Report(kUnsupportedReport);
  }
};

TEST_F(CarriedLimitsTest, CrashesHaveTheShellsStatus) {
  EXPECT_EQ(RunMain("*(volatile int*)8 = 1;").exit_status, 139);
  EXPECT_EQ(RunMain("abort();").exit_status, 134);
  EXPECT_EQ(RunMain("_exit(300);").exit_status, 300 & 255);
  EXPECT_EQ(RunMain("kill(getpid(), SIGTERM);").exit_status, 143);
}

TEST_F(CarriedLimitsTest, WhatCannotBeCarriedIsNamed) {
  EXPECT_EQ(Unsupported("timer_t timer; timer_create(CLOCK_THREAD_CPUTIME_ID, NULL, &timer);"),
            "server calls timer_create, which Duet does not carry yet");
  EXPECT_EQ(Unsupported("inotify_init();"), "server calls inotify_init, which Duet does not carry yet");
  EXPECT_EQ(Unsupported("struct itimerval t = {}; setitimer(ITIMER_PROF, &t, NULL);"),
            "server calls setitimer, which Duet does not carry yet");
  EXPECT_EQ(Unsupported("pid_t child = fork(); if (child == 0) pause(); kill(child, SIGSTOP);"),
            "server stops a process (kill), which Duet does not carry yet");
  EXPECT_EQ(Unsupported("syscall(SYS_clone, CLONE_NEWPID, 0, 0, 0, 0);"),
            "server calls clone with flags 0x20000000, which Duet does not carry yet");
}

TEST_F(CarriedLimitsTest, AForkBombReachesItsLimit) {
  EXPECT_EQ(RunMain("for (;;) fork();").Report(kLimitReport),
            "server has more than 64 processes and threads at once");
}

TEST_F(CarriedLimitsTest, AThreadBombReachesItsLimit) {
  Compile("server.c", std::string(kIncludes) + R"(
    void* wait_for_ever(void* nothing) { pause(); return 0; }
    int main() { pthread_t thread; for (;;) pthread_create(&thread, 0, wait_for_ever, 0); })");
  EXPECT_EQ(Run(Options("server")).Report(kLimitReport), "server has more than 64 processes and threads at once");
}

TEST_F(CarriedLimitsTest, AnEndlessLoopInAChildReachesItsTimeLimit) {
  EXPECT_EQ(RunMain("if (fork() == 0) for (;;) {} wait(NULL);", "", Limits{.cpu_seconds = 1}).Report(kLimitReport),
            "server used more than 1 s of CPU time");
}

TEST_F(CarriedLimitsTest, AnEndlessLoopInAThreadReachesItsTimeLimit) {
  Compile("server.c", std::string(kIncludes) + R"(
    volatile int done;
    void* wait_for_it(void* nothing) { while (!done) {} return 0; }
    int main() { pthread_t thread; pthread_create(&thread, 0, wait_for_it, 0); sleep(1); done = 1;
                 pthread_join(thread, 0); })");
  ProgramOptions options = Options("server");
  options.limits.cpu_seconds = 1;
  EXPECT_EQ(Run(options).Report(kLimitReport), "server used more than 1 s of CPU time");
}

TEST_F(CarriedLimitsTest, WhoWaitsForWhatIsSaid) {
  Compile("server.c", std::string(kIncludes) + R"(
    pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER; pthread_t first; sem_t s;
    void* other_way(void* p) { pthread_mutex_lock(&b); usleep(10); pthread_mutex_lock(&a); return 0; }
    void* joins(void* p) { pthread_join(first, 0); return 0; }
    void* waits(void* p) { sem_wait(&s); return 0; }
    int main() {
      pthread_t thread; sem_init(&s, 0, 0); pthread_create(&first, 0, other_way, 0);
      pthread_create(&thread, 0, joins, 0); pthread_create(&thread, 0, waits, 0); pthread_mutex_lock(&a); usleep(10);
      if (fork() == 0) { if (fork() == 0) accept(listening(9999), 0, 0); wait(0); }
      pthread_mutex_lock(&b);
    })");
  TwoHosts hosts;
  hosts.Start(hosts.alpha, Options("server"));
  hosts.Run();
  EXPECT_EQ(hosts.world.Deadlock(),
            "server waits for a mutex that thread 3 has locked\n"
            "server (thread 3) waits for a mutex that the main thread has locked\n"
            "server (thread 4) waits for thread 3 to end\n"
            "server (thread 5) waits for another thread to wake it (at a condition variable, a semaphore or the like)\n"
            "server (process 6) waits for a child process to end: process 7\n"
            "server (process 7) waits in accept(3) on port 9999\n");
}

TEST_F(CarriedLimitsTest, AStaticProgramThatIsExecutedIsNamed) {
  CompileMain("other", "puts(\"wrong\"); return 0;", "-static");
  EXPECT_EQ(Unsupported("execl(\"/submission/other\", \"other\", NULL);"),
            "server executes /submission/other, into which Duet's library could not be loaded (a statically linked "
            "program can't be carried)");
  EXPECT_EQ(Unsupported("if (fork() == 0) execl(\"/submission/other\", \"other\", NULL); wait(NULL);"),
            "server executes /submission/other, into which Duet's library could not be loaded (a statically linked "
            "program can't be carried)");
}

TEST_F(CarriedLimitsTest, StaticProgramsAreRefused) {
  const std::string sentence =
      "server ended before Duet's library was loaded into it (a statically linked program can't be carried: link it "
      "with the shared C library)";
  EXPECT_TRUE(Unsupported("return 0;", "-static").starts_with(sentence));
  EXPECT_TRUE(Unsupported("socket(AF_INET, SOCK_STREAM, 0); sleep(100);", "-static").starts_with(sentence));
}

TEST_F(CarriedLimitsTest, WhatIsNoProgramIsRefused) {
  std::ofstream(folder() + "/text") << "hello";
  EXPECT_EQ(Run(Options("text")).Report(kUnsupportedReport), "text can't be executed: Permission denied");
  EXPECT_EQ(Run(Options("nothing")).Report(kUnsupportedReport), "nothing can't be executed: No such file or directory");
}

TEST_F(CarriedLimitsTest, AnEndlessLoopReachesItsTimeLimit) {
  const Outcome outcome = RunMain("for (;;) {}", "", Limits{.cpu_seconds = 1});
  EXPECT_EQ(outcome.exit_status, 128 + SIGXCPU);
  EXPECT_EQ(outcome.Report(kLimitReport), "server used more than 1 s of CPU time");
}

TEST_F(CarriedLimitsTest, AFloodOfOutputReachesItsLimit) {
  EXPECT_EQ(RunMain("char text[100000]; memset(text, 'x', sizeof text); for (;;) write(1, text, sizeof text);")
                .Report(kLimitReport),
            "server wrote more than 16 MiB of output");
}

TEST_F(CarriedLimitsTest, ALargeFileReachesItsLimit) {
  EXPECT_EQ(RunMain("int fd = open(\"/tmp/x\", O_CREAT | O_WRONLY, 0600); char text[100000]; for (;;) write(fd, text, "
                    "sizeof text);",
                    "", Limits{.file_bytes = 2 << 20})
                .Report(kLimitReport),
            "server wrote a file of more than 2 MiB");
}

TEST_F(CarriedLimitsTest, MemoryIsBounded) {
  EXPECT_EQ(RunMain("int got = 0; while (malloc(1 << 20)) ++got; return got > 100 && got < 1100 ? 0 : 1;").exit_status,
            0);
}

TEST_F(CarriedLimitsTest, ASleepInTheProgramsOwnKernelIsNoticed) {
  EXPECT_EQ(Unsupported(R"(
      mkfifo("/tmp/a", 0600);
      mkfifo("/tmp/b", 0600);
      tee(open("/tmp/a", O_RDWR), open("/tmp/b", O_RDWR), 1, 0);)"),
            "server sleeps in tee, which Duet does not carry yet");
}

// Each sleep is a short one, and the world's time hardly passes.
TEST_F(CarriedLimitsTest, NapsInTheProgramsOwnKernelAddUp) {
  const std::string naps = R"(
    long (*kernel)(long, ...) = (void*)0x7d0e7000;  // the library's own way into it
    const struct timespec nap = {0, 100000000};
    for (;;) { kernel(SYS_nanosleep, &nap, NULL); sched_yield(); })";
  EXPECT_EQ(RunMain(naps, "", Limits{.busy_seconds = 1}).Report(kLimitReport),
            "server kept the lab busy for more than 1 s");
  EXPECT_EQ(RunMain("for (;;) { if (fork() == 0) {" + naps + "} wait(NULL); }", "", Limits{.busy_seconds = 1})
                .Report(kLimitReport),
            "server kept the lab busy for more than 1 s");
}

TEST_F(CarriedLimitsTest, TheLabsWorkForItAddsUp) {
  EXPECT_EQ(RunMain("static char bytes[1 << 20]; for (;;) getrandom(bytes, sizeof bytes, 0);", "",
                    Limits{.busy_seconds = 1})
                .Report(kLimitReport),
            "server kept the lab busy for more than 1 s");
}

TEST_F(CarriedLimitsTest, ScribblingOverTheSharedMemoryHarmsOnlyItself) {
  for (const int fill : {0x01, 0xff}) {
    CompileMain("server", R"(
      // The channel is the largest mapping of a memfd.
      FILE* maps = fopen("/proc/self/maps", "r"); char line[500]; char *begin = 0, *end;
      while (fgets(line, sizeof line, maps)) if (strstr(line, "duet-channel")) sscanf(line, "%p-%p", &begin, &end);
      fclose(maps);
      if (!begin) return 9;
      int fill = )" + std::to_string(fill) + R"(;
      memset(begin + 64, fill, 250);
      int* turn = (int*)(begin + 64);
      for (int i = 0; i < 20000; ++i) { memset(begin + 64, fill, 200); *turn = 1; syscall(SYS_futex, turn, 1, 1); }
      for (;;) { puts("x"); socket(AF_INET, SOCK_STREAM, 0); memset(begin + 64, fill, 300); })");
    ProgramOptions options = Options("server");
    options.limits.cpu_seconds = 1;
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, options);
    hosts.Run(std::chrono::milliseconds(100));
    EXPECT_NE(hosts.world.outcome(process).exit_status, 9);
  }
}

// The processes whose command line holds `text`, on this machine.
int ProcessesWith(const std::string& text) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (line.find(text) != std::string::npos) ++count;
  }
  return count;
}

TEST_F(CarriedLimitsTest, NothingIsLeftOfAWorldThatIsDestroyed) {
  CompileMain("server", "int fd = listening(9999); accept(fd, 0, 0); return 0;");
  {
    ProgramOptions options = Options("server");
    options.command.push_back(folder());
    TwoHosts hosts;
    const ProcessId waiting = hosts.Start(hosts.alpha, options);
    hosts.Start(hosts.beta, options);
    hosts.Run();
    EXPECT_FALSE(hosts.world.outcome(waiting).exited);
    EXPECT_EQ(ProcessesWith(folder()), 2);
    hosts.world.Kill(waiting);
    EXPECT_EQ(hosts.world.outcome(waiting).exit_status, 137);
  }
  EXPECT_EQ(ProcessesWith(folder()), 0);
}

}  // namespace
}  // namespace lab
