#include "sim/host/listen_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/host/stream_options.h"

namespace sim {
namespace {

constexpr Duration kCookieLife = std::chrono::minutes(2);

bool Complete(tcp::State state) { return state != tcp::State::kSynReceived && state != tcp::State::kClosed; }

}  // namespace

ListenQueue::ListenQueue(Host& host, lab::Endpoint local, int backlog, Settings settings)
    : host_(host), local_(local), settings_(std::move(settings)) {
  set_backlog(backlog);
  host_.Add(*this);
}

ListenQueue::~ListenQueue() {
  host_.Remove(*this);
  for (const FlowPtr& flow : syn_queue_) flow->Retire();
  for (const Waiting& waiting : accept_queue_) {
    const FlowPtr& flow = waiting.flow;
    flow->set_owner(nullptr);
    flow->connection().Abort(host_.now());
    flow->Settle();
  }
}

void ListenQueue::set_backlog(int backlog) {
  // A negative backlog is a very large one, as in Linux.
  backlog_ = std::min(static_cast<unsigned>(backlog), static_cast<unsigned>(host_.knobs().somaxconn));
}

ListenQueue::Waiting ListenQueue::Take() {
  Waiting waiting = std::move(accept_queue_.front());
  accept_queue_.pop_front();
  waiting.flow->set_owner(nullptr);
  return waiting;
}

void ListenQueue::OnSegment(const lab::Packet& segment) {
  const lab::TcpHeader& tcp = segment.tcp;
  if (tcp.rst) return;
  if (tcp.ack_flag) {
    if (!OnCookie(segment)) host_.Refuse(segment);
    return;
  }
  if (tcp.syn && !tcp.fin) OnSyn(segment, host_.NextInitialSequence());
}

void ListenQueue::OnSyn(const lab::Packet& syn, uint32_t iss) {
  const lab::Knobs& knobs = host_.knobs();
  const bool want_cookie = SynQueueFull() || knobs.tcp_syncookies == 2;
  if (want_cookie && knobs.tcp_syncookies == 0) return Dropped("SYN", syn, "the SYN queue is full");
  if (AcceptQueueFull()) return Dropped("SYN", syn, "the accept queue is full");
  if (want_cookie) return SendCookie(syn, iss);
  // Without cookies a quarter of the SYN queue is kept for peers known from before, of whom there are none here.
  const auto most = static_cast<size_t>(knobs.tcp_max_syn_backlog);
  if (knobs.tcp_syncookies == 0 && syn_queue_.size() > most - most / 4) {
    return Dropped("SYN", syn, "the SYN queue is full");
  }
  FlowPtr flow = Open(syn, iss);
  syn_queue_.push_back(flow);
  flow->Settle();
}

tcp::Options ListenQueue::OptionsFor(const lab::Packet& syn) const {
  tcp::Options options = host_.OptionsFor(syn.source.address);
  Apply(**settings_.socket, syn.source.address.is_ipv4(), options);
  return options;
}

FlowPtr ListenQueue::Open(const lab::Packet& syn, uint32_t iss) {
  FlowPtr flow(new Flow(host_, this, syn, iss, OptionsFor(syn)));
  flow->ClaimPort((*settings_.socket)->reuse, /*by_connect=*/false);
  host_.Add(flow);
  return flow;
}

void ListenQueue::SendCookie(const lab::Packet& syn, uint32_t iss) {
  if (cookies_.size() == kMostCookies) cookies_.pop_front();
  cookies_.push_back({host_.now(), syn, iss});
  tcp::Connection unkept(syn, iss, OptionsFor(syn));
  for (lab::Packet segment; unkept.NextSegment(host_.now(), segment);) host_.Transmit(std::move(segment));
}

bool ListenQueue::OnCookie(const lab::Packet& segment) {
  while (!cookies_.empty() && host_.now() - cookies_.front().made > kCookieLife) cookies_.pop_front();
  const auto found = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& cookie) {
    return cookie.syn.source == segment.source && cookie.syn.destination == segment.destination &&
           cookie.iss + 1 == segment.tcp.ack && cookie.syn.tcp.seq + 1 == segment.tcp.seq;
  });
  if (found == cookies_.end()) return false;
  if (AcceptQueueFull()) {
    Dropped("last ACK", segment, "the accept queue is full, and it brought back a SYN cookie");
    return true;
  }
  const FlowPtr flow = Open(found->syn, found->iss);
  cookies_.erase(found);
  // The SYN-ACK has been sent long ago.
  for (lab::Packet sent; flow->connection().NextSegment(host_.now(), sent);) {
  }
  syn_queue_.push_back(flow);
  flow->OnSegment(segment);
  return true;
}

bool ListenQueue::Admits(Flow& flow, const lab::Packet& segment) {
  const tcp::Connection& connection = flow.connection();
  const lab::TcpHeader& tcp = segment.tcp;
  const bool completes = connection.state() == tcp::State::kSynReceived && tcp.ack_flag && !tcp.syn && !tcp.rst &&
                         tcp.ack == connection.snd_nxt();
  if (!completes || !AcceptQueueFull()) return true;
  if (host_.knobs().tcp_abort_on_overflow == 0) {
    Dropped("last ACK", segment, "the accept queue is full");
    return false;
  }
  host_.Note(absl::StrCat("port ", local_.port, ": the accept queue is full: resets ", ToString(segment.source)));
  // Its owner is this queue, which drops it once it is closed.
  flow.connection().Abort(host_.now());
  flow.Settle();
  return false;
}

void ListenQueue::OnChange(Flow& flow) {
  const tcp::State state = flow.connection().state();
  if (state == tcp::State::kSynReceived) return;
  const FlowPtr keep(&flow);
  // A connection that has failed in the accept queue stays there: accept gives it, and recv tells.
  const auto found = std::find(syn_queue_.begin(), syn_queue_.end(), keep);
  if (found == syn_queue_.end()) return;
  syn_queue_.erase(found);
  if (!Complete(state)) return flow.set_owner(nullptr);
  accept_queue_.push_back({keep, settings_.socket->Inherited()});
  if (settings_.read_shut) flow.connection().ShutdownRead(host_.now());
  if (settings_.write_shut) {
    flow.connection().ShutdownWrite(host_.now());
    flow.Settle();
  }
  if (!settings_.socket->untouched()) {
    ApplyAll(**settings_.socket, host_.now(), flow.connection());
    flow.Settle();
  }
  settings_.on_ready();
}

void ListenQueue::Dropped(absl::string_view what, const lab::Packet& segment, absl::string_view why) {
  host_.Note(absl::StrCat("port ", local_.port, ": ", why, ": drops the ", what, " of ",
                          ToString(segment.source)));
}

}  // namespace sim
