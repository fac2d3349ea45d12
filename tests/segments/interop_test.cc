// The sans-I/O connection talks to the kernel's TCP over a TUN device, through weather: whatever is lost, reordered or
// duplicated, every byte arrives once at either end, and both come to the end that their processes chose.
//
// The simulated end lives in real time here. Each run's weather is drawn from its seed; when the kernel sends what is
// the machine's to say, so runs of one seed differ.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lab/choice/choices.h"
#include "sim/tcp/connection.h"
#include "tests/segments/endpoint.h"

namespace segments {
namespace {

using sim::tcp::Connection;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr lab::Duration kPatience = seconds(100);

struct Weather {
  uint32_t loss_percent = 0;
  uint32_t duplicate_percent = 0;
  uint32_t reorder_percent = 0;
  lab::Duration latency = milliseconds(1);
};

std::string Text(size_t length, uint32_t seed) {
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>((seed = seed * 1'664'525 + 1'013'904'223) >> 24);
  return text;
}

class Interop : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoEndpoint(); !why.empty()) GTEST_SKIP() << why;
  }

  // The kernel's end listens and the simulated one connects, or the other way round.
  void Begin(uint64_t seed, const Weather& weather, bool kernel_connects) {
    choices_.emplace(lab::Choices::Seeded(seed));
    weather_ = weather;
    flights_.clear();
    simulated_.reset();
    Settings settings;
    settings.mtu = 1'500;
    settings.tail_loss_probe = true;
    settings.congestion = "cubic";
    kernel_ = MakeEndpoint(settings);
    options_.mtu = 1'500;
    if (kernel_connects) {
      kernel_->Connect(0xfffffff0u);
    } else {
      kernel_->Listen();
      simulated_ = std::make_unique<Connection>(kPeer, kUs, 0xffffff00u, options_);
    }
    ASSERT_TRUE(RunUntil([&] { return simulated_ != nullptr && simulated_->state() == sim::tcp::State::kEstablished &&
                                      kernel_->State() == "ESTABLISHED"; }));
  }

  template <typename Condition>
  bool RunUntil(Condition condition) {
    const lab::Time end = Now() + kPatience;
    while (!condition()) {
      if (Now() > end) return false;
      if (!Step()) kernel_->Pass(milliseconds(1));
    }
    return true;
  }

  // Moves what there is to move; false where there was nothing.
  bool Step() {
    bool moved = false;
    const lab::Time now = Now();
    if (simulated_ != nullptr) {
      if (simulated_->Deadline() && *simulated_->Deadline() <= now) simulated_->OnTimer(now);
      for (lab::Packet packet; simulated_->NextSegment(now, packet);) Send(packet, /*to_kernel=*/true);
    }
    while (auto packet = kernel_->Next()) Send(*packet, /*to_kernel=*/false);
    std::stable_sort(flights_.begin(), flights_.end(),
                     [](const Flight& a, const Flight& b) { return a.arrives < b.arrives; });
    while (!flights_.empty() && flights_.front().arrives <= Now()) {
      const Flight flight = flights_.front();
      flights_.erase(flights_.begin());
      moved = true;
      flight.to_kernel ? kernel_->Arrive(flight.packet) : ArriveAtSimulated(flight.packet);
    }
    return moved;
  }

  // Writes `ours` at the simulated end and `theirs` at the kernel's, until each end has read the other's.
  void Exchange(const std::string& ours, const std::string& theirs) {
    size_t our_written = 0, their_written = 0;
    std::string our_read, their_read;
    EXPECT_TRUE(RunUntil([&] {
      if (our_written < ours.size()) {
        our_written += simulated_->Write(Now(), lab::Payload::Copy(ours.substr(our_written, 50'000)));
      }
      if (their_written < theirs.size()) {
        const int64_t taken = kernel_->Write(std::string_view(theirs).substr(their_written, 50'000), 0);
        if (taken > 0) their_written += taken;
      }
      our_read += simulated_->Read(Now(), 100'000).ToString();
      std::string bytes;
      if (kernel_->Read(100'000, 0, bytes) > 0) their_read += bytes;
      return our_read.size() >= theirs.size() && their_read.size() >= ours.size();
    }));
    EXPECT_TRUE(our_read == theirs);
    EXPECT_TRUE(their_read == ours);
  }

  // What the kernel's process reads, once there is something to be told: bytes, "" for end of file, or an errno.
  int64_t ReadAtKernel(std::string& bytes) {
    int64_t result = -EAGAIN;
    EXPECT_TRUE(RunUntil([&] { return (result = kernel_->Read(100'000, 0, bytes)) != -EAGAIN; }));
    return result;
  }

  bool RunUntilStates(std::string_view simulated, std::string_view kernel) {
    return RunUntil([&] { return ToString(simulated_->state()) == simulated && kernel_->State() == kernel; });
  }
  std::string States() { return std::string(ToString(simulated_->state())) + " and " + kernel_->State(); }

  lab::Time Now() const {
    return std::chrono::duration_cast<lab::Duration>(std::chrono::steady_clock::now() - begin_) + seconds(1);
  }

  std::unique_ptr<Endpoint> kernel_;
  std::unique_ptr<Connection> simulated_;

 private:
  struct Flight {
    lab::Time arrives;
    bool to_kernel;
    lab::Packet packet;
  };

  enum class Event : uint32_t { kLoss, kDuplicate, kReorder };

  bool Draw(Event event, uint32_t percent, bool to_kernel) {
    const uint32_t actor = 2 * static_cast<uint32_t>(event) + to_kernel;
    return choices_->Chance(lab::Choice::kLoss, actor, percent * 10'000);
  }

  void Send(const lab::Packet& packet, bool to_kernel) {
    if (Draw(Event::kLoss, weather_.loss_percent, to_kernel)) return;
    const int copies = Draw(Event::kDuplicate, weather_.duplicate_percent, to_kernel) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      lab::Time arrives = Now() + weather_.latency;
      if (Draw(Event::kReorder, weather_.reorder_percent, to_kernel)) arrives += milliseconds(5);
      flights_.push_back({arrives, to_kernel, packet});
    }
  }

  void ArriveAtSimulated(const lab::Packet& packet) {
    const bool wants_to_connect = packet.tcp.syn && !packet.tcp.ack_flag;
    if (simulated_ == nullptr && wants_to_connect) {
      simulated_ = std::make_unique<Connection>(packet, 0xffffff00u, options_);
    } else if (simulated_ != nullptr && simulated_->state() != sim::tcp::State::kClosed) {
      simulated_->OnSegment(Now(), packet);
    } else if (const auto reset = Connection::ResetFor(packet)) {
      Send(*reset, /*to_kernel=*/true);
    }
  }

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::optional<lab::Choices> choices_;
  Weather weather_;
  sim::tcp::Options options_;
  std::vector<Flight> flights_;
};

TEST_F(Interop, TextArrivesInFairWeather) {
  Begin(1, {}, /*kernel_connects=*/false);
  Exchange(Text(1'000'000, 1), Text(1'000'000, 2));
}

TEST_F(Interop, TextArrivesWhicheverConnects) {
  for (const bool kernel_connects : {false, true}) {
    Begin(2, {}, kernel_connects);
    Exchange(Text(100'000, 3), Text(100'000, 4));
  }
}

TEST_F(Interop, TextArrivesThroughLoss) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(seed);
    Begin(seed, {.loss_percent = 3}, seed % 2 == 0);
    Exchange(Text(200'000, 5), Text(200'000, 6));
  }
}

TEST_F(Interop, TextArrivesThroughReorderingAndDuplication) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(seed);
    Begin(seed, {.duplicate_percent = 5, .reorder_percent = 20}, seed % 2 == 0);
    Exchange(Text(200'000, 7), Text(200'000, 8));
  }
}

TEST_F(Interop, TextArrivesThroughAStorm) {
  for (uint64_t seed = 0; seed < 2; ++seed) {
    SCOPED_TRACE(seed);
    Begin(seed, {.loss_percent = 10, .duplicate_percent = 5, .reorder_percent = 20}, seed % 2 == 0);
    Exchange(Text(30'000, 9), Text(30'000, 10));
  }
}

TEST_F(Interop, SimulatedEndClosesFirst) {
  Begin(1, {}, false);
  simulated_->Write(Now(), lab::Payload::Copy("bye"));
  simulated_->Close(Now());
  std::string bytes;
  EXPECT_EQ(3, ReadAtKernel(bytes));
  EXPECT_EQ(0, ReadAtKernel(bytes));
  EXPECT_TRUE(RunUntilStates("FIN-WAIT-2", "CLOSE-WAIT")) << States();
  kernel_->Close();
  EXPECT_TRUE(RunUntilStates("TIME-WAIT", "CLOSED")) << States();
}

TEST_F(Interop, KernelClosesFirst) {
  Begin(1, {}, true);
  kernel_->Write("bye", 0);
  kernel_->Close();
  EXPECT_TRUE(RunUntil([&] { return simulated_->peer_finished(); }));
  EXPECT_EQ("bye", simulated_->Read(Now(), 100).ToString());
  EXPECT_TRUE(RunUntilStates("CLOSE-WAIT", "FIN-WAIT-2")) << States();
  simulated_->Close(Now());
  EXPECT_TRUE(RunUntilStates("CLOSED", "TIME-WAIT")) << States();
  EXPECT_EQ(0, simulated_->error());
}

TEST_F(Interop, BothCloseAtOnce) {
  Begin(1, {.latency = milliseconds(20)}, false);
  simulated_->Close(Now());
  kernel_->Close();
  EXPECT_TRUE(RunUntilStates("TIME-WAIT", "TIME-WAIT")) << States();
}

TEST_F(Interop, ClosingSurvivesLoss) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE(seed);
    Begin(seed, {.loss_percent = 20}, seed % 2 == 0);
    kernel_->Close();
    EXPECT_TRUE(RunUntil([&] { return simulated_->peer_finished(); }));
    simulated_->Close(Now());
    EXPECT_TRUE(RunUntil([&] { return simulated_->state() == sim::tcp::State::kClosed; })) << States();
    EXPECT_EQ(0, simulated_->error());
  }
}

TEST_F(Interop, HalfClosedEndStillReceives) {
  Begin(1, {}, false);
  simulated_->ShutdownWrite(Now());
  std::string bytes;
  EXPECT_EQ(0, ReadAtKernel(bytes));
  kernel_->Write("answer", 0);
  EXPECT_TRUE(RunUntil([&] { return simulated_->readable() == 6; }));
  EXPECT_EQ("answer", simulated_->Read(Now(), 100).ToString());
}

TEST_F(Interop, SimulatedEndAborts) {
  Begin(1, {}, false);
  simulated_->Abort(Now());
  std::string bytes;
  EXPECT_EQ(-ECONNRESET, ReadAtKernel(bytes));
  EXPECT_EQ("CLOSED and CLOSED", States());
}

TEST_F(Interop, KernelAborts) {
  Begin(1, {}, false);
  kernel_->SetOption(SOL_SOCKET, SO_LINGER, 0);
  kernel_->Close();
  EXPECT_TRUE(RunUntilStates("CLOSED", "CLOSED"));
  EXPECT_EQ(ECONNRESET, simulated_->error());
}

TEST_F(Interop, SimulatedEndClosesWithUnreadText) {
  Begin(1, {}, false);
  kernel_->Write("unread", 0);
  EXPECT_TRUE(RunUntil([&] { return simulated_->readable() == 6; }));
  simulated_->Close(Now());
  std::string bytes;
  EXPECT_EQ(-ECONNRESET, ReadAtKernel(bytes));
}

TEST_F(Interop, KernelClosesWithUnreadText) {
  Begin(1, {}, true);
  simulated_->Write(Now(), lab::Payload::Copy("unread"));
  EXPECT_TRUE(RunUntil([&] { return kernel_->Readable() == 6; }));
  kernel_->Close();
  EXPECT_TRUE(RunUntilStates("CLOSED", "CLOSED"));
  EXPECT_EQ(ECONNRESET, simulated_->error());
}

TEST_F(Interop, TextForAnOrphanIsReset) {
  Begin(1, {}, true);
  kernel_->Close();
  EXPECT_TRUE(RunUntil([&] { return simulated_->peer_finished(); }));
  simulated_->Write(Now(), lab::Payload::Copy("too late"));
  EXPECT_TRUE(RunUntilStates("CLOSED", "CLOSED"));
  EXPECT_EQ(EPIPE, simulated_->error());
}

TEST_F(Interop, SlowReaderIsWaitedForThroughAClosedWindow) {
  Begin(1, {}, true);
  const std::string text = Text(400'000, 11);
  size_t written = 0;
  const auto write = [&] {
    const int64_t taken = kernel_->Write(std::string_view(text).substr(written), 0);
    if (taken > 0) written += taken;
  };
  EXPECT_TRUE(RunUntil([&] {
    write();
    return simulated_->GetInfo(Now()).receive_window == 0;
  }));
  std::string read;
  EXPECT_TRUE(RunUntil([&] {
    write();
    read += simulated_->Read(Now(), 10'000).ToString();
    return read.size() >= text.size();
  }));
  EXPECT_TRUE(read == text);
}

}  // namespace
}  // namespace segments
