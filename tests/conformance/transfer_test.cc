// Byte streams: windows, full buffers, and what the network does to them.

#include <algorithm>
#include <string>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

bool HasData(const Packet& packet) { return !packet.payload.empty(); }

class TransferTest : public ConformanceTest {
 protected:
  // One connection: what each end does with its descriptor. The client's process is the second.
  void Connect(std::function<void(Self&, int)> server, std::function<void(Self&, int)> client) {
    Start(server_, "server", [server](Self& self) { server(self, self.Accept(self.Listen(kPort, 5))); });
    ASSERT_TRUE(WaitUntilListening(server_, kPort));
    Start(client_, "client", [this, client](Self& self) { client(self, self.Connect(address(server_), kPort)); });
  }
  static constexpr ProcessId kClient = 1;

  // The server sends `length` bytes and closes; the client reads them all.
  void Transfer(size_t length) {
    Connect([length](Self& self, int fd) { self.Send(fd, Numbered(length)); },
            [length](Self& self, int fd) { self.Equal(self.ReceiveAll(fd), Numbered(length)); });
  }

  std::vector<lab::PacketEvent> Packets() {
    std::vector<lab::PacketEvent> packets;
    for (const lab::Event& event : world().trace().events()) {
      if (const auto* packet = std::get_if<lab::PacketEvent>(&event)) packets.push_back(*packet);
    }
    return packets;
  }
};

// Sends all of `bytes` while receiving as many.
void Exchange(Self& self, int fd, const std::string& bytes) {
  self.SetNonBlocking(fd);
  size_t sent = 0;
  std::string received;
  std::string buffer(65'536, '\0');
  while (sent < bytes.size() || received.size() < bytes.size()) {
    const int events = self.Poll(fd, POLLIN | (sent < bytes.size() ? POLLOUT : 0), -1);
    if (events & POLLOUT) {
      sent += static_cast<size_t>(self.Ok(self->send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL)));
    }
    if (events & POLLIN) {
      const int got = self.Ok(self->recv(fd, buffer.data(), buffer.size(), 0));
      self.True(got > 0, "the stream goes on");
      received.append(buffer, 0, static_cast<size_t>(got));
    }
  }
  self.Equal(received, bytes);
}

TEST_F(TransferTest, BothDirectionsAtOnceCarryEveryByte) {
  const auto exchange = [](Self& self, int fd) {
    Exchange(self, fd, Numbered(4'000'000));
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    self.ExpectEnd(fd);
  };
  Connect(exchange, exchange);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, AFullBufferGivesEagainUntilThePeerReads) {
  Connect(
      [](Self& self, int fd) {
        self.PassGate(1);
        self.Equal(self.ReceiveAll(fd).substr(0, 10'000), Numbered(10'000));
      },
      [](Self& self, int fd) {
        self.SetNonBlocking(fd);
        const std::string bytes = Numbered(1'000'000);
        ssize_t sent;
        size_t total = 0;
        size_t before;
        do {  // until nothing is taken any more, although what was sent had time to arrive
          before = total;
          while ((sent = self->send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL)) > 0) total += sent;
          self.Fails(sent, EAGAIN);
          self.process().sleep(50ms);
        } while (total > before);
        self.Equal(self.Poll(fd, POLLOUT, 0), 0);
        self.True(total > 10'000, "the buffers take some bytes");
        self.Report("full");
        self.Equal(self.Poll(fd, POLLOUT, -1), POLLOUT);
        self.True(self->send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0, "there is room again");
      });
  ASSERT_TRUE(WaitForReport(kClient, "full"));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, ABlockingSendTakesEverythingAndWaitsForTheReader) {
  Connect(
      [](Self& self, int fd) {
        self.PassGate(1);
        self.Equal(self.ReceiveAll(fd), Numbered(12'000'000));
      },
      [](Self& self, int fd) {
        self.Report("sending");
        const std::string bytes = Numbered(12'000'000);
        self.Gives(self->send(fd, bytes.data(), bytes.size(), 0), 12'000'000);
        self.Report("sent");
      });
  ASSERT_TRUE(WaitForReport(kClient, "sending"));
  world().RunFor(100ms);
  EXPECT_FALSE(outcome(kClient).HasReport("sent"));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, SmallBuffersCarryEverythingToo) {
  Connect(
      [](Self& self, int fd) {
        self.SetOption(fd, SOL_SOCKET, SO_RCVBUF, 4096);
        self.Equal(self.ReceiveAll(fd), Numbered(100'000));
      },
      [](Self& self, int fd) {
        self.SetOption(fd, SOL_SOCKET, SO_SNDBUF, 4096);
        self.Send(fd, Numbered(100'000));
      });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, ASlowReaderGetsEverythingInOrder) {
  Connect([](Self& self, int fd) { self.Send(fd, Numbered(2'000'000)); },
          [](Self& self, int fd) {
            std::string received;
            std::string buffer(30'000, '\0');
            for (;;) {
              const int got = self.Ok(self->recv(fd, buffer.data(), buffer.size(), 0));
              if (got == 0) break;
              received.append(buffer, 0, static_cast<size_t>(got));
              self.process().sleep(500us);
            }
            self.Equal(received, Numbered(2'000'000));
          });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, ManySmallSendsAreOneStream) {
  Connect(
      [](Self& self, int fd) {
        const std::string bytes = Numbered(3000);
        for (char byte : bytes) self.Gives(self->send(fd, &byte, 1, 0), 1);
      },
      [](Self& self, int fd) { self.Equal(self.ReceiveAll(fd), Numbered(3000)); });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, OneByteAtATimeCanBeRead) {
  Connect([](Self& self, int fd) { self.Send(fd, Numbered(500)); },
          [](Self& self, int fd) {
            std::string received;
            for (int i = 0; i < 500; ++i) received += self.Receive(fd, 1);
            self.Equal(received, Numbered(500));
            self.ExpectEnd(fd);
          });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, AnEchoTakesARoundTrip) {
  world().SetLink(server_, client_, {.latency = 20ms});
  Connect([](Self& self, int fd) { self.Send(fd, self.Receive(fd, 5)); },
          [](Self& self, int fd) {
            const Time before = self.now();
            self.Send(fd, "hello");
            self.Equal(self.Receive(fd, 5), "hello");
            self.Between(self.now() - before, 40ms, 50ms);
          });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, BandwidthBoundsTheRate) {
  world().SetLink(server_, client_, {.bandwidth = 1'000'000});
  Connect([](Self& self, int fd) { self.Send(fd, Numbered(300'000)); },
          [](Self& self, int fd) {
            const Time before = self.now();
            self.Equal(self.ReceiveAll(fd), Numbered(300'000));
            self.Between(self.now() - before, 280ms, 400ms);
          });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, SegmentsKeepToTheMtu) {
  world().SetLink(server_, client_, {.mtu = 1500});
  Transfer(100'000);
  ASSERT_TRUE(Finish());
  size_t largest = 0;
  for (const auto& packet : Packets()) largest = std::max(largest, packet.packet.wire_size());
  EXPECT_EQ(largest, 1500u);
}

TEST_F(TransferTest, ALostSegmentIsSentAgain) {
  world().AddRule({.name = "the first data", .matches = HasData, .count = 1});
  Transfer(5);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, ALostSegmentInTheMiddleIsSentAgainAtOnce) {
  world().SetLink(server_, client_, {.latency = 5ms, .mtu = 1500});
  world().AddRule({.name = "one segment", .matches = HasData, .skip = 20, .count = 1});
  Connect([](Self& self, int fd) { self.Send(fd, Numbered(100'000)); },
          [](Self& self, int fd) {
            const Time before = self.now();
            self.Equal(self.ReceiveAll(fd), Numbered(100'000));
            // A timeout alone would take 200 ms.
            self.Between(self.now() - before, 20ms, 150ms);
          });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, ALostFinIsSentAgain) {
  world().AddRule({.name = "FIN", .matches = [](const Packet& packet) { return packet.tcp.fin; }, .count = 1});
  Transfer(1000);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, LossInBothDirectionsLosesNoByte) {
  world().SetLink(server_, client_, {.latency = 1ms, .mtu = 1500, .loss_ppm = 20'000});
  Transfer(300'000);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, DuplicatesAreReceivedOnce) {
  world().AddRule({.name = "everything twice", .verdict = lab::Verdict::kDuplicate});
  Transfer(200'000);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, ADelayedSegmentKeepsItsPlace) {
  world().SetLink(server_, client_, {.mtu = 1500});
  world().AddRule({.name = "late", .matches = HasData, .skip = 3, .count = 2, .verdict = lab::Verdict::kDelay,
                   .delay = 30ms});
  Transfer(100'000);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, AResetInTheMiddleReachesBothEnds) {
  world().AddRule({.name = "reset", .matches = HasData, .skip = 1, .count = 1, .verdict = lab::Verdict::kReset});
  Connect(
      [](Self& self, int fd) {
        self.Equal(self.Receive(fd, 5), "first");
        self.Send(fd, "answer");
        char byte;
        self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
      },
      [](Self& self, int fd) {
        self.Send(fd, "first");
        char byte;
        self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
      });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, AResetSynIsARefusal) {
  world().AddRule({.name = "reset", .count = 1, .verdict = lab::Verdict::kReset});
  Start(server_, "server", [](Self& self) { self.ExpectEnd(self.Accept(self.Listen(kPort, 5))); });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.Fails(self->connect(self.Socket(), At(address(server_), kPort), At::kLength), ECONNREFUSED);
    self.Connect(address(server_), kPort);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, APartitionThatHealsLosesNothing) {
  Connect(
      [](Self& self, int fd) {
        self.Send(fd, "before");
        self.PassGate(1);
        self.Send(fd, Numbered(100'000));
        self.Report("sent");
      },
      [](Self& self, int fd) {
        self.Equal(self.Receive(fd, 6), "before");
        self.Report("received");
        self.Equal(self.ReceiveAll(fd), Numbered(100'000));
      });
  ASSERT_TRUE(WaitForReport(kClient, "received"));
  LinkOptions link;
  link.up = false;
  world().SetLink(server_, client_, link);
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(WaitForReport(0, "sent"));
  world().RunFor(100ms);
  EXPECT_FALSE(outcome(kClient).exited);
  link.up = true;
  world().SetLink(server_, client_, link);
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, APartitionThatLastsTimesOut) {
  const HostId impatient = AddHost("impatient", {.tcp_retries2 = 2});
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Equal(self.Receive(fd, 5), "hello");
    self.Send(fd, "hello");
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = Start(impatient, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Send(fd, "hello");
    self.Equal(self.Receive(fd, 5), "hello");
    self.PassGate(1);
    self.Send(fd, "lost");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ETIMEDOUT);
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
    self.Fails(self->send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
  ASSERT_TRUE(WaitForGate(impatient, 1));
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, impatient, down);
  ASSERT_TRUE(Open(impatient, 1));
  ASSERT_TRUE(WaitForExit(client));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(TransferTest, APausedReadersKernelGoesOnReceiving) {
  Connect(
      [](Self& self, int fd) {
        self.Report("accepted");
        self.Equal(self.ReceiveAll(fd), Numbered(60'000));
      },
      [](Self& self, int fd) {
        self.PassGate(1);
        self.Send(fd, Numbered(60'000));
        self.Gives(self->shutdown(fd, SHUT_WR), 0);
        // The reader is paused, but its kernel has acknowledged everything, so a lingering close does not wait.
        self.SetLinger(fd, 20);
        const Time before = self.now();
        self.Close(fd);
        self.Between(self.now() - before, 0ms, 10s);
      });
  ASSERT_TRUE(WaitForReport(0, "accepted"));
  world().Pause(0);
  ASSERT_TRUE(Open(client_, 1));
  ASSERT_TRUE(WaitForExit(kClient));
  EXPECT_FALSE(outcome(0).exited);
  world().Resume(0);
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
