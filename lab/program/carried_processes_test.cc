// Processes that carried programs make: fork, exec and their like, what children inherit, and what becomes of them.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedProcessesTest : public ProgramTest {
 protected:
  // Of a C program with that body of main, without buffers that a fork would double.
  std::string Output(const std::string& body, const std::string& before = "") {
    const std::string begin = R"(
      int main(int argc, char** argv) {
        int status; pid_t child; char text[100] = ""; setvbuf(stdout, NULL, _IONBF, 0);)";
    Compile("program.c", std::string(kIncludes) + before + begin + body + "\n  return 0;\n}\n");
    const Outcome outcome = RunRepeatedly(Options("program"));
    return outcome.output + outcome.error_output;
  }
  std::string PythonOutput(const std::string& code) {
    WritePython("program.py", code);
    const Outcome outcome = RunRepeatedly(Options("program.py"));
    return outcome.output + outcome.error_output;
  }
};

TEST_F(CarriedProcessesTest, AChildsStatusIsItsParents) {
  EXPECT_EQ(Output(R"(
    child = fork();
    if (child == 0) { sleep(1); _exit(7); }
    printf("%d ", waitpid(child, &status, WNOHANG)); printf("%d ", wait(&status) == child);
    printf("%d ", WEXITSTATUS(status)); printf("%d ", wait(NULL)); printf("%d\n", errno == ECHILD);)"), "0 1 7 -1 1\n");
}

TEST_F(CarriedProcessesTest, NumbersAreTheSameInEveryRun) {
  EXPECT_EQ(Output(R"(
    printf("%d ", getpid()); child = fork();
    if (child == 0) { printf("%d of %d ", getpid(), getppid()); exit(0); }
    wait(NULL); printf("%d\n", child);)"), "2 3 of 2 3\n");
}

TEST_F(CarriedProcessesTest, EveryWayToEndIsSeen) {
  EXPECT_EQ(Output(R"(
    if (!fork()) abort(); wait(&status); printf("%d ", WTERMSIG(status));
    if (!fork()) *(volatile int*)8 = 1; wait(&status); printf("%d ", WTERMSIG(status));
    if (!(child = fork())) pause(); usleep(10); kill(child, SIGTERM); wait(&status); printf("%d ", WTERMSIG(status));
    if (!(child = fork())) { signal(SIGTERM, SIG_IGN); for (;;) pause(); }
    usleep(10); kill(child, SIGTERM); usleep(10); printf("%d ", waitpid(child, &status, WNOHANG));
    kill(child, SIGKILL); wait(&status); printf("%d ", WTERMSIG(status));
    siginfo_t info; if (!(child = fork())) exit(5);
    printf("%d", waitid(P_PID, child, &info, WEXITED)); printf(" %d %d\n", info.si_pid == child, info.si_status);)"),
            "6 11 15 0 9 0 1 5\n");
}

TEST_F(CarriedProcessesTest, DescriptorsAreSharedAsAfterAFork) {
  EXPECT_EQ(Output(R"(
    int ends[2]; pipe(ends);
    if (!fork()) { close(ends[0]); sleep(1); write(ends[1], "from a child", 12); exit(0); }
    close(ends[1]); size_t n = 0; ssize_t k;
    while ((k = read(ends[0], text + n, 99 - n)) > 0) n += k;
    printf("%s, ", text); wait(NULL);
    int fd = listening(9999);
    if (!fork()) { int client = accept(fd, NULL, NULL); send(client, "accepted", 9, 0); exit(0); }
    close(fd); int client = connected("127.0.0.1", 9999); recv(client, text, 99, MSG_WAITALL); printf("%s, ", text);
    wait(NULL);
    printf("%d", connect(socket(AF_INET, SOCK_STREAM, 0), (void*)&(struct sockaddr_in){AF_INET, htons(9999)}, 16));
    printf(" %d\n", errno == ECONNREFUSED);)"), "from a child, accepted, -1 1\n");
}

TEST_F(CarriedProcessesTest, ExecKeepsWhatIsNotClosedOnExec) {
  CompileMain("other", R"(
    char text[50] = ""; int kept = atoi(argv[1]), closed = atoi(argv[2]);
    write(kept, "kept", 4); printf("%d %s %s ", (int)write(closed, "x", 1), argv[3], getenv("NAME"));
    printf("%d %d\n", getenv("LD_PRELOAD") == NULL, socket(AF_INET, SOCK_STREAM, 0)); return 9;)");
  EXPECT_EQ(Output(R"(
    int ends[2], other[2]; pipe(ends); pipe2(other, O_CLOEXEC); char a[10], b[10]; setenv("NAME", "value", 1);
    sprintf(a, "%d", ends[1]); sprintf(b, "%d", other[1]);
    if (!(child = fork())) { execl("/submission/other", "other", a, b, "argument", NULL); _exit(1); }
    waitpid(child, &status, 0); close(ends[1]); close(other[1]);
    printf("%d ", WEXITSTATUS(status)); read(ends[0], text, 99);
    printf("%s %d\n", text, (int)read(other[0], text, 1));)"),
            "-1 argument value 1 5\n9 kept 0\n");
}

TEST_F(CarriedProcessesTest, AFailedExecIsAnError) {
  EXPECT_EQ(Output(R"(
    if (!fork()) { execl("/nothing", "x", NULL); _exit(errno == ENOENT ? 5 : 6); } wait(&status);
    printf("%d ", WEXITSTATUS(status)); execl("/etc/passwd", "x", NULL); printf("%d\n", errno == EACCES);)"), "5 1\n");
}

TEST_F(CarriedProcessesTest, AProgramMayBecomeAnother) {
  EXPECT_EQ(Output(R"(
    if (argc == 1) execl("/proc/self/exe", "program", "again", NULL);
    printf("%s %d\n", argv[1], getpid());)"), "again 2\n");
}

TEST_F(CarriedProcessesTest, ShellsAndTheirPipes) {
  EXPECT_EQ(Output(R"(
    status = system("echo shell; exit 3"); printf("%d ", WEXITSTATUS(status));
    FILE* pipe = popen("cat; echo end", "w"); fputs("written ", pipe); fflush(pipe); printf("%d ", pclose(pipe));
    pipe = popen("/bin/echo read | tr a-z A-Z", "r"); fgets(text, 99, pipe); printf("%d %s", pclose(pipe), text);
    char* words[] = {"sh", "-c", "exit 9", NULL}; posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ);
    waitpid(child, &status, 0); printf("%d\n", WEXITSTATUS(status));)"), "shell\n3 written end\n0 0 READ\n9\n");
}

TEST_F(CarriedProcessesTest, VforkIsAFork) {
  EXPECT_EQ(Output(R"(
    if (!(child = vfork())) _exit(4);
    waitpid(child, &status, 0); printf("%d\n", WEXITSTATUS(status));)"), "4\n");
}

TEST_F(CarriedProcessesTest, AForkLeavesTheOtherThreadsBehind) {
  EXPECT_EQ(Output(R"(
    pthread_t thread; pthread_create(&thread, NULL, ticks, NULL); usleep(1000);
    if (!fork()) { int before = ticked; sleep(1); printf("%d ", ticked == before);
                   pthread_create(&thread, NULL, ticks, NULL); usleep(1000); printf("%d ", ticked > before); exit(0); }
    wait(NULL); int before = ticked; usleep(1000); printf("%d\n", ticked > before);)",
                   "static volatile int ticked; void* ticks(void* p) { for (;;) { ++ticked; usleep(10); } }"),
            "1 1 1\n");
}

TEST_F(CarriedProcessesTest, MemoryThatIsSharedHasLocks) {
  EXPECT_EQ(Output(R"(
    struct { sem_t sem; pthread_mutex_t mutex; int n; } *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t a; pthread_mutexattr_init(&a); pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&shared->mutex, &a); sem_init(&shared->sem, 1, 0);
    for (int i = 0; i < 3; ++i) if (!fork()) {
      for (int k = 0; k < 10; ++k) {
        pthread_mutex_lock(&shared->mutex); int n = shared->n; usleep(1); shared->n = n + 1;
        pthread_mutex_unlock(&shared->mutex);
      }
      sem_post(&shared->sem); exit(0);
    }
    for (int i = 0; i < 3; ++i) sem_wait(&shared->sem);
    printf("%d\n", shared->n); while (wait(NULL) > 0) {})"), "30\n");
}

TEST_F(CarriedProcessesTest, AGroupOutlivesItsLeader) {
  EXPECT_EQ(Output(R"(
    int ends[2]; pipe(ends);
    if (!(child = fork())) { setpgid(0, 0); if (!fork()) pause(); _exit(0); }
    close(ends[1]); waitpid(child, &status, 0); usleep(1000);
    printf("%d ", kill(-child, SIGKILL)); printf("%zd ", read(ends[0], text, 1)); printf("%d", kill(-child, 0));)"),
            "0 0 -1");
}

TEST_F(CarriedProcessesTest, WhatTheKernelSaysOfOtherProcessesEndsAPoll) {
  EXPECT_EQ(Output(R"(
    if (!(child = fork())) { sleep(1); _exit(3); }
    int pidfd = syscall(SYS_pidfd_open, child, 0); struct pollfd in = {pidfd, POLLIN}; struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before); printf("%d ", poll(&in, 1, 5000)); printf("%d ", poll(&in, 1, 5000));
    clock_gettime(CLOCK_MONOTONIC, &after); printf("%ld ", after.tv_sec - before.tv_sec); waitpid(child, &status, 0);
    mkfifo("/tmp/fifo", 0600); int fifo = open("/tmp/fifo", O_RDWR | O_NONBLOCK);
    if (!fork()) { sleep(1); write(fifo, "x", 1); pause(); }
    int fd = listening(9999); fd_set set; FD_ZERO(&set); FD_SET(fifo, &set); FD_SET(fd, &set);
    printf("%d ", select(20, &set, NULL, NULL, NULL)); printf("%d ", FD_ISSET(fifo, &set)); in.fd = fifo;
    printf("%zd ", read(fifo, text, 9)); printf("%d", poll(&in, 1, 1000));)"),
            "1 1 1 1 1 1 0");
}

// By the numbers of its file, which are others in every run.
TEST_F(CarriedProcessesTest, WhatTellsSharedMemoryApartIsNotToBeSeen) {
  EXPECT_EQ(Output(R"(
    sem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); sem_init(sem, 1, 0);
    pthread_attr_t own; pthread_attr_init(&own); pthread_attr_setstack(&own, stack, sizeof stack);
    pthread_t thread; pthread_create(&thread, &own, waits, NULL); usleep(1000);
    if (!fork()) {
      char line[500]; void* begin; unsigned long inode = 0; FILE* maps = fopen("/proc/self/maps", "r");
      while (fgets(line, sizeof line, maps) &&
             (sscanf(line, "%p-%*x %*s %*x %*s %lu", &begin, &inode) < 2 || begin != sem)) {}
      sprintf(text, "%lu", inode);
      printf("%d %d %d ", inode > 0, memmem(stack, sizeof stack, text, strlen(text)) != NULL,
             memmem(stack, sizeof stack, &inode, sizeof inode) != NULL);
      exit(0);
    }
    wait(NULL); sem_post(sem); pthread_join(thread, NULL);)",
                   "static sem_t* sem; static char stack[100000]; void* waits(void* p) { sem_wait(sem); return p; }"),
            "1 0 0 ");
}

TEST_F(CarriedProcessesTest, ChanceIsTheSameInEveryRun) {
  const std::string program = R"(
    struct { long r; unsigned char bytes[8]; } drawn = {}; char name[] = "/tmp/XXXXXX";
    for (int i = 0; i < 2; ++i) if (!fork()) {
      getrandom(drawn.bytes, 8, 0); close(mkstemp(name));
      printf("%lx %s %p %p %d ", *(long*)drawn.bytes, name, malloc(10), &i, rand());
      execl("/bin/sh", "sh", "-c", "echo $$ $PPID; env | sort; head -c 8 /dev/urandom | od -x", NULL);
    }
    while (wait(NULL) > 0) {})";
  const std::string first = Output(program);
  EXPECT_NE(first.find("PYTHONHASHSEED=0"), std::string::npos) << first;
  EXPECT_EQ(Output(program), first);
}

TEST_F(CarriedProcessesTest, PythonsChanceIsTheSameInEveryRun) {
  const std::string program = R"(
import os, random, subprocess, sys, tempfile, threading, time, uuid
def draw(): print(random.random(), os.urandom(4), uuid.uuid4(), hash("a"), id(object()), os.getpid(), time.time(),
                 os.sched_getaffinity(0), flush=True)
thread = threading.Thread(target=draw); thread.start(); thread.join()
for i in range(2):
    if os.fork() == 0:
        draw(); print(tempfile.mkstemp()[1], threading.get_native_id(), dict(os.environ), flush=True); os._exit(0)
    os.wait()
subprocess.run([sys.executable, "-c", "import os, random; print(random.random(), hash('b'), id(os), os.getpid()) "])
)";
  const std::string first = PythonOutput(program);
  EXPECT_NE(first, "");
  EXPECT_EQ(PythonOutput(program), first);
}

TEST_F(CarriedProcessesTest, WhatOutlivesTheFirstProcessEndsWithIt) {
  EXPECT_EQ(Output("if (!fork()) { for (;;) { sleep(1); write(1, \".\", 1); } } usleep(2500000);"), "..");
}

TEST_F(CarriedProcessesTest, PythonsProcesses) {
  EXPECT_EQ(PythonOutput(R"(
import multiprocessing, os, subprocess, sys
def work(q, lock, n):
    with lock: q.put(n * n)
multiprocessing.set_start_method("fork")
q, lock = multiprocessing.Queue(), multiprocessing.Lock()
ps = [multiprocessing.Process(target=work, args=(q, lock, i)) for i in range(3)]
[p.start() for p in ps]; print(sorted(q.get() for p in ps)); [p.join() for p in ps]; print([p.exitcode for p in ps])
with multiprocessing.Pool(2) as pool: print(pool.map(abs, range(-5, 0)))
done = subprocess.run(["sh", "-c", "read x; echo got $x; echo err >&2; exit 4"], input=b"line\n", capture_output=True)
print(done.returncode, done.stdout, done.stderr)
print(subprocess.check_output([sys.executable, "-c", "print(42) "]))
p = subprocess.Popen(["sleep", "100"]); p.terminate(); print(p.wait())
try: subprocess.run(["sleep", "100"], timeout=2)
except subprocess.TimeoutExpired: print("timeout")
try: subprocess.run(["nosuch"])
except FileNotFoundError as e: print(e.filename)
print(os.popen("echo popen").read(), end="", flush=True)
pid = os.fork()
if pid == 0: os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
)"), "[0, 1, 4]\n[0, 0, 0]\n[5, 4, 3, 2, 1]\n4 b'got line\\n' b'err\\n'\nb'42\\n'\n-15\ntimeout\nnosuch\npopen\n3\n");
}

// A server with a process for each connection.
class ForkingServerTest : public ProgramTest {
 protected:
  std::string Answers(const ProgramOptions& server) {
    WritePython("client.py", R"(
import socket
for i in range(70):
    with socket.create_connection(("beta", 9999)) as s:
        s.sendall(b"%d\n" % i); answer = s.makefile().readline()
print(answer, end="")
)");
    std::string output;
    uint64_t hash = 0;
    for (int i = 0; i < 2; ++i) {
      TwoHosts hosts(Choices::Seeded(5));
      const ProcessId serving = hosts.Start(hosts.beta, server);
      hosts.world.RunUntil([&] { return hosts.world.Listening(hosts.beta, 9999); }, std::chrono::seconds(10));
      const ProcessId asking = hosts.Start(hosts.alpha, Options("client.py"));
      hosts.Run();
      output = hosts.world.outcome(asking).output + hosts.world.outcome(asking).error_output +
               hosts.world.outcome(serving).Report(kLimitReport);
      if (i > 0) {
        EXPECT_EQ(hosts.world.trace().hash(), hash);
      }
      hash = hosts.world.trace().hash();
    }
    return output;
  }
};

TEST_F(ForkingServerTest, OfC) {
  Compile("server.c", std::string(kIncludes) + R"(
    void reap(int signal) { while (waitpid(-1, NULL, WNOHANG) > 0) {} }
    int main() {
      int fd = listening(9999); struct sigaction action = {.sa_handler = reap}; sigaction(SIGCHLD, &action, NULL);
      for (;;) {
        int client = accept(fd, NULL, NULL);
        if (client < 0) { if (errno == EINTR) continue; return 1; }
        if (fork() == 0) {
          char line[100]; ssize_t n = recv(client, line, 100, 0); send(client, "hi ", 3, 0); send(client, line, n, 0);
          _exit(0);
        }
        close(client);
      }
    })");
  EXPECT_EQ(Answers(Options("server")), "hi 69\n");
}

TEST_F(ForkingServerTest, OfPython) {
  WritePython("server.py", R"(
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self): self.wfile.write(b"hi " + self.rfile.readline())
with socketserver.ForkingTCPServer(("", 9999), Handler) as server: server.serve_forever()
)");
  EXPECT_EQ(Answers(Options("server.py")), "hi 69\n");
}

}  // namespace
}  // namespace lab
