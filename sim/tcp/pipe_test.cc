// Two connections joined by a pipe that loses, reorders and duplicates: whatever it does, every byte arrives
// intact and once, and both ends come to their end.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

// SplitMix64: a seed gives the same run on every machine.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  uint32_t operator()(uint32_t n) {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<uint32_t>((z ^ (z >> 31)) % n);
  }

 private:
  uint64_t state_;
};

struct Weather {
  uint32_t loss_percent = 0;
  uint32_t duplicate_percent = 0;
  uint32_t reorder_percent = 0;
  Duration latency = milliseconds(10);
};

// One end and the process that has it: writes its text, then finishes; reads to the end, then closes.
struct End {
  std::unique_ptr<Connection> connection;
  std::string text;
  size_t written = 0;
  std::string received;
  bool closed = false;
};

class Pipe {
 public:
  Pipe(uint64_t seed, Weather weather) : draw_(seed), weather_(weather) {}

  End ends[2];
  Time now{0};

  // Plays until nothing is left to happen, or for `limit` of the pipe's time.
  void Run(Time limit) {
    while (now < limit) {
      for (const int i : {0, 1}) Act(i);
      std::optional<Time> next;
      for (const Flight& flight : flights_) next = std::min(next.value_or(Time::max()), flight.arrives);
      for (const End& end : ends) {
        if (end.connection && end.connection->Deadline()) {
          next = std::min(next.value_or(Time::max()), *end.connection->Deadline());
        }
      }
      // A process that was slow to read does so a little later.
      for (const End& end : ends) {
        const bool waits = end.connection && !end.closed;
        if (!waits || (end.connection->readable() == 0 && !end.connection->peer_finished())) continue;
        next = std::min(next.value_or(Time::max()), now + milliseconds(1));
      }
      if (!next) return;
      now = std::max(now, *next);
      Deliver();
      for (const int i : {0, 1}) {
        if (ends[i].connection) ends[i].connection->OnTimer(now);
        Collect(i);
      }
    }
  }

  uint64_t lost() const { return lost_; }
  Options passive_options;

 private:
  struct Flight {
    Time arrives;
    uint64_t number;
    int to;
    lab::Packet packet;
  };

  void Act(int i) {
    End& end = ends[i];
    if (!end.connection || end.closed) return;
    Connection& connection = *end.connection;
    while (end.written < end.text.size() && !connection.write_shut()) {
      const size_t most = std::min<size_t>(end.text.size() - end.written, 1 + draw_(100'000));
      const size_t taken = connection.Write(now, lab::Payload::Copy(end.text.data() + end.written, most));
      end.written += taken;
      Collect(i);
      if (taken < most) break;
    }
    if (end.written == end.text.size() && connection.state() >= State::kEstablished) connection.ShutdownWrite(now);
    if (draw_(4) != 0) end.received += connection.Read(now, 1 + draw_(200'000)).ToString();
    if (connection.peer_finished() && connection.readable() == 0 && connection.write_shut()) {
      connection.Close(now);
      end.closed = true;
    }
    Collect(i);
  }

  void Collect(int from) {
    if (!ends[from].connection) return;
    for (lab::Packet packet; ends[from].connection->NextSegment(now, packet);) {
      if (draw_(100) < weather_.loss_percent) {
        ++lost_;
        continue;
      }
      const int copies = draw_(100) < weather_.duplicate_percent ? 2 : 1;
      for (int i = 0; i < copies; ++i) {
        Time arrives = now + weather_.latency;
        if (draw_(100) < weather_.reorder_percent) arrives += milliseconds(draw_(30));
        flights_.push_back({arrives, number_++, 1 - from, packet});
      }
    }
  }

  void Deliver() {
    const auto due = [&](const Flight& flight) { return flight.arrives > now; };
    std::stable_sort(flights_.begin(), flights_.end(),
                     [](const Flight& a, const Flight& b) { return a.arrives < b.arrives; });
    const auto later = std::find_if(flights_.begin(), flights_.end(), due);
    std::vector<Flight> landed(flights_.begin(), later);
    flights_.erase(flights_.begin(), later);
    for (const Flight& flight : landed) {
      End& end = ends[flight.to];
      if (!end.connection) {
        if (!flight.packet.tcp.syn || flight.packet.tcp.ack_flag) continue;
        end.connection = std::make_unique<Connection>(flight.packet, 0xffffff00u, passive_options);
      } else {
        end.connection->OnSegment(now, flight.packet);
      }
      Collect(flight.to);
    }
  }

  Draw draw_;
  Weather weather_;
  std::vector<Flight> flights_;
  uint64_t number_ = 0;
  uint64_t lost_ = 0;
};

std::string Text(uint64_t seed, size_t length) {
  Draw draw(seed);
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>(draw(256));
  return text;
}

// Plays a whole connection, and holds that both texts arrive.
void ExpectWhole(uint64_t seed, const Weather& weather, const Options& options, size_t length) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Pipe pipe(seed, weather);
  pipe.passive_options = options;
  pipe.ends[0].connection =
      std::make_unique<Connection>(kUs, kPeer, 0xfffffff0u - static_cast<uint32_t>(seed), options);
  pipe.ends[0].text = Text(seed, length);
  pipe.ends[1].text = Text(seed + 1'000, length / 2);
  pipe.Run(seconds(2'000));
  ASSERT_TRUE(pipe.ends[1].connection);
  for (const int i : {0, 1}) {
    EXPECT_EQ(pipe.ends[1 - i].text.size(), pipe.ends[i].received.size());
    EXPECT_TRUE(pipe.ends[1 - i].text == pipe.ends[i].received) << "bytes differ at end " << i;
    EXPECT_EQ("CLOSED", Name(pipe.ends[i].connection->state()));
    // With loss the very last acknowledgement can stay out until the other end's TIME-WAIT is over.
    if (weather.loss_percent == 0) {
      EXPECT_EQ(0, pipe.ends[i].connection->error());
    }
  }
  if (weather.loss_percent == 0 && weather.reorder_percent == 0) {
    EXPECT_EQ(0u, pipe.ends[0].connection->retransmissions() + pipe.ends[1].connection->retransmissions());
  } else if (pipe.lost() > 10) {
    EXPECT_GT(pipe.ends[0].connection->retransmissions() + pipe.ends[1].connection->retransmissions(), 0u);
  }
}

TEST(Pipe, BytesArriveOverAPerfectLink) {
  for (uint64_t seed = 0; seed < 10; ++seed) ExpectWhole(seed, {}, {}, 1'000'000);
}

TEST(Pipe, BytesArriveInSmallSegments) {
  Options options;
  options.mtu = 1'500;
  for (uint64_t seed = 0; seed < 10; ++seed) ExpectWhole(seed, {}, options, 300'000);
}

TEST(Pipe, BytesArriveWhenPacketsAreLost) {
  Options options;
  options.mtu = 1'500;
  for (uint64_t seed = 0; seed < 60; ++seed) ExpectWhole(seed, {.loss_percent = 5}, options, 100'000);
}

TEST(Pipe, BytesArriveInABadStorm) {
  Options options;
  options.mtu = 1'500;
  const Weather storm{.loss_percent = 20, .duplicate_percent = 10, .reorder_percent = 30};
  for (uint64_t seed = 0; seed < 60; ++seed) ExpectWhole(seed, storm, options, 30'000);
}

TEST(Pipe, BytesArriveThroughSmallBuffers) {
  Options options;
  options.mtu = 1'500;
  options.send_buffer = 3'000;
  options.receive_buffer = 2'000;
  const Weather weather{.loss_percent = 3, .duplicate_percent = 3, .reorder_percent = 10};
  for (uint64_t seed = 0; seed < 40; ++seed) ExpectWhole(seed, weather, options, 20'000);
}

TEST(Pipe, BytesArriveWhenOnlyTheOrderChanges) {
  Options options;
  options.mtu = 600;
  for (uint64_t seed = 0; seed < 30; ++seed) ExpectWhole(seed, {.reorder_percent = 50}, options, 60'000);
}

}  // namespace
}  // namespace sim::tcp
