// Traces for tests, told in few words: hosts "client" (0) and "server" (1), further ones as named, a process on each.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/trace/trace.h"

namespace lab {

class Story {
 public:
  explicit Story(const std::vector<std::string>& hosts = {"client", "server"}) {
    uint32_t address = 0x0a000001;
    for (const std::string& name : hosts) trace_.AddProcess(name, trace_.AddHost(name, address++));
  }

  Trace& trace() { return trace_; }

  // How long a call takes until it has sent its packet.
  static constexpr Duration kMoment{100};

  // The time of what follows.
  Story& At(int64_t microseconds) {
    now_ = std::chrono::microseconds(microseconds);
    return *this;
  }

  struct Segment {
    std::string flags;  // of "SAFR"
    uint32_t seq = 0;
    uint32_t ack = 0;
    std::string data = {};
    uint16_t client_port = 40'000;
    uint16_t window = 65'000;
    std::string cause = {};
    bool arrived = true;
    int64_t latency_us = 10;
  };

  Packet PacketOf(HostId from, HostId to, const Segment& segment) const {
    Packet packet;
    const uint16_t server_port = 9999;
    const bool from_server = to < from;
    packet.source = {AddressOf(from), from_server ? server_port : segment.client_port};
    packet.destination = {AddressOf(to), from_server ? segment.client_port : server_port};
    packet.tcp.seq = segment.seq;
    packet.tcp.ack = segment.ack;
    packet.tcp.syn = segment.flags.find('S') != std::string::npos;
    packet.tcp.ack_flag = segment.flags.find('A') != std::string::npos;
    packet.tcp.fin = segment.flags.find('F') != std::string::npos;
    packet.tcp.rst = segment.flags.find('R') != std::string::npos;
    packet.tcp.psh = !segment.data.empty();
    packet.tcp.window = segment.window;
    packet.payload = Payload::Copy(segment.data);
    return packet;
  }

  Story& Send(HostId from, HostId to, const Segment& segment) {
    PacketEvent event;
    event.sent = now_ + kMoment;
    event.arrives = event.sent + std::chrono::microseconds(segment.latency_us);
    event.from = from;
    event.to = to;
    event.cause = segment.cause;
    event.arrived = segment.arrived;
    if (!segment.cause.empty()) event.fate = PacketEvent::Fate::kRuled;
    if (!segment.arrived) event.fate = PacketEvent::Fate::kLost;
    event.packet = PacketOf(from, to, segment);
    trace_.Add(std::move(event));
    return *this;
  }

  // A call that begins now and takes that long; -1: it has not returned.
  Story& Call(ProcessId process, duet_call call, std::vector<int64_t> arguments, int64_t result, int error = 0,
              int64_t lasts_us = 0, std::string_view data = "", Endpoint address = {}) {
    CallEvent event;
    event.process = process;
    event.entry.call = call;
    for (size_t i = 0; i < arguments.size(); ++i) event.entry.arguments[i] = arguments[i];
    event.entry.result = result;
    event.entry.error = error;
    event.entry.begin_ns = now_.count();
    event.entry.end_ns = lasts_us < 0 ? now_.count() - 1 : now_.count() + lasts_us * 1000;
    if (address != Endpoint()) SetAddress(event.entry, address);
    event.entry.data_length = static_cast<uint16_t>(std::min<size_t>(data.size(), DUET_LEDGER_DATA));
    std::memcpy(event.entry.data, data.data(), event.entry.data_length);
    trace_.Add(event);
    return *this;
  }

  Story& Note(HostId host, ProcessId process, std::string text) {
    trace_.Add(NoteEvent{now_, host, process, std::move(text)});
    return *this;
  }

  static uint32_t AddressOf(HostId host) { return 0x0a000001 + static_cast<uint32_t>(host); }

 private:
  Trace trace_;
  Time now_{0};
};

// The lecture's client and server, once: a connection, twenty bytes, the end.
inline Story Greeting() {
  const Endpoint server{Story::AddressOf(1), 9999}, any{0, 9999}, client{Story::AddressOf(0), 40'000};
  Story story;
  story.At(1).Call(1, DUET_CALL_SOCKET, {2, 1, 0}, 3);
  story.At(2).Call(1, DUET_CALL_BIND, {3}, 0, 0, 1, "", any);
  story.At(3).Call(1, DUET_CALL_LISTEN, {3, 5}, 0, 0, 1);
  story.At(5).Call(0, DUET_CALL_SOCKET, {2, 1, 0}, 3);
  story.At(6).Call(0, DUET_CALL_CONNECT, {3}, 0, 0, 21, "", server);
  story.At(6).Send(0, 1, {"S", 1000, 0});
  story.At(16).Send(1, 0, {"SA", 5000, 1001});
  story.At(26).Send(0, 1, {"A", 1001, 5001});
  story.At(4).Call(1, DUET_CALL_ACCEPT, {3, 0}, 4, 0, 33, "", client);
  story.At(37).Call(1, DUET_CALL_SEND, {4, 20, 0}, 20, 0, 1, "Hi we are connected!");
  story.At(37).Send(1, 0, {"A", 5001, 1001, "Hi we are connected!"});
  story.At(38).Call(1, DUET_CALL_CLOSE, {4}, 0, 0, 1);
  story.At(38).Send(1, 0, {"FA", 5021, 1001});
  story.At(27).Call(0, DUET_CALL_RECV, {3, 100, 0}, 20, 0, 21, "Hi we are connected!");
  story.At(47).Send(0, 1, {"A", 1001, 5021});
  story.At(48).Send(0, 1, {"A", 1001, 5022});
  story.At(49).Call(0, DUET_CALL_RECV, {3, 100, 0}, 0, 0, 1);
  story.At(50).Call(0, DUET_CALL_WRITE, {1, 20}, 20, 0, 1, "Hi we are connected!");
  story.At(52).Call(0, DUET_CALL_CLOSE, {3}, 0, 0, 1);
  story.At(52).Send(0, 1, {"FA", 1001, 5022});
  story.At(53).Note(0, 0, "exited with status 0");
  story.At(62).Send(1, 0, {"A", 5022, 1002});
  return story;
}

}  // namespace lab
