#include "sim/host/sim_world.h"

#include <stdexcept>

#include "sim/host/world_for_test.h"

namespace sim {
namespace {

using lab::Process;
using lab::ProcessId;
using lab::StartOptions;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using SimWorldTest = WorldTest;

// Greets each client in turn, for ever.
int GreetingServer(Process& p) {
  lab::Sockets& s = p.sockets();
  const int listener = Listener(s, 5);
  for (;;) {
    const int fd = s.accept(listener, nullptr, nullptr);
    SendText(s, fd, "Hi we are connected!");
    s.close(fd);
  }
}

TEST_F(SimWorldTest, AClientReadsWhatAServerSends) {
  const ProcessId server = Start(server_, "server", GreetingServer);
  RunUntilListening();
  const auto& client = Run(client_, "client", [&](Process& p) {
    p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), server_address_)));
    return 3;
  });
  EXPECT_EQ(client.Report("received"), "Hi we are connected!");
  EXPECT_EQ(client.exit_status, 3);
  EXPECT_FALSE(world_.outcome(server).exited);
}

TEST_F(SimWorldTest, AtRestTheWorldSaysWhoWaitsForWhat) {
  Start(server_, "server", GreetingServer);
  RunUntilListening();
  const Time before = world_.now();
  EXPECT_FALSE(world_.RunUntil([] { return false; }, std::chrono::hours(100)));
  EXPECT_EQ(world_.Deadlock(), "server waits in accept(3) on port 9999\n");
  EXPECT_TRUE(Noted("waits in accept(3) on port 9999"));
  EXPECT_LT(world_.now(), before + seconds(1));

  const ProcessId client = Start(client_, "client", [&](Process& p) {
    const int fd = ConnectTo(p.sockets(), server_address_);
    ReadAll(p.sockets(), fd);
    int ends[2];
    p.sockets().pipe2(ends, 0);
    char byte;
    return static_cast<int>(p.sockets().read(ends[0], &byte, 1));
  });
  EXPECT_FALSE(world_.RunUntil([] { return false; }, std::chrono::hours(100)));
  EXPECT_EQ(world_.Deadlock(), "server waits in accept(3) on port 9999\nclient waits in read(4)\n");
  world_.Kill(client);
  world_.RunFor(seconds(1));
  EXPECT_EQ(world_.Deadlock(), "");
}

TEST_F(SimWorldTest, WithoutTracingARunIsTheSame) {
  lab::Time ended[2];
  for (const lab::Tracing tracing : {lab::Tracing::kOn, lab::Tracing::kOff}) {
    SimWorld world(lab::Choices::Seeded(7), 7, tracing);
    const HostId host = world.AddHost({.name = "server", .knobs = {}});
    world.SetLink(host, world.AddHost({.name = "client", .knobs = {}}), {.loss_ppm = 200'000});
    world.Start(host, {.name = "server"}, GreetingServer);
    world.RunUntil([&] { return world.Listening(host, kPort); }, seconds(1));
    const ProcessId client = world.Start(1, {.name = "client"}, [&](Process& p) {
      p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), world.address(host))));
      return 0;
    });
    EXPECT_FALSE(world.RunUntil([] { return false; }, minutes(10)));
    EXPECT_EQ(world.outcome(client).Report("received"), "Hi we are connected!");
    ended[static_cast<size_t>(tracing)] = world.now();
    const bool on = tracing == lab::Tracing::kOn;
    EXPECT_EQ(world.Deadlock(), on ? "server waits in accept(3) on port 9999\n" : "server waits in a call\n");
    for (const lab::Event& event : world.trace().events()) {
      EXPECT_TRUE(on || std::holds_alternative<lab::NoteEvent>(event));
    }
  }
  EXPECT_EQ(ended[0], ended[1]);
}

TEST_F(SimWorldTest, RunForLetsTimePassInAWorldAtRest) {
  world_.RunFor(seconds(61));
  EXPECT_EQ(world_.now(), seconds(61));
}

TEST_F(SimWorldTest, StandardInputEndsAndOutputsAreCollected) {
  StartOptions options;
  options.name = "cat";
  options.arguments = {"-n"};
  options.input = std::string(100'000, 'x') + "end";
  const ProcessId cat = world_.Start(client_, options, [](Process& p) {
    char buffer[8192];
    ssize_t n;
    while ((n = p.sockets().read(0, buffer, sizeof buffer)) > 0) p.sockets().write(1, buffer, static_cast<size_t>(n));
    p.sockets().write(2, p.arguments()[1].data(), p.arguments()[1].size());
    return p.arguments()[0] == "cat" ? 0 : 1;
  });
  RunUntilExit(cat);
  EXPECT_EQ(world_.outcome(cat).output, options.input);
  EXPECT_EQ(world_.outcome(cat).error_output, "-n");
  EXPECT_EQ(world_.outcome(cat).exit_status, 0);
}

TEST_F(SimWorldTest, OutputBeyondTheLimitIsDropped) {
  const auto& outcome = Run(client_, "loud", [](Process& p) {
    const std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 20; ++i) p.sockets().write(1, megabyte.data(), megabyte.size());
    return 0;
  });
  EXPECT_EQ(outcome.output.size(), lab::Outcome::kMostOutput);
}

TEST_F(SimWorldTest, WhatComesForAPausedProcessWaitsInItsKernel) {
  const ProcessId server = Start(server_, "server", GreetingServer);
  RunUntilListening();
  world_.Pause(server);
  const ProcessId client = Start(client_, "client", [&](Process& p) {
    const int fd = ConnectTo(p.sockets(), server_address_);
    p.report("connected", std::to_string(fd >= 0));
    p.report("received", ReadAll(p.sockets(), fd));
    return 0;
  });
  EXPECT_FALSE(world_.RunUntil([&] { return world_.outcome(client).exited; }, minutes(1)));
  EXPECT_EQ(world_.outcome(client).Report("connected"), "1");
  EXPECT_EQ(world_.Deadlock().substr(0, 17), "server is paused\n");
  world_.Resume(server);
  RunUntilExit(client);
  EXPECT_EQ(world_.outcome(client).Report("received"), "Hi we are connected!");
}

TEST_F(SimWorldTest, AnExitClosesWhatIsOpen) {
  Start(server_, "server", [](Process& p) {
    const int listener = Listener(p.sockets(), 5);
    const int fd = p.sockets().accept(listener, nullptr, nullptr);
    SendText(p.sockets(), fd, "bye");
    return 0;
  });
  RunUntilListening();
  const auto& client = Run(client_, "client", [&](Process& p) {
    p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), server_address_)));
    p.report("again", ConnectTo(p.sockets(), server_address_) < 0 ? ErrnoName(errno) : "connected");
    return 0;
  });
  EXPECT_EQ(client.Report("received"), "bye");
  EXPECT_EQ(client.Report("again"), "ECONNREFUSED");
}

TEST_F(SimWorldTest, KillingAProcessWithUnreadDataResetsItsPeer) {
  const ProcessId server = Start(server_, "server", [](Process& p) {
    const int listener = Listener(p.sockets(), 5);
    p.sockets().accept(listener, nullptr, nullptr);
    p.sleep(seconds(100));
    return 0;
  });
  RunUntilListening();
  const ProcessId client = Start(client_, "client", [&](Process& p) {
    const int fd = ConnectTo(p.sockets(), server_address_);
    SendText(p.sockets(), fd, "unread");
    p.report("received", ReadAll(p.sockets(), fd));
    return 0;
  });
  world_.RunFor(seconds(1));
  world_.Kill(server);
  EXPECT_TRUE(world_.outcome(server).exited);
  EXPECT_EQ(world_.outcome(server).exit_status, 137);
  RunUntilExit(client);
  EXPECT_EQ(world_.outcome(client).Report("received"), "!ECONNRESET");
}

TEST_F(SimWorldTest, DestructorsOfAKilledProcessMayMakeCalls) {
  int destroyed = 0;
  struct Closer {
    Process& p;
    int fd;
    int& destroyed;
    ~Closer() {
      char byte;
      if (p.sockets().recv(fd, &byte, 1, 0) == -1 && p.sockets().close(fd) == -1 && errno == EBADF) ++destroyed;
      p.sleep(seconds(1));
    }
  };
  const ProcessId client = Start(client_, "client", [&](Process& p) {
    Closer closer{p, Listener(p.sockets(), 1), destroyed};
    p.sockets().accept(closer.fd, nullptr, nullptr);
    return 0;
  });
  world_.RunFor(seconds(1));
  world_.Kill(client);
  world_.Kill(client);
  EXPECT_EQ(destroyed, 1);
  EXPECT_FALSE(world_.Listening(client_, kPort));
}

TEST_F(SimWorldTest, AProcessThatPollsCanBeKilled) {
  const ProcessId client = Start(client_, "client", [&](Process& p) {
    pollfd fds[2] = {{Listener(p.sockets(), 1), POLLIN, 0}, {0, 0, 0}};
    return p.sockets().poll(fds, 1, -1);
  });
  world_.RunFor(seconds(1));
  EXPECT_FALSE(world_.outcome(client).exited);
  world_.Kill(client);
  EXPECT_EQ(world_.outcome(client).exit_status, 137);
}

TEST_F(SimWorldTest, AProcessThatWasNeverRunCanBeKilled) {
  const ProcessId client = Start(client_, "client", [&](Process&) { return 0; });
  world_.Kill(client);
  world_.RunFor(seconds(1));
  EXPECT_EQ(world_.outcome(client).exit_status, 137);
}

TEST_F(SimWorldTest, AnExceptionEndsItsProcessAlone) {
  const auto& outcome = Run(client_, "client", [](Process&) -> int { throw std::runtime_error("no idea"); });
  EXPECT_EQ(outcome.exit_status, 134);
  EXPECT_EQ(outcome.error_output, "terminated by an exception: no idea\n");
}

TEST_F(SimWorldTest, SpinningLetsTimePass) {
  const auto& outcome = Run(client_, "client", [](Process& p) {
    while (p.now() < seconds(1)) {
    }
    return 0;
  });
  EXPECT_TRUE(outcome.exited);
  EXPECT_GE(world_.now(), seconds(1));
}

TEST_F(SimWorldTest, RandomBytesFollowFromTheSeedAndTheProcess) {
  const auto draw = [&](uint64_t seed) {
    SimWorld world(lab::Choices::Benign(), seed);
    world.AddHost({.name = "a", .knobs = {}});
    for (const char* name : {"one", "two"}) {
      StartOptions options;
      options.name = name;
      world.Start(0, options, [](Process& p) {
        uint64_t drawn[2];
        p.random(&drawn[0], sizeof drawn[0]);
        p.random(&drawn[1], sizeof drawn[1]);
        p.report("drawn", std::to_string(drawn[0]) + " " + std::to_string(drawn[1]));
        return 0;
      });
    }
    world.RunFor(seconds(1));
    return std::pair(world.outcome(0).Report("drawn"), world.outcome(1).Report("drawn"));
  };
  const auto first = draw(1);
  EXPECT_EQ(first, draw(1));
  EXPECT_NE(first, draw(2));
  EXPECT_NE(first.first, first.second);
}

TEST_F(SimWorldTest, AnAddressThatNobodyHasTimesOut) {
  const auto& outcome = Run(client_, "client", [](Process& p) {
    p.report("said", Said(ConnectFd(p.sockets(), Stream(p.sockets()), 0x0a000063)));
    p.report("elsewhere", Said(ConnectFd(p.sockets(), Stream(p.sockets()), 0xc0a80001)));
    return 0;
  });
  EXPECT_EQ(outcome.Report("said"), "ETIMEDOUT");
  EXPECT_EQ(outcome.Report("elsewhere"), "ENETUNREACH");
  EXPECT_GT(world_.now(), seconds(60));
}

TEST_F(SimWorldTest, APartitionMendsByItself) {
  Start(server_, "server", GreetingServer);
  RunUntilListening();
  lab::LinkOptions down;
  down.up = false;
  world_.SetLink(server_, client_, down);
  const ProcessId client = Start(client_, "client", [&](Process& p) {
    p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), server_address_)));
    return 0;
  });
  world_.RunFor(seconds(2));
  EXPECT_FALSE(world_.outcome(client).exited);
  world_.SetLink(server_, client_, {});
  RunUntilExit(client);
  EXPECT_EQ(world_.outcome(client).Report("received"), "Hi we are connected!");
}

TEST_F(SimWorldTest, WhatARuleDropsIsSentAgainAndWhatItDelaysOrDoublesArrivesOnce) {
  Start(server_, "server", GreetingServer);
  RunUntilListening();
  for (const lab::Verdict verdict : {lab::Verdict::kDrop, lab::Verdict::kDelay, lab::Verdict::kDuplicate}) {
    lab::Rule rule;
    rule.name = "fault";
    rule.matches = [](const lab::Packet& packet) { return !packet.payload.empty(); };
    rule.from = world_.now();
    rule.until = world_.now() + milliseconds(100);
    rule.verdict = verdict;
    rule.delay = milliseconds(150);
    world_.AddRule(rule);
    const Time before = world_.now();
    const auto& outcome = Run(client_, "client", [&](Process& p) {
      p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), server_address_)));
      return 0;
    });
    EXPECT_EQ(outcome.Report("received"), "Hi we are connected!");
    EXPECT_EQ(world_.now() - before > milliseconds(100), verdict != lab::Verdict::kDuplicate);
    world_.RunFor(seconds(10));
  }
}

TEST_F(SimWorldTest, AResetRuleResetsBothEnds) {
  const ProcessId server = Start(server_, "server", [](Process& p) {
    const int listener = Listener(p.sockets(), 5);
    const int fd = p.sockets().accept(listener, nullptr, nullptr);
    SendText(p.sockets(), fd, "hello");
    p.report("read", ReadAll(p.sockets(), fd));
    return 0;
  });
  RunUntilListening();
  lab::Rule rule;
  rule.name = "reset";
  rule.matches = [](const lab::Packet& packet) { return !packet.payload.empty(); };
  rule.verdict = lab::Verdict::kReset;
  world_.AddRule(rule);
  const auto& client = Run(client_, "client", [&](Process& p) {
    p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), server_address_)));
    return 0;
  });
  EXPECT_EQ(client.Report("received"), "!ECONNRESET");
  RunUntilExit(server);
  EXPECT_EQ(world_.outcome(server).Report("read"), "!ECONNRESET");
}

TEST_F(SimWorldTest, AHostReachesItselfByEveryAddressOfIts) {
  Start(server_, "server", GreetingServer);
  RunUntilListening();
  const auto& client = Run(server_, "client", [&](Process& p) {
    for (uint32_t address : {server_address_, uint32_t{0x7f000001}, uint32_t{0x7f000505}, uint32_t{0}}) {
      p.report("received", ReadAll(p.sockets(), ConnectTo(p.sockets(), address)));
    }
    return 0;
  });
  ASSERT_EQ(client.reports.size(), 4u);
  for (const auto& [key, value] : client.reports) EXPECT_EQ(value, "Hi we are connected!");
}

TEST_F(SimWorldTest, ShortTransfersCutSendsAndReceives) {
  SimWorld world(lab::Choices::Seeded(5), 5);
  world.AddHost({.name = "a", .knobs = {}});
  StartOptions options;
  options.name = "both";
  options.short_transfers = true;
  const ProcessId process = world.Start(0, options, [](Process& p) {
    lab::Sockets& s = p.sockets();
    const int listener = Listener(s, 5);
    const int out = ConnectTo(s, 0x7f000001);
    const int in = s.accept(listener, nullptr, nullptr);
    const std::string text(1000, 'x');
    int cut_sends = 0;
    int cut_receives = 0;
    for (int i = 0; i < 20; ++i) {
      const ssize_t sent = SendText(s, out, text);
      if (sent < 1 || sent > 1000) return 1;
      cut_sends += sent < 1000;
      p.sleep(milliseconds(1));
      char buffer[1000];
      ssize_t received = s.recv(in, buffer, sizeof buffer, 0);
      cut_receives += received < sent;
      for (; received < sent; received += s.recv(in, buffer, sizeof buffer, 0)) {
      }
    }
    p.report("sends", std::to_string(cut_sends));
    p.report("receives", std::to_string(cut_receives));
    return 0;
  });
  ASSERT_TRUE(world.RunUntil([&] { return world.outcome(process).exited; }, seconds(10)));
  EXPECT_GT(std::stoi(world.outcome(process).Report("sends")), 5);
  EXPECT_GT(std::stoi(world.outcome(process).Report("receives")), 5);
}

TEST_F(SimWorldTest, LossIsMendedByRetransmission) {
  lab::LinkOptions lossy;
  lossy.loss_ppm = 100'000;
  SimWorld world(lab::Choices::Seeded(3), 3);
  world.AddHost({.name = "a", .knobs = {}});
  world.AddHost({.name = "b", .knobs = {}});
  world.SetLink(0, 1, lossy);
  constexpr size_t kBytes = 1 << 20;
  StartOptions options;
  options.name = "server";
  world.Start(0, options, [](Process& p) {
    const int listener = Listener(p.sockets(), 5);
    const int fd = p.sockets().accept(listener, nullptr, nullptr);
    const std::string text(kBytes, 'x');
    return SendText(p.sockets(), fd, text) == static_cast<ssize_t>(kBytes) ? 0 : 1;
  });
  options.name = "client";
  const uint32_t address = world.address(0);
  const ProcessId client = world.Start(1, options, [address](Process& p) {
    p.sleep(milliseconds(1));
    p.report("bytes", std::to_string(ReadAll(p.sockets(), ConnectTo(p.sockets(), address)).size()));
    return 0;
  });
  ASSERT_TRUE(world.RunUntil([&] { return world.outcome(client).exited; }, minutes(60))) << world.Deadlock();
  EXPECT_EQ(world.outcome(client).Report("bytes"), std::to_string(kBytes));
}

}  // namespace
}  // namespace sim
