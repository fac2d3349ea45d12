#include "sim/host/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>

namespace sim {
namespace {

constexpr size_t kDefaultBuffer = 212'992;  // net.core.wmem_default
constexpr size_t kPage = 4'096;
constexpr size_t kMostOfStrangers = 10;   // net.unix.max_dgram_qlen; Linux waits where there are more
constexpr size_t kShared = 320;                     // skb_shared_info, behind the bytes of each piece's head
constexpr size_t kMostInPages = 32'768;             // of a stream's piece
constexpr size_t kMostInHead = kPage - kShared;     // of a stream's piece
constexpr size_t kMostInMessageHead = 4 * kPage - kShared;
constexpr size_t kMostMessagePages = 17;            // MAX_SKB_FRAGS

size_t InPages(size_t length) { return (length + kPage - 1) / kPage * kPage; }

// What a piece's head counts for, with its sk_buff.
size_t HeadMemory(size_t length) {
  constexpr size_t kCacheLine = 64;
  constexpr size_t kBuffer = 256;
  return std::bit_ceil((length + kCacheLine - 1) / kCacheLine * kCacheLine + kShared) + kBuffer;
}

size_t StreamMemory(size_t length) {
  const size_t in_pages = length > kMostInHead ? std::min(length, InPages(length - kMostInHead)) : 0;
  return HeadMemory(length - in_pages) + InPages(in_pages);
}

size_t MessageMemory(size_t length) {
  size_t in_pages = 0;
  if (length > kMostInMessageHead) {
    in_pages = InPages(std::min(length - kMostInMessageHead, kMostMessagePages * kPage));
  }
  return HeadMemory(length - std::min(length, in_pages)) + in_pages;
}

}  // namespace

std::pair<SocketPtr, SocketPtr> UnixSocket::MakePair(Scheduler& scheduler, int type) {
  auto* const one = new UnixSocket(scheduler, type);
  auto* const other = new UnixSocket(scheduler, type);
  one->peer_ = other;
  other->peer_ = one;
  return {SocketPtr(one), SocketPtr(other)};
}

size_t UnixSocket::send_buffer() const {
  return options_->send_buffer > 0 ? static_cast<size_t>(options_->send_buffer) : kDefaultBuffer;
}

int UnixSocket::Listen(int) { return connection_based() ? -EINVAL : -EOPNOTSUPP; }

int UnixSocket::Accept(SocketPtr&, lab::Endpoint&) { return connection_based() ? -EINVAL : -EOPNOTSUPP; }

std::optional<lab::Endpoint> UnixSocket::remote() const {
  return connected_ ? std::optional(lab::Endpoint{}) : std::nullopt;
}

// unix_dgram_disconnected of Linux.
void UnixSocket::Disconnect() {
  if (!std::exchange(connected_, false) || inbox_.empty()) return;
  while (!inbox_.empty()) DropFirst();
  if (peer_ == nullptr || !peer_->connected_) return;
  peer_->error_ = ECONNRESET;
  peer_->Wake(POLLERR);
}

bool UnixSocket::PeerIsFull() const {
  return peer_ != nullptr && !peer_->connected_ && peer_->inbox_.size() > kMostOfStrangers;
}

int UnixSocket::Shutdown(int how) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
  const bool read = how != SHUT_WR;
  const bool write = how != SHUT_RD;
  read_shut_ |= read;
  write_shut_ |= write;
  if (peer_ != nullptr && connection_based()) {
    peer_->write_shut_ |= read;
    peer_->read_shut_ |= write;
    peer_->Wake(WaitQueue::kAnything);
  }
  Wake(WaitQueue::kAnything);
  return 0;
}

int UnixSocket::SetOption(int level, int option, const void* value, socklen_t length) {
  if (level != SOL_SOCKET) return -EOPNOTSUPP;
  return options_.Set({AF_UNIX, type_, 0}, level, option, value, length);
}

int UnixSocket::GetOption(int level, int option, void* value, socklen_t* length) {
  if (level != SOL_SOCKET) return -EOPNOTSUPP;
  const OptionRoom room(level, value, length);
  if (option == SO_ERROR) return room.Store(TakeError());
  if (option == SO_ACCEPTCONN) return room.Store(0);
  return options_.Get({AF_UNIX, type_, 0}, level, option, value, length);
}

// unix_poll of Linux.
short UnixSocket::Ready() const {
  short events = 0;
  if (error_ != 0) events |= POLLERR;
  if (read_shut_ && write_shut_) events |= POLLHUP;
  if (read_shut_) events |= POLLRDHUP | POLLIN | POLLRDNORM;
  if (!inbox_.empty()) events |= POLLIN | POLLRDNORM;
  if (4 * memory_ <= send_buffer() && !PeerIsFull()) events |= POLLOUT | POLLWRNORM | POLLWRBAND;
  return events;
}

size_t UnixSocket::readable() const {
  size_t total = 0;
  for (const Piece& piece : inbox_) {
    total += piece.bytes.size();
    if (type_ == SOCK_DGRAM) break;
  }
  return total;
}

int UnixSocket::CheckSend() {
  if (type_ == SOCK_STREAM && write_shut_) return -EPIPE;
  if (const int error = TakeError()) return -error;
  if (write_shut_) return -EPIPE;
  if (!connected_) return -ENOTCONN;
  if (memory_ >= send_buffer() || PeerIsFull()) return -EAGAIN;
  return peer_ != nullptr && peer_->read_shut_ ? -EPIPE : 0;
}

void UnixSocket::Deliver(lab::Payload bytes, size_t memory) {
  memory_ += memory;
  peer_->inbox_.push_back({std::move(bytes), memory});
  peer_->Wake(WaitQueue::kReadable);
}

void UnixSocket::DropFirst() {
  const size_t memory = inbox_.front().memory;
  inbox_.pop_front();
  if (peer_ != nullptr) peer_->GetBack(memory);
}

void UnixSocket::GetBack(size_t memory) {
  memory_ -= memory;
  // Writers write in bulk: they hear of room only when three quarters are free.
  if (4 * memory_ <= send_buffer()) Wake(POLLOUT | POLLWRNORM | POLLWRBAND);
}

int64_t UnixSocket::Write(Buffers buffers, size_t offset, size_t length, int) {
  if (const int error = write_shut_ ? -EPIPE : 0) return error;
  if (length == 0) return 0;
  if (const int error = CheckSend()) return error;
  const size_t most = std::min(send_buffer() / 2 - 64, kMostInHead + kMostInPages);
  const size_t taken = std::min(length, most);
  Deliver(Gather(buffers, offset, taken), StreamMemory(taken));
  return static_cast<int64_t>(taken);
}

int64_t UnixSocket::Read(Buffers buffers, size_t offset, size_t length, int flags) {
  if (inbox_.empty()) {
    if (const int error = TakeError()) return -error;
    return read_shut_ ? 0 : -EAGAIN;
  }
  size_t taken = 0;
  for (size_t i = 0; i < inbox_.size() && taken < length;) {
    lab::Payload& bytes = inbox_[i].bytes;
    const lab::Payload part = bytes.Slice(0, length - taken);
    Scatter(part, buffers, offset + taken);
    taken += part.size();
    if ((flags & MSG_PEEK) != 0) {
      ++i;
      continue;
    }
    bytes.RemovePrefix(part.size());
    if (bytes.empty()) DropFirst();
  }
  return static_cast<int64_t>(taken);
}

int64_t UnixSocket::SendMessage(Buffers buffers, const Dispatch& dispatch, int flags) {
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (dispatch.to && type_ == SOCK_DGRAM) return -EINVAL;
  const size_t length = TotalSize(buffers);
  constexpr size_t kReserved = 32;
  if (length > send_buffer() - kReserved) return -EMSGSIZE;
  if (const int error = CheckSend()) return error;
  if (peer_ == nullptr) {
    // Only now a datagram socket learns that the other is gone, and what that had sent goes too.
    connected_ = false;
    inbox_.clear();
    return -ECONNREFUSED;
  }
  Deliver(Gather(buffers, 0, length), MessageMemory(length));
  return static_cast<int64_t>(length);
}

int64_t UnixSocket::ReceiveMessage(Buffers buffers, int flags, Message& message) {
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (const int error = TakeError()) return -error;
  if (inbox_.empty()) return type_ == SOCK_SEQPACKET && read_shut_ ? 0 : -EAGAIN;
  const lab::Payload& bytes = inbox_.front().bytes;
  const size_t length = bytes.size();
  const size_t taken = std::min(length, TotalSize(buffers));
  Scatter(bytes.Slice(0, taken), buffers, 0);
  if (taken < length) message.flags |= MSG_TRUNC;
  if ((flags & MSG_PEEK) == 0) DropFirst();
  return static_cast<int64_t>((flags & MSG_TRUNC) != 0 ? length : taken);
}

void UnixSocket::Release() {
  UnixSocket* const peer = std::exchange(peer_, nullptr);
  if (peer == nullptr) return;
  peer->peer_ = nullptr;
  if (connection_based()) {
    peer->read_shut_ = peer->write_shut_ = true;
    // As in Linux a first message without bytes doesn't count.
    const bool unread = !inbox_.empty() && (!inbox_.front().bytes.empty() || inbox_.size() > 1);
    if (unread) peer->error_ = ECONNRESET;
    peer->Wake(WaitQueue::kAnything);
  }
  // What nobody will read takes no room: a writer who waits for some learns so that there is nobody.
  if (peer->memory_ > 0) peer->GetBack(peer->memory_);
}

int UnixSocket::access_mode() const { return O_RDWR; }

}  // namespace sim
