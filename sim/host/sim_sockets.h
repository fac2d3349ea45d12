// lab::Sockets over a simulated host, for one process: the calls of lab/sockets/sockets.h with Linux's results.
//
// A call that blocks suspends the calling task and asks again whenever something has changed. Every call costs a
// little virtual time, so that a program that spins lets time pass. SIGPIPE is not raised: functions ignore it, in
// the real world too, and the library in a carried program raises it itself.
// In the destructors that run because a process was killed, calls fail with EBADF and do nothing.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "lab/sockets/sockets.h"
#include "lab/sockets/thread.h"
#include "sim/host/descriptor_table.h"
#include "sim/host/host.h"
#include "sim/host/socket.h"

namespace sim {

class SimSockets final : public lab::Sockets {
 public:
  static constexpr Duration kCallCost = std::chrono::microseconds(1);
  // More for every this many bytes moved.
  static constexpr size_t kBytesPerMicrosecond = 4'096;

  // Calls must come from one task of the host's engine; the host must outlive it. `process` keys its choices.
  // `descriptors` may be shared with other tasks' Sockets.
  SimSockets(Host& host, uint32_t process, bool short_transfers, std::shared_ptr<DescriptorTable> descriptors)
      : host_(host), process_(process), short_transfers_(short_transfers), table_(std::move(descriptors)) {}

  const std::shared_ptr<DescriptorTable>& table() const { return table_; }
  // A descriptor for the file: the next number that was chosen, or the lowest free one from `lowest` on; or -EMFILE.
  int Add(FilePtr file, bool close_on_exec, int lowest = 0);
  // Has no descriptors from here on. Those that nobody shares are closed, under a call that uses them too.
  void LeaveTable() {
    if (table_.use_count() == 1) return table_->CloseAll();
    table_ = std::make_shared<DescriptorTable>();
  }

  // As lab::Thread has them; PassDebt is false where the task is being killed.
  lab::Thread::Room SendRoom(int fd) const;
  lab::Thread::Arrived ArrivedAt(int fd, size_t most) const;
  std::optional<bool> OnEpollList(int epfd, int fd) const;
  void set_at_once(bool at_once) { at_once_ = at_once; }
  void set_numbers(int first, int second) { numbers_ = {first, second}; }
  bool PassDebt();

  int socket(int domain, int type, int protocol) override;
  int socketpair(int domain, int type, int protocol, int ends[2]) override;
  int bind(int sockfd, const sockaddr* address, socklen_t length) override;
  int listen(int sockfd, int backlog) override;
  int accept(int sockfd, sockaddr* address, socklen_t* length) override;
  int accept4(int sockfd, sockaddr* address, socklen_t* length, int flags) override;
  int connect(int sockfd, const sockaddr* address, socklen_t length) override;
  ssize_t send(int sockfd, const void* buffer, size_t length, int flags) override;
  ssize_t recv(int sockfd, void* buffer, size_t length, int flags) override;
  ssize_t sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                 socklen_t address_length) override;
  ssize_t recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                   socklen_t* address_length) override;
  ssize_t sendmsg(int sockfd, const msghdr* message, int flags) override;
  ssize_t recvmsg(int sockfd, msghdr* message, int flags) override;
  ssize_t read(int fd, void* buffer, size_t length) override;
  ssize_t write(int fd, const void* buffer, size_t length) override;
  ssize_t readv(int fd, const iovec* buffers, int count) override;
  ssize_t writev(int fd, const iovec* buffers, int count) override;
  int shutdown(int sockfd, int how) override;
  int close(int fd) override;
  int dup(int fd) override;
  int dup2(int fd, int target) override;
  int dup3(int fd, int target, int flags) override;
  int fcntl(int fd, int command, long argument) override;
  int ioctl(int fd, unsigned long request, int* argument) override;
  int getsockopt(int sockfd, int level, int option, void* value, socklen_t* length) override;
  int setsockopt(int sockfd, int level, int option, const void* value, socklen_t length) override;
  int getsockname(int sockfd, sockaddr* address, socklen_t* length) override;
  int getpeername(int sockfd, sockaddr* address, socklen_t* length) override;
  int poll(pollfd* fds, nfds_t count, int timeout_ms) override;
  int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) override;
  int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) override;
  int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
              const sigset_t* mask) override;
  int epoll_create1(int flags) override;
  int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) override;
  int epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) override;
  int epoll_pwait(int epfd, epoll_event* events, int most, int timeout_ms, const sigset_t* mask) override;
  int epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask) override;
  int pipe2(int ends[2], int flags) override;
  int gethostname(char* name, size_t length) override;
  int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) override;
  void freeaddrinfo(addrinfo* result) override;

 private:
  // The beginning of every call: lets its cost pass. Negative errno where the process is being killed.
  int Enter();
  // The end: a negative errno as POSIX gives it.
  static ssize_t Finish(int64_t result);
  int Finish(int result) { return static_cast<int>(Finish(int64_t{result})); }

  // The open file or socket of a descriptor, which stays while the call lasts; otherwise -EBADF, -ENOTSOCK.
  int Find(int fd, FilePtr& file) const;
  int Find(int fd, SocketPtr& socket) const;
  // Waits for the events. 0, or -EAGAIN where the deadline has passed, -EINTR where the task was interrupted, or
  // -EBADF where the process is being killed.
  // An exclusive one is woken only where those that came before it aren't there any more.
  int WaitFor(File& file, short events, std::optional<Time> deadline, bool exclusive = false);
  // The same for what concerns a connection: -EPIPE where another thread has disconnected the socket meanwhile.
  int WaitForConnection(File& file, short events, std::optional<Time> deadline);
  // The same for several, as poll does: how many have the events that they ask for, or one of `always`; 0 where the
  // deadline has passed. Those of `woken_by` have it look again too.
  int WaitForAny(pollfd* fds, size_t count, short always, short woken_by, std::optional<Time> deadline);
  int Scan(pollfd* fds, size_t count, short always) const;
  std::optional<Time> DeadlineAfter(Duration timeout) const;

  // What makes no socket of AF_INET or AF_INET6, and no pair. 0 or a negative errno.
  static int CheckKind(int domain, int kind, int protocol);
  static int CheckPair(int domain, int kind, int protocol);
  int MakeSocket(int domain, int type, int protocol);
  int MakePair(int domain, int type, int protocol, int ends[2]);
  // Whether it can be a descriptor's number: where numbers are chosen, their limit isn't this table's.
  bool MayBeNumber(int64_t number) const {
    return number >= 0 && (number < DescriptorTable::kMostDescriptors || numbers_[0] != DescriptorTable::kAnyNumber);
  }
  // The next number that was chosen for a new descriptor.
  int TakeNumber() { return std::exchange(numbers_[0], std::exchange(numbers_[1], DescriptorTable::kAnyNumber)); }
  // Two new descriptors, or none. 0, or -EMFILE.
  int AddBoth(const std::pair<FilePtr, FilePtr>& files, bool close_on_exec, int ends[2]);
  int Accept(int sockfd, sockaddr* address, socklen_t* length, int flags);
  int Connect(int sockfd, const sockaddr* address, socklen_t length);
  int Close(int fd);
  // What a descriptor stood for that is closed now; lingers where that is asked for.
  void LetGo(FilePtr file);
  void Linger(const FlowPtr& flow, Duration timeout);
  int Fcntl(int fd, int command, long argument);
  int Ioctl(int fd, unsigned long request, int* argument);
  int Poll(pollfd* fds, nfds_t count, std::optional<Time> deadline);
  int Select(int count, fd_set* sets[3], std::optional<Time> deadline);
  int EpollWait(int epfd, epoll_event* events, int most, std::optional<Time> deadline);
  int64_t Send(File& file, Buffers buffers, int flags);
  int64_t Receive(File& file, Buffers buffers, int flags);
  int64_t SendMessage(Socket& socket, Buffers buffers, int flags, const Dispatch& dispatch);
  int64_t ReceiveMessage(Socket& socket, Buffers buffers, int flags, Message& message);
  // What a program says of a message's way: an address or none, and sendmsg's ancillary data.
  struct Destination {
    const sockaddr* address;
    socklen_t length;
    const msghdr* header;
  };
  // Which of the calls asks: those of sockets alone, or read, write and their like.
  enum class By { kSocketCall, kFileCall };
  int64_t SendOn(int fd, Buffers buffers, int flags, By by, Destination to = {});
  int64_t ReceiveOn(int fd, Buffers buffers, int flags, By by, Message& message);
  int CheckMessage(int sockfd, const msghdr* message) const;
  // How much of what could be moved is: all, or less where transfers are cut short.
  size_t Cut(size_t length);
  void Charge(int64_t moved);

  Host& host_;
  const uint32_t process_;
  const bool short_transfers_;
  std::shared_ptr<DescriptorTable> table_;
  Duration debt_{0};  // for bytes moved, and for calls at once, let pass at the next call or in PassDebt
  bool at_once_ = false;
  std::array<int, 2> numbers_ = {DescriptorTable::kAnyNumber, DescriptorTable::kAnyNumber};
};

}  // namespace sim
