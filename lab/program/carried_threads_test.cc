// Threads of carried programs: what POSIX, C, C++ and Python make of them, and that every run of a seed is the same.
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedThreadsTest : public ProgramTest {
 protected:
  // A C program: what stands before main, and main's body.
  std::string Output(const std::string& before, const std::string& body) {
    Compile("program.c", std::string(kIncludes) + before + "\nint main(int argc, char** argv) {\n" + body + "\n}\n");
    return RunRepeatedly(Options("program")).output;
  }
  std::string CxxOutput(const std::string& code) {
    Compile("program.cc", "#include <atomic>\n#include <barrier>\n#include <condition_variable>\n#include <future>\n"
                          "#include <iostream>\n#include <latch>\n#include <mutex>\n#include <semaphore>\n"
                          "#include <shared_mutex>\n#include <thread>\n#include <vector>\n"
                          "using namespace std::chrono_literals;\nint main() {\n" + code + "\n}\n", "-std=c++20");
    return RunRepeatedly(Options("program")).output;
  }
  std::string PythonOutput(const std::string& code) {
    WritePython("program.py", code);
    const Outcome outcome = RunRepeatedly(Options("program.py"));
    return outcome.output + outcome.error_output;
  }
};

TEST_F(CarriedThreadsTest, ResultsAreJoined) {
  EXPECT_EQ(Output("void* twice(void* n) { usleep(100); return (void*)((long)n * 2); }", R"(
    pthread_t threads[20]; long sum = 0; void* result;
    for (long i = 0; i < 20; ++i) pthread_create(&threads[i], NULL, twice, (void*)i);
    for (int i = 0; i < 20; ++i) { pthread_join(threads[i], &result); sum += (long)result; }
    printf("%ld\n", sum); return 0;)"), "380\n");
}

TEST_F(CarriedThreadsTest, MoreThanCanRunAtOnceRunOneAfterAnother) {
  EXPECT_EQ(Output("void* count(void* n) { ++*(int*)n; return 0; }", R"(
    int n = 0; pthread_t thread;
    for (int i = 0; i < 500; ++i) { pthread_create(&thread, NULL, count, &n); pthread_join(thread, NULL); }
    printf("%d\n", n); return 0;)"), "500\n");
}

TEST_F(CarriedThreadsTest, DetachedThreadsGiveTheirSlotsBack) {
  EXPECT_EQ(Output("static int n; void* count(void* p) { ++n; return 0; }", R"(
    pthread_t thread; pthread_attr_t attributes; pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 200; ++i) { pthread_create(&thread, &attributes, count, NULL); usleep(10); }
    printf("%d\n", n); return 0;)"), "200\n");
}

TEST_F(CarriedThreadsTest, EveryKindOfMutexExcludes) {
  EXPECT_EQ(Output(R"(
    static pthread_mutex_t mutexes[5]; static int counts[5];
    void* count(void* nothing) {
      for (int i = 0; i < 20; ++i) for (int kind = 0; kind < 5; ++kind) {
        pthread_mutex_lock(&mutexes[kind]); int n = counts[kind]; usleep(1); counts[kind] = n + 1;
        pthread_mutex_unlock(&mutexes[kind]);
      }
      return 0;
    })", R"(
    pthread_mutexattr_t a; pthread_mutexattr_init(&a);
    int types[4] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
    for (int i = 0; i < 4; ++i) { pthread_mutexattr_settype(&a, types[i]); pthread_mutex_init(&mutexes[i], &a); }
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_NORMAL); pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&mutexes[4], &a);
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, count, NULL);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    for (int i = 0; i < 5; ++i) printf("%d ", counts[i]);
    pthread_mutex_lock(&mutexes[1]); printf("%d ", pthread_mutex_trylock(&mutexes[1]));
    pthread_mutex_lock(&mutexes[2]); printf("%d\n", pthread_mutex_lock(&mutexes[2]) == EDEADLK);
    return 0;)"), "80 80 80 80 80 0 1\n");
}

TEST_F(CarriedThreadsTest, ARobustMutexOutlivesItsOwner) {
  EXPECT_EQ(Output(R"(
    static pthread_mutex_t mutex; void* dies(void* p) { pthread_mutex_lock(&mutex); sleep(1); return 0; })", R"(
    pthread_mutexattr_t a; pthread_mutexattr_init(&a); pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &a);
    pthread_t thread; pthread_create(&thread, NULL, dies, NULL); usleep(10);
    printf("%d", pthread_mutex_lock(&mutex) == EOWNERDEAD); printf("%d\n", pthread_mutex_consistent(&mutex));
    return 0;)"), "10\n");
}

TEST_F(CarriedThreadsTest, ConditionsWakeAndTimeOutInTheWorldsTime) {
  EXPECT_EQ(Output(R"(
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    static int ready, woken;
    void* wait_for_it(void* p) {
      pthread_mutex_lock(&mutex); while (!ready) pthread_cond_wait(&condition, &mutex);
      ++woken; pthread_mutex_unlock(&mutex); return 0;
    })", R"(
    pthread_t threads[3]; struct timespec end;
    for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, wait_for_it, NULL);
    sleep(1); pthread_mutex_lock(&mutex); ready = 1; pthread_cond_broadcast(&condition); pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
    time_t before = time(NULL); clock_gettime(CLOCK_REALTIME, &end); end.tv_sec += 600;
    pthread_mutex_lock(&mutex);
    printf("%d %d", woken, pthread_cond_timedwait(&condition, &mutex, &end) == ETIMEDOUT);
    printf(" %ld\n", time(NULL) - before);
    return 0;)"), "3 1 600\n");
}

TEST_F(CarriedThreadsTest, TheOtherPrimitivesWork) {
  EXPECT_EQ(Output(R"(
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER; static pthread_barrier_t barrier; static sem_t done;
    static pthread_spinlock_t spin; static pthread_once_t once = PTHREAD_ONCE_INIT; static pthread_key_t key;
    static int onces, readers, most, spun; static long ended;
    void init(void) { ++onces; }
    void end(void* n) { ended += (long)n; }
    void* work(void* n) {
      pthread_once(&once, init); pthread_setspecific(key, n);
      if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) sem_post(&done);
      pthread_rwlock_rdlock(&lock); if (++readers > most) most = readers; usleep(100); --readers;
      pthread_rwlock_unlock(&lock);
      pthread_rwlock_wrlock(&lock); if (readers != 0) puts("wrong"); usleep(10); pthread_rwlock_unlock(&lock);
      pthread_spin_lock(&spin); int n_ = spun; usleep(1); spun = n_ + 1; pthread_spin_unlock(&spin);
      sem_post(&done); return 0;
    })", R"(
    pthread_barrier_init(&barrier, NULL, 4); sem_init(&done, 0, 0); pthread_spin_init(&spin, 0);
    pthread_key_create(&key, end);
    pthread_t threads[4]; struct timespec end;
    for (long i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, work, (void*)(i + 1));
    for (int i = 0; i < 5; ++i) sem_wait(&done);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_REALTIME, &end); ++end.tv_sec;
    printf("%d %d %d %ld", onces, most, spun, ended); printf(" %d", sem_timedwait(&done, &end));
    printf(" %d\n", errno == ETIMEDOUT); return 0;)"), "1 4 4 10 -1 1\n");
}

TEST_F(CarriedThreadsTest, CancellationReachesBlockedCalls) {
  EXPECT_EQ(Output(R"(
    static int cleaned;
    void clean(void* p) { ++cleaned; }
    void* sleeps(void* p) { pthread_cleanup_push(clean, 0); sleep(1000); pthread_cleanup_pop(0); return 0; }
    void* reads(void* p) { pthread_cleanup_push(clean, 0); read(*(int*)p, p, 1); pthread_cleanup_pop(0); return 0; }
    void* accepts(void* p) {
      pthread_cleanup_push(clean, 0); accept(listening(9999), 0, 0); pthread_cleanup_pop(0); return 0;
    }
    void* waits(void* p) { sem_t s; sem_init(&s, 0, 0); pthread_cleanup_push(clean, 0);
                           sem_wait(&s); pthread_cleanup_pop(0);
                           return 0; })", R"(
    int ends[2]; pipe(ends); void* result; pthread_t thread;
    void* (*bodies[4])(void*) = {sleeps, reads, accepts, waits};
    for (int i = 0; i < 4; ++i) {
      pthread_create(&thread, NULL, bodies[i], ends); usleep(100); pthread_cancel(thread);
      pthread_join(thread, &result); printf("%d", result == PTHREAD_CANCELED);
    }
    printf(" %d\n", cleaned); return 0;)"), "1111 4\n");
}

TEST_F(CarriedThreadsTest, TheMainThreadMayLeaveFirst) {
  EXPECT_EQ(Output(R"(
    void* last(void* main) { pthread_join((pthread_t)main, 0); sleep(1); puts("last"); exit(4); })", R"(
    pthread_t thread; pthread_create(&thread, NULL, last, (void*)pthread_self()); pthread_exit(NULL);)"), "last\n");
}

TEST_F(CarriedThreadsTest, ADescriptorClosedBeneathAnotherThread) {
  // As in Linux: who waits goes on waiting, and gets what comes for what it waits for.
  EXPECT_EQ(Output(R"(
    void* accepts(void* fd) { printf("%d ", accept(*(int*)fd, NULL, NULL) >= 0); fflush(stdout); return 0; }
    void* reads(void* fd) { char c; printf("%d ", (int)read(*(int*)fd, &c, 1)); fflush(stdout); return 0; })", R"(
    int fd = listening(9999), ends[2]; pthread_t thread;
    pthread_create(&thread, NULL, accepts, &fd); usleep(100); close(fd);
    int client = connected("127.0.0.1", 9999); pthread_join(thread, NULL);
    printf("%d ", connect(socket(AF_INET, SOCK_STREAM, 0), (void*)&(struct sockaddr_in){AF_INET, htons(9999)}, 16));
    pipe(ends); pthread_create(&thread, NULL, reads, ends); usleep(100); int end = ends[0]; close(end);
    write(ends[1], "x", 1); pthread_join(thread, NULL);
    char c; printf("%d", (int)read(end, &c, 1)); printf(" %d\n", errno == EBADF); return 0;)"), "1 -1 1 -1 1\n");
}

TEST_F(CarriedThreadsTest, StandardThreadsOfC) {
  EXPECT_EQ(Output(R"(
    #include <threads.h>
    static mtx_t mutex; static int n;
    int work(void* p) { mtx_lock(&mutex); int c = n; thrd_yield(); n = c + 1; mtx_unlock(&mutex); return 42; })", R"(
    thrd_t threads[3]; int result; mtx_init(&mutex, mtx_plain);
    for (int i = 0; i < 3; ++i) thrd_create(&threads[i], work, NULL);
    for (int i = 0; i < 3; ++i) thrd_join(threads[i], &result);
    printf("%d %d\n", n, result); return 0;)"), "3 42\n");
}

TEST_F(CarriedThreadsTest, ThreadsOfCxx) {
  EXPECT_EQ(CxxOutput(R"(
    std::mutex mutex; int n = 0; std::latch done(8); std::barrier sync(8); std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] {
      sync.arrive_and_wait();
      for (int k = 0; k < 10; ++k) { std::lock_guard lock(mutex); int c = n; std::this_thread::yield(); n = c + 1; }
      done.count_down();
    });
    done.wait(); std::cout << n << ' ';
    auto later = std::async(std::launch::async, [] { std::this_thread::sleep_for(10s); return 5; });
    std::cout << (later.wait_for(1s) == std::future_status::timeout) << later.get() << ' ';
    std::atomic<int> a{0}; std::jthread waiter([&] { a.wait(0); std::cout << a << ' '; });
    std::this_thread::sleep_for(1ms); a = 7; a.notify_all(); waiter.join();
    std::counting_semaphore<4> s(0); std::jthread post([&] { std::this_thread::sleep_for(1s); s.release(2); });
    std::cout << s.try_acquire_for(10ms); s.acquire(); s.acquire();
    std::condition_variable cv; std::unique_lock lock(mutex); std::cout << cv.wait_for(lock, 2s, [] { return false; });
    std::promise<int> promise; std::jthread thrower([&] { promise.set_exception(std::make_exception_ptr(3)); });
    try { promise.get_future().get(); } catch (int x) { std::cout << " caught " << x << std::endl; })"),
            "80 15 7 00 caught 3\n");
}

TEST_F(CarriedThreadsTest, ThreadsOfPython) {
  EXPECT_EQ(PythonOutput(R"(
import concurrent.futures, queue, threading, time
lock, n, q, e, c = threading.Lock(), 0, queue.Queue(2), threading.Event(), threading.Condition()
def work():
    global n
    for _ in range(20):
        with lock:
            k = n; time.sleep(0.001); n = k + 1
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
threading.Thread(target=lambda: [q.put(i) for i in (1, 2, 3, 4, None)]).start()
print(n, list(iter(q.get, None)), e.wait(2))
before = time.monotonic()
threading.Timer(3, e.set).start(); print(e.wait(), round(time.monotonic() - before))
with c: print(c.wait(1))
with concurrent.futures.ThreadPoolExecutor(3) as pool: print(list(pool.map(lambda v: v * v, range(5))))
)"), "80 [1, 2, 3, 4] False\nTrue 3\nFalse\n[0, 1, 4, 9, 16]\n");
}

TEST_F(CarriedThreadsTest, AsyncioAsksForNamesInItsThreads) {
  EXPECT_EQ(PythonOutput(R"(
import asyncio, threading
async def answer(reader, writer):
    writer.write(b"hi " + await reader.readline()); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_server(answer, "0.0.0.0", 9999)
    reader, writer = await asyncio.open_connection("alpha", 9999)
    writer.write(b"there\n"); print(await reader.readline()); writer.close()
    print(await asyncio.to_thread(lambda: threading.current_thread() is threading.main_thread()))
    await asyncio.gather(*[asyncio.sleep(i / 10) for i in range(10)])
asyncio.run(main())
)"), "b'hi there\\n'\nFalse\n");
}

// A server with a thread for each connection, and a client with several: in both languages, across the network.
class ThreadedPairTest : public ProgramTest {
 protected:
  // The client's output; the run is the same twice.
  std::string Run(const ProgramOptions& server, const ProgramOptions& client) {
    std::string output;
    uint64_t hash = 0;
    for (int i = 0; i < 2; ++i) {
      TwoHosts hosts(Choices::Seeded(3));
      const ProcessId serving = hosts.Start(hosts.beta, server);
      hosts.world.RunUntil([&] { return hosts.world.Listening(hosts.beta, 9999); }, std::chrono::seconds(10));
      const ProcessId asking = hosts.Start(hosts.alpha, client);
      hosts.Run();
      EXPECT_TRUE(hosts.world.outcome(asking).exited) << hosts.world.Deadlock();
      EXPECT_FALSE(hosts.world.outcome(serving).exited) << hosts.world.outcome(serving).error_output;
      output = hosts.world.outcome(asking).output + hosts.world.outcome(asking).error_output;
      if (i > 0) {
        EXPECT_EQ(hosts.world.trace().hash(), hash);
      }
      hash = hosts.world.trace().hash();
    }
    return output;
  }
};

constexpr char kServer[] = R"(
  void* serve(void* fd) {
    char buffer[1000]; ssize_t n;
    while ((n = recv((int)(long)fd, buffer, sizeof buffer, 0)) > 0) send((int)(long)fd, buffer, n, 0);
    close((int)(long)fd); return 0;
  }
  int main() {
    int fd = listening(9999); pthread_t thread;
    for (;;) {
      long client = accept(fd, 0, 0); pthread_create(&thread, 0, serve, (void*)client); pthread_detach(thread);
    }
  })";
constexpr char kClient[] = R"(
  static int right;
  void* ask(void* n) {
    int fd = connected("10.0.0.2", 9999); char text[20], answer[20] = "";
    for (int i = 0; i < 10; ++i) {
      sprintf(text, "%ld:%d", (long)n, i); send(fd, text, strlen(text) + 1, 0); recv(fd, answer, 20, 0);
      if (!strcmp(text, answer)) ++right;
    }
    close(fd); return 0;
  }
  int main() {
    pthread_t threads[8];
    for (long i = 0; i < 8; ++i) pthread_create(&threads[i], 0, ask, (void*)i);
    for (int i = 0; i < 8; ++i) pthread_join(threads[i], 0);
    printf("%d\n", right); return 0;
  })";

TEST_F(ThreadedPairTest, OfC) {
  Compile("server.c", std::string(kIncludes) + kServer);
  Compile("client.c", std::string(kIncludes) + kClient);
  EXPECT_EQ(Run(Options("server"), Options("client")), "80\n");
}

TEST_F(ThreadedPairTest, OfPython) {
  WritePython("server.py", R"(
import socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write(line.upper())
with socketserver.ThreadingTCPServer(("", 9999), Handler) as server: server.serve_forever()
)");
  WritePython("client.py", R"(
import socket, threading
answers = []
def ask(n):
    with socket.create_connection(("beta", 9999)) as s, s.makefile("rw") as f:
        for i in range(3):
            f.write(f"thread {n} line {i}\n"); f.flush(); answers.append(f.readline())
threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len(answers), sorted(answers)[-1], end="")
)");
  EXPECT_EQ(Run(Options("server.py"), Options("client.py")), "12 THREAD 3 LINE 2\n");
}

}  // namespace
}  // namespace lab
