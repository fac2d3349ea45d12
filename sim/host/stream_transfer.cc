// The bytes of a StreamSocket, and what poll says of it.
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "sim/host/stream_socket.h"

namespace sim {
namespace {

bool Handshaking(tcp::State state) { return state == tcp::State::kSynSent || state == tcp::State::kSynReceived; }

// Linux wakes writers only once a third of the buffer is free (sk_stream_is_writeable), so that they write in bulk.
// TCP_NOTSENT_LOWAT is a bound of its own.
bool Writable(const tcp::Connection& connection, uint32_t not_sent_low) {
  if (not_sent_low > 0 && connection.unsent() >= not_sent_low) return false;
  return 2 * connection.write_space() >= connection.unacknowledged();
}

}  // namespace

short StreamSocket::Ready() const {
  if (listening()) return queue().empty() ? 0 : POLLIN | POLLRDNORM;
  if (flow_ == nullptr) {
    const bool read_shut = (shut_ & (SHUT_RD + 1)) != 0;
    return static_cast<short>(POLLOUT | POLLWRNORM | POLLHUP | (read_shut ? POLLIN | POLLRDNORM | POLLRDHUP : 0) |
                              (error_ != 0 ? POLLERR : 0));
  }
  return ReadyOfConnection();
}

// tcp_poll of Linux, in its order.
short StreamSocket::ReadyOfConnection() const {
  const tcp::Connection& connection = flow_->connection();
  const bool closed = connection.state() == tcp::State::kClosed;
  const bool read_ended =
      closed || connection.peer_finished() || connection.read_shut() || (shut_ & (SHUT_RD + 1)) != 0;
  const bool write_ended = closed || connection.write_shut() || (shut_ & (SHUT_WR + 1)) != 0;
  short events = 0;
  if (read_ended && write_ended) events |= POLLHUP;
  if (read_ended) events |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (!Handshaking(connection.state())) {
    if (connection.pollable() >= static_cast<size_t>(options_->receive_low)) events |= POLLIN | POLLRDNORM;
    if (write_ended || Writable(connection, options_->not_sent_low)) {
      events |= POLLOUT | POLLWRNORM;
    } else {
      no_space_ = true;
    }
    if (connection.urgent_ready()) events |= POLLPRI;
  }
  if (connection.error() != 0) events |= POLLERR;
  return events;
}

// sk_data_ready, sk_state_change, sk_error_report and sk_write_space of Linux.
short StreamSocket::News() {
  const tcp::Connection& connection = flow_->connection();
  const Told before = std::exchange(told_, Told(connection));
  if (told_.state != before.state) return WaitQueue::kAnything;
  short events = 0;
  const bool enough = connection.unread() >= static_cast<size_t>(options_->receive_low);
  if ((told_.rcv_nxt != before.rcv_nxt && enough) || (told_.urgent && !before.urgent)) {
    events |= WaitQueue::kReadable;
  }
  if (told_.failed && !before.failed) events |= POLLERR;
  if (no_space_ && Writable(connection, options_->not_sent_low)) {
    no_space_ = false;
    events |= POLLOUT | POLLWRNORM | POLLWRBAND;
  }
  return events;
}

void StreamSocket::OnChange(Flow& flow) {
  const tcp::State before = told_.state;
  const short news = News();
  if (news != 0) waiters().Wake(host_.engine().scheduler(), news);
  // As in Linux: a FIN that was asked for before the connection is sent where both ends began at once, and then alone.
  const bool met = before == tcp::State::kSynReceived && told_.state == tcp::State::kEstablished;
  if (!met || (shut_ & (SHUT_WR + 1)) == 0) return;
  flow.connection().ShutdownWrite(host_.now());
  flow.Settle();
}

int64_t StreamSocket::Read(Buffers buffers, size_t offset, size_t length, int flags) {
  const bool read_shut = (shut_ & (SHUT_RD + 1)) != 0;
  if (listening()) return -ENOTCONN;
  if (flow_ == nullptr) {
    const int error = TakeError();
    return error != 0 ? -error : read_shut ? 0 : -ENOTCONN;
  }
  tcp::Connection& connection = flow_->connection();
  if (connection.unread() > 0) {
    const bool peek = (flags & MSG_PEEK) != 0;
    // As in Linux, an urgent byte that is next is thrown away even where nothing comes behind it.
    const lab::Payload bytes = connection.Read(host_.now(), length, peek);
    // A stream is not cut: with MSG_TRUNC its bytes are thrown away.
    if ((flags & MSG_TRUNC) == 0) Scatter(bytes, buffers, offset);
    if (!peek && (connection.ReadMatters() || told_.urgent)) flow_->Settle();
    if (!bytes.empty() || length == 0) return static_cast<int64_t>(bytes.size());
  }
  if (connection.peer_finished()) return 0;
  if (const int error = connection.TakeError()) return -error;
  return read_shut || connection.read_shut() || connection.state() == tcp::State::kClosed ? 0 : -EAGAIN;
}

int64_t StreamSocket::ReadUrgent(Buffers buffers, int flags, Message& message) {
  if (listening()) return -ENOTCONN;
  if (flow_ == nullptr) return -EINVAL;
  char byte;
  const int result = flow_->connection().ReadUrgent(host_.now(), byte, (flags & MSG_PEEK) != 0);
  if (result <= 0) return result;
  message.flags |= MSG_OOB;
  if (TotalSize(buffers) == 0) {
    message.flags |= MSG_TRUNC;
    return 0;
  }
  if ((flags & MSG_TRUNC) == 0) Scatter(lab::Payload::Copy(std::string_view(&byte, 1)), buffers, 0);
  return 1;
}

bool StreamSocket::AtMark(size_t ahead) const { return flow_ != nullptr && flow_->connection().at_mark(ahead); }

int64_t StreamSocket::Write(Buffers buffers, size_t offset, size_t length, int flags) {
  // As in Linux, where the manual page would have ENOTCONN.
  if (flow_ == nullptr) {
    const int error = TakeError();
    return error != 0 ? -error : -EPIPE;
  }
  tcp::Connection& connection = flow_->connection();
  if (const int error = connection.TakeError()) return -error;
  // Also where it is shut for writing: as in Linux that is looked at once the connection stands.
  if (Handshaking(connection.state())) return -EAGAIN;
  const bool shut = (shut_ & (SHUT_WR + 1)) != 0 || connection.write_shut();
  if (shut || connection.state() == tcp::State::kClosed) return -EPIPE;
  if (length == 0) return 0;
  const size_t space = std::min(length, connection.write_space());
  if (space < length) no_space_ = true;
  if (space == 0) return -EAGAIN;
  const lab::Payload bytes = Gather(buffers, offset, space);
  const bool urgent = (flags & MSG_OOB) != 0;
  const size_t taken = urgent ? connection.WriteUrgent(host_.now(), bytes)
                              : connection.Write(host_.now(), bytes, (flags & MSG_MORE) != 0);
  // What leaves may make room below TCP_NOTSENT_LOWAT, for who waits for that.
  options_->not_sent_low > 0 ? flow_->Settle() : flow_->Send();
  return taken > 0 ? static_cast<int64_t>(taken) : -EAGAIN;
}

size_t StreamSocket::write_room() const {
  if (flow_ == nullptr || (shut_ & (SHUT_WR + 1)) != 0) return 0;
  const tcp::Connection& connection = flow_->connection();
  const bool fails = connection.error() != 0 || connection.write_shut() || connection.state() == tcp::State::kClosed;
  return fails || Handshaking(connection.state()) ? 0 : connection.write_space();
}

lab::Payload StreamSocket::Arrived(size_t most) const {
  if (flow_ == nullptr || options_->receive_low > 1) return {};
  tcp::Connection& connection = flow_->connection();
  const size_t there = connection.readable();
  if (there == 0 || there > most || there < connection.unread() || connection.urgent_ready()) return {};
  return connection.Read(host_.now(), there, /*peek=*/true);
}

size_t StreamSocket::readable() const { return flow_ != nullptr ? flow_->connection().readable() : 0; }

}  // namespace sim
