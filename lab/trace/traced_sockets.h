// A Sockets that passes every call on and writes it into a ledger.
#pragma once

#include <functional>
#include <optional>

#include "lab/sockets/process.h"
#include "lab/sockets/sockets.h"
#include "lab/trace/ledger_entry.h"

namespace lab {

// `inner` must outlive it. `record` is given each call when it returns; errno is what the call left, whatever
// `clock` and `record` do. A call that has not returned is `pending()`: that of a process that was killed in it too.
// Nothing is allocated for a call, and the pointers that it is given reach `inner` as they are. freeaddrinfo is no
// call to a kernel and isn't recorded.
class TracedSockets : public Sockets {
 public:
  using Clock = std::function<Time()>;
  using Record = std::function<void(const duet_ledger_entry&)>;

  TracedSockets(Sockets& inner, Clock clock, Record record);

  // The call that the process is in, for the report of who waits for what.
  const std::optional<duet_ledger_entry>& pending() const { return pending_; }

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
  // Makes the call pending.
  void Begin(duet_call call, int64_t first = 0, int64_t second = 0, int64_t third = 0, int64_t fourth = 0);
  // What a call that gave `result` moved to or from `buffers`, at most `length` bytes.
  void Moved(const iovec* buffers, size_t count, ssize_t result);
  void Moved(const void* buffer, size_t length, ssize_t result);
  void Address(const sockaddr* address, socklen_t length);
  // The two descriptors that a call made, from that argument on.
  void Ends(size_t first, const int ends[2]);
  // Records the pending call, and gives its result back.
  ssize_t End(ssize_t result);
  int End(int result) { return static_cast<int>(End(ssize_t{result})); }
  int EndPoll(const pollfd* fds, size_t count, int result);
  int EndEpoll(const epoll_event* events, int result);

  Sockets& inner_;
  Clock clock_;
  Record record_;
  std::optional<duet_ledger_entry> pending_;
};

}  // namespace lab
