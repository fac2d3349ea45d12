// How connections end, and what the other end sees of it.

#include <fcntl.h>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

constexpr int kAllEvents = POLLIN | POLLOUT | POLLRDHUP;

class CloseTest : public ConformanceTest {
 protected:
  void StartServer(std::function<void(Self&, int)> with_the_connection) {
    Start(server_, "server", [with_the_connection](Self& self) {
      with_the_connection(self, self.Accept(self.Listen(kPort, 5)));
    });
    ASSERT_TRUE(WaitUntilListening(server_, kPort));
  }
  ProcessId StartClient(std::function<void(Self&, int)> with_the_connection) {
    return Start(client_, "client", [this, with_the_connection](Self& self) {
      with_the_connection(self, self.Connect(address(server_), kPort));
    });
  }
};

TEST_F(CloseTest, ThePeerReadsEndOfFileAndGoesOnReadingIt) {
  StartServer([](Self& self, int fd) { self.Close(fd); });
  StartClient([](Self& self, int fd) {
    char byte;
    for (int i = 0; i < 3; ++i) self.Gives(self->recv(fd, &byte, 1, 0), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, BytesInFlightArriveBeforeTheEnd) {
  world().SetLink(server_, client_, {.latency = 5ms});
  StartServer([](Self& self, int fd) {
    self.Send(fd, Numbered(1'000'000));
    self.Close(fd);
  });
  StartClient([](Self& self, int fd) { self.Equal(self.ReceiveAll(fd), Numbered(1'000'000)); });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, AClientThatReadsLongAfterTheCloseReadsEverything) {
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    self.PassGate(1);
    const int fd = self.Connect(address(server_), kPort);
    self.PassGate(2);
    self.Equal(self.ReceiveAll(fd), Numbered(50'000));
  });
  const ProcessId server = Start(server_, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int fd = self.Accept(listener);
    self.Send(fd, Numbered(50'000));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  ASSERT_TRUE(Open(client_, 1));
  ASSERT_TRUE(WaitForExit(server));
  ASSERT_TRUE(Open(client_, 2));
  ASSERT_TRUE(WaitForExit(client));
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, WithBytesUnreadItIsAReset) {
  StartServer([](Self& self, int fd) {
    self.WaitForEvents(fd, POLLIN, POLLIN);
    self.Close(fd);
  });
  StartClient([](Self& self, int fd) {
    self.Send(fd, "unread");
    self.WaitForEvents(fd, kAllEvents, kAllEvents | POLLERR | POLLHUP);
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
    self.Fails(self->send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Fails(self->getpeername(fd, nullptr, nullptr), ENOTCONN);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, AShortReplySurvivesTheResetBehindIt) {
  StartServer([](Self& self, int fd) {
    self.WaitForEvents(fd, POLLIN, POLLIN);
    self.Send(fd, "reply");
    self.Close(fd);
  });
  StartClient([](Self& self, int fd) {
    self.Send(fd, "unread");
    self.WaitForEvents(fd, kAllEvents, kAllEvents | POLLERR | POLLHUP);
    self.Equal(self.Receive(fd, 5), "reply");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, SendingToAResetConnectionTellsTheResetAndThenEpipe) {
  StartServer([](Self& self, int fd) {
    self.WaitForEvents(fd, POLLIN, POLLIN);
    self.Close(fd);
  });
  StartClient([](Self& self, int fd) {
    self.Send(fd, "unread");
    self.WaitForEvents(fd, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Fails(self->send(fd, "x", 1, MSG_NOSIGNAL), ECONNRESET);
    self.Fails(self->send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, ReadingTheErrorOfAResetClearsIt) {
  StartServer([](Self& self, int fd) {
    self.WaitForEvents(fd, POLLIN, POLLIN);
    self.Close(fd);
  });
  StartClient([](Self& self, int fd) {
    self.Send(fd, "unread");
    self.WaitForEvents(fd, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Equal(self.TakeError(fd), ECONNRESET);
    self.Equal(self.TakeError(fd), 0);
    self.Equal(self.Poll(fd, POLLIN, 0), POLLIN | POLLHUP);
    char byte;
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, TheFirstSendAfterThePeersCloseSucceedsAndTheSecondGivesEpipe) {
  StartServer([](Self& self, int fd) { self.Close(fd); });
  StartClient([](Self& self, int fd) {
    self.ExpectEnd(fd);
    self.Gives(self->send(fd, "first", 5, MSG_NOSIGNAL), 5);
    self.WaitForEvents(fd, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Fails(self->send(fd, "second", 6, MSG_NOSIGNAL), EPIPE);
    char byte;
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, TheErrorOfASendAfterThePeersCloseIsEpipe) {
  StartServer([](Self& self, int fd) { self.Close(fd); });
  StartClient([](Self& self, int fd) {
    self.ExpectEnd(fd);
    self.Gives(self->send(fd, "first", 5, MSG_NOSIGNAL), 5);
    self.WaitForEvents(fd, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Equal(self.TakeError(fd), EPIPE);
    self.Fails(self->send(fd, "second", 6, MSG_NOSIGNAL), EPIPE);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, APeerThatIsGoneResetsBytesThatItNeverRead) {
  StartServer([](Self& self, int fd) { self.Close(fd); });
  StartClient([](Self& self, int fd) {
    // Sent before the end was seen, perhaps: either way they find nobody.
    self.Gives(self->send(fd, "hello", 5, MSG_NOSIGNAL), 5);
    self.WaitForEvents(fd, kAllEvents, kAllEvents | POLLERR | POLLHUP);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, AFunctionSurvivesSigpipe) {
  StartServer([](Self& self, int fd) { self.Close(fd); });
  StartClient([](Self& self, int fd) {
    self.ExpectEnd(fd);
    self.Gives(self->send(fd, "first", 5, 0), 5);
    self.WaitForEvents(fd, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Fails(self->send(fd, "second", 6, 0), EPIPE);
    self.Fails(self->write(fd, "third", 5), EPIPE);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, LingeringForNoTimeResets) {
  StartServer([](Self& self, int fd) {
    self.Equal(self.Receive(fd, 2), "go");  // a reset may reach a connect that has not yet returned
    self.SetLinger(fd, 0);
    self.Close(fd);
  });
  StartClient([](Self& self, int fd) {
    self.Send(fd, "go");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, LingeringWaitsUntilThePeerHasEverything) {
  world().SetLink(server_, client_, {.latency = 50ms});
  StartServer([](Self& self, int fd) {
    self.Send(fd, "bytes");
    self.SetLinger(fd, 10);
    const Time before = self.now();
    self.Close(fd);
    self.Between(self.now() - before, 90ms, 150ms);
  });
  StartClient([](Self& self, int fd) { self.Equal(self.ReceiveAll(fd), "bytes"); });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, WithoutLingeringItDoesNotWait) {
  StartServer([](Self& self, int fd) {
    self.PassGate(1);
    self.Send(fd, "bytes");
    self.Close(fd);
    self.Report("closed");
  });
  const ProcessId client = StartClient([](Self& self, int fd) {
    self.Report("connected");
    self.Equal(self.ReceiveAll(fd), "bytes");
  });
  ASSERT_TRUE(WaitForReport(client, "connected"));
  LinkOptions link;
  link.up = false;
  world().SetLink(server_, client_, link);
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(WaitForReport(0, "closed"));
  link.up = true;
  world().SetLink(server_, client_, link);
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, HalfCloseEndsOneDirectionAlone) {
  StartServer([](Self& self, int fd) {
    self.Equal(self.ReceiveAll(fd), "request");
    self.Send(fd, Numbered(300'000));
  });
  StartClient([](Self& self, int fd) {
    self.Send(fd, "request");
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    self.Fails(self->send(fd, "more", 4, MSG_NOSIGNAL), EPIPE);
    self.Equal(self.ReceiveAll(fd), Numbered(300'000));
  });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, ShuttingDownForSendingTwiceIsFine) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.ExpectEnd(server);
    self.Send(server, "still");
    self.Equal(self.Receive(client, 5), "still");
  });
}

TEST_F(CloseTest, ShuttingDownForReceivingGivesEndOfFileHereAlone) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(client, SHUT_RD), 0);
    char byte;
    self.Gives(self->recv(client, &byte, 1, 0), 0);
    self.Equal(self.Poll(client, kAllEvents, 0), kAllEvents);
    self.Send(client, "hello");
    self.Equal(self.Receive(server, 5), "hello");
    self.Equal(self.Poll(server, POLLIN | POLLRDHUP, 0), 0);
  });
}

TEST_F(CloseTest, BytesThatArriveAfterShuttingDownForReceivingCanStillBeRead) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(server, "before");
    self.WaitForEvents(client, POLLIN, POLLIN);
    self.Gives(self->shutdown(client, SHUT_RD), 0);
    self.Send(server, "after");
    self.process().sleep(20ms);
    self.Equal(self.Receive(client, 11), "beforeafter");
    char byte;
    self.Gives(self->recv(client, &byte, 1, 0), 0);
  });
}

TEST_F(CloseTest, ShuttingBothDirectionsDownEndsTheConnection) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(client, SHUT_RDWR), 0);
    char byte;
    self.Gives(self->recv(client, &byte, 1, 0), 0);
    self.Fails(self->send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Equal(self.Poll(client, kAllEvents, 0), kAllEvents | POLLHUP);
    self.ExpectEnd(server);
  });
}

TEST_F(CloseTest, ShuttingDownMisuse) {
  Alone([](Self& self) {
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->shutdown(77, SHUT_WR), EBADF);
    self.Fails(self->shutdown(ends[0], SHUT_WR), ENOTSOCK);
    self.Fails(self->shutdown(self.Socket(), SHUT_WR), ENOTCONN);
    self.Fails(self->shutdown(self.Pair().first, 3), EINVAL);
    self.Fails(self->shutdown(self.Pair().first, -1), EINVAL);
  });
}

TEST_F(CloseTest, AfterBothEndsFinishedTheSocketsAreNotConnected) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->shutdown(server, SHUT_WR), 0);
    self.ExpectEnd(client);
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.WaitForEvents(client, kAllEvents, kAllEvents | POLLHUP);
    self.process().sleep(20ms);
    for (int fd : {client, server}) {
      self.Fails(self->shutdown(fd, SHUT_RDWR), ENOTCONN);
      self.Fails(self->getpeername(fd, nullptr, nullptr), ENOTCONN);
      self.Fails(self->send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
      char byte;
      self.Gives(self->recv(fd, &byte, 1, 0), 0);
      self.Equal(self.Poll(fd, kAllEvents, 0), kAllEvents | POLLHUP);
    }
  });
}

TEST_F(CloseTest, ADuplicateKeepsTheConnectionOpen) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int duplicate = self.Ok(self->dup(client));
    self.Close(client);
    self.Equal(self.Poll(server, POLLIN | POLLRDHUP, 20), 0);
    self.Send(duplicate, "still here");
    self.Equal(self.Receive(server, 10), "still here");
    self.Close(duplicate);
    self.ExpectEnd(server);
  });
}

TEST_F(CloseTest, ShuttingADuplicateDownShutsTheConnectionDown) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int duplicate = self.Ok(self->dup(client));
    self.Gives(self->shutdown(duplicate, SHUT_WR), 0);
    self.ExpectEnd(server);
    self.Fails(self->send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(CloseTest, TheEndOfAProcessClosesItsConnections) {
  StartServer([](Self& self, int fd) { self.Send(fd, "last words"); });
  StartClient([](Self& self, int fd) { self.Equal(self.ReceiveAll(fd), "last words"); });
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, AKilledProcessesPeersReadEndOfFile) {
  const ProcessId victim = Start(server_, "victim", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Send(fd, "last words");
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = StartClient([](Self& self, int fd) {
    self.Equal(self.Receive(fd, 10), "last words");
    self.Report("received");
    self.ExpectEnd(fd);
  });
  ASSERT_TRUE(WaitForReport(client, "received"));
  Kill(victim);
  ASSERT_TRUE(Finish());
  EXPECT_EQ(outcome(victim).exit_status, 128 + 9);
}

TEST_F(CloseTest, AKilledProcessThatHadBytesUnreadResets) {
  const ProcessId victim = Start(server_, "victim", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.WaitForEvents(fd, POLLIN, POLLIN);
    self.Report("unread");
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  StartClient([](Self& self, int fd) {
    self.Send(fd, "never read");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
  });
  ASSERT_TRUE(WaitForReport(victim, "unread"));
  Kill(victim);
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, AKilledServersQueueIsReset) {
  const ProcessId victim = Start(server_, "victim", [](Self& self) {
    self.Listen(kPort, 5);
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = StartClient([this](Self& self, int fd) {
    self.Report("connected");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
    self.Fails(self->connect(self.Socket(), At(address(server_), kPort), At::kLength), ECONNREFUSED);
  });
  ASSERT_TRUE(WaitForReport(client, "connected"));
  Kill(victim);
  ASSERT_TRUE(Finish());
}

TEST_F(CloseTest, AKilledPausedProcessIsGone) {
  const ProcessId victim = Start(server_, "victim", [](Self& self) {
    self.Listen(kPort, 5);
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  world().Pause(victim);
  Kill(victim);
  ASSERT_TRUE(WaitForExit(victim));
  EXPECT_FALSE(world().Listening(server_, kPort));
}

TEST_F(CloseTest, ClosingWhatIsNotOpenIsMisuse) {
  Alone([](Self& self) {
    self.Fails(self->close(77), EBADF);
    self.Fails(self->close(-1), EBADF);
    const int fd = self.Socket();
    self.Close(fd);
    self.Fails(self->close(fd), EBADF);
  });
}

}  // namespace
}  // namespace conformance
