// That the differential fuzzer finds what differs, that nothing does in some thousand programs, and what several
// threads of a process see of each other, which tests/conformance has no words for.

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "real/kernel_sockets.h"
#include "tests/differential/campaign.h"
#include "tests/differential/compare.h"
#include "tests/differential/generator.h"
#include "tests/differential/kernel_network.h"
#include "tests/differential/kernel_stage.h"
#include "tests/differential/print.h"
#include "tests/differential/sim_stage.h"

// ThreadSanitizer asks for these by this name. The programs end descriptors that other threads of theirs are in calls
// with, on purpose; for it a descriptor is memory.
extern "C" const char* __tsan_default_suppressions();
const char* __tsan_default_suppressions() { return "race:differential::Perform\n"; }

namespace differential {
namespace {

// Of this process, once: entered before it has a second thread.
const absl::StatusOr<std::unique_ptr<KernelNetwork>>& Network() {
  static const auto* const network = new auto(KernelNetwork::Enter());
  return *network;
}

// Says EINVAL where the kernel says ENOTCONN.
class WrongShutdown final : public real::KernelSockets {
 public:
  int shutdown(int sockfd, int how) override {
    const int result = KernelSockets::shutdown(sockfd, how);
    if (result < 0 && errno == ENOTCONN) errno = EINVAL;
    return result;
  }
};

class DifferentialTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Network().ok()) GTEST_SKIP() << Network().status().message();
  }

  // A hand-made program: steps are numbered from 1.
  Step& Add(int actor, Call call, Slot fd = {}) {
    Step& step = program_.steps.emplace_back();
    step.id = static_cast<int>(program_.steps.size());
    step.actor = actor;
    step.call = call;
    step.fd = fd;
    return step;
  }
  Slot Socket(int actor) {
    Step& step = Add(actor, Call::kSocket);
    step.a = AF_INET;
    step.b = SOCK_STREAM;
    return {step.id, 0};
  }
  Slot Listener(int actor) {
    const Slot fd = Socket(actor);
    Add(actor, Call::kBind, fd).address = {INADDR_LOOPBACK, 7001};
    Add(actor, Call::kListen, fd).a = 5;
    return fd;
  }
  Slot Connect(int actor) {
    const Slot fd = Socket(actor);
    Add(actor, Call::kConnect, fd).address = {INADDR_LOOPBACK, 7001};
    return fd;
  }
  Slot Accept(int actor, Slot listener) { return {Add(actor, Call::kAccept, listener).id, 0}; }
  void Bytes(int actor, Call call, Slot fd, int count) { Add(actor, call, fd).a = count; }
  void TakeError(int actor, Slot fd) {
    Step& step = Add(actor, Call::kGetOption, fd);
    step.a = SOL_SOCKET;
    step.b = SO_ERROR;
  }

  void ExpectSame() {
    real::KernelSockets sockets;
    KernelStage kernel(**Network(), sockets);
    SimStage simulated;
    const Comparison comparison = Compare(program_, kernel, simulated);
    EXPECT_EQ(comparison.verdict, Verdict::kSame) << Script(program_, comparison);
  }

  Program program_;
};

// The first two threads of the first process, and one of another.
constexpr int kThread = 0, kOther = 1, kPeer = kThreads;

TEST_F(DifferentialTest, KernelAndSimulationAgreeInThousandsOfPrograms) {
  real::KernelSockets sockets;
  KernelStage kernel(**Network(), sockets);
  SimStage simulated;
  CampaignOptions options;
  options.first_seed = 1;
  options.programs = 2'300;
  options.most_seconds = 45;
  const Summary summary = RunCampaign(options, kernel, simulated, [](const std::string&) {});
  EXPECT_EQ(summary.diverged, 0u) << summary.told << summary.ToString();
  EXPECT_LT(summary.discarded * 10, summary.programs);
}

TEST_F(DifferentialTest, PlantedDivergenceIsFoundAndMadeSmall) {
  WrongShutdown sockets;
  KernelStage kernel(**Network(), sockets);
  SimStage simulated;
  CampaignOptions options;
  options.programs = 300;
  options.most_told = 1;
  const Summary summary = RunCampaign(options, kernel, simulated, [](const std::string&) {});
  EXPECT_GT(summary.diverged, 0u);
  EXPECT_NE(summary.told.find("shutdown: kernel = -1 EINVAL, simulation = -1 ENOTCONN"), std::string::npos)
      << summary.told;
  // A socket, its shutdown with two outcomes, its close; a line before and one behind.
  EXPECT_LE(std::count(summary.told.begin(), summary.told.end(), '\n'), 6) << summary.told;
}

TEST_F(DifferentialTest, SeedGivesTheSameProgramAlways) {
  const Program once = Generate(7), again = Generate(7);
  ASSERT_EQ(once.steps.size(), again.steps.size());
  for (size_t i = 0; i < once.steps.size(); ++i) EXPECT_EQ(ToString(once.steps[i]), ToString(again.steps[i]));
}

TEST_F(DifferentialTest, WaitingRecvGoesOnWhereAnotherThreadClosesItsDescriptor) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Bytes(kThread, Call::kRecv, server, 10);
  Add(kOther, Call::kClose, server);
  Bytes(kPeer, Call::kSend, client, 10);
  Bytes(kPeer, Call::kRecv, client, 10);
  ExpectSame();
}

TEST_F(DifferentialTest, PollTellsOfADescriptorThatWasClosedMeanwhileOnceItWakes) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Step& poll = Add(kThread, Call::kPoll);
  poll.polled = {{server, 0}, {listener, 0}};
  poll.a = -1;
  Add(kOther, Call::kClose, server);
  Add(kPeer, Call::kClose, client);
  ExpectSame();
}

TEST_F(DifferentialTest, PollGoesOnWaitingForTheFilesOfItsBeginning) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kThread);
  const Slot server = Accept(kThread, listener);
  Step& poll = Add(kThread, Call::kPoll);
  poll.polled = {{listener, POLLIN}, {client, 0}};
  poll.a = -1;
  Add(kOther, Call::kClose, listener);
  Add(kOther, Call::kPipe);  // whose reading end has the listener's number now
  Add(kOther, Call::kShutdown, server).a = SHUT_WR;
  ExpectSame();
}

TEST_F(DifferentialTest, DisconnectingEndsRecvWithEpipeAndSendWithTheReset) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  Bytes(kPeer, Call::kRecv, client, 1);
  Add(kPeer + 1, Call::kConnect, client).address = {0, 0, AF_UNSPEC};
  TakeError(kPeer + 1, client);
  const Slot full = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Add(kPeer, Call::kFill, full);
  Bytes(kPeer, Call::kSend, full, 1);
  Add(kPeer + 1, Call::kConnect, full).address = {0, 0, AF_UNSPEC};
  Bytes(kThread, Call::kRecv, server, 1);
  ExpectSame();
}

TEST_F(DifferentialTest, DisconnectingEndsConnectWithEpipeAndAcceptWithEinval) {
  const Slot listener = Socket(kThread);
  Add(kThread, Call::kBind, listener).address = {INADDR_LOOPBACK, 7001};
  Add(kThread, Call::kListen, listener).a = 0;
  Connect(kPeer);
  const Slot waits = Connect(kPeer);
  Add(kPeer + 1, Call::kConnect, waits).address = {0, 0, AF_UNSPEC};
  const Slot given_up = Connect(kPeer);
  Add(kPeer + 1, Call::kShutdown, given_up).a = SHUT_RDWR;
  Accept(kThread, listener);
  Accept(kThread, listener);
  Add(kOther, Call::kConnect, listener).address = {0, 0, AF_UNSPEC};
  ExpectSame();
}

TEST_F(DifferentialTest, ReceivingNothingWakesWithWhateverHappens) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Bytes(kPeer, Call::kRecv, client, 0);
  Add(kPeer + 1, Call::kFill, client);
  Add(kThread, Call::kDrain, server);
  ExpectSame();
}

TEST_F(DifferentialTest, ReceivingNothingFromAPairWaitsForAMessageOrTheEnd) {
  Step& pair = Add(kThread, Call::kSocketPair);
  pair.a = AF_UNIX;
  pair.b = SOCK_STREAM;
  const Slot one{pair.id, 0}, other{pair.id, 1};
  Bytes(kThread, Call::kSend, one, 1);
  Bytes(kThread, Call::kRecv, one, 0);
  Add(kOther, Call::kClose, other);  // with a byte that it has not read
  ExpectSame();
}

TEST_F(DifferentialTest, WaitingForAllEndsAtTheUrgentMark) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Step& all = Add(kThread, Call::kRecv, server);
  all.a = 100;
  all.b = MSG_WAITALL;
  Bytes(kPeer, Call::kSend, client, 1);
  Step& urgent = Add(kPeer, Call::kSend, client);
  urgent.a = 1;
  urgent.b = MSG_OOB;
  ExpectSame();
}

// Each small segment waits for the acknowledgement of the one before, which the receiver delays: by 40 ms where the
// round trip is short, however long it has waited for an answer before.
TEST_F(DifferentialTest, DelayedAcknowledgementsKeepToTheRoundTrip) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Add(kPeer, Call::kFill, client);
  Add(kThread, Call::kDrain, server);
  for (int i = 0; i < 4; ++i) Bytes(kPeer, Call::kSend, client, 10);
  Bytes(kThread, Call::kRecv, server, 100);
  ExpectSame();
}

TEST_F(DifferentialTest, SelectHearsOfClientsWhateverItAsksFor) {
  const Slot listener = Listener(kThread);
  Step& select = Add(kThread, Call::kSelect);
  select.polled = {{listener, POLLOUT}};
  select.a = -1;
  Add(kOther, Call::kClose, listener);
  const Slot client = Socket(kOther);  // has the listener's number now, and can be written to
  Add(kOther, Call::kConnect, client).address = {INADDR_LOOPBACK, 7001};
  ExpectSame();
}

TEST_F(DifferentialTest, WaitingAcceptMindsNoFlagThatIsSetMeanwhile) {
  const Slot listener = Listener(kThread);
  Accept(kThread, listener);
  Add(kOther, Call::kSetFlags, listener).a = O_NONBLOCK;
  Add(kOther, Call::kShutdown, listener).a = SHUT_WR;
  Connect(kPeer);
  ExpectSame();
}

// Nobody tells the sender that there is room again: it has to ask.
TEST_F(DifferentialTest, WhoIsShutDownForReceivingAnnouncesNoWindow) {
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  const Slot server = Accept(kThread, listener);
  Add(kThread, Call::kShutdown, server).a = SHUT_RD;
  Add(kPeer, Call::kFill, client);
  Add(kThread, Call::kDrain, server);
  Step& poll = Add(kPeer, Call::kPoll);
  poll.polled = {{client, POLLOUT}};
  ExpectSame();
}

TEST_F(DifferentialTest, WaitingAcceptKeepsADescriptorForItself) {
  const Slot listener = Listener(kThread);
  Accept(kThread, listener);
  Socket(kOther);
  Add(kOther, Call::kDup2, listener).other = {Slot::kNumber, 4};
  Connect(kPeer);
  ExpectSame();
}

TEST_F(DifferentialTest, AcceptServesThreadsInTheOrderInWhichTheyCame) {
  const Slot listener = Listener(kThread);
  Accept(kOther, listener);
  Accept(kThread, listener);
  Connect(kPeer);
  ExpectSame();
}

TEST_F(DifferentialTest, ShutdownOfAListenerEndsAcceptInEveryThread) {
  const Slot listener = Listener(kThread);
  Accept(kThread, listener);
  Accept(kOther, listener);
  Add(CloserOf(0), Call::kShutdown, listener).a = SHUT_RD;
  ExpectSame();
}

TEST_F(DifferentialTest, ShutdownWithoutAConnectionFailsAndCounts) {
  const Slot fd = Socket(kThread);
  Add(kThread, Call::kShutdown, fd).a = SHUT_RD;
  Bytes(kThread, Call::kRecv, fd, 1);
  Add(kThread, Call::kListen, fd).a = 1;
  Bytes(kThread, Call::kRecv, fd, 1);
  ExpectSame();
}

TEST_F(DifferentialTest, PortIsGivenBackWithTheConnectionThatChoseIt) {
  const Slot refused = Connect(kThread);
  Add(kThread, Call::kGetSockName, refused);
  const Slot listener = Listener(kThread);
  const Slot client = Connect(kPeer);
  Add(kThread, Call::kClose, listener);
  Add(kPeer, Call::kBind, client).address = {INADDR_LOOPBACK, 7002};
  Add(kPeer, Call::kGetSockName, client);
  Add(kPeer, Call::kListen, client).a = 1;
  ExpectSame();
}

}  // namespace
}  // namespace differential

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  (void)differential::Network();
  return RUN_ALL_TESTS();
}
