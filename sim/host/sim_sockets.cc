// The calls that make, name and end descriptors. The transfer of bytes is in sim_transfer.cc, poll and select are in
// sim_poll.cc.
#include "sim/host/sim_sockets.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "sim/host/addresses.h"
#include "sim/host/datagram_socket.h"
#include "sim/host/epoll.h"
#include "sim/host/names.h"
#include "sim/host/pipe.h"
#include "sim/host/stream_socket.h"
#include "sim/host/unix_socket.h"

namespace sim {

int SimSockets::Enter() {
  debt_ += kCallCost;
  return at_once_ || PassDebt() ? 0 : -EBADF;
}

bool SimSockets::PassDebt() { return host_.engine().Spend(std::exchange(debt_, Duration::zero())); }

lab::Thread::Room SimSockets::SendRoom(int fd) const {
  FilePtr file;
  if (short_transfers_ || Find(fd, file) != 0) return {};
  return {file->write_room(), file.get()};
}

lab::Thread::Arrived SimSockets::ArrivedAt(int fd, size_t most) const {
  File* const file = short_transfers_ ? nullptr : table_->Get(fd);
  Socket* const socket = file != nullptr ? file->AsSocket() : nullptr;
  const StreamSocket* const stream = socket != nullptr ? socket->AsStream() : nullptr;
  if (stream == nullptr) return {};
  return {stream->Arrived(most), file};
}

std::optional<bool> SimSockets::OnEpollList(int epfd, int fd) const {
  const File* const epoll = table_->Get(epfd);
  File* const file = table_->Get(fd);
  if (epoll == nullptr || file == nullptr) return std::nullopt;
  const Epoll* const list = const_cast<File*>(epoll)->AsEpoll();
  // One in another can be too deep.
  if (list == nullptr || file->AsEpoll() != nullptr) return std::nullopt;
  return list->Holds(fd, *file);
}

int SimSockets::Add(FilePtr file, bool close_on_exec, int lowest) {
  const int chosen = TakeNumber();
  if (chosen == DescriptorTable::kAnyNumber) return table_->Add(std::move(file), close_on_exec, lowest);
  const int fd = table_->Replace(chosen, std::move(file));
  if (fd >= 0) table_->set_close_on_exec(fd, close_on_exec);
  return fd;
}

ssize_t SimSockets::Finish(int64_t result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

int SimSockets::Find(int fd, FilePtr& file) const {
  file = table_->Get(fd);
  return file != nullptr ? 0 : -EBADF;
}

int SimSockets::Find(int fd, SocketPtr& socket) const {
  File* const file = table_->Get(fd);
  if (file == nullptr) return -EBADF;
  socket = file->AsSocket();
  return socket != nullptr ? 0 : -ENOTSOCK;
}

std::optional<Time> SimSockets::DeadlineAfter(Duration timeout) const {
  if (timeout == Duration::zero()) return std::nullopt;
  return host_.now() + timeout;
}

int SimSockets::WaitFor(File& file, short events, std::optional<Time> deadline, bool exclusive) {
  TaskWaiter waiter(host_.engine().scheduler());
  waiter.Join(file.waiters(), events, exclusive);
  switch (host_.engine().WaitInterruptibly(deadline)) {
    case Task::Wakeup::kWoken: return 0;
    case Task::Wakeup::kTimedOut: return -EAGAIN;
    case Task::Wakeup::kInterrupted: return -EINTR;
    case Task::Wakeup::kKilled: return -EBADF;
  }
  return -EBADF;
}

int SimSockets::WaitForConnection(File& file, short events, std::optional<Time> deadline) {
  const Socket* const socket = file.AsSocket();
  const uint32_t before = socket != nullptr ? socket->disconnects() : 0;
  const int waited = WaitFor(file, events, deadline);
  const bool disconnected = waited == 0 && socket != nullptr && socket->disconnects() != before;
  return disconnected ? -EPIPE : waited;
}

int SimSockets::CheckKind(int domain, int kind, int protocol) {
  constexpr int kMostTypes = 11;  // Linux's SOCK_MAX
  if (kind < 0 || kind >= kMostTypes) return -EINVAL;
  if (domain != AF_INET && domain != AF_INET6) return -EAFNOSUPPORT;
  constexpr int kMostProtocols = 263;  // Linux's IPPROTO_MAX
  if (protocol < 0 || protocol >= kMostProtocols) return -EINVAL;
  if (kind == SOCK_RAW) return protocol == 0 ? -EPROTONOSUPPORT : -EPERM;
  if (kind != SOCK_STREAM && kind != SOCK_DGRAM) return -ESOCKTNOSUPPORT;
  const int usual = kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  return protocol != 0 && protocol != usual ? -EPROTONOSUPPORT : 0;
}

int SimSockets::MakeSocket(int domain, int type, int protocol) {
  const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (const int error = CheckKind(domain, kind, protocol)) return error;
  SocketPtr socket;
  if (kind == SOCK_STREAM) {
    socket = new StreamSocket(host_, domain);
  } else {
    socket = new DatagramSocket(host_, domain);
  }
  socket->set_nonblocking((flags & SOCK_NONBLOCK) != 0);
  return Add(std::move(socket), (flags & SOCK_CLOEXEC) != 0);
}

int SimSockets::socket(int domain, int type, int protocol) {
  if (const int error = Enter()) return Finish(error);
  return Finish(MakeSocket(domain, type, protocol));
}

int SimSockets::CheckPair(int domain, int kind, int protocol) {
  if (domain != AF_UNIX) {
    const int error = CheckKind(domain, kind, protocol);
    return error != 0 ? error : -EOPNOTSUPP;
  }
  if (protocol != 0 && protocol != PF_UNIX) return -EPROTONOSUPPORT;
  // Linux makes datagram sockets of raw ones here.
  const bool known = kind == SOCK_STREAM || kind == SOCK_DGRAM || kind == SOCK_SEQPACKET || kind == SOCK_RAW;
  return known ? 0 : CheckKind(AF_INET, kind, 0) == -EINVAL ? -EINVAL : -ESOCKTNOSUPPORT;
}

int SimSockets::MakePair(int domain, int type, int protocol, int ends[2]) {
  const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  constexpr int kTypeBits = 0xf;
  if ((kind & ~kTypeBits) != 0) return -EINVAL;
  DescriptorTable::Reservation first(*table_, TakeNumber());
  if (first.fd() < 0) return first.fd();
  DescriptorTable::Reservation second(*table_, TakeNumber());
  if (second.fd() < 0) return second.fd();
  // As in Linux the numbers are told before anything can fail.
  ends[0] = first.fd();
  ends[1] = second.fd();
  if (const int error = CheckPair(domain, kind, protocol)) return error;
  const auto [one, other] = UnixSocket::MakePair(host_.engine().scheduler(), kind == SOCK_RAW ? SOCK_DGRAM : kind);
  for (const SocketPtr& end : {one, other}) end->set_nonblocking((flags & SOCK_NONBLOCK) != 0);
  first.Fill(one, (flags & SOCK_CLOEXEC) != 0);
  second.Fill(other, (flags & SOCK_CLOEXEC) != 0);
  return 0;
}

int SimSockets::socketpair(int domain, int type, int protocol, int ends[2]) {
  if (const int error = Enter()) return Finish(error);
  return Finish(ends == nullptr ? -EFAULT : MakePair(domain, type, protocol, ends));
}

int SimSockets::bind(int sockfd, const sockaddr* address, socklen_t length) {
  SocketPtr socket;
  lab::Endpoint local;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  if (error == 0) error = LoadBindAddress(socket->domain(), address, length, local);
  return Finish(error != 0 ? error : socket->Bind(local));
}

int SimSockets::listen(int sockfd, int backlog) {
  SocketPtr socket;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  return Finish(error != 0 ? error : socket->Listen(backlog));
}

int SimSockets::Accept(int sockfd, sockaddr* address, socklen_t* length, int flags) {
  // In Linux's order: what is no socket is told last.
  FilePtr file;
  if (const int error = Find(sockfd, file)) return error;
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return -EINVAL;
  DescriptorTable::Reservation reservation(*table_, TakeNumber());
  if (reservation.fd() < 0) return reservation.fd();
  const SocketPtr socket = file->AsSocket();
  if (socket == nullptr) return -ENOTSOCK;
  const auto deadline = DeadlineAfter(socket->options()->receive_timeout);
  const bool nonblocking = socket->nonblocking();
  SocketPtr accepted;
  lab::Endpoint from;
  while (const int error = socket->Accept(accepted, from)) {
    if (error != -EAGAIN || nonblocking) return error;
    if (const int waited = WaitFor(*socket, POLLIN, deadline, /*exclusive=*/true)) return waited;
  }
  accepted->set_nonblocking((flags & SOCK_NONBLOCK) != 0);
  if (const int error = StoreAddress(accepted->domain(), from, address, length)) return error;
  return reservation.Fill(std::move(accepted), (flags & SOCK_CLOEXEC) != 0);
}

int SimSockets::accept(int sockfd, sockaddr* address, socklen_t* length) {
  return accept4(sockfd, address, length, 0);
}

int SimSockets::accept4(int sockfd, sockaddr* address, socklen_t* length, int flags) {
  if (const int error = Enter()) return Finish(error);
  return Finish(Accept(sockfd, address, length, flags));
}

namespace {

// Datagram sockets of AF_INET6 take IPv4's addresses as they are too.
int LoadRemote(const Socket& socket, const sockaddr* address, socklen_t length, lab::Endpoint& remote) {
  const bool mixed = socket.domain() == AF_INET6 && socket.type() == SOCK_DGRAM && address != nullptr &&
                     length >= sizeof(sa_family_t) && address->sa_family == AF_INET;
  if (mixed && socket.options()->ipv6_only) return -EAFNOSUPPORT;
  return LoadAddress(mixed ? AF_INET : socket.domain(), address, length, remote);
}

}  // namespace

int SimSockets::Connect(int sockfd, const sockaddr* address, socklen_t length) {
  SocketPtr socket;
  if (const int error = Find(sockfd, socket)) return error;
  const bool has_family = address != nullptr && length >= sizeof(sa_family_t) && length <= sizeof(sockaddr_storage);
  if (has_family && address->sa_family == AF_UNSPEC) {
    if (socket->domain() == AF_UNIX && socket->type() != SOCK_DGRAM) return -EINVAL;
    socket->Disconnect();
    return 0;
  }
  // Whatever the address turns out to be.
  if (const int unbound = has_family ? socket->BindAnywhere() : 0) return unbound;
  lab::Endpoint remote;
  const int loaded = LoadRemote(*socket, address, length, remote);
  // A stream's state is looked at before what the address says.
  const StreamSocket* const stream = socket->AsStream();
  const int refused = stream != nullptr && loaded != -EFAULT ? stream->MayConnect() : 0;
  if (loaded != 0 && refused == 0) return loaded;
  const int begun = refused != 0 ? refused : socket->Connect(remote);
  if (begun != -EINPROGRESS && begun != -EALREADY) return begun;
  const auto deadline = DeadlineAfter(socket->options()->send_timeout);
  const bool nonblocking = socket->nonblocking();
  for (;;) {
    const int finished = socket->FinishConnect();
    if (finished != -EAGAIN) return finished;
    if (nonblocking) return begun;
    const int waited = WaitForConnection(*socket, POLLOUT, deadline);
    if (waited != 0) return waited == -EAGAIN ? -EINPROGRESS : waited;
  }
}

int SimSockets::connect(int sockfd, const sockaddr* address, socklen_t length) {
  if (const int error = Enter()) return Finish(error);
  return Finish(Connect(sockfd, address, length));
}

int SimSockets::shutdown(int sockfd, int how) {
  SocketPtr socket;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  return Finish(error != 0 ? error : socket->Shutdown(how));
}

int SimSockets::Close(int fd) {
  FilePtr file;
  if (const int error = Find(fd, file)) return error;
  table_->Close(fd);
  LetGo(std::move(file));
  return 0;
}

void SimSockets::LetGo(FilePtr file) {
  StreamSocket* const socket = file->AsSocket() != nullptr ? file->AsSocket()->AsStream() : nullptr;
  const FlowPtr flow = socket != nullptr ? socket->flow() : nullptr;
  if (flow == nullptr || !file->unique()) return;
  const bool lingers = socket->options()->lingers;
  const std::chrono::seconds timeout(socket->options()->linger_seconds);
  file.reset();
  if (lingers && timeout.count() > 0) Linger(flow, timeout);
}

void SimSockets::Linger(const FlowPtr& flow, Duration timeout) {
  // Wakes the closing task whenever the connection changes.
  class Watcher final : public Flow::Owner {
   public:
    Watcher(Scheduler& scheduler, Flow& flow) : scheduler_(scheduler), task_(*scheduler.current()), flow_(flow) {
      flow_.set_owner(this);
    }
    ~Watcher() override { flow_.set_owner(nullptr); }
    void OnChange(Flow&) override { scheduler_.Wake(task_); }

   private:
    Scheduler& scheduler_;
    Task& task_;
    Flow& flow_;
  };
  const auto sending = [&] {
    const tcp::State state = flow->connection().state();
    return state == tcp::State::kFinWait1 || state == tcp::State::kClosing || state == tcp::State::kLastAck;
  };
  const Time deadline = host_.now() + timeout;
  Watcher watcher(host_.engine().scheduler(), *flow);
  while (sending() && host_.engine().Wait(deadline) == Task::Wakeup::kWoken) {
  }
}

int SimSockets::close(int fd) {
  if (const int error = Enter()) return Finish(error);
  return Finish(Close(fd));
}

int SimSockets::dup(int fd) {
  FilePtr file;
  int error = Enter();
  if (error == 0) error = Find(fd, file);
  return Finish(error != 0 ? error : Add(std::move(file), false));
}

int SimSockets::dup2(int fd, int target) {
  FilePtr file;
  int error = Enter();
  if (error == 0) error = Find(fd, file);
  if (error == 0 && !MayBeNumber(target)) error = -EBADF;
  if (error != 0) return Finish(error);
  if (fd == target) return target;
  FilePtr replaced = table_->Get(target);
  const int result = table_->Replace(target, std::move(file));
  if (replaced != nullptr) LetGo(std::move(replaced));
  return Finish(result);
}

int SimSockets::dup3(int fd, int target, int flags) {
  FilePtr file;
  if (const int error = Enter()) return Finish(error);
  if ((flags & ~O_CLOEXEC) != 0 || fd == target) return Finish(-EINVAL);
  if (!MayBeNumber(target)) return Finish(-EBADF);
  if (const int error = Find(fd, file)) return Finish(error);
  if (const int replaced = table_->Replace(target, std::move(file)); replaced < 0) return Finish(replaced);
  table_->set_close_on_exec(target, flags != 0);
  return target;
}

int SimSockets::Fcntl(int fd, int command, long argument) {
  FilePtr file;
  if (const int error = Find(fd, file)) return error;
  switch (command) {
    case F_GETFL: return file->access_mode() | (file->nonblocking() ? O_NONBLOCK : 0);
    case F_SETFL: file->set_nonblocking((argument & O_NONBLOCK) != 0); return 0;
    case F_GETFD: return table_->close_on_exec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD: table_->set_close_on_exec(fd, (argument & FD_CLOEXEC) != 0); return 0;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (!MayBeNumber(argument)) return -EINVAL;
      return Add(std::move(file), command == F_DUPFD_CLOEXEC, static_cast<int>(argument));
    case F_GETPIPE_SZ: return file->AsPipe() != nullptr ? file->AsPipe()->size() : -EBADF;
    case F_SETPIPE_SZ:
      return file->AsPipe() != nullptr ? file->AsPipe()->Resize(static_cast<uint32_t>(argument)) : -EBADF;
    case F_GETOWN: return file->owner();
    case F_SETOWN: file->set_owner(static_cast<int>(argument)); return 0;
    default: return -EINVAL;
  }
}

int SimSockets::fcntl(int fd, int command, long argument) {
  if (const int error = Enter()) return Finish(error);
  return Finish(Fcntl(fd, command, argument));
}

int SimSockets::getsockopt(int sockfd, int level, int option, void* value, socklen_t* length) {
  SocketPtr socket;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  return Finish(error != 0 ? error : socket->GetOption(level, option, value, length));
}

int SimSockets::setsockopt(int sockfd, int level, int option, const void* value, socklen_t length) {
  SocketPtr socket;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  return Finish(error != 0 ? error : socket->SetOption(level, option, value, length));
}

int SimSockets::getsockname(int sockfd, sockaddr* address, socklen_t* length) {
  SocketPtr socket;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  if (error == 0 && (address == nullptr || length == nullptr)) error = -EFAULT;
  return Finish(error != 0 ? error : StoreAddress(socket->domain(), socket->local(), address, length));
}

int SimSockets::getpeername(int sockfd, sockaddr* address, socklen_t* length) {
  SocketPtr socket;
  int error = Enter();
  if (error == 0) error = Find(sockfd, socket);
  if (error != 0) return Finish(error);
  const std::optional<lab::Endpoint> remote = socket->remote();
  if (!remote) return Finish(-ENOTCONN);
  if (address == nullptr || length == nullptr) return Finish(-EFAULT);
  return Finish(StoreAddress(socket->domain(), *remote, address, length));
}

int SimSockets::pipe2(int ends[2], int flags) {
  if (const int error = Enter()) return Finish(error);
  if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) return Finish(-EINVAL);
  if (ends == nullptr) return Finish(-EFAULT);
  Scheduler& scheduler = host_.engine().scheduler();
  auto buffer = std::make_shared<PipeBuffer>();
  const FilePtr files[] = {FilePtr(new PipeReader(scheduler, buffer)), FilePtr(new PipeWriter(scheduler, buffer))};
  for (const FilePtr& file : files) file->set_nonblocking((flags & O_NONBLOCK) != 0);
  return Finish(AddBoth({files[0], files[1]}, (flags & O_CLOEXEC) != 0, ends));
}

int SimSockets::AddBoth(const std::pair<FilePtr, FilePtr>& files, bool close_on_exec, int ends[2]) {
  const int first = Add(files.first, close_on_exec);
  if (first < 0) return first;
  const int second = Add(files.second, close_on_exec);
  if (second < 0) {
    table_->Close(first);
    return second;
  }
  ends[0] = first;
  ends[1] = second;
  return 0;
}

int SimSockets::gethostname(char* name, size_t length) {
  if (const int error = Enter()) return Finish(error);
  if (name == nullptr && length > 0) return Finish(-EFAULT);
  const std::string& own = host_.name();
  std::memcpy(name, own.c_str(), std::min(length, own.size() + 1));
  return Finish(length <= own.size() ? -ENAMETOOLONG : 0);
}

int SimSockets::getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  if (Enter() != 0) return EAI_SYSTEM;
  return ResolveNames(host_.network(), node, service, hints, result);
}

void SimSockets::freeaddrinfo(addrinfo* result) { FreeNames(result); }

}  // namespace sim
