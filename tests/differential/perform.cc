#include "tests/differential/perform.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/differential/words.h"

namespace differential {
namespace {

// Fill and Drain move this much at a time, and at most so much in all.
constexpr size_t kChunk = 65'536;
constexpr size_t kMostFilled = size_t{64} << 20;
// The kernel's select leaves out what lies beyond the process's table of descriptors, whose size depends on its past.
constexpr int kMostSelected = 64;

// What a step sends: bytes that tell the step, and their place.
std::string BytesOf(const Step& step, size_t length) {
  std::string bytes(length, '\0');
  for (size_t i = 0; i < length; ++i) bytes[i] = static_cast<char>(step.id * 37 + static_cast<int>(i * 7 + (i >> 8)));
  return bytes;
}

// The buffer cut into three, the middle one empty where there are few bytes.
std::vector<iovec> Cut(char* bytes, size_t length) {
  const size_t first = length / 3;
  const size_t second = length / 4;
  return {{bytes, first}, {bytes + first, second}, {bytes + first + second, length - first - second}};
}

// A socket address for the kernel.
socklen_t Store(const Address& address, sockaddr_storage& out) {
  if (address.family == AF_INET6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&out);
    *in6 = {};
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address.port);
    if (address.host == INADDR_LOOPBACK) {
      in6->sin6_addr = in6addr_loopback;
    } else if (address.host != INADDR_ANY) {
      const uint32_t mapped[] = {0, 0, htonl(0xffff), htonl(address.host)};
      std::memcpy(&in6->sin6_addr, mapped, sizeof mapped);
    }
    return sizeof *in6;
  }
  auto* in = reinterpret_cast<sockaddr_in*>(&out);
  *in = {};
  in->sin_family = static_cast<sa_family_t>(address.family);
  in->sin_port = htons(address.port);
  in->sin_addr.s_addr = htonl(address.host);
  return sizeof *in;
}

class Performer {
 public:
  Performer(lab::Sockets& sockets, const Resolved& resolved)
      : sockets_(sockets), resolved_(resolved), step_(*resolved.step), fd_(resolved.fd) {}

  Outcome Run() {
    // What errno was before must not show.
    errno = 0;
    out_.result = Make();
    if (out_.result < 0) out_.error = errno;
    if (out_.result < 0) out_.address.reset();
    return std::move(out_);
  }

 private:
  int64_t Make();
  int64_t Send();
  int64_t Receive();
  int64_t Fill();
  int64_t Drain();
  int64_t EpollCtl();
  int64_t EpollWait();
  int64_t Poll();
  int64_t Select();
  int64_t SetOption();
  int64_t GetOption();

  int64_t Gives(int fd) {
    out_.fds[0] = fd;
    return fd;
  }
  sockaddr* Address(socklen_t*& length) {
    out_.address.emplace();
    out_.address_length = sizeof *out_.address;
    length = &out_.address_length;
    return reinterpret_cast<sockaddr*>(&*out_.address);
  }

  lab::Sockets& sockets_;
  const Resolved& resolved_;
  const Step& step_;
  const int fd_;
  Outcome out_;
};

int64_t Performer::Make() {
  const int a = static_cast<int>(step_.a);
  sockaddr_storage to;
  socklen_t* length = nullptr;
  switch (step_.call) {
    case Call::kSocket: return Gives(sockets_.socket(a, static_cast<int>(step_.b), static_cast<int>(step_.c)));
    case Call::kBind: {
      const socklen_t size = Store(step_.address, to);
      return sockets_.bind(fd_, reinterpret_cast<sockaddr*>(&to), size);
    }
    case Call::kListen: return sockets_.listen(fd_, a);
    case Call::kAccept: {
      sockaddr* const address = Address(length);
      return Gives(sockets_.accept4(fd_, address, length, a));
    }
    case Call::kConnect: {
      const socklen_t size = Store(step_.address, to);
      return sockets_.connect(fd_, reinterpret_cast<sockaddr*>(&to), size);
    }
    case Call::kSend:
    case Call::kSendTo:
    case Call::kSendMsg:
    case Call::kWrite:
    case Call::kWritev: return Send();
    case Call::kRecv:
    case Call::kRecvFrom:
    case Call::kRecvMsg:
    case Call::kRead:
    case Call::kReadv: return Receive();
    case Call::kFill: return Fill();
    case Call::kDrain: return Drain();
    case Call::kShutdown: return sockets_.shutdown(fd_, a);
    case Call::kClose: return sockets_.close(fd_);
    case Call::kDup: return Gives(sockets_.dup(fd_));
    case Call::kDup2: return sockets_.dup2(fd_, resolved_.other);
    case Call::kDup3: return sockets_.dup3(fd_, resolved_.other, a);
    case Call::kPipe: return sockets_.pipe2(out_.fds, a);
    case Call::kSocketPair: return sockets_.socketpair(a, static_cast<int>(step_.b), 0, out_.fds);
    case Call::kEpollCreate: return Gives(sockets_.epoll_create1(a));
    case Call::kEpollCtl: return EpollCtl();
    case Call::kEpollWait: return EpollWait();
    case Call::kPoll:
    case Call::kPpoll: return Poll();
    case Call::kSelect:
    case Call::kPselect: return Select();
    case Call::kSetFlags: return sockets_.fcntl(fd_, F_SETFL, step_.a);
    case Call::kGetFlags: {
      const int flags = sockets_.fcntl(fd_, F_GETFL, 0);
      // O_LARGEFILE is the C library's word to the kernel.
      return flags < 0 ? flags : flags & ~0100000;
    }
    case Call::kFionread: {
      const int result = sockets_.ioctl(fd_, FIONREAD, &out_.count);
      if (result == 0) out_.details = absl::StrCat(" count ", out_.count);
      return result;
    }
    case Call::kAtMark: {
      int marked = -1;
      const int result = sockets_.ioctl(fd_, SIOCATMARK, &marked);
      if (result == 0) out_.details = absl::StrCat(" at mark ", marked);
      return result;
    }
    case Call::kSetOption: return SetOption();
    case Call::kGetOption: return GetOption();
    case Call::kGetSockName: {
      sockaddr* const address = Address(length);
      return sockets_.getsockname(fd_, address, length);
    }
    case Call::kGetPeerName: {
      sockaddr* const address = Address(length);
      return sockets_.getpeername(fd_, address, length);
    }
  }
  return 0;
}

int64_t Performer::Send() {
  std::string bytes = BytesOf(step_, static_cast<size_t>(step_.a));
  // SIGPIPE is a matter of processes; here it is ignored.
  const int flags = static_cast<int>(step_.b);
  std::vector<iovec> cut = Cut(bytes.data(), bytes.size());
  switch (step_.call) {
    case Call::kWrite: return sockets_.write(fd_, bytes.data(), bytes.size());
    case Call::kWritev: return sockets_.writev(fd_, cut.data(), static_cast<int>(cut.size()));
    case Call::kSendTo: {
      sockaddr_storage to;
      const socklen_t size = Store(step_.address, to);
      return sockets_.sendto(fd_, bytes.data(), bytes.size(), flags, reinterpret_cast<sockaddr*>(&to), size);
    }
    case Call::kSendMsg: {
      msghdr message{};
      message.msg_iov = cut.data();
      message.msg_iovlen = cut.size();
      return sockets_.sendmsg(fd_, &message, flags);
    }
    default: return sockets_.send(fd_, bytes.data(), bytes.size(), flags);
  }
}

int64_t Performer::Receive() {
  std::string bytes(static_cast<size_t>(step_.a), '\0');
  const int flags = static_cast<int>(step_.b);
  std::vector<iovec> cut = Cut(bytes.data(), bytes.size());
  socklen_t* length = nullptr;
  int64_t result = 0;
  switch (step_.call) {
    case Call::kRead: result = sockets_.read(fd_, bytes.data(), bytes.size()); break;
    case Call::kReadv: result = sockets_.readv(fd_, cut.data(), static_cast<int>(cut.size())); break;
    case Call::kRecvFrom: {
      sockaddr* const address = Address(length);
      result = sockets_.recvfrom(fd_, bytes.data(), bytes.size(), flags, address, length);
      break;
    }
    case Call::kRecvMsg: {
      msghdr message{};
      message.msg_name = Address(length);
      message.msg_namelen = *length;
      message.msg_iov = cut.data();
      message.msg_iovlen = cut.size();
      result = sockets_.recvmsg(fd_, &message, flags);
      out_.address_length = message.msg_namelen;
      if (result >= 0) absl::StrAppend(&out_.details, " flags ", absl::Hex(message.msg_flags));
      break;
    }
    default: result = sockets_.recv(fd_, bytes.data(), bytes.size(), flags);
  }
  if (result > 0) {
    absl::StrAppend(&out_.details, " ", Digest(bytes.data(), std::min(static_cast<size_t>(result), bytes.size())));
  }
  return result;
}

int64_t Performer::Fill() {
  const std::string bytes(kChunk, static_cast<char>(step_.id));
  size_t sent = 0;
  int64_t result = 0;
  while (sent < kMostFilled && (result = sockets_.send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0) {
    sent += static_cast<size_t>(result);
  }
  if (sent > 0) out_.runs.push_back(bytes[0]);
  return result;
}

int64_t Performer::Drain() {
  std::string bytes(kChunk, '\0');
  int64_t result = 0;
  while ((result = sockets_.recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0) {
    for (int64_t i = 0; i < result; ++i) {
      const char byte = bytes[static_cast<size_t>(i)];
      if (out_.runs.empty() || out_.runs.back() != byte) out_.runs.push_back(byte);
    }
  }
  return result;
}

int64_t Performer::EpollCtl() {
  epoll_event event{};
  event.events = static_cast<uint32_t>(step_.b);
  event.data.u64 = static_cast<uint64_t>(step_.other.step * 2 + step_.other.which);
  return sockets_.epoll_ctl(fd_, static_cast<int>(step_.a), resolved_.other, &event);
}

int64_t Performer::EpollWait() {
  std::vector<epoll_event> events(static_cast<size_t>(std::max<int64_t>(step_.b, 1)));
  const int result = sockets_.epoll_wait(fd_, events.data(), static_cast<int>(step_.b), static_cast<int>(step_.a));
  for (int i = 0; i < result; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    absl::StrAppend(&out_.details, " fd", event.data.u64 / 2, event.data.u64 % 2 != 0 ? "b" : "", ": ",
                    EpollEvents(event.events));
  }
  return result;
}

int64_t Performer::Poll() {
  std::vector<pollfd> fds;
  for (size_t i = 0; i < step_.polled.size(); ++i) fds.push_back({resolved_.polled[i], step_.polled[i].events, 0});
  const timespec limit{step_.a / 1'000, step_.a % 1'000 * 1'000'000};
  const int result = step_.call == Call::kPoll
                         ? sockets_.poll(fds.data(), fds.size(), static_cast<int>(step_.a))
                         : sockets_.ppoll(fds.data(), fds.size(), step_.a < 0 ? nullptr : &limit, nullptr);
  for (const pollfd& fd : fds) absl::StrAppend(&out_.details, " ", Events(fd.revents));
  return result;
}

int64_t Performer::Select() {
  constexpr short kSets[] = {POLLIN, POLLOUT, POLLPRI};
  fd_set sets[3];
  for (fd_set& set : sets) FD_ZERO(&set);
  int count = 0;
  for (size_t i = 0; i < step_.polled.size(); ++i) {
    const int fd = resolved_.polled[i];
    if (fd < 0 || fd >= kMostSelected) continue;
    count = std::max(count, fd + 1);
    for (size_t s = 0; s < 3; ++s) {
      if ((step_.polled[i].events & kSets[s]) != 0) FD_SET(fd, &sets[s]);
    }
  }
  timeval timeout{step_.a / 1'000, step_.a % 1'000 * 1'000};
  const timespec limit{timeout.tv_sec, timeout.tv_usec * 1'000};
  const int result =
      step_.call == Call::kSelect
          ? sockets_.select(count, &sets[0], &sets[1], &sets[2], step_.a < 0 ? nullptr : &timeout)
          : sockets_.pselect(count, &sets[0], &sets[1], &sets[2], step_.a < 0 ? nullptr : &limit, nullptr);
  for (const int fd : resolved_.polled) {
    if (fd < 0 || fd >= kMostSelected) continue;
    short events = 0;
    for (size_t s = 0; s < 3; ++s) events = static_cast<short>(events | (FD_ISSET(fd, &sets[s]) ? kSets[s] : 0));
    absl::StrAppend(&out_.details, " ", Events(events));
  }
  return result;
}

int64_t Performer::SetOption() {
  const int level = static_cast<int>(step_.a), option = static_cast<int>(step_.b);
  if (level == SOL_SOCKET && option == SO_LINGER) {
    const linger value{step_.c >= 0, static_cast<int>(std::max<int64_t>(step_.c, 0))};
    return sockets_.setsockopt(fd_, level, option, &value, sizeof value);
  }
  if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO)) {
    const timeval value{step_.c / 1'000, step_.c % 1'000 * 1'000};
    return sockets_.setsockopt(fd_, level, option, &value, sizeof value);
  }
  const int value = static_cast<int>(step_.c);
  return sockets_.setsockopt(fd_, level, option, &value, sizeof value);
}

int64_t Performer::GetOption() {
  const int level = static_cast<int>(step_.a), option = static_cast<int>(step_.b);
  int values[4] = {};
  socklen_t length = sizeof values;
  if (level == IPPROTO_TCP && option == TCP_INFO) {
    tcp_info info{};
    length = sizeof info;
    const int result = sockets_.getsockopt(fd_, level, option, &info, &length);
    // The rest are times and counts. An acknowledgement of a FIN may be delayed: FIN-WAIT-2 counts as FIN-WAIT-1.
    constexpr int kFinWait1 = 4, kFinWait2 = 5;
    const int state = info.tcpi_state == kFinWait2 ? kFinWait1 : info.tcpi_state;
    if (result == 0) out_.details = absl::StrCat(" state ", state);
    return result;
  }
  const int result = sockets_.getsockopt(fd_, level, option, values, &length);
  if (result < 0) return result;
  absl::StrAppend(&out_.details, " length ", length);
  if (level == SOL_SOCKET && option == SO_ERROR) {
    absl::StrAppend(&out_.details, " value ", ErrorName(values[0]));
    return result;
  }
  for (size_t i = 0; i * sizeof(int) < length; ++i) absl::StrAppend(&out_.details, " value ", values[i]);
  return result;
}

}  // namespace

std::string Digest(const char* bytes, size_t length) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < length; ++i) hash = (hash ^ static_cast<uint8_t>(bytes[i])) * 0x100000001b3;
  return absl::StrCat("bytes ", absl::Hex(hash & 0xffffffff, absl::kZeroPad8));
}

Outcome Perform(lab::Sockets& sockets, const Resolved& step) { return Performer(sockets, step).Run(); }

}  // namespace differential
