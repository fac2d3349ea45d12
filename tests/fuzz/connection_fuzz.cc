// A connection under a sequence of segments, calls and steps of time, of which each byte of the input decides
// something.
//
// Both streams have a text that follows from the position of each byte, so that what is read and what is sent can be
// checked whatever came before.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "sim/tcp/connection.h"
#include "tests/fuzz/input.h"

namespace {

using fuzz::Check;
using fuzz::Input;
using sim::tcp::Connection;
using sim::tcp::State;

constexpr lab::Endpoint kUs{0x0a000001, 40'000};
constexpr lab::Endpoint kPeer{0x0a000002, 9'999};

char TextAt(uint32_t position) { return static_cast<char>(position * 131 + (position >> 8)); }

std::string Text(uint32_t position, size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; ++i) text[i] = TextAt(position + static_cast<uint32_t>(i));
  return text;
}

class Run {
 public:
  Run(const uint8_t* data, size_t size) : input_(data, size) { Open(); }

  void Play() {
    constexpr int kMostSteps = 500;
    connection_->SetUrgentInline(true);  // what is read is then all that was sent
    Settle();
    for (int i = 0; i < kMostSteps && !input_.empty(); ++i) {
      Step();
      Settle();
    }
  }

 private:
  void Open() {
    const uint8_t kind = input_.U8();
    sim::tcp::Options options;
    options.mtu = (kind & 2) != 0 ? 1'500 : 65'535;
    options.receive_buffer = (kind & 4) != 0 ? 2'304 : 131'072;
    options.send_buffer = (kind & 8) != 0 ? 4'608 : 131'072;
    mtu_ = options.mtu;
    iss_ = input_.U32();
    peer_iss_ = input_.U32();
    if ((kind & 1) != 0) {
      connection_ = std::make_unique<Connection>(kUs, kPeer, iss_, options);
      return;
    }
    lab::Packet syn = Segment();
    syn.tcp.syn = true;
    syn.tcp.ack_flag = syn.tcp.rst = syn.tcp.fin = false;
    syn.tcp.seq = peer_iss_;
    syn.payload = lab::Payload();
    connection_ = std::make_unique<Connection>(syn, iss_, options);
  }

  // Numbers near those that count, most of the time.
  uint32_t Near(uint32_t number) {
    const uint8_t how = input_.U8();
    if (how < 0xc0) return number + how % 16 - (how >= 0x80 ? 8 : 0);
    return how < 0xf0 ? number + static_cast<uint32_t>(static_cast<int16_t>(input_.U16())) : input_.U32();
  }

  lab::Packet Segment() {
    lab::Packet segment;
    segment.source = kPeer;
    segment.destination = kUs;
    lab::TcpHeader& tcp = segment.tcp;
    const uint8_t flags = input_.U8();
    tcp.ack_flag = (flags & 1) == 0;
    tcp.fin = (flags & 2) != 0;
    tcp.syn = (flags & 0x1c) == 0x1c;
    tcp.rst = (flags & 0x1c) == 0x18;
    tcp.psh = (flags & 0x20) != 0;
    tcp.urg = (flags & 0x1c) == 0x14;
    const bool known = connection_ != nullptr && connection_->state() != State::kSynSent;
    tcp.seq = known ? Near(connection_->rcv_nxt()) : peer_iss_;
    tcp.ack = Near(connection_ != nullptr ? connection_->snd_nxt() : 0);
    tcp.window = input_.U16();
    if (tcp.syn || connection_ == nullptr) {
      if (input_.Bool()) tcp.mss = input_.U16();
      if (input_.Bool()) tcp.window_scale = input_.U8();
      tcp.sack_permitted = input_.Bool();
    }
    if ((flags & 0x40) != 0) tcp.timestamps = {input_.U32(), input_.U32()};
    if ((flags & 0x80) != 0 && connection_ != nullptr) {
      const uint32_t begin = Near(connection_->snd_una());
      tcp.sack.push_back({begin, begin + input_.U16()});
    }
    const size_t length = size_t{input_.U8()} * (input_.Bool() ? 1 : 40);
    segment.payload = lab::Payload::Copy(Text(tcp.seq + tcp.syn - peer_iss_ - 1, length));
    return segment;
  }

  void Step() {
    const uint8_t what = input_.U8() % 16;
    if (what < 6) {
      const lab::Packet segment = Segment();
      if (connection_->state() != State::kClosed) connection_->OnSegment(now_, segment);
    } else if (what == 6) {
      Pass(std::chrono::milliseconds(input_.U16()));
    } else if (what == 7) {
      const std::optional<lab::Time> deadline = connection_->Deadline();
      if (deadline) Pass(std::max(*deadline - now_, lab::Duration(0)));
    } else if (!abandoned_) {
      Call(what);
    }
  }

  void Pass(lab::Duration time) {
    now_ += time;
    if (const auto deadline = connection_->Deadline(); deadline && *deadline <= now_) connection_->OnTimer(now_);
  }

  void Call(uint8_t what) {
    switch (what) {
      case 8:
      case 9: {
        const size_t length = input_.U16() % 20'000;
        if (connection_->write_shut() || connection_->state() == State::kClosed) return;
        const size_t space = connection_->write_space();
        const size_t taken = connection_->Write(now_, lab::Payload::Copy(Text(written_, length)), input_.Bool());
        Check(taken <= length && taken <= std::max(space, length));
        written_ += static_cast<uint32_t>(taken);
        return;
      }
      case 10: return Read(input_.U16(), input_.Bool());
      case 11: return connection_->ShutdownWrite(now_);
      case 12: return connection_->ShutdownRead(now_);
      case 13:
        abandoned_ = true;
        return input_.Bool() ? connection_->Close(now_) : connection_->Abort(now_);
      case 14:
        connection_->SetCork(now_, input_.Bool());
        connection_->SetNoDelay(now_, input_.Bool());
        return connection_->SetQuickAck(now_, input_.U8());
      default:
        connection_->SetUserTimeout(now_, std::chrono::milliseconds(input_.U16()));
        return connection_->SetKeepAlive(now_, input_.Bool(), std::chrono::seconds(1 + input_.U8()),
                                         std::chrono::seconds(1 + input_.U8()), 1 + input_.U8() % 127);
    }
  }

  void Read(size_t length, bool peek) {
    const size_t readable = connection_->readable();
    const std::string text = connection_->Read(now_, length, peek).ToString();
    // Less than there is where it stops at an urgent byte.
    const size_t most = std::min(length, readable);
    Check(text.size() <= most && text.empty() == (most == 0));
    Check(text == Text(read_, text.size()));
    if (!peek) read_ += static_cast<uint32_t>(text.size());
  }

  // Takes what the connection sends, and looks at what must hold always.
  void Settle() {
    constexpr int kMostSegments = 20'000;
    int segments = 0;
    for (lab::Packet segment; connection_->NextSegment(now_, segment);) {
      Check(++segments < kMostSegments);
      CheckSent(segment);
    }
    const auto in_flight = static_cast<int32_t>(connection_->snd_nxt() - connection_->snd_una());
    Check(in_flight >= 0);
    if (connection_->state() == State::kClosed) Check(!connection_->Deadline());
  }

  void CheckSent(const lab::Packet& segment) {
    Check(segment.source == kUs && segment.destination == kPeer);
    Check(segment.wire_size() <= mtu_);
    Check(!(segment.tcp.syn && segment.tcp.fin) && !(segment.tcp.rst && segment.tcp.fin));
    if (segment.payload.empty()) return;
    const uint32_t position = segment.tcp.seq + segment.tcp.syn - iss_ - 1;
    Check(segment.payload.ToString() == Text(position, segment.payload.size()));
  }

  Input input_;
  std::unique_ptr<Connection> connection_;
  lab::Time now_{std::chrono::seconds(100)};
  uint32_t mtu_ = 0;
  uint32_t iss_ = 0;
  uint32_t peer_iss_ = 0;
  uint32_t written_ = 0;  // positions in the streams
  uint32_t read_ = 0;
  bool abandoned_ = false;  // no process has it any more
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run(data, size).Play();
  return 0;
}
