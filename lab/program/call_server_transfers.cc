// The requests that move bytes, and the leases on which a program sends without asking.
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "lab/program/call_server.h"
#include "lab/program/carried_address.h"

namespace lab {

uint8_t* CallServer::Room() {
  if (room_ == nullptr) room_ = std::make_unique_for_overwrite<uint8_t[]>(DUET_CHANNEL_DATA);
  return room_.get();
}

void CallServer::NoteSending(int fd) {
  if (!DescriptorKinds::Valid(fd)) return;
  for (int& other : sent_to_) {
    if (other == fd) return;
    if (other % DUET_CHANNEL_LEASES != fd % DUET_CHANNEL_LEASES) continue;
    other = fd;
    return;
  }
  sent_to_.push_back(fd);
}

void CallServer::Lease(CarriedAnswer& answer) {
  std::vector<duet_lease>& leases = answer.leases;
  leases.clear();
  leased_.clear();
  for (const int number : sent_to_) {
    Thread::Room room = process_.SendRoom(number);
    // Two descriptors of one open file would give its room away twice.
    if (room.bytes > 0 && std::find(leased_.begin(), leased_.end(), room.file) != leased_.end()) room = {};
    leased_.push_back(room.file);
    leases.push_back({number, static_cast<uint32_t>(std::min<size_t>(room.bytes, DUET_CHANNEL_QUEUE)),
                      kinds_.Find(number).socket});
  }
  answer.epoll_leases.clear();
  for (const auto& [epfd, fd] : changed_) answer.epoll_leases.push_back({epfd, fd, StateOnList(epfd, fd)});
}

void CallServer::ServeLeased(const CarriedRequest& request, CarriedAnswer& answer) {
  if (request.number == SYS_epoll_ctl) return ChangeLeased(request);
  SendLeased(request, answer);
}

void CallServer::SendLeased(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  if (request.data.empty() || request.data.size() > process_.SendRoom(fd).bytes) return;
  if (request.number == SYS_write) Write(request, answer);
  const bool leased = kinds_.Find(fd).socket && (request.arguments[1] & ~int64_t{DUET_LEASED_FLAGS}) == 0;
  if (request.number == SYS_sendto && leased) SendTo(request, answer);
}

// The library raises SIGPIPE in the program itself: nothing is to be raised on this side.
int64_t CallServer::SendTo(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  const int flags = Int(request.arguments[1]) | MSG_NOSIGNAL;
  Sockets& sockets = process_.sockets();
  NoteSending(fd);
  const bool addressed = AddressOf(request) != nullptr;
  const ssize_t sent = addressed ? sockets.sendto(fd, request.data.data(), request.data.size(), flags,
                                                  AddressOf(request), AddressLength(request))
                                 : sockets.send(fd, request.data.data(), request.data.size(), flags);
  return SentOn(fd, sent, answer);
}

// Only a stream whose end is gone raises the signal.
int64_t CallServer::SentOn(int fd, ssize_t sent, CarriedAnswer& answer) {
  const int64_t result = ResultOf(sent);
  if (result != -EPIPE) return result;
  int type = SOCK_STREAM;
  socklen_t length = sizeof type;
  process_.sockets().getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
  answer.argument = type != SOCK_STREAM;
  return result;
}

int64_t CallServer::ReceiveFrom(const CarriedRequest& request, CarriedAnswer& answer) {
  AddressRoom room(answer);
  iovec buffer{Room(), Wanted(request.arguments[1])};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_name = room.address();
  message.msg_namelen = *room.length();
  const int fd = Int(request.arguments[0]);
  const int flags = Int(request.arguments[2]);
  const ssize_t received = process_.sockets().recvmsg(fd, &message, flags);
  const int64_t result = ResultOf(received);
  *room.length() = received < 0 ? 0 : message.msg_namelen;
  answer.argument = message.msg_flags;
  // What a stream discarded must not reach the program's memory.
  if (kinds_.Find(fd).internet_stream && (flags & MSG_TRUNC) != 0) return result;
  answer.data.assign(Room(), Room() + std::clamp<int64_t>(received, 0, static_cast<int64_t>(buffer.iov_len)));
  return result;
}

int64_t CallServer::Read(const CarriedRequest& request, CarriedAnswer& answer) {
  if (kinds_.Find(Int(request.arguments[0])).random) return RandomBytes(request.arguments[1], answer);
  const ssize_t received = process_.sockets().read(Int(request.arguments[0]), Room(), Wanted(request.arguments[1]));
  const int64_t result = ResultOf(received);
  answer.data.assign(Room(), Room() + std::clamp<int64_t>(received, 0, DUET_CHANNEL_DATA));
  return result;
}

int64_t CallServer::Write(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  const DescriptorKinds::Kind to = kinds_.Find(fd);
  if (to.random) return static_cast<int64_t>(request.data.size());
  Sockets& sockets = process_.sockets();
  NoteSending(fd);
  if (to.socket) {
    return SentOn(fd, sockets.send(fd, request.data.data(), request.data.size(), MSG_NOSIGNAL), answer);
  }
  const int64_t result = ResultOf(sockets.write(fd, request.data.data(), request.data.size()));
  if (result > 0 && to.output) written_ += static_cast<uint64_t>(result);
  return result;
}

}  // namespace lab
