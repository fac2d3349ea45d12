// TCP_INFO: what a connection tells about itself.

// Linux's own header has all of tcp_info; glibc's, which can't be included beside it, has the beginning.
#include <linux/tcp.h>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class TcpInfoTest : public ConformanceTest {};

// Linux's numbers of the states.
constexpr int kEstablished = 1;
constexpr int kFinWait2 = 5;
constexpr int kClose = 7;
constexpr int kCloseWait = 8;
constexpr int kListen = 10;

tcp_info Info(Self& self, int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  self.Gives(self->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  return info;
}

void WaitForState(Self& self, int fd, int state) {
  const Time limit = self.now() + 10s;
  while (Info(self, fd).tcpi_state != state && self.now() < limit) self.process().sleep(1ms);
  self.Equal(Info(self, fd).tcpi_state, state);
}

TEST_F(TcpInfoTest, TellsTheState) {
  Alone([](Self& self) {
    self.Equal(Info(self, self.Socket()).tcpi_state, kClose);
    const int listener = self.Listen(kPort, 7);
    self.Equal(Info(self, listener).tcpi_state, kListen);
    const int client = self.Connect(kLoopback, kPort);
    self.Equal(Info(self, client).tcpi_state, kEstablished);
    const int server = self.Accept(listener);
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.ExpectEnd(server);
    WaitForState(self, client, kFinWait2);
    self.Equal(Info(self, server).tcpi_state, kCloseWait);
    self.Gives(self->shutdown(server, SHUT_WR), 0);
    WaitForState(self, client, kClose);
    WaitForState(self, server, kClose);
  });
}

TEST_F(TcpInfoTest, AListenerTellsWhoWaitsAndItsBacklog) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 7);
    self.Equal(Info(self, listener).tcpi_unacked, 0);
    self.Equal(Info(self, listener).tcpi_sacked, 7);
    self.Connect(kLoopback, kPort);
    self.Connect(kLoopback, kPort);
    self.process().sleep(20ms);
    self.Equal(Info(self, listener).tcpi_unacked, 2);
    self.Accept(listener);
    self.Equal(Info(self, listener).tcpi_unacked, 1);
  });
}

TEST_F(TcpInfoTest, CountsBytesAndSegments) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(client, "hello");
    self.Equal(self.Receive(server, 5), "hello");
    self.Send(server, "yo");
    self.Equal(self.Receive(client, 2), "yo");
    self.process().sleep(100ms);
    const tcp_info own = Info(self, client);
    // The SYN counts as a byte.
    self.Equal(static_cast<long>(own.tcpi_bytes_acked), 6);
    self.Equal(static_cast<long>(own.tcpi_bytes_sent), 5);
    self.Equal(static_cast<long>(own.tcpi_bytes_received), 2);
    self.Equal(own.tcpi_data_segs_out, 1);
    self.Equal(own.tcpi_data_segs_in, 1);
    self.Equal(own.tcpi_unacked, 0);
    self.Equal(own.tcpi_notsent_bytes, 0);
    self.Equal(own.tcpi_total_retrans, 0);
    const tcp_info other = Info(self, server);
    self.Equal(static_cast<long>(other.tcpi_bytes_acked), 2);
    self.Equal(static_cast<long>(other.tcpi_bytes_received), 5);
  });
}

TEST_F(TcpInfoTest, TellsWhatWasAgreedOn) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    for (int fd : {client, server}) {
      const tcp_info info = Info(self, fd);
      self.Equal(info.tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE),
                 TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
      self.True(info.tcpi_snd_wscale > 0 && info.tcpi_rcv_wscale > 0, "windows are scaled");
      self.True(info.tcpi_pmtu > info.tcpi_snd_mss, "a segment fits into the path");
      self.True(info.tcpi_snd_cwnd >= 10, "the congestion window has begun with ten segments");
      self.True(info.tcpi_rto >= 200'000 && info.tcpi_rto < 1'000'000, "the timeout is that of a short way");
    }
    self.True(Info(self, client).tcpi_rtt > 0, "the handshake measured the round trip");
  });
}

TEST_F(TcpInfoTest, TellsWhatIsSentAgain) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    self.Send(fd, "x");
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Receive(fd, 1);
    self.PassGate(1);
    self.Send(fd, "lost");
    const Time limit = self.now() + 10s;
    while (Info(self, fd).tcpi_retransmits < 2 && self.now() < limit) self.process().sleep(10ms);
    const tcp_info info = Info(self, fd);
    self.Equal(info.tcpi_unacked, 1);
    self.True(info.tcpi_retransmits >= 2 && info.tcpi_total_retrans >= 2, "it was sent again");
    self.Equal(static_cast<long>(info.tcpi_bytes_sent - info.tcpi_bytes_retrans), 4);
    self.True(info.tcpi_backoff >= 1, "more slowly each time");
    self.SetLinger(fd, 0);
  });
  ASSERT_TRUE(WaitForGate(client_, 1));
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, client_, down);
  ASSERT_TRUE(Open(client_, 1));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
