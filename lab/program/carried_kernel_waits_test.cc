// What carried programs wait for that their own kernel has: named pipes, and signals that are read from a descriptor.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedKernelWaitsTest : public ProgramTest {
 protected:
  Outcome RunMain(const std::string& body) {
    CompileMain("program", body);
    return RunRepeatedly(Options("program"));
  }
};

TEST_F(CarriedKernelWaitsTest, AWriteThatANamedPipeHasRoomForWaitsForNoReader) {
  CompileMain("write", R"(
    char text[4];
    mkfifo("/tmp/pipe", 0600);
    const int fd = open("/tmp/pipe", O_RDWR);
    struct iovec both[2] = {{"c", 1}, {"d", 1}};
    printf("%d ", (int)write(fd, "ab", 2));
    printf("%d ", (int)writev(fd, both, 2));
    printf("%.4s", read(fd, text, 4) == 4 ? text : "-");
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("write")).output, "2 2 abcd");
}

TEST_F(CarriedKernelWaitsTest, ANamedPipeIsOpenedOnceBothEndsAre) {
  for (const char* who : {"child == 0", "child != 0"}) {
    const Outcome outcome = RunMain(std::string(R"(
      mkfifo("/tmp/pipe", 0600);
      char text[100] = "";
      const pid_t child = fork();
      if ()") + who + R"() { // The other one comes a second later, whichever it is.
        int fd = open("/tmp/pipe", O_WRONLY);
        printf("opened %d ", fd > 0); fflush(stdout);
        sleep(1);
        write(fd, "hello", 5);
        close(fd);
      } else {
        sleep(1);
        int fd = open("/tmp/pipe", O_RDONLY), got = read(fd, text, sizeof text), end = read(fd, text + 50, 10);
        printf("%d %s %d %d ", got, text, end, fcntl(fd, F_GETFL) & O_NONBLOCK); fflush(stdout);
      }
      if (child == 0) _exit(0);
      wait(NULL);
      return 0;)");
    EXPECT_EQ(outcome.output, "opened 1 5 hello 0 0 ");
  }
}

TEST_F(CarriedKernelWaitsTest, AReaderThatComesFirstLosesNothing) {
  const Outcome outcome = RunMain(R"(
    mkfifo("/tmp/pipe", 0600);
    if (fork() == 0) {
      sleep(1);
      int fd = open("/tmp/pipe", O_WRONLY);
      write(fd, "hello", 5);
      _exit(0);
    }
    char text[100] = "";
    int fd = open("/tmp/pipe", O_RDONLY), got = 0, part;
    while ((part = read(fd, text + got, 10)) > 0) got += part;
    printf("%s %d", text, part);
    wait(NULL);
    return 0;)");
  EXPECT_EQ(outcome.output, "hello 0");
}

TEST_F(CarriedKernelWaitsTest, MoreThanANamedPipeHoldsGoesThroughIt) {
  const Outcome outcome = RunMain(R"(
    mkfifo("/tmp/pipe", 0600);
    static char block[300000];
    if (fork() == 0) {
      for (int i = 0; i < sizeof block; ++i) block[i] = i * 7;
      int fd = open("/tmp/pipe", O_WRONLY);
      _exit(write(fd, block, sizeof block) == sizeof block ? 7 : 8);
    }
    int fd = open("/tmp/pipe", O_RDONLY), wrong = 0, status;
    long got = 0, part;
    while ((part = read(fd, block, 5000)) > 0) {
      for (int i = 0; i < part; ++i) wrong += block[i] != (char)((got + i) * 7);
      got += part;
    }
    wait(&status);
    printf("%ld %d %d", got, wrong, WEXITSTATUS(status));
    return 0;)");
  EXPECT_EQ(outcome.output, "300000 0 7");
}

TEST_F(CarriedKernelWaitsTest, AShellsNamedPipeJoinsItsPrograms) {
  WritePython("program.py", R"(
import subprocess
print(subprocess.run("mkfifo /tmp/p; cat /tmp/p & seq 3 > /tmp/p; wait; cat < /tmp/p & echo end > /tmp/p; wait",
                     shell=True, capture_output=True))
)");
  EXPECT_NE(RunRepeatedly(Options("program.py")).output.find("stdout=b'1\\n2\\n3\\nend\\n', stderr=b''"),
            std::string::npos);
}

TEST_F(CarriedKernelWaitsTest, AWritingCallGoesOnUntilANamedPipeHasTakenAll) {
  const Outcome outcome = RunMain(R"(
    mkfifo("/tmp/pipe", 0600);
    static char bytes[60000];
    if (fork() == 0) {
      int in = open("/tmp/pipe", O_WRONLY);
      struct iovec three[] = {{bytes, 10}, {bytes, sizeof bytes}, {bytes, sizeof bytes}};
      printf("%d ", writev(in, three, 3) == 10 + 2 * sizeof bytes);
      printf("%d ", write(in, bytes, sizeof bytes) == sizeof bytes);
      fflush(stdout);
      _exit(0);
    }
    int out = open("/tmp/pipe", O_RDONLY);
    long total = 0, length;
    while ((length = read(out, bytes, 5000)) > 0) total += length;
    wait(NULL);
    printf("%ld", total);
    return 0;)");
  EXPECT_EQ(outcome.output, "1 1 180010");
}

// The first descriptor that a program opens itself is its own in its children, too.
TEST_F(CarriedKernelWaitsTest, AChildHasTheFileThatWasOpenedFirst) {
  const Outcome outcome = RunMain(R"(
    int file = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    char byte;
    write(file, "x", 1);
    if (fork() == 0) {
      printf("%d ", file);
      printf("%ld", (long)pread(file, &byte, 1, 0));
      fflush(stdout);
      _exit(0);
    }
    wait(NULL);
    return 0;)");
  EXPECT_EQ(outcome.output, "3 1");
}

TEST_F(CarriedKernelWaitsTest, ASignalEndsAWaitForANamedPipe) {
  const Outcome outcome = RunMain(R"(
    mkfifo("/tmp/pipe", 0600);
    void handler(int signal) { printf("%d ", signal == SIGALRM); }
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGALRM, &action, NULL);
    char byte;
    alarm(1);
    printf("%d ", open("/tmp/pipe", O_RDONLY) == -1 && errno == EINTR);
    int fd = open("/tmp/pipe", O_RDWR);
    alarm(1);
    printf("%d ", read(fd, &byte, 1) == -1 && errno == EINTR);
    fflush(stdout);
    signal(SIGALRM, SIG_DFL);
    alarm(1);
    read(fd, &byte, 1);
    return 0;)");
  EXPECT_EQ(outcome.output, "1 1 1 1 ");
  EXPECT_EQ(outcome.exit_status, 128 + SIGALRM);
}

TEST_F(CarriedKernelWaitsTest, SignalsAreReadFromADescriptor) {
  const Outcome outcome = RunMain(R"(
    sigset_t set;
    sigemptyset(&set);
    for (int signal = 0; signal < 3; ++signal) sigaddset(&set, (int[]){SIGUSR1, SIGCHLD, SIGALRM}[signal]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    struct signalfd_siginfo info;
    struct pollfd in = {fd, POLLIN};
    const pid_t parent = getpid();
    raise(SIGUSR1);
    printf("%d ", read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1);
    printf("%d ", poll(&in, 1, 100));
    const pid_t child = fork();
    if (child == 0) { sleep(1); kill(parent, SIGUSR1); sleep(1); _exit(7); }
    printf("%d ", read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1 && info.ssi_pid == child);
    printf("%d ", poll(&in, 1, -1));
    printf("%d ", read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGCHLD && info.ssi_status == 7);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    alarm(2);
    fd_set reads;
    FD_ZERO(&reads);
    FD_SET(fd, &reads);
    printf("%d ", select(fd + 1, &reads, NULL, NULL, NULL));
    printf("%d ", read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGALRM);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%d ", (int)(end.tv_sec - begin.tv_sec));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    printf("%d", read(fd, &info, sizeof info) == -1 && errno == EAGAIN);
    return 0;)");
  EXPECT_EQ(outcome.output, "1 0 1 1 1 1 1 2 1");
}

TEST_F(CarriedKernelWaitsTest, EpollTellsOfWhatTheKernelHas) {
  CompileMain("lists", R"(
    char byte, path[] = "/tmp/duet-pipe-XXXXXX";
    mkdtemp(path); chdir(path); mkfifo("pipe", 0600);
    int pipe = open("pipe", O_RDWR), list = epoll_create1(0), ends[2], n;
    sigset_t usr1; sigemptyset(&usr1); sigaddset(&usr1, SIGUSR1); sigprocmask(SIG_BLOCK, &usr1, NULL);
    int signals = signalfd(-1, &usr1, 0), go[2];
    struct epoll_event got[4], in = {EPOLLIN, {.u32 = 1}}, edge = {EPOLLIN | EPOLLET, {.u32 = 2}};
    struct epoll_event once = {EPOLLIN | EPOLLONESHOT, {.u32 = 3}}, socket = {EPOLLIN, {.u32 = 4}};
    #define GO write(go[1], "g", 1)
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, go);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
      read(go[0], &byte, 1); write(pipe, "x", 1);
      read(go[0], &byte, 1); kill(parent, SIGUSR1);
      read(go[0], &byte, 1); write(ends[1], "x", 1);
      read(go[0], &byte, 1); _exit(0);
    }
    int process = syscall(SYS_pidfd_open, child, 0);
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, pipe, &edge));
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, signals, &in));
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, process, &once));
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, ends[0], &socket));
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, pipe, &edge) == -1 && errno == EEXIST);
    printf("%d ", epoll_wait(list, got, 4, 10));
    GO; n = epoll_wait(list, got, 4, -1); printf("%d:%d ", n, got[0].data.u32);
    printf("%d ", epoll_wait(list, got, 4, 0));
    GO; n = epoll_wait(list, got, 4, -1); printf("%d:%d ", n, got[0].data.u32);
    struct signalfd_siginfo info; read(signals, &info, sizeof info);
    GO; n = epoll_wait(list, got, 4, -1); printf("%d:%d ", n, got[0].data.u32);
    n = epoll_wait(list, got, 1, -1); printf("%d ", n);
    siginfo_t ended;
    GO; waitid(P_PID, child, &ended, WEXITED | WNOWAIT);
    n = epoll_wait(list, got, 4, -1); printf("%d:%d ", n, got[0].data.u32 + got[1].data.u32);
    n = epoll_wait(list, got, 4, -1); printf("%d:%d ", n, got[0].data.u32);
    int copy = dup(list);
    printf("%d ", epoll_ctl(copy, EPOLL_CTL_DEL, process, NULL));
    printf("%d ", epoll_ctl(list, EPOLL_CTL_MOD, process, &in) == -1 && errno == ENOENT);
    printf("%d ", epoll_wait(list, got, 0, 0) == -1 && errno == EINVAL);
    unlink("pipe"); rmdir(path);
    printf("%d\n", waitpid(child, NULL, 0) == child);
    return 0;)");
  const std::string expected = "0 0 0 0 1 0 1:2 0 1:1 1:4 1 2:7 1:4 0 1 1 1\n";
  EXPECT_EQ(KernelsOutput("lists"), expected);
  EXPECT_EQ(RunRepeatedly(Options("lists")).output, expected);
}

TEST_F(CarriedKernelWaitsTest, ASignalsHandlerOfAsyncioSeesIt) {
  WritePython("loop.py", R"(
import asyncio, os, signal
async def main():
    got = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, got.set)
    child = await asyncio.create_subprocess_exec("/bin/sh", "-c", f"sleep 1; kill -USR1 {os.getpid()}; sleep 1")
    await got.wait()
    print("got", await child.wait(), flush=True)
asyncio.run(main())
)");
  EXPECT_EQ(RunRepeatedly(Options("loop.py")).output, "got 0\n");
}

}  // namespace
}  // namespace lab
