// TCP_INFO along a script: what of it does not depend on the machine's time.
#include "tests/segments/script.h"

namespace segments {
namespace {

class Info : public SegmentTest {
 protected:
  void SetUp() override {
    SegmentTest::SetUp();
    script.settings.mtu = 1'500;
  }

  // "unacked 2 lost 1": what of the counts is not 0, and "state n" of tcpi_ca_state.
  std::string Counts() {
    const tcp_info info = script.Info();
    std::string text;
    const auto add = [&text](const char* name, uint32_t value) {
      if (value != 0) text += (text.empty() ? "" : " ") + std::string(name) + " " + std::to_string(value);
    };
    add("state", info.tcpi_ca_state);
    add("unacked", info.tcpi_unacked);
    add("sacked", info.tcpi_sacked);
    add("lost", info.tcpi_lost);
    add("resent", info.tcpi_retrans);
    add("resent in all", info.tcpi_total_retrans);
    add("timeouts", info.tcpi_retransmits);
    add("backoff", info.tcpi_backoff);
    add("probes", info.tcpi_probes);
    return text;
  }
};

TEST_F(Info, TellsWhatTheSynsAgreedOn) {
  script.peer_scale = 7;
  script.peer_mss = 1'000;
  script.Establish();
  const tcp_info info = script.Info();
  EXPECT_EQ(TCP_ESTABLISHED, info.tcpi_state);
  EXPECT_EQ(TCPI_OPT_SACK | TCPI_OPT_WSCALE, info.tcpi_options);
  EXPECT_EQ(7, info.tcpi_snd_wscale);
  EXPECT_EQ(10, info.tcpi_rcv_wscale);
  EXPECT_EQ(1'000u, info.tcpi_snd_mss);
  EXPECT_EQ(1'460u, info.tcpi_advmss);
  EXPECT_EQ(536u, info.tcpi_rcv_mss);
  EXPECT_EQ(1'500u, info.tcpi_pmtu);
  EXPECT_EQ(10u, info.tcpi_snd_cwnd);
  EXPECT_EQ(0x7fffffffu, info.tcpi_snd_ssthresh);
  EXPECT_EQ(3u, info.tcpi_reordering);
  EXPECT_EQ("", Counts());
}

TEST_F(Info, TimestampsTakeTheirRoom) {
  script.peer_timestamps = true;
  script.peer_scale.reset();
  script.peer_sack = false;
  script.Establish();
  const tcp_info info = script.Info();
  EXPECT_EQ(TCPI_OPT_TIMESTAMPS, info.tcpi_options);
  EXPECT_EQ(1'448u, info.tcpi_snd_mss);
  EXPECT_EQ(1'448u, info.tcpi_advmss);
  EXPECT_EQ(0, info.tcpi_rcv_wscale);
}

TEST_F(Info, SegmentsOfThePeersTellTheirSize) {
  script.Establish();
  script.Inject({.text = std::string(1'000, 'x')});
  EXPECT_EQ(1'000u, script.Info().tcpi_rcv_mss);
  script.Inject({.seq = 1'001, .text = std::string(1'460, 'x')});
  EXPECT_EQ(1'460u, script.Info().tcpi_rcv_mss);
  script.Inject({.seq = 2'461, .text = "x"});
  EXPECT_EQ(1'460u, script.Info().tcpi_rcv_mss);
}

TEST_F(Info, CountsWhatIsOnItsWay) {
  script.Establish();
  script.Write(std::string(3 * 1'460, 'x'));
  script.OutAll();
  EXPECT_EQ("unacked 3", Counts());
  script.Inject({.ack = 1'461});
  EXPECT_EQ("unacked 2", Counts());
  script.Inject({.ack = 3 * 1'460 + 1});
  EXPECT_EQ("", Counts());
}

// The round trip is long enough for a script on the kernel to be quicker than its timers.
TEST_F(Info, ALossIsToldUntilItIsMended) {
  constexpr milliseconds kRoundTrip{40};
  script.Connect();
  script.Pass(kRoundTrip);
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  script.Inject({});
  script.Write(std::string(6 * 1'460, 'x'));
  script.OutAll();
  script.Pass(kRoundTrip);
  script.Inject({.sack = {{1'461, 2'921}}});
  EXPECT_EQ("state 1 unacked 6 sacked 1", Counts());
  script.Inject({.sack = {{1'461, 5'841}}});
  EXPECT_EQ("state 3 unacked 6 sacked 3 lost 1 resent 1 resent in all 1", Counts());
  script.Inject({.ack = 5'841});
  EXPECT_EQ("state 3 unacked 2 resent in all 1", Counts());
  script.Inject({.ack = 8'761});
  EXPECT_EQ("resent in all 1", Counts());
}

TEST_F(Info, TimeoutsAreCountedUntilTheyAreAnswered) {
  script.Establish();
  script.Write("x");
  script.OutAll();
  script.Await();
  EXPECT_EQ("state 4 unacked 1 lost 1 resent 1 resent in all 1 timeouts 1 backoff 1", Counts());
  script.Await();
  EXPECT_EQ("state 4 unacked 1 lost 1 resent 1 resent in all 2 timeouts 2 backoff 2", Counts());
  script.Inject({.ack = 2});
  // Nothing was measured: the next one waits as long.
  EXPECT_EQ("resent in all 2 backoff 2", Counts());
}

TEST_F(Info, ProbesOfAClosedWindowAreCounted) {
  script.Establish();
  script.Inject({.window = 0});
  script.Write("x");
  script.OutAll();
  script.Await();
  EXPECT_EQ("backoff 1 probes 1", Counts());
  script.Inject({.window = 0});
  EXPECT_EQ("backoff 1", Counts());
}

TEST_F(Info, TellsEachStateThatASocketIsIn) {
  script.Establish();
  script.ShutdownWrite();
  script.OutAll();
  EXPECT_EQ(TCP_FIN_WAIT1, script.Info().tcpi_state);
  EXPECT_EQ("unacked 1", Counts());
  script.Inject({.ack = 2});
  EXPECT_EQ(TCP_FIN_WAIT2, script.Info().tcpi_state);
  script.Inject({.ack = 2, .fin = true});
  EXPECT_EQ(TCP_CLOSE, script.Info().tcpi_state);
}

}  // namespace
}  // namespace segments
