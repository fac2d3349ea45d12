// What a carried program does on its leases, without asking the lab: nobody can tell, whatever becomes of it next.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CarriedLeaseTest : public ProgramTest {
 protected:
  // A server's output that is sent lines, each by a send of its own, by a client that ends in that way.
  std::string ReceivedFrom(const std::string& ending) {
    CompileMain("server", R"(
      int listener = listening(9999), fd = accept(listener, 0, 0), got;
      char text[100];
      while ((got = recv(fd, text, sizeof text, 0)) > 0) printf("%.*s", got, text);
      printf(got == 0 ? "end" : "error");
      return 0;)");
    CompileMain("client", R"(
      int fd = connected("10.0.0.1", 9999);
      send(fd, "one ", 4, 0);
      send(fd, "two ", 4, 0);
      send(fd, "three ", 6, 0);
      )" + ending);
    TwoHosts hosts;
    const ProcessId server = hosts.Start(hosts.alpha, Options("server"));
    hosts.Run(std::chrono::milliseconds(10));
    hosts.Start(hosts.beta, Options("client"));
    hosts.Run();
    return hosts.world.outcome(server).output;
  }
};

TEST_F(CarriedLeaseTest, WhatWasSentArrivesHoweverTheProgramEnds) {
  EXPECT_EQ(ReceivedFrom("return 0;"), "one two three end");
  EXPECT_EQ(ReceivedFrom("_exit(1);"), "one two three end");
  EXPECT_EQ(ReceivedFrom("abort();"), "one two three end");
  EXPECT_EQ(ReceivedFrom("*(volatile int*)8 = 1;"), "one two three end");
  EXPECT_EQ(ReceivedFrom("syscall(SYS_kill, getpid(), SIGKILL);"), "one two three end");
  EXPECT_EQ(ReceivedFrom(R"(execl("/bin/true", "true", NULL);)"), "one two three end");
  EXPECT_EQ(ReceivedFrom("if (fork() == 0) { send(fd, \"four \", 5, 0); _exit(0); } wait(NULL);"),
            "one two three four end");
}

TEST_F(CarriedLeaseTest, OutputBeforeACrashIsKept) {
  CompileMain("crash", R"(
    write(1, "one ", 4);
    write(1, "two ", 4);
    write(2, "three", 5);
    *(volatile int*)8 = 1;)");
  TwoHosts hosts;
  const ProcessId process = hosts.Start(hosts.alpha, Options("crash"));
  hosts.Run();
  EXPECT_EQ(hosts.world.outcome(process).output, "one two ");
  EXPECT_EQ(hosts.world.outcome(process).exit_status, 128 + SIGSEGV);
}

TEST_F(CarriedLeaseTest, MoreThanTheRoomWaitsOrFailsAsItWould) {
  CompileMain("fill", R"(
    int listener = listening(9999), out = connected("127.0.0.1", 9999), in = accept(listener, 0, 0);
    static char block[10000];
    long sent = 0, got = 0, part;
    fcntl(out, F_SETFL, O_NONBLOCK);
    while ((part = send(out, block, sizeof block, 0)) > 0) sent += part;
    printf("%d ", part == -1 && errno == EAGAIN);
    shutdown(out, SHUT_WR);
    while ((part = recv(in, block, sizeof block, 0)) > 0) got += part;
    printf("%d ", sent > 100000 && sent == got);
    close(in);
    printf("%d ", send(out, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    return 0;)");
  const Outcome outcome = RunRepeatedly(Options("fill"));
  EXPECT_EQ(outcome.output, "1 1 1 ");
}

TEST_F(CarriedLeaseTest, MemoryThatIsNoMoreIsEFAULTAlsoWhereItWasUsedBefore) {
  CompileMain("unmapped", R"(
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%d ", (int)write(ends[0], page, 100));
    printf("%d ", (int)read(ends[1], page, 50));
    mprotect(page, 4096, PROT_READ);
    printf("%d ", (int)write(ends[0], page, 100));
    printf("%d ", read(ends[1], page, 50) == -1 && errno == EFAULT);
    munmap(page, 4096);
    printf("%d ", write(ends[0], page, 100) == -1 && errno == EFAULT);
    printf("%d ", write(1, page, 100) == -1 && errno == EFAULT);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("unmapped")).output, "100 50 100 1 1 1 ");
}

TEST_F(CarriedLeaseTest, DescriptorsOfOneSocketHaveItsRoomTogether) {
  CompileMain("fill", R"(
    int listener = listening(9999), out = connected("127.0.0.1", 9999), in = accept(listener, 0, 0);
    int same = dup(out);
    static char block[1000];
    long sent = 0, got = 0, part;
    fcntl(out, F_SETFL, O_NONBLOCK);
    while ((part = send(sent / 1000 % 2 ? out : same, block, sizeof block, 0)) > 0) sent += part;
    close(same);
    shutdown(out, SHUT_WR);
    while ((part = recv(in, block, sizeof block, 0)) > 0) got += part;
    printf("%d", sent > 100000 && sent == got);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("fill")).output, "1");
}

TEST_F(CarriedLeaseTest, OutputIsNoSocket) {
  CompileMain("output", R"(
    write(1, "a", 1);
    printf("%d", send(1, "b", 1, 0) == -1 && errno == ENOTSOCK);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("output")).output, "a1");
}

// Whatever a thread does between its sends, and whichever of them takes effect first, no byte is lost without a word.
TEST_F(CarriedLeaseTest, AThreadThatShutsTheSocketLeavesNothingSilentlyUnsent) {
  CompileMain("threads", R"(
    int listener = listening(9999);
    static int out;
    out = connected("127.0.0.1", 9999);
    int in = accept(listener, 0, 0);
    void* shut(void* unused) { for (int i = 0; i < 20; ++i) sched_yield(); shutdown(out, SHUT_WR); return unused; }
    pthread_t thread;
    pthread_create(&thread, NULL, shut, NULL);
    long sent = 0, got = 0;
    char text[100];
    struct timespec time;
    while (send(out, "x", 1, MSG_NOSIGNAL) == 1) { ++sent; clock_gettime(CLOCK_MONOTONIC, &time); sched_yield(); }
    printf("%d ", errno == EPIPE);
    for (long part; (part = recv(in, text, sizeof text, 0)) > 0; got += part) {}
    printf("%d", sent > 5 && sent == got);
    pthread_join(thread, NULL);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("threads")).output, "1 1");
}

TEST_F(CarriedLeaseTest, WhatIsSentTakesItsTimeWhateverIsAskedForNext) {
  CompileMain("time", R"(
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    send(ends[0], "x", 1, 0);
    struct timespec begin, end, nap = {0, 1000};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 100; ++i) { send(ends[0], "x", 1, 0); nanosleep(&nap, NULL); }
    clock_gettime(CLOCK_MONOTONIC, &end);
    const long passed = (end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec;
    printf("%d", passed >= 300000); // each nap and each call its microsecond
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("time")).output, "1");
}

TEST_F(CarriedLeaseTest, MemoryOfAFileThatWasCutShortIsEFAULT) {
  CompileMain("cut", R"(
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    int file = open("/tmp/mapped", O_RDWR | O_CREAT, 0600);
    ftruncate(file, 4096);
    char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    printf("%d ", (int)write(ends[0], page, 10));
    ftruncate(file, 0);
    printf("%d ", write(ends[0], page, 10) == -1 && errno == EFAULT);
    char* mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(mine, 4096, MADV_DONTFORK);
    printf("%d ", (int)write(ends[0], mine, 10));
    fflush(stdout);
    if (fork() == 0) _exit(write(ends[0], mine, 10) == -1 && errno == EFAULT ? 7 : 8);
    int status;
    wait(&status);
    printf("%d", WEXITSTATUS(status));
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("cut")).output, "10 1 10 7");
}

// What random programs see of their lists is what they see on the kernel, whichever changes were made without asking.
TEST_F(CarriedLeaseTest, ChangesOfEpollListsComeToWhatTheyDoOnTheKernel) {
  CompileMain("lists", R"(
    /* Random changes of two lists, one of which has two descriptors, by a process and its children. */
    int number = 0, lists[3] = {epoll_create1(0), 0, epoll_create1(0)};
    lists[1] = dup(lists[0]);
    unsigned long seed = atoi(argv[1]) * 2654435761u + 1, told = 0;
    unsigned below(unsigned most) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      return (seed >> 33) % most;
    }
    void tell(long result) { told = told * 1000003 + (result < 0 ? 1000 + errno : result); }
    int ends[8];
    for (int i = 0; i < 8; i += 2) socketpair(AF_UNIX, SOCK_STREAM, 0, ends + i);
    const unsigned kinds[] = {EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT, 0,
                              EPOLLIN | EPOLLEXCLUSIVE};
    for (int step = 0; step < 600; ++step) {
      struct epoll_event event = {.events = kinds[below(20) ? below(6) : 6], .data.u32 = ++number};
      struct epoll_event came[8];
      char text[20];
      const int which = below(8), other = below(8);
      switch (below(24)) {
        case 0: tell(send(ends[which], "x", 1, MSG_NOSIGNAL)); break;
        case 1: tell(recv(ends[which], text, sizeof text, MSG_DONTWAIT)); break;
        case 2: tell(dup2(ends[which], ends[other]) == ends[other]); break;
        case 3:
          close(ends[which & ~1]); close(ends[which | 1]);
          tell(socketpair(AF_UNIX, SOCK_STREAM, 0, ends + (which & ~1)));
          break;
        case 4: tell(close(ends[which])); tell(epoll_ctl(lists[below(3)], EPOLL_CTL_DEL, ends[which], &event));
                ends[which] = dup(ends[which ^ 1]); break;
        case 5: case 6: {
          const int count = epoll_wait(lists[below(3)], came, below(8) + 1, 0);
          tell(count);
          for (int i = 0; i < count; ++i) { tell(came[i].events); tell(came[i].data.u32); }
          break;
        }
        case 7: {
          const int operation = below(3) + 1, list = below(3);
          int status = 0;
          const pid_t child = fork();
          if (child == 0) _exit(epoll_ctl(lists[list], operation, ends[which], &event) == 0 ? 0 : errno);
          waitpid(child, &status, 0);
          tell(WEXITSTATUS(status));
          break;
        }
        default:
          tell(epoll_ctl(lists[below(3)], below(3) + 1, ends[which], &event));
      }
      if (step % 100 == 99) printf("%lx ", told);
    }
    return 0;)");
  for (int seed = 1; seed <= 20; ++seed) {
    const std::string kernels = KernelsOutput("lists", absl::StrCat(seed));
    ASSERT_NE(kernels, "");
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, Options("lists"), {absl::StrCat(seed)});
    hosts.Run();
    EXPECT_EQ(hosts.world.outcome(process).output, kernels) << "seed " << seed;
    EXPECT_EQ(hosts.world.outcome(process).exit_status, 0);
  }
}

TEST_F(CarriedLeaseTest, WhatHasArrivedIsTakenWithoutAHandOverEach) {
  CompileMain("takes", R"(
    int listener = listening(9999), out = connected("127.0.0.1", 9999), in = accept(listener, 0, 0);
    struct pollfd readable = {in, POLLIN, 0};
    struct timespec begin, end;
    char byte, sent[200], got[200];
    for (int i = 0; i < 200; ++i) sent[i] = i;
    send(out, sent, 100, 0);
    recv(in, got, 1, 0);
    send(out, sent + 100, 100, 0);
    usleep(1000);
    poll(&readable, 1, -1);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 1; i < 200; ++i) {
      if (recv(in, got + i, 1, 0) != 1) return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    // No hand-over: none of their time has passed yet, but for the looks at the clock.
    printf("%d ", end.tv_sec == begin.tv_sec && end.tv_nsec - begin.tv_nsec < 100000);
    printf("%d ", memcmp(sent, got, 200) == 0);
    printf("%d ", recv(in, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    close(out);
    printf("%d", (int)recv(in, &byte, 1, 0));
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("takes")).output, "1 1 1 0");
}

// What random programs receive is what they receive on the kernel, whichever of it was taken without asking.
TEST_F(CarriedLeaseTest, ReceivingComesToWhatItDoesOnTheKernel) {
  Compile("receives.c", std::string(kIncludes) + R"(
    #include <netinet/tcp.h>
    #include <sys/ioctl.h>
    int main(int argc, char** argv) {
      /* Sends and receives at two connections, whose ends have two descriptors each, by a process and its children. */
      unsigned long seed = atoi(argv[1]) * 2654435761u + 1, told = 0;
      unsigned below(unsigned most) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (seed >> 33) % most;
      }
      static unsigned char block[6000], next;
      void tell(long result) {
        told = told * 1000003 + (result < 0 ? 1000000 + errno : result);
        for (long i = 0; i < result; ++i) told = told * 31 + block[i];
      }
      int listener = listening(0), ends[8];
      struct sockaddr_in name;
      socklen_t length = sizeof name;
      getsockname(listener, (void*)&name, &length);
      for (int i = 0; i < 8; i += 4) {
        ends[i] = connected("127.0.0.1", ntohs(name.sin_port));
        ends[i + 1] = accept(listener, 0, 0);
        ends[i + 2] = dup(ends[i]);
        ends[i + 3] = dup(ends[i + 1]);
        const int on = 1;
        for (int end = 0; end < 2; ++end) setsockopt(ends[i + end], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      }
      for (int step = 0; step < 300; ++step) {
        const int end = below(8), fd = ends[end], peer = ends[end ^ 1];
        const int size = below(below(4) ? 40 : sizeof block) + 1;
        struct iovec parts[2] = {{block, size / 2}, {block + size / 2, size - size / 2}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        struct pollfd polled = {fd, POLLIN | POLLOUT, 0};
        switch (below(16)) {
          case 0: case 1: case 2: case 3: {
            int before = 0, now = 0;
            ioctl(peer, FIONREAD, &before);
            if (before > 30000) break;
            for (int i = 0; i < size; ++i) block[i] = next++;
            tell(send(fd, block, size, 0) == size ? 0 : -1);
            while (ioctl(peer, FIONREAD, &now) == 0 && now < before + size) usleep(10);
            break;
          }
          case 4: polled.revents = 0; poll(&polled, 1, 0); tell(polled.revents == 0 ? 0 : 1); break;
          case 5: tell(recv(fd, block, size, MSG_DONTWAIT | MSG_PEEK)); break;
          case 6: tell(recvmsg(fd, &message, MSG_DONTWAIT)); tell(message.msg_flags == 0 ? 0 : 1); break;
          case 7: { int there = 0; ioctl(fd, FIONREAD, &there); told = told * 7 + there; break; }
          case 8: {
            int status = 0;
            const pid_t child = fork();
            if (child == 0) { tell(recv(fd, block, size, MSG_DONTWAIT)); _exit(told & 0x7f); }
            waitpid(child, &status, 0);
            told = told * 7 + WEXITSTATUS(status);
            break;
          }
          case 9: polled.events = POLLIN; if (poll(&polled, 1, 0) == 1) tell(read(fd, block, size)); break;
          case 10: polled.events = POLLIN; if (poll(&polled, 1, 0) == 1) tell(readv(fd, parts, 2)); break;
          case 11: tell(recv(fd, NULL, 0, MSG_DONTWAIT)); break;
          default: tell(recv(fd, block, size, MSG_DONTWAIT));
        }
        if (step % 50 == 49) printf("%lx ", told);
      }
      return 0;
    })");
  for (int seed = 1; seed <= 20; ++seed) {
    const std::string kernels = KernelsOutput("receives", absl::StrCat(seed));
    ASSERT_NE(kernels, "");
    TwoHosts hosts;
    const ProcessId process = hosts.Start(hosts.alpha, Options("receives"), {absl::StrCat(seed)});
    hosts.Run();
    EXPECT_EQ(hosts.world.outcome(process).output, kernels) << "seed " << seed;
    EXPECT_EQ(hosts.world.outcome(process).exit_status, 0);
  }
}

TEST_F(CarriedLeaseTest, AListIsChangedWithoutAHandOverEach) {
  CompileMain("changes", R"(
    int list = epoll_create1(0), ends[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7}, came;
    struct timespec begin, end;
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, ends[0], &event));
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 100; ++i) {
      if (epoll_ctl(list, EPOLL_CTL_DEL, ends[0], NULL) != 0) return 1;
      if (epoll_ctl(list, EPOLL_CTL_ADD, ends[0], &event) != 0) return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    // No hand-over: none of their time has passed yet, but for the looks at the clock.
    printf("%d ", end.tv_sec == begin.tv_sec && end.tv_nsec - begin.tv_nsec < 100000);
    printf("%d ", epoll_ctl(list, EPOLL_CTL_ADD, ends[0], &event) == -1 && errno == EEXIST);
    write(ends[1], "x", 1);
    printf("%d ", epoll_wait(list, &came, 1, -1));
    printf("%d", came.data.u32);
    return 0;)");
  EXPECT_EQ(RunRepeatedly(Options("changes")).output, "0 1 1 1 7");
}

}  // namespace
}  // namespace lab
