// Which events poll and select tell, and how long they wait.

#include <fcntl.h>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

constexpr int kAllEvents = POLLIN | POLLOUT | POLLRDHUP;

class PollTest : public ConformanceTest {};

TEST_F(PollTest, AnIdleConnectionCanBeWritten) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Equal(self.Poll(client, kAllEvents, 0), POLLOUT);
    self.Equal(self.Poll(server, kAllEvents, 0), POLLOUT);
    self.Equal(self.Poll(server, POLLIN, 0), 0);
    self.Equal(self.Poll(server, 0, 0), 0);
  });
}

TEST_F(PollTest, DataMakesItReadable) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(client, "x");
    self.Equal(self.Poll(server, POLLIN, -1), POLLIN);
    self.Equal(self.Poll(server, kAllEvents | POLLRDNORM, 0), POLLIN | POLLOUT | POLLRDNORM);
    self.Receive(server, 1);
    self.Equal(self.Poll(server, POLLIN, 0), 0);
  });
}

TEST_F(PollTest, TheEndMakesItReadable) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.Equal(self.Poll(server, POLLIN, -1), POLLIN);
    self.Equal(self.Poll(server, kAllEvents, 0), kAllEvents);
    self.Equal(self.Poll(client, kAllEvents, 0), POLLOUT);
  });
}

TEST_F(PollTest, BothEndsMakeAHangUp) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.ExpectEnd(server);
    self.Gives(self->shutdown(server, SHUT_WR), 0);
    self.Equal(self.Poll(server, 0, 0), POLLHUP);
    self.WaitForEvents(client, kAllEvents, kAllEvents | POLLHUP);
  });
}

TEST_F(PollTest, AResetIsAnErrorAndAHangUp) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetLinger(client, 0);
    self.Close(client);
    self.WaitForEvents(server, 0, POLLERR | POLLHUP);
    self.Equal(self.Poll(server, kAllEvents, 0), kAllEvents | POLLERR | POLLHUP);
  });
}

TEST_F(PollTest, AnUnconnectedSocketHasHungUp) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Poll(fd, kAllEvents, 0), POLLOUT | POLLHUP);
    self.Gives(self->bind(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Equal(self.Poll(fd, kAllEvents, 0), POLLOUT | POLLHUP);
  });
}

TEST_F(PollTest, AListenerIsReadableWhereAClientWaits) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Equal(self.Poll(listener, kAllEvents, 0), 0);
    self.Connect(kLoopback, kPort);
    self.WaitForEvents(listener, kAllEvents, POLLIN);
    self.Accept(listener);
    self.Equal(self.Poll(listener, kAllEvents, 0), 0);
  });
}

TEST_F(PollTest, AFullSendBufferIsNotWritable) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetNonBlocking(client);
    const std::string bytes(1'000'000, 'x');
    do {
      while (self->send(client, bytes.data(), bytes.size(), 0) > 0) continue;
    } while (self.Poll(client, POLLOUT, 100) != 0);
    self.Equal(self.Poll(client, kAllEvents, 0), 0);
    self.SetNonBlocking(server);
    std::string buffer(1'000'000, '\0');
    const Time limit = self.now() + 10s;
    while (self.Poll(client, POLLOUT, 0) == 0 && self.now() < limit) {
      self->recv(server, buffer.data(), buffer.size(), 0);
      self.Poll(server, POLLIN, 1);
    }
    self.Equal(self.Poll(client, POLLOUT, 0), POLLOUT);
  });
}

TEST_F(PollTest, ClosedDescriptorsAreInvalidAndNegativeOnesIgnored) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    pollfd fds[] = {{77, POLLIN, 0}, {-1, POLLIN, 0x7f}, {client, POLLOUT, 0}, {client, POLLIN, 0}};
    self.Gives(self->poll(fds, 4, -1), 2);
    self.Equal(fds[0].revents, POLLNVAL);
    self.Equal(fds[1].revents, 0);
    self.Equal(fds[2].revents, POLLOUT);
    self.Equal(fds[3].revents, 0);
  });
}

TEST_F(PollTest, TheTimeIsUp) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Time before = self.now();
    self.Equal(self.Poll(server, POLLIN, 50), 0);
    self.Between(self.now() - before, 50ms, 60ms);
    before = self.now();
    self.Equal(self.Poll(server, POLLIN, 0), 0);
    self.Between(self.now() - before, 0ms, 1ms);
    before = self.now();
    self.Gives(self->poll(nullptr, 0, 20), 0);
    self.Between(self.now() - before, 20ms, 25ms);
  });
}

TEST_F(PollTest, AnEventEndsTheWait) {
  world().SetLink(server_, client_, {.latency = 10ms});
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Equal(self.Poll(fd, POLLIN, -1), POLLIN);
    self.Equal(self.Receive(fd, 2), "go");
    self.process().sleep(20ms);
    self.Send(fd, "x");
    self.ExpectEnd(fd);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Send(fd, "go");
    const Time before = self.now();
    self.Equal(self.Poll(fd, POLLIN, 20'000), POLLIN);
    self.Between(self.now() - before, 35ms, 60ms);
    self.Receive(fd, 1);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(PollTest, PipesTellDataRoomAndTheirEnd) {
  Alone([](Self& self) {
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Equal(self.Poll(ends[0], POLLIN, 0), 0);
    self.Equal(self.Poll(ends[1], POLLOUT, 0), POLLOUT);
    self.Gives(self->write(ends[1], "x", 1), 1);
    self.Equal(self.Poll(ends[0], POLLIN, 0), POLLIN);
    self.Close(ends[1]);
    self.Equal(self.Poll(ends[0], POLLIN, 0), POLLIN | POLLHUP);
    char byte;
    self.Gives(self->read(ends[0], &byte, 1), 1);
    self.Equal(self.Poll(ends[0], POLLIN, 0), POLLHUP);

    self.Gives(self->pipe2(ends, 0), 0);
    self.Close(ends[0]);
    self.Equal(self.Poll(ends[1], POLLOUT, 0), POLLOUT | POLLERR);
  });
}

TEST_F(PollTest, EachShutdownHasItsEvents) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(client, SHUT_RD), 0);
    self.Equal(self.Poll(client, kAllEvents, 0), kAllEvents);
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.Equal(self.Poll(client, kAllEvents, 0), kAllEvents | POLLHUP);
    self.WaitForEvents(server, kAllEvents, kAllEvents);
  });
}

TEST_F(PollTest, ARefusedSocketHasAnErrorUntilItIsTaken) {
  Alone([](Self& self) {
    const int fd = self.Socket(SOCK_NONBLOCK);
    self->connect(fd, At(kLoopback, kPort), At::kLength);
    self.WaitForEvents(fd, kAllEvents, kAllEvents | POLLERR | POLLHUP);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.Equal(self.Poll(fd, kAllEvents, 0), kAllEvents | POLLHUP);
    // The outcome of the attempt is told once more.
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNABORTED);
    self.Equal(self.Poll(fd, kAllEvents, 0), POLLOUT | POLLHUP);
  });
}

TEST_F(PollTest, AListenerThatIsShutDownHasHungUp) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Gives(self->shutdown(listener, SHUT_WR), 0);
    self.Equal(self.Poll(listener, kAllEvents, 0), 0);
    self.Gives(self->shutdown(listener, SHUT_RD), 0);
    self.Equal(self.Poll(listener, kAllEvents, 0), POLLOUT | POLLHUP);
  });
}

TEST_F(PollTest, AFullPipeWithoutReadersHasAnErrorAlone) {
  Alone([](Self& self) {
    int ends[2];
    self.Gives(self->pipe2(ends, O_NONBLOCK), 0);
    const std::string bytes(65'536, 'x');
    self.Gives(self->write(ends[1], bytes.data(), bytes.size()), 65'536);
    self.Close(ends[0]);
    self.Equal(self.Poll(ends[1], kAllEvents, 0), POLLERR);
  });
}

TEST_F(PollTest, ADescriptorMayBeAskedTwice) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    pollfd fds[] = {{client, POLLOUT, 0}, {client, POLLOUT | POLLIN, 0}, {client, POLLIN, 0}};
    self.Gives(self->poll(fds, 3, -1), 2);
    self.Equal(fds[0].revents, POLLOUT);
    self.Equal(fds[1].revents, POLLOUT);
    self.Equal(fds[2].revents, 0);
  });
}

TEST_F(PollTest, Misuse) {
  Alone([](Self& self) {
    self.Fails(self->poll(nullptr, 1, 0), EFAULT);
    pollfd one{0, POLLIN, 0};
    const timespec backwards{-1, 0};
    self.Fails(self->ppoll(&one, 1, &backwards, nullptr), EINVAL);
    const timespec too_fine{0, 1'000'000'000};
    self.Fails(self->ppoll(&one, 1, &too_fine, nullptr), EINVAL);
  });
}

TEST_F(PollTest, MoreThanThereCanBeDescriptorsAreTooMany) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "sanitizers look at each of them before the kernel is asked";
#endif
  Alone([](Self& self) {
    pollfd one{0, POLLIN, 0};
    self.Fails(self->poll(&one, 1u << 30, 0), EINVAL);
    self.Fails(self->poll(&one, static_cast<nfds_t>(-1), 0), EINVAL);
  });
}

TEST_F(PollTest, PpollWaitsForLessThanAMillisecond) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    sigset_t none;
    sigemptyset(&none);
    pollfd one{server, POLLIN, 0};
    const timespec limit{0, 300'000};
    const Time before = self.now();
    self.Gives(self->ppoll(&one, 1, &limit, &none), 0);
    self.Between(self.now() - before, 300us, 1ms);
    self.Send(client, "x");
    self.Gives(self->ppoll(&one, 1, nullptr, nullptr), 1);
    self.Equal(one.revents, POLLIN);
  });
}

class SelectTest : public ConformanceTest {};

TEST_F(SelectTest, TellsWhatIsReadyInEachSet) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int idle = self.Pair().first;
    self.Send(client, "x");
    self.Poll(server, POLLIN, -1);
    fd_set readable;
    fd_set writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    for (int fd : {client, server, idle}) FD_SET(fd, &readable);
    FD_SET(client, &writable);
    self.Gives(self->select(idle + 1, &readable, &writable, nullptr, nullptr), 2);
    self.True(FD_ISSET(server, &readable), "the server can read");
    self.True(!FD_ISSET(client, &readable) && !FD_ISSET(idle, &readable), "the others can't");
    self.True(FD_ISSET(client, &writable), "the client can write");
  });
}

TEST_F(SelectTest, TheEndAndAResetAreReadable) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetLinger(client, 0);
    self.Close(client);
    self.WaitForEvents(server, 0, POLLERR | POLLHUP);
    fd_set readable;
    fd_set writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(server, &readable);
    FD_SET(server, &writable);
    self.Gives(self->select(server + 1, &readable, &writable, nullptr, nullptr), 2);
  });
}

TEST_F(SelectTest, TheTimeIsUpAndTheSetsAreEmpty) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(server, &readable);
    timeval limit{0, 50'000};
    const Time before = self.now();
    self.Gives(self->select(server + 1, &readable, nullptr, nullptr, &limit), 0);
    self.Between(self.now() - before, 50ms, 60ms);
    self.True(!FD_ISSET(server, &readable), "the set is empty");
    self.Equal(limit.tv_sec, 0);
    self.Equal(limit.tv_usec, 0);
  });
}

TEST_F(SelectTest, TellsTheTimeThatIsLeft) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    fd_set writable;
    FD_ZERO(&writable);
    FD_SET(client, &writable);
    timeval limit{100, 0};
    self.Gives(self->select(client + 1, nullptr, &writable, nullptr, &limit), 1);
    self.True(limit.tv_sec >= 60 && limit.tv_sec <= 100, "most of the time is left");
  });
}

TEST_F(SelectTest, Misuse) {
  Alone([](Self& self) {
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(77, &readable);
    timeval none{0, 0};
    self.Fails(self->select(78, &readable, nullptr, nullptr, &none), EBADF);
    self.Gives(self->select(77, &readable, nullptr, nullptr, &none), 0);
    self.Fails(self->select(-1, nullptr, nullptr, nullptr, &none), EINVAL);
    timeval negative{-1, 0};
    self.Fails(self->select(0, nullptr, nullptr, nullptr, &negative), EINVAL);
  });
}

TEST_F(SelectTest, ErrorsAreNoExceptions) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetLinger(client, 0);
    self.Close(client);
    self.WaitForEvents(server, 0, POLLERR | POLLHUP);
    fd_set exceptional;
    FD_ZERO(&exceptional);
    FD_SET(server, &exceptional);
    timeval none{0, 0};
    self.Gives(self->select(server + 1, nullptr, nullptr, &exceptional, &none), 0);
    self.True(!FD_ISSET(server, &exceptional), "the set is empty");
  });
}

TEST_F(SelectTest, AnUnconnectedSocketIsReadableAndWritable) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    fd_set sets[3];
    for (fd_set& set : sets) {
      FD_ZERO(&set);
      FD_SET(fd, &set);
    }
    self.Gives(self->select(fd + 1, &sets[0], &sets[1], &sets[2], nullptr), 2);
    self.True(FD_ISSET(fd, &sets[0]) && FD_ISSET(fd, &sets[1]) && !FD_ISSET(fd, &sets[2]), "it has hung up");
  });
}

TEST_F(SelectTest, SetsStayAsTheyAreWhereTheCallFails) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    fd_set writable;
    FD_ZERO(&writable);
    FD_SET(client, &writable);
    FD_SET(50, &writable);
    self.Fails(self->select(51, nullptr, &writable, nullptr, nullptr), EBADF);
    self.True(FD_ISSET(client, &writable) && FD_ISSET(50, &writable), "the set is as it was");
  });
}

TEST_F(SelectTest, PselectLeavesItsLimitAsItIs) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(server, &readable);
    timespec limit{0, 300'000};
    const Time before = self.now();
    self.Gives(self->pselect(server + 1, &readable, nullptr, nullptr, &limit, nullptr), 0);
    self.Between(self.now() - before, 300us, 1ms);
    self.Equal(limit.tv_nsec, 300'000);
    self.True(!FD_ISSET(server, &readable), "the set is empty");
    limit.tv_nsec = -1;
    self.Fails(self->pselect(0, nullptr, nullptr, nullptr, &limit, nullptr), EINVAL);
  });
}

TEST_F(SelectTest, WithoutDescriptorsItSleeps) {
  Alone([](Self& self) {
    timeval limit{0, 30'000};
    const Time before = self.now();
    self.Gives(self->select(0, nullptr, nullptr, nullptr, &limit), 0);
    self.Between(self.now() - before, 30ms, 35ms);
  });
}

}  // namespace
}  // namespace conformance
