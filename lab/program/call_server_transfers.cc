// The requests that move bytes, and the leases on which a program sends without asking.
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "lab/program/call_server.h"
#include "lab/program/carried_address.h"

namespace lab {
namespace {

// What has arrived at a connection is leased where it is no more than that: who has more to read asks seldom anyway.
constexpr size_t kMostTaken = 4096;

bool Waits(const CarriedRequest& request) {
  return request.number == SYS_poll || request.number == SYS_select || request.number == SYS_epoll_pwait2;
}

bool Receives(const CarriedRequest& request, int fd) {
  return (request.number == SYS_recvfrom || request.number == SYS_read) && request.arguments[0] == fd;
}

}  // namespace

uint8_t* CallServer::Room() {
  if (room_ == nullptr) room_ = std::make_unique_for_overwrite<uint8_t[]>(DUET_CHANNEL_DATA);
  return room_.get();
}

void CallServer::NoteUse(std::vector<int>& numbers, int fd) {
  if (!DescriptorKinds::Valid(fd)) return;
  for (int& other : numbers) {
    if (other == fd) return;
    if (other % DUET_CHANNEL_LEASES != fd % DUET_CHANNEL_LEASES) continue;
    other = fd;
    return;
  }
  numbers.push_back(fd);
}

void CallServer::Lease(const CarriedRequest& request, CarriedAnswer& answer) {
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
  LeaseArrivals(request, answer);
  answer.epoll_leases.clear();
  for (const auto& [epfd, fd] : changed_) answer.epoll_leases.push_back({epfd, fd, StateOnList(epfd, fd)});
}

// Who has waited for several reads from any of them next; who has received, from that one if at all.
void CallServer::LeaseArrivals(const CarriedRequest& request, CarriedAnswer& answer) {
  answer.arrivals.clear();
  answer.arrived.clear();
  leased_.clear();
  for (const int number : received_from_) {
    Thread::Arrived arrived;
    if (Waits(request) || Receives(request, number)) arrived = process_.ArrivedAt(number, kMostTaken);
    const size_t place = answer.arrived.size();
    // Two descriptors of one socket would give its bytes away twice.
    const bool twice = std::find(leased_.begin(), leased_.end(), arrived.file) != leased_.end();
    const size_t length = twice || arrived.bytes.size() > DUET_CHANNEL_ARRIVED - place ? 0 : arrived.bytes.size();
    answer.arrivals.push_back({number, static_cast<uint32_t>(place), static_cast<uint32_t>(length)});
    if (length == 0) continue;
    leased_.push_back(arrived.file);
    answer.arrived.resize(place + length);
    arrived.bytes.CopyTo(answer.arrived.data() + place, length);
  }
}

void CallServer::ServeLeased(const CarriedRequest& request, CarriedAnswer& answer) {
  switch (request.number) {
    case SYS_epoll_ctl: return ChangeLeased(request);
    case SYS_read:
    case SYS_recvfrom: return TakeLeased(request);
    default: return SendLeased(request, answer);
  }
}

void CallServer::TakeLeased(const CarriedRequest& request) {
  const int fd = Int(request.arguments[0]);
  uint64_t asked = 0;
  if (request.data.size() != sizeof(asked) || process_.ArrivedAt(fd, kMostTaken).bytes.empty()) return;
  std::memcpy(&asked, request.data.data(), sizeof(asked));
  if (asked == 0) return;
  const size_t length = std::min<uint64_t>(asked, DUET_CHANNEL_DATA);
  if (request.number == SYS_read) process_.sockets().read(fd, Room(), length);
  else process_.sockets().recv(fd, Room(), length, Int(request.arguments[1]) & DUET_TAKING_FLAGS);
}

void CallServer::SendLeased(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  if (request.data.empty() || request.data.size() > process_.SendRoom(fd).bytes) return;
  if (request.number == SYS_write) Write(request, answer);
  const bool leased = kinds_.Find(fd).socket && (request.arguments[1] & ~int64_t{DUET_LEASED_FLAGS}) == 0;
  if (request.number == SYS_sendto && leased) SendTo(request, answer);
}

int64_t CallServer::SendTo(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  const int flags = Int(request.arguments[1]);
  Sockets& sockets = process_.sockets();
  NoteUse(sent_to_, fd);
  const bool addressed = AddressOf(request) != nullptr;
  const ssize_t sent = addressed ? sockets.sendto(fd, request.data.data(), request.data.size(), flags,
                                                  AddressOf(request), AddressLength(request))
                                 : sockets.send(fd, request.data.data(), request.data.size(), flags);
  return SentOn(fd, sent, answer);
}

// Sockets raise no SIGPIPE; the library does, in the program itself, where it is told nothing else. Only a stream whose
// end is gone raises it.
int64_t CallServer::SentOn(int fd, ssize_t sent, CarriedAnswer& answer) {
  const int64_t result = ResultOf(sent);
  if (result == -EPIPE) answer.argument = !kinds_.Find(fd).stream;
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
  if (received > 0) NoteUse(received_from_, fd);
  // What a stream discarded must not reach the program's memory.
  if (kinds_.Find(fd).internet_stream && (flags & MSG_TRUNC) != 0) return result;
  answer.data.assign(Room(), Room() + std::clamp<int64_t>(received, 0, static_cast<int64_t>(buffer.iov_len)));
  return result;
}

int64_t CallServer::Read(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  if (kinds_.Find(fd).random) return RandomBytes(request.arguments[1], answer);
  const ssize_t received = process_.sockets().read(fd, Room(), Wanted(request.arguments[1]));
  const int64_t result = ResultOf(received);
  if (received > 0) NoteUse(received_from_, fd);
  answer.data.assign(Room(), Room() + std::clamp<int64_t>(received, 0, DUET_CHANNEL_DATA));
  return result;
}

int64_t CallServer::Write(const CarriedRequest& request, CarriedAnswer& answer) {
  const int fd = Int(request.arguments[0]);
  const DescriptorKinds::Kind to = kinds_.Find(fd);
  if (to.random) return static_cast<int64_t>(request.data.size());
  Sockets& sockets = process_.sockets();
  NoteUse(sent_to_, fd);
  const ssize_t written = sockets.write(fd, request.data.data(), request.data.size());
  if (to.socket) return SentOn(fd, written, answer);
  const int64_t result = ResultOf(written);
  if (result > 0 && to.output) written_ += static_cast<uint64_t>(result);
  return result;
}

}  // namespace lab
