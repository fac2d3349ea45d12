// Hosts and packets: what a real world's network does.

#include "real/file.h"
#include "real/real_world.h"

#include "real/world_for_test.h"

namespace real {
namespace {

using lab::PacketEvent;
using lab::Process;
using lab::ProcessId;
using std::chrono::milliseconds;

using RealNetworkTest = RealWorldTest;

TEST_F(RealNetworkTest, TwoHostsTalk) {
  StartGreeter("hello");
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("received"), "hello") << Story(client);
  EXPECT_EQ(world_->outcome(client).exit_status, 0);
}

TEST_F(RealNetworkTest, PacketsAreTracedBothWays) {
  StartGreeter("hello");
  ASSERT_TRUE(RunUntilExit(Start(a_, Fetcher(world_->address(b_)))));
  EXPECT_EQ(CountPackets([&](const PacketEvent& event) { return event.packet.tcp.syn && event.from == a_; }), 1);
  EXPECT_EQ(CountPackets([&](const PacketEvent& event) { return event.packet.payload.ToString() == "hello"; }), 1);
  EXPECT_EQ(CountPackets([](const PacketEvent& event) {
              return !event.arrived || event.arrives < event.sent + std::chrono::microseconds(10);
            }),
            0);
}

TEST_F(RealNetworkTest, SixteenMegabytesArriveWhole) {
  std::string big(16 << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 2654435761u >> 13);
  StartGreeter(big);
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_TRUE(world_->outcome(client).Report("received") == big);
}

TEST_F(RealNetworkTest, NobodyListeningRefuses) {
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("error"), "ECONNREFUSED");
}

TEST_F(RealNetworkTest, AnAddressOfNobodyNeverAnswers) {
  const ProcessId client = Start(a_, Fetcher(world_->address(b_) + 70));
  const auto is_unclaimed = [](const PacketEvent& event) {
    return event.fate == PacketEvent::Fate::kUnclaimed && !event.arrived && event.to == -1;
  };
  // The second is the first, retried.
  EXPECT_TRUE(world_->RunUntil([&] { return CountPackets(is_unclaimed) == 2; }, kPatience));
  EXPECT_FALSE(world_->outcome(client).exited);
}

TEST_F(RealNetworkTest, DatagramsAndTheirErrorsPass) {
  const auto ask = [to = world_->address(b_)](Process& self, uint16_t port) -> std::string {
    lab::Sockets& sockets = self.sockets();
    const int asker = sockets.socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in address = Address(to, port);
    sockets.connect(asker, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    sockets.send(asker, "ping", 4, 0);
    char answer[8];
    const ssize_t length = sockets.recv(asker, answer, sizeof answer, 0);
    return length < 0 ? strerrorname_np(errno) : std::string(answer, length);
  };
  const ProcessId server = Start(b_, [](Process& self) {
    lab::Sockets& sockets = self.sockets();
    const int socket = sockets.socket(AF_INET, SOCK_DGRAM, 0);
    const sockaddr_in any = Address(INADDR_ANY, kPort);
    sockets.bind(socket, reinterpret_cast<const sockaddr*>(&any), sizeof any);
    self.report("bound", "");
    char bytes[8];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t length = sockets.recvfrom(socket, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
    sockets.sendto(socket, bytes, length, 0, reinterpret_cast<const sockaddr*>(&from), size);
    return 0;
  });
  ASSERT_TRUE(RunUntilReport(server, "bound"));
  EXPECT_EQ(ResultOf(a_,
                     [&ask](Process& self) {
                       self.report("result", absl::StrCat(ask(self, kPort), " ", ask(self, kPort + 1)));
                       return 0;
                     }),
            "ping ECONNREFUSED");
}

TEST_F(RealNetworkTest, AHostReachesItselfByEveryAddress) {
  StartGreeter("hello");
  for (const uint32_t address : {world_->address(b_), uint32_t{INADDR_LOOPBACK}}) {
    const ProcessId client = Start(b_, Fetcher(address));
    ASSERT_TRUE(RunUntilExit(client)) << Story(client);
    EXPECT_EQ(world_->outcome(client).Report("received"), "hello") << Story(client);
  }
}

TEST_F(RealNetworkTest, WorldsSideBySideNeverMeet) {
  StartGreeter("hello from the first");
  RealWorld other(lab::Choices::Benign());
  const lab::HostId gamma = other.AddHost({"gamma", {}});
  const lab::HostId delta = other.AddHost({"delta", {}});
  ASSERT_EQ(other.address(delta), world_->address(b_));

  const ProcessId client = other.Start(gamma, {.name = "client"}, Fetcher(other.address(delta)));
  const ProcessId asks = other.Start(gamma, {.name = "asks"}, [](Process& self) {
    addrinfo* found = nullptr;
    return self.sockets().getaddrinfo("beta", nullptr, nullptr, &found) == EAI_NONAME ? 0 : 1;
  });
  ASSERT_TRUE(other.RunUntil([&] { return other.outcome(client).exited && other.outcome(asks).exited; }, kPatience));
  EXPECT_EQ(other.outcome(client).Report("error"), "ECONNREFUSED");
  EXPECT_EQ(other.outcome(asks).exit_status, 0);
  EXPECT_EQ(CountPackets([](const PacketEvent&) { return true; }), 0);
}

TEST_F(RealNetworkTest, ListeningIsSeenPerHostAndPort) {
  StartGreeter("hello");
  EXPECT_TRUE(world_->Listening(b_, kPort));
  EXPECT_FALSE(world_->Listening(b_, kPort + 1));
  EXPECT_FALSE(world_->Listening(a_, kPort));
}

TEST_F(RealNetworkTest, ALinksMtuBoundsItsPackets) {
  world_->SetLink(a_, b_, {.mtu = 1500});
  StartGreeter(std::string(100'000, 'x'));
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("received").size(), 100'000u);
  EXPECT_EQ(CountPackets([](const PacketEvent& event) { return event.packet.wire_size() > 1500; }), 0);
  EXPECT_GT(CountPackets([](const PacketEvent& event) { return event.packet.wire_size() == 1500; }), 10);
}

TEST_F(RealNetworkTest, KnobsAreSetOnTheirHostAlone) {
  lab::HostOptions options{.name = "tuned"};
  options.knobs.tcp_syn_retries = 2;
  options.knobs.somaxconn = 7;
  const lab::HostId tuned = world_->AddHost(options);
  const lab::Function read = [](Process& self) {
    const auto retries = ReadSmallFile("/proc/sys/net/ipv4/tcp_syn_retries");
    const auto most = ReadSmallFile("/proc/sys/net/core/somaxconn");
    self.report("result", absl::StrCat(retries.value_or("?"), most.value_or("?")));
    return 0;
  };
  EXPECT_EQ(ResultOf(tuned, read), "2\n7\n");
  EXPECT_EQ(ResultOf(a_, read), "6\n4096\n");
}

TEST_F(RealNetworkTest, AKnobThatTheKernelRefusesIsNamed) {
  lab::HostOptions options{.name = "tuned"};
  options.knobs.tcp_syn_retries = 1000;
  const lab::HostId tuned = world_->AddHost(options);
  EXPECT_EQ(world_->status().message(), "1000 is not a value that net.ipv4/tcp_syn_retries can have");
  const ProcessId process = Start(tuned, [](Process&) { return 0; });
  EXPECT_TRUE(world_->outcome(process).exited);
  EXPECT_EQ(world_->outcome(process).Report(lab::kLabErrorReport), world_->status().message());
}

}  // namespace
}  // namespace real
