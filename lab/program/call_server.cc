#include "lab/program/call_server.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>

#include "lab/program/carried_address.h"
#include "lab/program/process_timers.h"

namespace lab {
namespace {

// The limit (SO_RCVTIMEO, SO_SNDTIMEO) that a descriptor may have on what a call of that number waits for; null where
// there is none such.
bool DescriptorKinds::Kind::*LimitOf(int64_t number) {
  switch (number) {
    case SYS_accept4:
    case SYS_recvfrom:
    case SYS_read: return &DescriptorKinds::Kind::limits_receiving;
    case SYS_connect:
    case SYS_sendto:
    case SYS_write: return &DescriptorKinds::Kind::limits_sending;
    default: return nullptr;
  }
}

// Of a type as socket and socketpair take it.
bool IsStream(int type) { return (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM; }

}  // namespace

int64_t CallServer::ResultOf(int64_t returned) { return returned < 0 ? -static_cast<int64_t>(errno) : returned; }

size_t CallServer::Wanted(int64_t length) {
  return static_cast<size_t>(std::clamp<int64_t>(length, 0, DUET_CHANNEL_DATA));
}

int CallServer::Int(int64_t argument) { return static_cast<int>(static_cast<uint32_t>(argument)); }

CallServer::Handler CallServer::Find(int64_t number) {
  switch (number) {
    case SYS_socket: return &CallServer::Socket;
    case SYS_socketpair: return &CallServer::SocketPair;
    case SYS_accept4: return &CallServer::Accept;
    case SYS_bind: return &CallServer::Bind;
    case SYS_connect: return &CallServer::Connect;
    case SYS_listen: return &CallServer::Listen;
    case SYS_shutdown: return &CallServer::Shutdown;
    case SYS_close: return &CallServer::Close;
    case SYS_dup: return &CallServer::Dup;
    case SYS_dup2:
    case SYS_dup3: return &CallServer::DupOnto;
    case SYS_pipe2: return &CallServer::Pipe;
    case SYS_fcntl: return &CallServer::Fcntl;
    case SYS_ioctl: return &CallServer::Ioctl;
    case SYS_getsockopt: return &CallServer::GetOption;
    case SYS_setsockopt: return &CallServer::SetOption;
    case SYS_getsockname: return &CallServer::LocalName;
    case SYS_getpeername: return &CallServer::PeerName;
    case SYS_sendto: return &CallServer::SendTo;
    case SYS_recvfrom: return &CallServer::ReceiveFrom;
    case SYS_read: return &CallServer::Read;
    case SYS_write: return &CallServer::Write;
    case SYS_poll: return &CallServer::Poll;
    case SYS_select: return &CallServer::Select;
    case SYS_epoll_create1: return &CallServer::EpollCreate;
    case SYS_epoll_ctl: return &CallServer::EpollControl;
    case SYS_epoll_pwait2: return &CallServer::EpollWait;
    case SYS_eventfd2: return &CallServer::MakeEvent;
    case SYS_timerfd_create: return &CallServer::MakeTimer;
    case SYS_timerfd_settime: return &CallServer::SetTimer;
    case SYS_getrandom: return &CallServer::Random;
    case SYS_nanosleep:
    case DUET_REQUEST_SPEND: return &CallServer::Sleep;
    case DUET_REQUEST_RANDOM_FILE: return &CallServer::RandomFile;
    case DUET_REQUEST_HOSTNAME: return &CallServer::HostName;
    case DUET_REQUEST_GETADDRINFO: return &CallServer::Names;
    default: return nullptr;
  }
}

void CallServer::Serve(const CarriedRequest& request, CarriedAnswer& answer) {
  answer.argument = 0;
  answer.data.clear();
  answer.address.clear();
  const Handler handler = Find(request.number);
  answer.result = handler == nullptr ? -ENOSYS : (this->*handler)(request, answer);
  if (answer.result != -EINTR) return;
  if (const auto limit = LimitOf(request.number)) answer.argument = kinds_.Find(Int(request.arguments[0])).*limit;
}

int64_t CallServer::Make(int64_t number, const DescriptorKinds::Kind& made, absl::FunctionRef<int()> make) {
  if (!DescriptorKinds::Valid(number)) return -EBADF;
  const Thread::Numbers numbers(process_, Int(number));
  const int64_t result = ResultOf(make());
  if (result >= 0) kinds_.At(number) = made;
  return result;
}

int64_t CallServer::MakeBoth(int64_t first, int64_t second, const DescriptorKinds::Kind& made,
                             absl::FunctionRef<int()> make) {
  if (!DescriptorKinds::Valid(first) || !DescriptorKinds::Valid(second) || first == second) return -EBADF;
  const Thread::Numbers numbers(process_, Int(first), Int(second));
  const int64_t result = ResultOf(make());
  if (result >= 0) kinds_.At(first) = kinds_.At(second) = made;
  return result;
}

int64_t CallServer::Socket(const CarriedRequest& request, CarriedAnswer&) {
  const int domain = Int(request.arguments[0]);
  const int type = Int(request.arguments[1]);
  const bool internet = domain == AF_INET || domain == AF_INET6;
  const bool stream = IsStream(type);
  return Make(request.arguments[3], {.socket = true, .stream = stream, .internet_stream = internet && stream},
              [&] { return process_.sockets().socket(domain, type, Int(request.arguments[2])); });
}

int64_t CallServer::SocketPair(const CarriedRequest& request, CarriedAnswer&) {
  int ends[2];
  const int type = Int(request.arguments[1]);
  return MakeBoth(request.arguments[3], request.arguments[4], {.socket = true, .stream = IsStream(type)}, [&] {
    return process_.sockets().socketpair(Int(request.arguments[0]), type, Int(request.arguments[2]), ends);
  });
}

int64_t CallServer::Accept(const CarriedRequest& request, CarriedAnswer& answer) {
  AddressRoom room(answer);
  return Make(request.arguments[3], {.socket = true, .stream = true, .internet_stream = true}, [&] {
    return process_.sockets().accept4(Int(request.arguments[0]), room.address(), room.length(),
                                      Int(request.arguments[1]));
  });
}

int64_t CallServer::Bind(const CarriedRequest& request, CarriedAnswer&) {
  if (AddressOf(request) == nullptr) return -EINVAL;
  return ResultOf(process_.sockets().bind(Int(request.arguments[0]), AddressOf(request), AddressLength(request)));
}

int64_t CallServer::Connect(const CarriedRequest& request, CarriedAnswer&) {
  if (AddressOf(request) == nullptr) return -EINVAL;
  return ResultOf(process_.sockets().connect(Int(request.arguments[0]), AddressOf(request), AddressLength(request)));
}

int64_t CallServer::Listen(const CarriedRequest& request, CarriedAnswer&) {
  return ResultOf(process_.sockets().listen(Int(request.arguments[0]), Int(request.arguments[1])));
}

int64_t CallServer::Shutdown(const CarriedRequest& request, CarriedAnswer&) {
  return ResultOf(process_.sockets().shutdown(Int(request.arguments[0]), Int(request.arguments[1])));
}

int64_t CallServer::Close(const CarriedRequest& request, CarriedAnswer&) {
  const int64_t result = ResultOf(process_.sockets().close(Int(request.arguments[0])));
  if (result == 0) kinds_.At(Int(request.arguments[0])) = {};
  return result;
}

int64_t CallServer::Dup(const CarriedRequest& request, CarriedAnswer&) {
  return Make(request.arguments[1], kinds_.Find(Int(request.arguments[0])),
              [&] { return process_.sockets().dup(Int(request.arguments[0])); });
}

int64_t CallServer::DupOnto(const CarriedRequest& request, CarriedAnswer&) {
  const int fd = Int(request.arguments[0]);
  const int target = Int(request.arguments[1]);
  return Make(target, kinds_.Find(fd), [&] {
    return request.number == SYS_dup2 ? process_.sockets().dup2(fd, target)
                                      : process_.sockets().dup3(fd, target, Int(request.arguments[2]));
  });
}

int64_t CallServer::Pipe(const CarriedRequest& request, CarriedAnswer&) {
  int ends[2];
  return MakeBoth(request.arguments[1], request.arguments[2], {},
                  [&] { return process_.sockets().pipe2(ends, Int(request.arguments[0])); });
}

int64_t CallServer::Fcntl(const CarriedRequest& request, CarriedAnswer&) {
  const int fd = Int(request.arguments[0]);
  const int command = Int(request.arguments[1]);
  const auto call = [&] { return process_.sockets().fcntl(fd, command, request.arguments[2]); };
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) return Make(request.arguments[3], kinds_.Find(fd), call);
  const int carried[] = {F_GETFL, F_SETFL, F_GETPIPE_SZ, F_SETPIPE_SZ, F_GETOWN, F_SETOWN};
  if (std::find(std::begin(carried), std::end(carried), command) == std::end(carried)) return -EINVAL;
  return ResultOf(call());
}

int64_t CallServer::Ioctl(const CarriedRequest& request, CarriedAnswer& answer) {
  const auto wanted = static_cast<unsigned long>(static_cast<uint32_t>(request.arguments[1]));
  int value = Int(request.arguments[2]);
  const int result = process_.sockets().ioctl(Int(request.arguments[0]), wanted, &value);
  answer.argument = value;
  return ResultOf(result);
}

int64_t CallServer::GetOption(const CarriedRequest& request, CarriedAnswer& answer) {
  constexpr int64_t kLongest = 4096;
  auto length = static_cast<socklen_t>(std::clamp<int64_t>(request.arguments[3], 0, kLongest));
  answer.data.resize(kLongest);
  const int result = process_.sockets().getsockopt(Int(request.arguments[0]), Int(request.arguments[1]),
                                                   Int(request.arguments[2]), answer.data.data(), &length);
  const int error = errno;
  answer.data.resize(result == 0 ? std::min<size_t>(length, kLongest) : 0);
  return result == 0 ? 0 : -error;
}

int64_t CallServer::SetOption(const CarriedRequest& request, CarriedAnswer&) {
  const int fd = Int(request.arguments[0]);
  const int level = Int(request.arguments[1]);
  const int option = Int(request.arguments[2]);
  const int64_t result = ResultOf(process_.sockets().setsockopt(fd, level, option, request.data.data(),
                                                                static_cast<socklen_t>(request.data.size())));
  if (result == 0 && level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO)) {
    const bool limits = std::any_of(request.data.begin(), request.data.end(), [](uint8_t byte) { return byte != 0; });
    (option == SO_RCVTIMEO ? kinds_.At(fd).limits_receiving : kinds_.At(fd).limits_sending) = limits;
  }
  return result;
}

int64_t CallServer::LocalName(const CarriedRequest& request, CarriedAnswer& answer) {
  AddressRoom room(answer);
  return ResultOf(process_.sockets().getsockname(Int(request.arguments[0]), room.address(), room.length()));
}

int64_t CallServer::PeerName(const CarriedRequest& request, CarriedAnswer& answer) {
  AddressRoom room(answer);
  return ResultOf(process_.sockets().getpeername(Int(request.arguments[0]), room.address(), room.length()));
}

int64_t CallServer::MakeEvent(const CarriedRequest& request, CarriedAnswer&) {
  const int flags = Int(request.arguments[1]);
  const auto value = static_cast<uint32_t>(request.arguments[0]);
  return Make(request.arguments[3], {},
              [&] { return process_.MakeEvent(value, (flags & EFD_SEMAPHORE) != 0, (flags & EFD_NONBLOCK) != 0); });
}

// To poll it is an event that has come and stays.
int64_t CallServer::RandomFile(const CarriedRequest& request, CarriedAnswer&) {
  return Make(request.arguments[3], {.random = true}, [&] { return process_.MakeEvent(1, true, true); });
}

int64_t CallServer::MakeTimer(const CarriedRequest& request, CarriedAnswer&) {
  return Make(request.arguments[3], {.real_time = request.arguments[1] != 0},
              [&] { return process_.MakeTimer((Int(request.arguments[0]) & TFD_NONBLOCK) != 0); });
}

int64_t CallServer::SetTimer(const CarriedRequest& request, CarriedAnswer& answer) {
  constexpr int64_t kLongest = INT64_MAX / 4;
  const int fd = Int(request.arguments[0]);
  int64_t value = std::min(request.arguments[1], kLongest);
  if (request.arguments[3] != 0) value = UntilMoment(value, kinds_.Find(fd).real_time, process_.clock()).count();
  std::optional<Thread::Timer> timer;
  if (value >= 0) timer = {Duration(value), Duration(std::clamp<int64_t>(request.arguments[2], 0, kLongest))};
  Thread::Timer before;
  if (process_.SetTimer(fd, timer, before) != 0) return -errno;
  answer.argument = before.value.count();
  return before.interval.count();
}

int64_t CallServer::RandomBytes(int64_t length, CarriedAnswer& answer) {
  answer.data.resize(Wanted(length));
  process_.random(answer.data.data(), answer.data.size());
  return static_cast<int64_t>(answer.data.size());
}

int64_t CallServer::Random(const CarriedRequest& request, CarriedAnswer& answer) {
  return RandomBytes(request.arguments[0], answer);
}

int64_t CallServer::Sleep(const CarriedRequest& request, CarriedAnswer& answer) {
  // What has been computed is told every millisecond; a program that claims more gets no further by it.
  constexpr int64_t kMostSpent = 2'000'000;
  const int64_t longest = request.number == DUET_REQUEST_SPEND ? kMostSpent : INT64_MAX / 4;
  const Duration duration(std::clamp<int64_t>(request.arguments[0], 0, longest));
  const Time end = process_.clock() + duration;
  process_.sleep(duration);
  if (process_.clock() >= end) return 0;
  answer.argument = (end - process_.clock()).count();
  return -EINTR;
}

int64_t CallServer::HostName(const CarriedRequest&, CarriedAnswer& answer) {
  char name[256] = {};
  if (process_.sockets().gethostname(name, sizeof(name) - 1) != 0) return -errno;
  answer.data.assign(name, name + std::strlen(name));
  return 0;
}

// Data: node and service, each ended by a zero, then hints; each where its argument says that it is there.
int64_t CallServer::Names(const CarriedRequest& request, CarriedAnswer& answer) {
  const std::string text(request.data.begin(), request.data.end());
  const size_t node_end = text.find('\0');
  const size_t service_end = node_end == std::string::npos ? node_end : text.find('\0', node_end + 1);
  if (service_end == std::string::npos) return EAI_FAIL;
  const std::string node = text.substr(0, node_end);
  const std::string service = text.substr(node_end + 1, service_end - node_end - 1);
  duet_address hint = {};
  if (text.size() - service_end - 1 >= sizeof(hint)) std::memcpy(&hint, text.data() + service_end + 1, sizeof(hint));
  addrinfo hints = {};
  hints.ai_flags = hint.flags;
  hints.ai_family = hint.family;
  hints.ai_socktype = hint.type;
  hints.ai_protocol = hint.protocol;
  addrinfo* found = nullptr;
  const int error = process_.sockets().getaddrinfo(request.arguments[0] ? node.c_str() : nullptr,
                                                   request.arguments[1] ? service.c_str() : nullptr,
                                                   request.arguments[2] ? &hints : nullptr, &found);
  if (error != 0) return error;
  int64_t count = 0;
  for (const addrinfo* next = found; next != nullptr && count < 64; next = next->ai_next, ++count) {
    duet_address address = {next->ai_flags, next->ai_family, next->ai_socktype, next->ai_protocol, 0, {}};
    address.length = std::min<uint32_t>(next->ai_addrlen, sizeof(address.address));
    std::memcpy(address.address, next->ai_addr, address.length);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&address);
    answer.data.insert(answer.data.end(), bytes, bytes + sizeof(address));
  }
  process_.sockets().freeaddrinfo(found);
  return count;
}

}  // namespace lab
