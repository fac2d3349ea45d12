// Programs that make threads and processes, lock, wait, signal and talk as drawn from a seed of their own: each of
// them, run twice from one seed of the world, has to be the same run to the bit.
#include <map>

#include "absl/strings/str_cat.h"
#include "lab/program/program_testing.h"

namespace lab {
namespace {

constexpr char kProgram[] = R"(
  /* What all threads and processes write down, in the order in which they come to it. */
  static struct shared {
    pthread_mutex_t mutex; sem_t room; int events; unsigned order; int threads; int processes;
  } *shared;
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  static volatile int alarms; static int server;
  static void on_alarm(int signal) { ++alarms; }
  static void note(int what) { shared->order = (shared->order * 31 + what) ^ (shared->order >> 27); ++shared->events; }
  static unsigned draw(unsigned* state) { return *state = *state * 1103515245 + 12345, *state >> 16; }
  static void work(unsigned seed, int depth);
  struct start { unsigned seed; int depth; };
  static void* thread(void* p) {
    struct start start = *(struct start*)p; free(p); work(start.seed, start.depth); return 0;
  }
  static void talk(unsigned* state) {
    char text[4000]; struct timeval limit = {0, 300000}; int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in in = at("127.0.0.1", 9999); setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (void*)&in, sizeof in) == 0) {
      send(fd, text, draw(state) % 4000, MSG_NOSIGNAL); note((int)recv(fd, text, 10, 0));
    }
    close(fd);
  }
  static void listen_once(unsigned* state) {
    struct pollfd in = {server, POLLIN};
    if (poll(&in, 1, draw(state) % 50) == 1) {
      int fd = accept4(server, 0, 0, SOCK_NONBLOCK); char text[5000];
      if (fd >= 0) {
        usleep(draw(state) % 300); note((int)recv(fd, text, 5000, 0)); send(fd, "answer", 6, MSG_NOSIGNAL); close(fd);
      }
    }
  }
  static void work(unsigned seed, int depth) {
    unsigned state = seed; pthread_t threads[3]; int count = 0; pid_t children[3]; int forked = 0, ends[2]; pipe(ends);
    for (int i = 0; i < 12; ++i) switch (draw(&state) % 12) {
      case 0: pthread_mutex_lock(&shared->mutex); usleep(draw(&state) % 100); note(i);
        pthread_mutex_unlock(&shared->mutex); break;
      case 1: pthread_mutex_lock(&mutex); note(i); pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex); break;
      case 2: { struct timespec end; clock_gettime(CLOCK_REALTIME, &end); end.tv_nsec += draw(&state) % 1000 * 1000;
        if (end.tv_nsec >= 1000000000) end.tv_nsec -= 1000000000, ++end.tv_sec;
        pthread_mutex_lock(&mutex); note(pthread_cond_timedwait(&condition, &mutex, &end));
        pthread_mutex_unlock(&mutex); break; }
      case 3: if (depth > 0 && count < 3 && __atomic_fetch_add(&shared->threads, 1, 5) < 20) {
        struct start* start = malloc(sizeof *start); *start = (struct start){draw(&state), depth - 1};
        note(pthread_create(&threads[count++], NULL, thread, start)); } break;
      case 4: if (depth > 0 && forked < 3 && __atomic_fetch_add(&shared->processes, 1, 5) < 12) {
        unsigned childs = draw(&state);
        if ((children[forked++] = fork()) == 0) {
          pthread_mutex_init(&mutex, NULL); pthread_cond_init(&condition, NULL);
          work(childs, depth - 1); _exit(childs % 100);
        }
        note(children[forked - 1]); } break;
      case 5: if (forked > 0) note(kill(children[draw(&state) % forked], draw(&state) % 3 ? SIGALRM : SIGKILL)); break;
      case 6: talk(&state); break;
      case 7: listen_once(&state); break;
      case 8: sem_wait(&shared->room); usleep(draw(&state) % 50); note(i); sem_post(&shared->room); break;
      case 9: alarm(1); note(usleep(draw(&state) % 2000)); alarm(0); break;
      case 10: write(ends[1], "x", 1); { char c; note((int)read(ends[0], &c, 1)); } break;
      default: sched_yield(); note(i); break;
    }
    for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
    for (int i = 0, status; i < forked; ++i) {
      while (waitpid(children[i], &status, 0) < 0 && errno == EINTR) {}
      note(status);
    }
    close(ends[0]); close(ends[1]);
  }
  int main(int argc, char** argv) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t a; pthread_mutexattr_init(&a); pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST); pthread_mutex_init(&shared->mutex, &a);
    sem_init(&shared->room, 1, 5000);
    struct sigaction action = {.sa_handler = on_alarm}; sigaction(SIGALRM, &action, NULL); server = listening(9999);
    fcntl(server, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 6; ++i) work(atoi(argv[1]) * 100 + i, 3);
    struct timespec now; clock_gettime(CLOCK_REALTIME, &now);
    printf("%d %x %d %ld.%09ld %d %d\n", shared->events, shared->order, alarms, now.tv_sec, now.tv_nsec,
        shared->threads, shared->processes);
    return 0;
  })";

// By hundreds, which are shared out among processes.
class CarriedStressTest : public ProgramTest, public testing::WithParamInterface<int> {};

TEST_P(CarriedStressTest, EveryRunOfASeedIsTheSame) {
  constexpr int kPrograms = 100;
  Compile("program.c", std::string(kIncludes) + kProgram);
  int threads = 0;
  int processes = 0;
  for (int seed = GetParam() * kPrograms; seed < (GetParam() + 1) * kPrograms; ++seed) {
    std::map<std::string, int> runs;
    for (int i = 0; i < 2; ++i) {
      TwoHosts hosts(Choices::Seeded(static_cast<uint64_t>(seed)));
      const ProcessId process = hosts.Start(hosts.alpha, Options("program"), {absl::StrCat(seed)});
      hosts.Run();
      const Outcome& outcome = hosts.world.outcome(process);
      std::string run = absl::StrCat(hosts.world.trace().hash(), " ", outcome.output, outcome.error_output,
                                     hosts.world.Deadlock());
      for (const auto& [key, value] : outcome.reports) {
        ADD_FAILURE() << "seed " << seed << ": " << value;
        absl::StrAppend(&run, value);
      }
      int made[2] = {0, 0};
      sscanf(outcome.output.c_str(), "%*d %*x %*d %*s %d %d", &made[0], &made[1]);
      threads += made[0];
      processes += made[1];
      ++runs[run];
    }
    EXPECT_EQ(runs.size(), 1u) << "seed " << seed << ":\n" << runs.begin()->first << runs.rbegin()->first;
  }
  // They were no empty ones.
  EXPECT_GT(threads, 5 * kPrograms);
  EXPECT_GT(processes, 5 * kPrograms);
}

INSTANTIATE_TEST_SUITE_P(Hundreds, CarriedStressTest, testing::Range(0, 30));

}  // namespace
}  // namespace lab
