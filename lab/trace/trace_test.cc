#include "lab/trace/trace.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <set>

#include "lab/trace/story_for_test.h"

namespace lab {
namespace {

PacketEvent SomePacket() {
  Story story;
  story.At(5).Send(0, 1, {"A", 1000, 2000, "words"});
  return std::get<PacketEvent>(*story.trace().events().begin());
}

CallEvent SomeCall() {
  Story story;
  story.At(5).Call(1, DUET_CALL_RECV, {3, 100, 0}, 5, 0, 10, "words", {Story::AddressOf(1), 9999});
  return std::get<CallEvent>(*story.trace().events().begin());
}

template <typename E>
uint64_t HashOf(E event) {
  Trace trace;
  trace.Add(std::move(event));
  return trace.hash();
}

TEST(TraceHashTest, EqualTracesHaveEqualHashes) { EXPECT_EQ(Greeting().trace().hash(), Greeting().trace().hash()); }

TEST(TraceHashTest, CoversAllOfAPacketButItsBytes) {
  const std::vector<std::function<void(PacketEvent&)>> changes = {
      [](PacketEvent&) {},
      [](PacketEvent& e) { e.sent += Time(1); },
      [](PacketEvent& e) { e.arrives += Time(1); },
      [](PacketEvent& e) { e.from = 2; },
      [](PacketEvent& e) { e.to = 2; },
      [](PacketEvent& e) { e.fate = PacketEvent::Fate::kRuled; },
      [](PacketEvent& e) { e.arrived = false; },
      [](PacketEvent& e) { e.cause = "loss"; },
      [](PacketEvent& e) { e.packet.source.address = e.packet.source.address.ipv4() ^ 1; },
      [](PacketEvent& e) { e.packet.source.port ^= 1; },
      [](PacketEvent& e) { e.packet.destination.address = e.packet.destination.address.ipv4() ^ 1; },
      [](PacketEvent& e) { e.packet.destination.port ^= 1; },
      [](PacketEvent& e) { e.packet.tcp.seq ^= 1; },
      [](PacketEvent& e) { e.packet.tcp.ack ^= 1; },
      [](PacketEvent& e) { e.packet.tcp.window ^= 1; },
      [](PacketEvent& e) { e.packet.tcp.urgent ^= 1; },
      [](PacketEvent& e) { e.packet.tcp.syn = true; },
      [](PacketEvent& e) { e.packet.tcp.ack_flag = false; },
      [](PacketEvent& e) { e.packet.tcp.fin = true; },
      [](PacketEvent& e) { e.packet.tcp.rst = true; },
      [](PacketEvent& e) { e.packet.tcp.psh = false; },
      [](PacketEvent& e) { e.packet.tcp.urg = true; },
      [](PacketEvent& e) { e.packet.tcp.mss = 0; },
      [](PacketEvent& e) { e.packet.tcp.window_scale = 0; },
      [](PacketEvent& e) { e.packet.tcp.sack_permitted = true; },
      [](PacketEvent& e) { e.packet.tcp.timestamps = {0, 0}; },
      [](PacketEvent& e) { e.packet.tcp.sack.push_back({0, 0}); },
      [](PacketEvent& e) { e.packet.payload = Payload::Copy("word"); },
  };
  std::set<uint64_t> hashes;
  for (const auto& change : changes) {
    PacketEvent event = SomePacket();
    change(event);
    hashes.insert(HashOf(event));
  }
  EXPECT_EQ(hashes.size(), changes.size());
  PacketEvent other_bytes = SomePacket();
  other_bytes.packet.payload = Payload::Copy("WORDS");
  EXPECT_EQ(HashOf(other_bytes), HashOf(SomePacket()));
}

TEST(TraceTest, KeepsTheBytesOfPacketsOnlyUpToALimit) {
  Trace trace;
  PacketEvent event = SomePacket();
  event.packet.payload = Payload::Copy(std::string(65'000, 'x'));
  const size_t whole = Trace::kMostBytes / event.packet.payload.size();
  for (size_t i = 0; i <= whole; ++i) trace.Add(event);
  const auto& last_kept = std::get<PacketEvent>(*std::next(trace.events().begin(), whole - 1));
  const auto& beyond = std::get<PacketEvent>(*std::next(trace.events().begin(), whole));
  EXPECT_TRUE(last_kept.bytes_kept);
  EXPECT_EQ(last_kept.packet.payload.ToString(), event.packet.payload.ToString());
  EXPECT_FALSE(beyond.bytes_kept);
  EXPECT_EQ(beyond.packet.payload.ToString(), std::string(65'000, '\0'));
}

TEST(TraceHashTest, CoversAllOfACallAndTheBytesThatItsLedgerKeeps) {
  const std::vector<std::function<void(CallEvent&)>> changes = {
      [](CallEvent&) {},
      [](CallEvent& e) { e.process = 2; },
      [](CallEvent& e) { e.entry.call = DUET_CALL_READ; },
      [](CallEvent& e) { e.entry.begin_ns += 1; },
      [](CallEvent& e) { e.entry.end_ns += 1; },
      [](CallEvent& e) { e.entry.result = 4; },
      [](CallEvent& e) { e.entry.error = EINTR; },
      [](CallEvent& e) { e.entry.arguments[0] = 9; },
      [](CallEvent& e) { e.entry.arguments[3] = 9; },
      [](CallEvent& e) { e.entry.address[15] ^= 1; },
      [](CallEvent& e) { e.entry.port ^= 1; },
      [](CallEvent& e) { e.entry.data[4] ^= 1; },
      [](CallEvent& e) { e.entry.data_length = 4; },
  };
  std::set<uint64_t> hashes;
  for (const auto& change : changes) {
    CallEvent event = SomeCall();
    change(event);
    hashes.insert(HashOf(event));
  }
  EXPECT_EQ(hashes.size(), changes.size());
}

TEST(TraceHashTest, CoversNotesAndTheOrder) {
  const NoteEvent paused{Time(1), 0, -1, "paused"}, resumed{Time(1), 0, -1, "resumed"};
  Trace one, other;
  one.Add(paused);
  one.Add(resumed);
  other.Add(resumed);
  other.Add(paused);
  EXPECT_NE(one.hash(), other.hash());
  EXPECT_NE(HashOf(paused), HashOf(resumed));
}

NoteEvent NoteAt(size_t time) { return {Time(time), 0, -1, ""}; }

CallEvent CallAt(size_t time) {
  CallEvent call;
  call.entry.begin_ns = call.entry.end_ns = static_cast<int64_t>(time);
  return call;
}

// So many are kept where all are calls, and where none is.
constexpr size_t kCallsAlone = Events::kHead + Events::kLastCalls;
constexpr size_t kOthersAlone = Events::kHead + Events::kLastOthers;

TEST(TraceTest, WhatIsNotKeptIsCountedAndHashed) {
  Trace trace;
  for (size_t i = 0; i < kOthersAlone; ++i) trace.Add(NoteAt(i));
  EXPECT_EQ(trace.events().left_out(), 0u);
  const uint64_t full = trace.hash();
  trace.Add(NoteAt(kOthersAlone));
  EXPECT_EQ(trace.size(), kOthersAlone + 1);
  EXPECT_EQ(trace.events().size(), kOthersAlone);
  EXPECT_EQ(trace.events().left_out(), 1u);
  EXPECT_NE(trace.hash(), full);
}

TEST(TraceTest, KeepsTheBeginningAndTheEndOfALongRunInOrder) {
  constexpr size_t kAdded = 4 * kOthersAlone;
  Trace trace;
  for (size_t i = 0; i < kAdded; ++i) trace.Add(NoteAt(i));
  const std::vector<Event> events(trace.events().begin(), trace.events().end());
  ASSERT_EQ(events.size(), kOthersAlone);
  for (size_t i = 0; i < Events::kHead; ++i) ASSERT_EQ(TimeOf(events[i]), Time(i));
  EXPECT_EQ(trace.events().left_out_from(), Time(Events::kHead));
  for (size_t i = Events::kHead; i < kOthersAlone; ++i) ASSERT_EQ(TimeOf(events[i]), Time(kAdded - kOthersAlone + i));
}

TEST(TraceTest, CallsPushOutNoPacketAndNoNote) {
  constexpr size_t kCalls = 10 * kCallsAlone;
  Trace trace;
  size_t notes = 0;
  for (size_t i = 0; i < kCalls; ++i) {
    trace.Add(CallAt(i));
    if (i % 1000 == 0) trace.Add(NoteAt(i)), ++notes;
  }
  size_t kept = 0;
  for (const Event& event : trace.events()) kept += std::holds_alternative<NoteEvent>(event);
  EXPECT_EQ(kept, notes);
  EXPECT_EQ(TimeOf(*trace.events().rbegin()), Time(kCalls - 1));
}

TEST(TraceTest, GivesCallsAndOthersInOneOrderForwardsAndBackwards) {
  Trace trace;
  for (size_t i = 0; i < 4 * kCallsAlone; ++i) {
    if (i % 3 == 0) {
      trace.Add(NoteAt(i));
    } else {
      trace.Add(CallAt(i));
    }
  }
  std::vector<Time> forwards, backwards;
  for (const Event& event : trace.events()) forwards.push_back(TimeOf(event));
  for (auto event = trace.events().rbegin(); event != trace.events().rend(); ++event) {
    backwards.push_back(TimeOf(*event));
  }
  EXPECT_EQ(forwards.size(), Events::kHead + Events::kLastCalls + Events::kLastOthers);
  EXPECT_TRUE(std::is_sorted(forwards.begin(), forwards.end()));
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(forwards, backwards);
}

TEST(TraceTest, ACopyOfALongRunGoesOnByItself) {
  Trace one;
  for (size_t i = 0; i < kCallsAlone + 10; ++i) one.Add(CallAt(i));
  Trace other = one;
  for (size_t i = 0; i < Events::kLastOthers + 5; ++i) other.Add(NoteAt(i));
  EXPECT_EQ(one.events().left_out(), 10u);
  EXPECT_EQ(other.events().left_out(), 15u);
  for (const Event& event : one.events()) ASSERT_TRUE(std::holds_alternative<CallEvent>(event));
}

TEST(TraceTest, LeavesOutWhatIsOldestAfterSorting) {
  Trace trace;
  for (size_t i = 0; i <= kOthersAlone; ++i) trace.Add(NoteAt(2 * kOthersAlone - i));
  trace.Sort();
  EXPECT_EQ(trace.events().left_out(), 1u);
  trace.Add(NoteAt(3 * kOthersAlone));
  EXPECT_EQ(trace.size(), kOthersAlone + 2);
  EXPECT_EQ(trace.events().left_out(), 2u);
  const std::vector<Event> events(trace.events().begin(), trace.events().end());
  ASSERT_EQ(events.size(), kOthersAlone);
  for (size_t i = 1; i < events.size(); ++i) ASSERT_LT(TimeOf(events[i - 1]), TimeOf(events[i]));
}

TEST(TraceTest, CallsOfAForgedTimePushOutNothingByBeingSorted) {
  Trace trace;
  for (size_t i = 0; i < kOthersAlone; ++i) trace.Add(NoteAt(1'000'000 + i));
  for (size_t i = 0; i < Events::kLastCalls; ++i) trace.Add(CallAt(i));
  trace.Sort();
  for (size_t i = 0; i < 2 * Events::kLastCalls; ++i) trace.Add(CallAt(i));
  trace.Sort();
  EXPECT_EQ(trace.events().left_out(), Events::kLastCalls);
  size_t notes = 0;
  for (const Event& event : trace.events()) notes += std::holds_alternative<NoteEvent>(event);
  EXPECT_EQ(notes, kOthersAlone);
}

TEST(TraceTest, SortsWhatWasAddedSinceTheLastTime) {
  Trace trace;
  for (const size_t time : {5, 1, 3}) trace.Add(NoteAt(time));
  trace.Sort();
  for (const size_t time : {4, 2, 9}) trace.Add(NoteAt(time));
  trace.Sort();
  std::vector<Time> times;
  for (const Event& event : trace.events()) times.push_back(TimeOf(event));
  EXPECT_EQ(times, (std::vector<Time>{Time(1), Time(2), Time(3), Time(4), Time(5), Time(9)}));
}

TEST(TraceTest, SortsByTheTimeOfBeginningAndKeepsTheOrderOfEquals) {
  Story story;
  story.At(9).Note(0, -1, "third").At(3).Call(0, DUET_CALL_CLOSE, {3}, 0, 0, 50);
  story.At(5).Send(0, 1, {"S"}).At(9).Note(0, -1, "fourth");
  story.trace().Sort();
  const std::vector<Event> events(story.trace().events().begin(), story.trace().events().end());
  EXPECT_TRUE(std::holds_alternative<CallEvent>(events[0]));
  EXPECT_TRUE(std::holds_alternative<PacketEvent>(events[1]));
  EXPECT_EQ(std::get<NoteEvent>(events[2]).text, "third");
  EXPECT_EQ(std::get<NoteEvent>(events[3]).text, "fourth");
}

TEST(TraceTest, KnowsHostsByTheirAddresses) {
  Story story;
  EXPECT_EQ(story.trace().NameOf({Story::AddressOf(1), 80}), "server:80");
  EXPECT_EQ(story.trace().NameOf({0x7f000001, 80}), "127.0.0.1:80");
  EXPECT_EQ(story.trace().NameOf({kIpv6Loopback, 80}), "[::1]:80");
}

TEST(ToStringTest, NamesHostsThatATraceKnows) {
  Story story;
  duet_ledger_entry entry = SomeCall().entry;
  entry.call = DUET_CALL_CONNECT;
  entry.result = -1;
  entry.error = ECONNREFUSED;
  EXPECT_EQ(ToString(entry, story.trace()), "connect(3, server:9999) = -1 ECONNREFUSED (Connection refused)");
  EXPECT_EQ(ToString(entry), "connect(3, 10.0.0.2:9999) = -1 ECONNREFUSED (Connection refused)");
}

TEST(ToStringTest, TakesWhateverAHostileProgramWrote) {
  duet_ledger_entry entry;
  for (int byte = 0; byte < 256; ++byte) {
    std::memset(&entry, byte, sizeof(entry));
    for (uint32_t call = 0; call <= DUET_CALL_COUNT; ++call) {
      entry.call = call;
      entry.end_ns = entry.begin_ns;
      for (const char c : ToString(entry)) EXPECT_TRUE(c >= ' ' && c <= '~') << byte << " " << call;
    }
  }
}

TEST(DescribeTest, SaysWhatAPacketCarries) {
  const auto describe = [](const std::string& flags, const std::string& data) {
    return Describe(Story().PacketOf(0, 1, {flags, 1, 1, data}));
  };
  EXPECT_EQ(describe("S", ""), "SYN");
  EXPECT_EQ(describe("SA", ""), "SYN, ACK");
  EXPECT_EQ(describe("A", ""), "ACK");
  EXPECT_EQ(describe("A", "x"), "1 byte");
  EXPECT_EQ(describe("FA", "xy"), "2 bytes, FIN");
  EXPECT_EQ(describe("FA", ""), "FIN");
  EXPECT_EQ(describe("RA", ""), "RST");
  EXPECT_EQ(describe("", ""), "no flags");
}

}  // namespace
}  // namespace lab
