#include "sim/host/listen_queue.h"

#include <vector>

#include "sim/host/world_for_test.h"

namespace sim {
namespace {

using lab::Process;
using lab::ProcessId;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ListenQueueTest : public WorldTest {
 protected:
  explicit ListenQueueTest(lab::Knobs knobs = {}) : WorldTest(knobs) {}

  // A server that listens and then sleeps, as one that is busy.
  ProcessId StartBusyServer(int backlog, Duration busy = seconds(1000)) {
    const ProcessId server = Start(server_, "server", [backlog, busy](Process& p) {
      lab::Sockets& s = p.sockets();
      const int listener = Listener(s, backlog);
      p.sleep(busy);
      for (;;) {
        const int fd = s.accept(listener, nullptr, nullptr);
        SendText(s, fd, "hello");
        s.close(fd);
      }
      return 0;
    });
    RunUntilListening();
    return server;
  }

  // A client that tells what connect said, and then what it read.
  ProcessId StartClient() {
    return Start(client_, "client", [this](Process& p) {
      const int fd = Stream(p.sockets());
      p.report("connect", Said(ConnectFd(p.sockets(), fd, server_address_)));
      p.report("read", ReadAll(p.sockets(), fd));
      return 0;
    });
  }

  // `queued` clients connect one after another, then `at_once` more all at once over 20 ms of latency.
  void Overflow(int backlog, int queued, int at_once) {
    lab::LinkOptions far;
    far.latency = milliseconds(20);
    world_.SetLink(server_, client_, far);
    StartBusyServer(backlog);
    for (int i = 0; i < queued; ++i) {
      clients_.push_back(StartClient());
      world_.RunFor(seconds(0) + milliseconds(100));
    }
    for (int i = 0; i < at_once; ++i) clients_.push_back(StartClient());
    world_.RunFor(milliseconds(300));
  }
  int Count(std::string_view key, std::string_view value) const {
    int count = 0;
    for (const ProcessId client : clients_) {
      const lab::Outcome& outcome = world_.outcome(client);
      count += outcome.HasReport(key) && outcome.Report(key) == value;
    }
    return count;
  }

  std::vector<ProcessId> clients_;
};

class ListenQueueWithAbortTest : public ListenQueueTest {
 protected:
  ListenQueueWithAbortTest() : ListenQueueTest({.tcp_abort_on_overflow = 1}) {}
};

class ListenQueueWithoutCookiesTest : public ListenQueueTest {
 protected:
  ListenQueueWithoutCookiesTest() : ListenQueueTest({.tcp_syncookies = 0}) {}
};

class ListenQueueWithSomaxconnTest : public ListenQueueTest {
 protected:
  ListenQueueWithSomaxconnTest() : ListenQueueTest({.somaxconn = 3}) {}
};

TEST_F(ListenQueueTest, BacklogAndOneMoreConnectWithoutAnAccept) {
  for (const int backlog : {0, 1, 2, 5}) {
    SCOPED_TRACE(backlog);
    WorldTest::AddHosts({});
    clients_.clear();
    Overflow(backlog, backlog + 2, 0);
    EXPECT_EQ(Count("connect", "ok"), backlog + 1);
  }
  EXPECT_TRUE(Noted("the accept queue is full: drops the SYN of 10.0.0."));
}

TEST_F(ListenQueueTest, AClientWhoseSynWasDroppedTriesAgain) {
  StartBusyServer(0, milliseconds(1500));
  const ProcessId first = StartClient();
  world_.RunFor(milliseconds(10));
  const ProcessId second = StartClient();
  RunUntilExit(second);
  EXPECT_EQ(world_.outcome(first).Report("read"), "hello");
  EXPECT_EQ(world_.outcome(second).Report("read"), "hello");
  // The second SYN goes out after one second, the third after two.
  EXPECT_GT(world_.now(), seconds(2));
  EXPECT_LT(world_.now(), milliseconds(2200));
}

TEST_F(ListenQueueTest, ALastAckThatFindsTheQueueFullIsDropped) {
  Overflow(5, 4, 4);
  EXPECT_EQ(Count("connect", "ok"), 8) << "two of them believe in connections that the server doesn't have";
  EXPECT_EQ(Count("read", "!ECONNRESET"), 0);
  EXPECT_TRUE(Noted("the accept queue is full: drops the last ACK of"));
}

TEST_F(ListenQueueWithAbortTest, ALastAckThatFindsTheQueueFullIsReset) {
  Overflow(5, 4, 4);
  EXPECT_EQ(Count("connect", "ok"), 8);
  EXPECT_EQ(Count("read", "!ECONNRESET"), 2);
}

TEST_F(ListenQueueWithAbortTest, AConnectionByCookieIsNotReset) {
  Overflow(1, 0, 4);
  EXPECT_EQ(Count("connect", "ok"), 4);
  EXPECT_EQ(Count("read", "!ECONNRESET"), 0);
}

TEST_F(ListenQueueTest, CookiesLetConnectionsInOnceTheQueueHasSpace) {
  lab::LinkOptions far;
  far.latency = milliseconds(20);
  world_.SetLink(server_, client_, far);
  StartBusyServer(0, milliseconds(50));
  for (int i = 0; i < 3; ++i) clients_.push_back(StartClient());
  world_.RunFor(seconds(30));
  // The cookie of the second brought its connection in when it came back; the third's found the queue full, and the
  // data that it never sends would have tried again.
  EXPECT_GE(Count("read", "hello"), 1);
  EXPECT_EQ(Count("connect", "ok"), 3);
}

TEST_F(ListenQueueWithoutCookiesTest, ASynThatFindsTheSynQueueFullIsDropped) {
  Overflow(1, 0, 4);
  EXPECT_EQ(Count("connect", "ok"), 2);
  EXPECT_TRUE(Noted("the SYN queue is full: drops the SYN of"));
}

TEST_F(ListenQueueWithSomaxconnTest, SomaxconnBoundsTheBacklog) {
  Overflow(100, 6, 0);
  EXPECT_EQ(Count("connect", "ok"), 4);
}

TEST_F(ListenQueueWithSomaxconnTest, ANegativeBacklogIsAVeryLargeOne) {
  Overflow(-1, 6, 0);
  EXPECT_EQ(Count("connect", "ok"), 4);
}

TEST_F(ListenQueueTest, ClosingTheListenerResetsWhoWaits) {
  const ProcessId server = StartBusyServer(5);
  clients_.push_back(StartClient());
  world_.RunFor(milliseconds(10));
  EXPECT_EQ(Count("connect", "ok"), 1);
  world_.Kill(server);
  world_.RunFor(milliseconds(10));
  EXPECT_EQ(Count("read", "!ECONNRESET"), 1);
}

TEST_F(ListenQueueTest, AnUnansweredSynAckIsGivenUp) {
  StartBusyServer(0);
  lab::Rule rule;
  rule.name = "no SYN-ACK arrives";
  rule.matches = [](const lab::Packet& packet) { return packet.tcp.syn && packet.tcp.ack_flag; };
  rule.until = seconds(5);
  world_.AddRule(rule);
  clients_.push_back(StartClient());
  world_.RunFor(seconds(10));
  EXPECT_EQ(Count("connect", "ok"), 1);
}

}  // namespace
}  // namespace sim
