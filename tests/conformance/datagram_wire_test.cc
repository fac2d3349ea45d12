// Datagrams on their way: what loss, duplication, delay and small packets do to them.

#include <string>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DatagramWireTest : public ConformanceTest {
 protected:
  // The server takes datagrams until "end" and reports all of them, with spaces between.
  ProcessId StartServer() {
    return Start(server_, "server", [](Self& self) {
      const int fd = self.Bind(kPort);
      std::string all;
      for (std::string bytes; (bytes = self.ReceiveFrom(fd).bytes) != "end";) all += bytes + " ";
      self.Report("received", all);
    });
  }

  void StartClient(std::vector<std::string> datagrams) {
    Start(client_, "client", [this, datagrams](Self& self) {
      const int fd = self.Datagram();
      for (const std::string& datagram : datagrams) self.SendTo(fd, datagram, address(server_), kPort);
    });
  }

  std::string Received(ProcessId server) const { return outcome(server).Report("received"); }
};

std::function<bool(const Packet&)> Carries(std::string bytes) {
  return [bytes](const Packet& packet) {
    return packet.protocol == lab::Protocol::kUdp && packet.payload.ToString() == bytes;
  };
}

TEST_F(DatagramWireTest, ALostOneDoesNotArrive) {
  world().AddRule({.name = "loss", .matches = Carries("two"), .verdict = lab::Verdict::kDrop});
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  StartClient({"one", "two", "three", "end"});
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), "one three ");
}

TEST_F(DatagramWireTest, ADuplicateArrivesTwice) {
  world().AddRule({.name = "twice", .matches = Carries("two"), .verdict = lab::Verdict::kDuplicate});
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  StartClient({"one", "two", "end"});
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), "one two two ");
}

TEST_F(DatagramWireTest, ADelayedOneIsOvertaken) {
  world().AddRule({.name = "late", .matches = Carries("one"), .verdict = lab::Verdict::kDelay, .delay = 50ms});
  world().AddRule({.name = "last", .matches = Carries("end"), .verdict = lab::Verdict::kDelay, .delay = 100ms});
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  StartClient({"one", "two", "end"});
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), "two one ");
}

TEST_F(DatagramWireTest, AResetIsALossThatNobodyHearsOf) {
  world().AddRule({.name = "reset", .matches = Carries("two"), .verdict = lab::Verdict::kReset});
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  StartClient({"one", "two", "end"});
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), "one ");
}

TEST_F(DatagramWireTest, ALinkThatIsDownLosesThemSilently) {
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, client_, down);
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.ExpectNone(fd);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramWireTest, ALostAnswerOfIcmpIsNotHeard) {
  const auto is_icmp = [](const Packet& packet) { return packet.protocol == lab::Protocol::kIcmp; };
  world().AddRule({.name = "no ICMP", .matches = is_icmp, .count = 1, .verdict = lab::Verdict::kDrop});
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Equal(self.Poll(fd, POLLIN, 300), 0);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Equal(self.Poll(fd, POLLIN, -1), POLLERR);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramWireTest, AHostTellsOfItsPortsSixTimesAndThenOnceASecond) {
  Start(client_, "client", [this](Self& self) {
    int told = 0;
    std::vector<int> fds;
    for (int i = 0; i < 20; ++i) {
      fds.push_back(self.Datagram());
      self.Gives(self->connect(fds.back(), At(address(server_), kPort), At::kLength), 0);
      self.Gives(self->send(fds.back(), "x", 1, 0), 1);
    }
    self.process().sleep(300ms);
    for (const int fd : fds) told += self.TakeError(fd) == ECONNREFUSED;
    self.Equal(told, 6);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramWireTest, ALargeOneIsCutIntoPacketsAndArrivesWhole) {
  LinkOptions small;
  small.mtu = 1500;
  world().SetLink(server_, client_, small);
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  const std::string large = Numbered(20'000);
  StartClient({large, "end"});
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), large + " ");
}

TEST_F(DatagramWireTest, ARuleMeetsTheWholeDatagramNotItsPieces) {
  LinkOptions small;
  small.mtu = 1500;
  world().SetLink(server_, client_, small);
  const auto is_large = [](const Packet& packet) { return packet.payload.size() == 20'000; };
  world().AddRule({.name = "large", .matches = is_large, .count = 1, .verdict = lab::Verdict::kDrop});
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  StartClient({Numbered(20'000), Numbered(3'000), "end"});
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), Numbered(3'000) + " ");
}

TEST_F(DatagramWireTest, PacketsAreNamedInTheTrace) {
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Gives(self->send(fd, "hello", 5, 0), 5);
    self.Equal(self.Poll(fd, POLLIN, -1), POLLERR);
  });
  ASSERT_TRUE(Finish());
  std::vector<std::string> packets;
  for (const lab::Event& event : world().trace().events()) {
    if (const auto* packet = std::get_if<lab::PacketEvent>(&event)) packets.push_back(Describe(packet->packet));
  }
  EXPECT_EQ(packets, (std::vector<std::string>{"UDP 5 bytes", "ICMP port unreachable"}));
}

TEST_F(DatagramWireTest, ABroadcastReachesNoOtherHost) {
  const ProcessId server = StartServer();
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    self.SetOption(fd, SOL_SOCKET, SO_BROADCAST, 1);
    self.SendTo(fd, "all", 0x0affffff, kPort);
    self.SendTo(fd, "end", address(server_), kPort);
  });
  ASSERT_TRUE(Finish());
  EXPECT_EQ(Received(server), "");
}

}  // namespace
}  // namespace conformance
