// What a thread waits for may come at any moment after it has looked: also in the time that its sends on leases take,
// which passes only when it asks for something.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedWakeupsTest : public ProgramTest {
 protected:
  // Sends on a lease and then waits, again and again, for what comes a microsecond later each time: before, within and
  // after the time that sending takes. `declarations` stand before main; `begin` sees to it that it comes after
  // `delay`, `wait` waits for it.
  std::string OutputOf(const std::string& declarations, const std::string& begin, const std::string& wait) {
    Compile("waits.c", std::string(kIncludes) + R"(
      static struct timespec delay;
      static pthread_t thread;
      )" + declarations + R"(
      int main() {
        static char block[40000];
        const int listener = listening(9999), out = connected("127.0.0.1", 9999), in = accept(listener, NULL, NULL);
        send(out, "x", 1, 0);
        recv(in, block, 1, 0);
        for (int i = 0; i < 40; ++i) {
          delay.tv_nsec = 1 + i * 1000;
          )" + begin + R"(
          if (send(out, block, sizeof block, 0) != sizeof block) return 1;
          )" + wait + R"(
          for (size_t got = 0; got < sizeof block;) got += recv(in, block, sizeof block, 0);
        }
        printf("all came");
        return 0;
      })", "-pthread");
    return RunRepeatedly(Options("waits")).output;
  }
};

TEST_F(CarriedWakeupsTest, AChildThatEndsMeanwhileIsNotMissed) {
  EXPECT_EQ(OutputOf("", "if (fork() == 0) { nanosleep(&delay, NULL); _exit(0); }", "waitpid(-1, NULL, 0);"),
            "all came");
}

TEST_F(CarriedWakeupsTest, AConditionThatIsSignalledMeanwhileIsNotMissed) {
  EXPECT_EQ(OutputOf(R"(
              static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
              static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
              static int there;
              static void* signals(void* unused) {
                nanosleep(&delay, NULL);
                pthread_mutex_lock(&mutex);
                there = 1;
                pthread_cond_signal(&condition);
                pthread_mutex_unlock(&mutex);
                return unused;
              })",
                     "there = 0; pthread_create(&thread, NULL, signals, NULL);", R"(
              pthread_mutex_lock(&mutex);
              while (!there) pthread_cond_wait(&condition, &mutex);
              pthread_mutex_unlock(&mutex);
              pthread_join(thread, NULL);)"),
            "all came");
}

constexpr char kWritesToPipe[] = R"(
  static int pipe_fd;
  static void* writes(void* unused) { nanosleep(&delay, NULL); write(pipe_fd, "x", 1); return unused; })";
constexpr char kBeginsToWrite[] = R"(
  if (i == 0) { mkfifo("/tmp/pipe", 0600); pipe_fd = open("/tmp/pipe", O_RDWR); }
  pthread_create(&thread, NULL, writes, NULL);)";
constexpr char kReads[] = "read(pipe_fd, block, 1); pthread_join(thread, NULL);";

TEST_F(CarriedWakeupsTest, AByteThatComesThroughANamedPipeMeanwhileIsNotMissed) {
  EXPECT_EQ(OutputOf(kWritesToPipe, kBeginsToWrite, kReads), "all came");
}

TEST_F(CarriedWakeupsTest, ANamedPipeThatBecomesReadableMeanwhileEndsAPoll) {
  EXPECT_EQ(OutputOf(kWritesToPipe, kBeginsToWrite,
                     std::string("struct pollfd one = {pipe_fd, POLLIN, 0}; poll(&one, 1, -1);") + kReads),
            "all came");
}

TEST_F(CarriedWakeupsTest, ANamedPipeThatBecomesReadableMeanwhileEndsASelect) {
  EXPECT_EQ(OutputOf(kWritesToPipe, kBeginsToWrite,
                     std::string("fd_set set; FD_ZERO(&set); FD_SET(pipe_fd, &set);"
                                 "select(pipe_fd + 1, &set, NULL, NULL, NULL);") + kReads),
            "all came");
}

TEST_F(CarriedWakeupsTest, ANamedPipeThatBecomesReadableMeanwhileEndsAnEpollWait) {
  EXPECT_EQ(OutputOf(kWritesToPipe, kBeginsToWrite,
                     std::string(R"(
              static int list;
              struct epoll_event event = {.events = EPOLLIN};
              if (i == 0) { list = epoll_create1(0); epoll_ctl(list, EPOLL_CTL_ADD, pipe_fd, &event); }
              epoll_wait(list, &event, 1, -1);)") + kReads),
            "all came");
}

TEST_F(CarriedWakeupsTest, ALockOfAFileThatIsFreedMeanwhileIsNotMissed) {
  EXPECT_EQ(OutputOf(R"(
              static int fd;
              static void* unlocks(void* unused) { nanosleep(&delay, NULL); flock(fd, LOCK_UN); return unused; })", R"(
              fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);
              flock(fd, LOCK_EX);
              pthread_create(&thread, NULL, unlocks, NULL);)", R"(
              int other = open("/tmp/locked", O_RDWR);
              if (flock(other, LOCK_EX) != 0) return 2;
              close(other);
              pthread_join(thread, NULL);
              close(fd);)"),
            "all came");
}

TEST_F(CarriedWakeupsTest, ASignalThatIsSentMeanwhileEndsTheWaitForIt) {
  EXPECT_EQ(OutputOf(R"(
              static void* sends(void* unused) { nanosleep(&delay, NULL); kill(getpid(), SIGUSR1); return unused; })",
                     R"(
              sigset_t set;
              sigemptyset(&set);
              sigaddset(&set, SIGUSR1);
              pthread_sigmask(SIG_BLOCK, &set, NULL);
              pthread_create(&thread, NULL, sends, NULL);)",
                     "sigwaitinfo(&set, NULL); pthread_join(thread, NULL);"),
            "all came");
}

// Its unlocking has to be over before anybody else looks at the word.
TEST_F(CarriedWakeupsTest, AMutexWithPriorityInheritanceGoesFromOneToTheNext) {
  Compile("hands.c", std::string(kIncludes) + R"(
    static pthread_mutex_t mutex;
    static void* locks(void* which) {
      for (int i = 0; i < 30; ++i) {
        struct timespec delay = {0, (i * (long)which * 37) % 2000};
        if (pthread_mutex_lock(&mutex) != 0) puts("not locked");
        nanosleep(&delay, NULL);
        if (pthread_mutex_unlock(&mutex) != 0) puts("not unlocked");
        delay.tv_nsec = (i * (long)which * 53) % 3000;
        nanosleep(&delay, NULL);
      }
      return NULL;
    }
    int main() {
      pthread_mutexattr_t attributes;
      pthread_t threads[3];
      pthread_mutexattr_init(&attributes);
      pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
      pthread_mutex_init(&mutex, &attributes);
      for (long i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, locks, (void*)(i + 1));
      for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
      printf("all had it");
      return 0;
    })", "-pthread");
  EXPECT_EQ(RunRepeatedly(Options("hands")).output, "all had it");
}

// Others run while the time passes that the owner's sends have taken, and it is the owner until that is over.
TEST_F(CarriedWakeupsTest, AMutexWithPriorityInheritanceIsHandedOnAfterItsOwnersSends) {
  EXPECT_EQ(OutputOf(R"(
              static pthread_mutex_t mutex;
              static void* locks(void* unused) {
                nanosleep(&delay, NULL);
                if (pthread_mutex_lock(&mutex) != 0 || pthread_mutex_unlock(&mutex) != 0) puts("not unlocked");
                return unused;
              })",
                     R"(
              if (i == 0) {
                pthread_mutexattr_t attributes;
                pthread_mutexattr_init(&attributes);
                pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
                pthread_mutex_init(&mutex, &attributes);
              }
              pthread_mutex_lock(&mutex);
              pthread_create(&thread, NULL, locks, NULL);
              usleep(20);)",
                     R"(
              if (pthread_mutex_unlock(&mutex) != 0) return 2;
              pthread_join(thread, NULL);)"),
            "all came");
}

// A call that asks the lab twice: the signal may come while it asks for the first time, which waits for nothing.
constexpr char kInterrupts[] = R"(
  static pthread_t main_thread;
  static int pipe_fd;
  static volatile int came;
  static void notes(int signal) { came = 1; }
  static void* interrupts(void* unused) {
    char byte;
    nanosleep(&delay, NULL);
    read(pipe_fd, &byte, 1);
    pthread_kill(main_thread, SIGUSR1);
    return unused;
  })";
constexpr char kBeginsToInterrupt[] = R"(
  if (i == 0) {
    struct sigaction action = {.sa_handler = notes};
    sigaction(SIGUSR1, &action, NULL);
    mkfifo("/tmp/pipe", 0600);
    pipe_fd = open("/tmp/pipe", O_RDWR | O_NONBLOCK);
    main_thread = pthread_self();
  }
  came = 0;)";

TEST_F(CarriedWakeupsTest, ASignalEndsAnEpollWaitThatHasAskedForTheLabsDescriptorsFirst) {
  EXPECT_EQ(OutputOf(kInterrupts, std::string(kBeginsToInterrupt) + R"(
              static int list;
              struct epoll_event event = {.events = EPOLLIN};
              if (i == 0) { list = epoll_create1(0); epoll_ctl(list, EPOLL_CTL_ADD, pipe_fd, &event); }
              write(pipe_fd, "x", 1);
              if (epoll_wait(list, &event, 1, 0) != 1) return 2;  // no room was left for the lab's
              read(pipe_fd, block, 1);
              pthread_create(&thread, NULL, interrupts, NULL);)",
                     R"(
              if (!came && (epoll_wait(list, &event, 1, 5000) != -1 || !came)) return 3;
              pthread_join(thread, NULL);)"),
            "all came");
}

TEST_F(CarriedWakeupsTest, ASignalEndsAPollThatLooksAgainAtWhatAnotherThreadHasTaken) {
  EXPECT_EQ(OutputOf(kInterrupts, std::string(kBeginsToInterrupt) + R"(
              write(pipe_fd, "x", 1);
              pthread_create(&thread, NULL, interrupts, NULL);)",
                     R"(
              struct pollfd one = {pipe_fd, POLLIN, 0};
              if (!came && poll(&one, 1, 5000) == 0) return 2;
              pthread_join(thread, NULL);)"),
            "all came");
}

}  // namespace
}  // namespace lab
