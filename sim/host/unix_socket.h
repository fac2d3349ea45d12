// One of the two AF_UNIX sockets that socketpair makes: connected to each other from the beginning, inside one host,
// and without names. What is written is at once with the other.
//
// SOCK_STREAM carries bytes. SOCK_DGRAM and SOCK_SEQPACKET carry messages, the latter as a connection: with an end. The
// send buffer is counted as Linux counts it, in the memory that the kernel would need, until the other has read.
#pragma once

#include <deque>
#include <utility>

#include "sim/host/socket.h"

namespace sim {

class UnixSocket final : public Socket {
 public:
  // `type`: SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.
  static std::pair<SocketPtr, SocketPtr> MakePair(Scheduler& scheduler, int type);

  int type() const override { return type_; }
  bool keeps_messages() const override { return type_ != SOCK_STREAM; }

  // Other addresses than none don't exist here.
  int Bind(const lab::Endpoint&) override { return -EINVAL; }
  int Connect(const lab::Endpoint&) override { return -EINVAL; }
  int FinishConnect() override { return -EINVAL; }
  // Of datagrams: sends to nobody any more, and still hears the other.
  void Disconnect() override;
  int Listen(int backlog) override;
  int Accept(SocketPtr& accepted, lab::Endpoint& from) override;
  int Shutdown(int how) override;
  int SetOption(int level, int option, const void* value, socklen_t length) override;
  int GetOption(int level, int option, void* value, socklen_t* length) override;
  lab::Endpoint local() const override { return {}; }
  std::optional<lab::Endpoint> remote() const override;

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t SendMessage(Buffers buffers, const Dispatch& dispatch, int flags) override;
  int64_t ReceiveMessage(Buffers buffers, int flags, Message& message) override;
  size_t readable() const override;
  void Release() override;
  int access_mode() const override;

 private:
  UnixSocket(Scheduler& scheduler, int type) : Socket(AF_UNIX), scheduler_(scheduler), type_(type) {}

  // What the kernel would keep in one piece.
  struct Piece {
    lab::Payload bytes;
    size_t memory;  // that it counts for
  };

  bool connection_based() const { return type_ != SOCK_DGRAM; }
  size_t send_buffer() const;
  // 0, or why nothing can be sent now.
  int CheckSend();
  // The other has left this one, and keeps as many messages as Linux lets strangers leave there.
  bool PeerIsFull() const;
  int TakeError() { return std::exchange(error_, 0); }
  void Deliver(lab::Payload bytes, size_t memory);
  // The first piece has been read.
  void DropFirst();
  // `memory` of what was sent takes no room any more.
  void GetBack(size_t memory);
  void Wake(short events) { waiters().Wake(scheduler_, events); }

  Scheduler& scheduler_;
  const int type_;
  UnixSocket* peer_ = nullptr;  // null once it is closed
  bool connected_ = true;
  bool read_shut_ = false;
  bool write_shut_ = false;
  int error_ = 0;
  size_t memory_ = 0;  // of what was sent and not yet read
  std::deque<Piece> inbox_;
};

}  // namespace sim
