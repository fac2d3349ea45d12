// One carried program: its streams, descriptors, time and names.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedProgramTest : public ProgramTest {
 protected:
  // Runs it on alpha of a world of its own.
  Outcome Run(const ProgramOptions& options, std::string input = "") {
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, options, {}, std::move(input));
    hosts.Run();
    const Outcome outcome = hosts.world.outcome(process);
    EXPECT_TRUE(outcome.exited) << hosts.world.Deadlock();
    for (const auto& [key, value] : outcome.reports) EXPECT_EQ(value, "") << key;
    return outcome;
  }
  Outcome RunMain(const std::string& body, std::string input = "") {
    CompileMain("program", body);
    return Run(Options("program"), std::move(input));
  }
  Outcome RunPython(const std::string& code, std::string input = "") {
    WritePython("program.py", code);
    return Run(Options("program.py"), std::move(input));
  }
};

TEST_F(CarriedProgramTest, PrintedTextIsTheOutput) {
  const Outcome outcome = RunMain(R"(printf("hello %d\n", argc); fprintf(stderr, "oops\n"); return 3;)");
  EXPECT_EQ(outcome.exit_status, 3);
  EXPECT_EQ(outcome.output, "hello 1\n");
  EXPECT_EQ(outcome.error_output, "oops\n");
}

TEST_F(CarriedProgramTest, StandardInputIsRead) {
  const std::string body = R"(char line[100]; while (fgets(line, 100, stdin)) printf("<%s>", line); return 0;)";
  EXPECT_EQ(RunMain(body, "a\nb").output, "<a\n><b>");
}

TEST_F(CarriedProgramTest, CxxStreamsWork) {
  Compile("program.cc", R"(
    #include <iostream>
    #include <string>
    int main() { std::string line; while (std::getline(std::cin, line)) std::cout << '[' << line << "]" << std::endl; }
  )");
  EXPECT_EQ(Run(Options("program"), "one\ntwo\n").output, "[one]\n[two]\n");
}

TEST_F(CarriedProgramTest, PythonReadsPrintsAndExits) {
  const Outcome outcome = RunPython("import sys\nprint(sys.stdin.buffer.read())\nsys.exit(4)\n", "bytes");
  EXPECT_EQ(outcome.output, "b'bytes'\n") << outcome.error_output;
  EXPECT_EQ(outcome.exit_status, 4);
}

TEST_F(CarriedProgramTest, RawCallsAreCarriedToo) {
  EXPECT_EQ(RunMain(R"(
    int fd = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in in = at("0.0.0.0", 9999), out; socklen_t length = sizeof out;
    if (syscall(SYS_bind, fd, &in, sizeof in) != 0) perror("bind");
    syscall(SYS_getsockname, fd, &out, &length);
    dprintf(1, "%d %d\n", fd, ntohs(out.sin_port));
    return 0;)").output, "3 9999\n");
}

TEST_F(CarriedProgramTest, DescriptorsAreTheLowestFreeOnes) {
  EXPECT_EQ(RunMain(R"(
    int a = socket(AF_INET, SOCK_STREAM, 0), file = open("/etc/passwd", O_RDONLY), b = socket(AF_INET, SOCK_STREAM, 0);
    close(file);
    int c = dup(b), d = fcntl(b, F_DUPFD, 20), e = dup2(b, 10);
    printf("%d %d %d %d %d %d\n", a, file, b, c, d, e);
    close(b); close(c);
    int type; socklen_t length = sizeof type;
    printf("%d", getsockopt(d, SOL_SOCKET, SO_TYPE, &type, &length)); printf(" %d", type == SOCK_STREAM);
    printf(" %d", getsockopt(b, SOL_SOCKET, SO_TYPE, &type, &length)); printf(" %d\n", errno == EBADF);
    return 0;)").output, "3 4 5 4 20 10\n0 1 -1 1\n");
}

TEST_F(CarriedProgramTest, OutputCanBeSentElsewhere) {
  EXPECT_EQ(RunMain(R"(
    int kept = dup(1), file = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    dup2(file, 1);
    puts("into the file"); fflush(stdout);
    dup2(kept, 1); close(kept);
    char text[100] = ""; lseek(file, 0, SEEK_SET); read(file, text, 99);
    printf("was: %s", text);
    return 0;)").output, "was: into the file\n");
}

TEST_F(CarriedProgramTest, ManyDescriptorsEndInEMFILE) {
  EXPECT_EQ(RunMain(R"(
    int last = 0, fd;
    while ((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0) last = fd;
    printf("%d %d\n", last, errno == EMFILE);
    for (int i = 3; i < 1024; ++i) close(i);
    printf("%d\n", socket(AF_INET, SOCK_STREAM, 0));
    return 0;)").output, "255 1\n3\n");
}

TEST_F(CarriedProgramTest, AProgramThatClosesEverythingGoesOn) {
  const Outcome outcome = RunMain(R"(
    for (int i = 0; i < 1024; ++i) close(i);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd == 0 ? 5 : 6;)");
  EXPECT_EQ(outcome.exit_status, 5);
}

TEST_F(CarriedProgramTest, TimeIsTheWorlds) {
  // A quarter of an hour of sleep, in no time.
  EXPECT_EQ(RunMain(R"(
    struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a);
    sleep(900); usleep(500000);
    struct timespec half = {0, 500000000}; nanosleep(&half, NULL);
    poll(NULL, 0, 250); struct timeval quarter = {0, 250000}; select(0, NULL, NULL, NULL, &quarter);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double passed = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
    printf("%d ", passed >= 901.5 && passed < 901.51);
    time_t now = time(NULL); printf("%s", asctime(gmtime(&now)));
    return 0;)").output, "1 Thu Jan  1 00:15:01 2026\n");
}

TEST_F(CarriedProgramTest, LookingAtTheClockMakesTimePass) {
  EXPECT_EQ(RunMain(R"(
    struct timespec t; time_t end = time(NULL) + 2;
    while (time(NULL) < end) {}
    clock_gettime(CLOCK_REALTIME, &t);
    printf("%d\n", t.tv_sec == end);
    return 0;)").output, "1\n");
}

TEST_F(CarriedProgramTest, EveryClockStartsTheSame) {
  const std::string body = R"(
    struct timespec t; struct timeval v;
    for (int i = 0; i < 4; ++i) { clock_gettime(i, &t); printf("%ld.%09ld ", t.tv_sec, t.tv_nsec); }
    gettimeofday(&v, NULL); printf("%ld.%06ld ", v.tv_sec, v.tv_usec);
    timespec_get(&t, TIME_UTC); printf("%ld.%09ld %ld\n", t.tv_sec, t.tv_nsec, (long)clock());
    return 0;)";
  const std::string first = RunMain(body).output;
  EXPECT_TRUE(first.starts_with("1767225600.")) << first;
  EXPECT_EQ(RunMain(body).output, first);
}

TEST_F(CarriedProgramTest, RandomnessIsTheWorlds) {
  const std::string body = R"(
    unsigned char a[8], b[8], c[8]; getrandom(a, 8, 0); getentropy(b, 8);
    FILE* file = fopen("/dev/urandom", "r"); setvbuf(file, NULL, _IONBF, 0); fread(c, 1, 8, file);
    for (int i = 0; i < 8; ++i) printf("%02x%02x%02x", a[i], b[i], c[i]);
    char name[] = "/tmp/XXXXXX"; mkstemp(name); printf("%s %d %p %p\n", name, getpid(), (void*)name, malloc(1));
    return 0;)";
  const std::string first = RunMain(body).output;
  EXPECT_EQ(RunMain(body).output, first);
  EXPECT_NE(first.substr(0, 16), first.substr(16, 16));
}

TEST_F(CarriedProgramTest, PythonsRandomnessIsTheWorldsToo) {
  const std::string code = "import random, os, uuid, tempfile\nprint(random.random(), os.urandom(4), uuid.uuid4(), "
                           "tempfile.mkstemp(), hash('a'), os.getpid(), id(object()))\n";
  const std::string first = RunPython(code).output;
  EXPECT_NE(first, "");
  EXPECT_EQ(RunPython(code).output, first);
}

TEST_F(CarriedProgramTest, NamesAreTheWorlds) {
  EXPECT_EQ(RunMain(R"(
    char name[100]; gethostname(name, 100); struct utsname u; uname(&u); printf("%s %s ", name, u.nodename);
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    printf("%d ", getaddrinfo("beta", "http", &hints, &found));
    struct sockaddr_in* in = (void*)found->ai_addr; printf("%s:%d ", inet_ntoa(in->sin_addr), ntohs(in->sin_port));
    char host[100], port[10];
    getnameinfo((void*)in, sizeof *in, host, 100, port, 10, NI_NUMERICHOST | NI_NUMERICSERV);
    printf("%s %s ", host, port);
    freeaddrinfo(found);
    printf("%s ", inet_ntoa(*(struct in_addr*)gethostbyname("beta")->h_addr));
    printf("%s %d\n", gai_strerror(getaddrinfo("gamma", NULL, &hints, &found)), gethostbyname("gamma") == NULL);
    return 0;)").output, "alpha alpha 0 10.0.0.2:80 10.0.0.2 80 10.0.0.2 Name or service not known 1\n");
}

TEST_F(CarriedProgramTest, PythonResolvesNames) {
  EXPECT_EQ(RunPython("import socket\nprint(socket.gethostname(), socket.gethostbyname('beta'))\n"
                      "try: socket.create_connection(('gamma', 1))\nexcept socket.gaierror as e: print(e.errno)\n")
                .output,
            "alpha 10.0.0.2\n-2\n");
}

TEST_F(CarriedProgramTest, BadPointersAreEFAULT) {
  EXPECT_EQ(RunMain(R"(
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("%d", bind(fd, (void*)8, 16)); printf(" %d", errno == EFAULT);
    printf(" %d", (int)write(1, (void*)8, 16)); printf(" %d", errno == EFAULT);
    printf(" %d", getsockname(fd, (void*)8, (void*)16)); printf(" %d\n", errno == EFAULT);
    return 0;)").output, "-1 1 -1 1 -1 1\n");
}

TEST_F(CarriedProgramTest, PipesAndTheirPolling) {
  EXPECT_EQ(RunMain(R"(
    int ends[2]; pipe(ends); char text[10] = "";
    struct pollfd fds[3] = {{ends[0], POLLIN}, {ends[1], POLLOUT}, {open("/etc/passwd", O_RDONLY), POLLIN}};
    printf("%d ", poll(fds, 2, 0)); printf("%d %d ", fds[0].revents, fds[1].revents == POLLOUT);
    write(ends[1], "abc", 3);
    printf("%d ", poll(fds, 3, -1)); printf("%d %d ", fds[0].revents == POLLIN, fds[2].revents == POLLIN);
    fd_set set; FD_ZERO(&set); FD_SET(ends[0], &set); FD_SET(fds[2].fd, &set);
    printf("%d ", select(20, &set, NULL, NULL, NULL));
    printf("%d %s", (int)read(ends[0], text, 9), text);
    close(ends[0]); signal(SIGPIPE, SIG_IGN);
    printf(" %d", (int)write(ends[1], "x", 1)); printf(" %d\n", errno == EPIPE);
    return 0;)").output, "1 0 1 3 1 1 2 3 abc -1 1\n");
}

TEST_F(CarriedProgramTest, SignalsWorkAmongTraps) {
  EXPECT_EQ(RunMain(R"(
    static volatile int got; void on(int signal) { got = signal; write(1, "!", 1); }
    struct sigaction action = {.sa_handler = on}; sigfillset(&action.sa_mask); sigaction(SIGUSR1, &action, NULL);
    sigset_t all, old; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
    raise(SIGUSR1); printf("%d ", got); fflush(stdout);
    sigprocmask(SIG_SETMASK, &old, NULL); printf("%d ", got == SIGUSR1);
    kill(getpid(), SIGUSR1);
    printf("%d\n", signal(SIGSYS, SIG_IGN) == SIG_DFL); time(NULL); getppid();
    return 0;)").output, "0 !!1 1\n");
}

TEST_F(CarriedProgramTest, LocksOfOneThreadWork) {
  EXPECT_EQ(RunMain(R"(
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec a, b; clock_gettime(CLOCK_REALTIME, &a); b = a; b.tv_sec += 5;
    pthread_mutex_lock(&mutex);
    printf("%d ", pthread_cond_timedwait(&condition, &mutex, &b) == ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &b); printf("%d\n", b.tv_sec - a.tv_sec == 5);
    return 0;)").output, "1 1\n");
}

TEST_F(CarriedProgramTest, SameRunSameTrace) {
  WritePython("program.py",
              "import socket, time, random\nprint(random.random(), time.time())\ntime.sleep(random.random())\n");
  uint64_t hash = 0;
  for (int i = 0; i < 3; ++i) {
    TwoHosts hosts(Choices::Seeded(7));
    hosts.Start(hosts.alpha, Options("program.py"));
    hosts.Run();
    if (i > 0) {
      EXPECT_EQ(hosts.world.trace().hash(), hash);
    }
    hash = hosts.world.trace().hash();
  }
}

TEST_F(CarriedProgramTest, RandomFilesStayTheWorldsWhereverTheyGo) {
  Compile("draw.c", std::string(kIncludes) + R"(
    int main() {
      unsigned long bytes[2] = {}; struct iovec parts[2] = {{bytes, 8}, {bytes + 1, 8}};
      int fd = open("/dev/../dev/urandom", O_RDONLY), copy = dup(fd), other = fcntl(fd, F_DUPFD, 100);
      struct pollfd in = {copy, POLLIN};
      printf("%d ", poll(&in, 1, -1)); printf("%zd ", readv(copy, parts, 2)); printf("%lx %lx ", bytes[0], bytes[1]);
      printf("%zd %lx\n", read(other, bytes, 8), bytes[0]); fflush(stdout);
      return system("head -c 8 < /dev/random | od -x");
    })");
  const std::string first = RunRepeatedly(Options("draw")).output;
  EXPECT_TRUE(first.starts_with("1 16 ")) << first;
  EXPECT_EQ(RunRepeatedly(Options("draw")).output, first);
}

TEST_F(CarriedProgramTest, ATimersClockIsItsCopysToo) {
  Compile("timer.c", std::string(kIncludes) + R"(
    int main() {
      int timer = timerfd_create(CLOCK_REALTIME, 0), copy = dup(timer); struct itimerspec at = {}; uint64_t times;
      clock_gettime(CLOCK_REALTIME, &at.it_value); time_t before = at.it_value.tv_sec; at.it_value.tv_sec += 3;
      timerfd_settime(copy, TFD_TIMER_ABSTIME, &at, NULL); read(timer, &times, 8); printf("%ld\n", time(NULL) - before);
    })");
  EXPECT_EQ(RunRepeatedly(Options("timer")).output, "3\n");
}

TEST_F(CarriedProgramTest, TheMachineIsNotToBeSeen) {
  Compile("machine.c", std::string(kIncludes) + R"(
    #include <sys/sysinfo.h>
    #include <sys/timex.h>
    void* processor(void* nothing) { return (void*)(long)sched_getcpu(); }
    int main() {
      struct sysinfo info; struct timex clock = {}; unsigned cpu = 9, node = 9; pthread_t thread; void* of_thread;
      sysinfo(&info); printf("%ld %lu %d ", info.uptime, info.totalram >> 30, info.procs);
      adjtimex(&clock); printf("%d ", clock.time.tv_sec == time(NULL)); clock.modes = ADJ_TICK;
      printf("%d ", adjtimex(&clock));
      pthread_create(&thread, NULL, processor, NULL); pthread_join(thread, &of_thread);
      printf("%d %ld ", sched_getcpu(), (long)of_thread); syscall(SYS_getcpu, &cpu, &node, NULL);
      printf("%u %u\n", cpu, node);
    })");
  EXPECT_EQ(RunRepeatedly(Options("machine")).output, "1000 4 1 1 -1 0 0 0 0\n");
}

// Sent or not: what lies in memory that the program has not written is the same in every run.
TEST_F(CarriedProgramTest, MemoryThatNobodyHasWrittenIsTheSame) {
  Compile("memory.c", std::string(kIncludes) + R"(
    #include <sys/auxv.h>
    static void sum(const char* what, const unsigned char* from, size_t length) {
      unsigned long value = 5381;
      for (size_t i = 0; i < length; ++i) value = value * 33 + from[i];
      printf("%s %lx\n", what, value);
    }
    static void stack(void) {
      unsigned char below[30000]; __asm__("" : : "r"(below) : "memory"); sum("stack", below, sizeof below);
    }
    static void* thread(void* p) { char text[100]; snprintf(text, sizeof text, "%p", p); return malloc(300); }
    int main(int argc, char** argv) {
      stack(); sum("chance", (void*)getauxval(AT_RANDOM), 16);
      sum("environment", (void*)argv, 200); sum("freed", malloc(3000), 3000);
      pthread_t made; void* p; pthread_create(&made, NULL, thread, NULL); pthread_join(made, &p); sum("thread", p, 300);
      if (!fork()) { stack(); exit(0); } wait(NULL); system("true"); stack();
    })", "-fno-stack-protector");
  const std::string first = RunRepeatedly(Options("memory")).output;
  EXPECT_NE(first.find("thread"), std::string::npos) << first;
  EXPECT_EQ(RunRepeatedly(Options("memory")).output, first);
}

TEST_F(CarriedProgramTest, EveryDescriptorUpToItsLimitIsTheProgramsOwn) {
  Compile("many.c", std::string(kIncludes) + R"(
    int main() {
      int fd, last = 0; while ((fd = socket(AF_INET, SOCK_DGRAM, 0)) >= 0) last = fd;
      struct sockaddr_in in = at("127.0.0.1", 9999);
      printf("%d %d ", last, errno == EMFILE); printf("%d ", dup2(last, 1000));
      printf("%d %d\n", bind(1000, (void*)&in, sizeof in), fcntl(4094, F_GETFD)); return 0;
    })");
  ProgramOptions options = Options("many");
  options.limits.open_files = 1024;
  EXPECT_EQ(RunRepeatedly(options).output, "1023 1 1000 0 -1\n");
}

}  // namespace
}  // namespace lab
