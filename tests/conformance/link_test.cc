// Links that lose, hold back, double and change packets: TCP brings every byte across all the same.

#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class LinkTest : public ConformanceTest {
 protected:
  // Carries the bytes from the client to the server over such a link; gives how many packets did not arrive for that
  // reason.
  int Transfer(const LinkOptions& options, size_t length, std::string_view cause) {
    world().SetLink(server_, client_, options);
    Start(server_, "server", [length](Self& self) {
      const int fd = self.Accept(self.Listen(kPort, 5));
      self.Equal(self.ReceiveAll(fd), Numbered(length));
      self.Send(fd, "done");
    });
    EXPECT_TRUE(WaitUntilListening(server_, kPort));
    Start(client_, "client", [this, length](Self& self) {
      const int fd = self.Connect(address(server_), kPort);
      self.Send(fd, Numbered(length));
      self.Gives(self->shutdown(fd, SHUT_WR), 0);
      self.Equal(self.ReceiveAll(fd), "done");
    });
    EXPECT_TRUE(Finish());
    int stopped = 0;
    for (const lab::Event& event : world().trace().events()) {
      const auto* packet = std::get_if<lab::PacketEvent>(&event);
      if (packet != nullptr && !packet->arrived) stopped += packet->cause == cause;
    }
    return stopped;
  }
};

TEST_F(LinkTest, CorruptedPacketsAreDroppedByTheChecksum) {
  EXPECT_GT(Transfer({.latency = 1ms, .mtu = 1500, .corrupt_ppm = 100'000}, 200'000, "corrupted"), 0);
}

TEST_F(LinkTest, AFullQueueDropsPackets) {
  const LinkOptions options{.latency = 5ms, .mtu = 1500, .bandwidth = 1'000'000, .queue_packets = 4};
  EXPECT_GT(Transfer(options, 200'000, "queue full"), 0);
}

TEST_F(LinkTest, DuplicatesAreTakenOnce) {
  Transfer({.latency = 1ms, .mtu = 1500, .duplicate_ppm = 300'000}, 200'000, "");
}

TEST_F(LinkTest, ReorderedPacketsArePutInOrder) {
  Transfer({.latency = 1ms, .mtu = 1500, .reorder_ppm = 200'000, .reorder_delay = 3ms}, 200'000, "");
}

}  // namespace
}  // namespace conformance
