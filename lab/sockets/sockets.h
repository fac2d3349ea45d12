// The socket interface of a process: POSIX's calls with POSIX's names, arguments, results and errno.
//
// `sim::SimSockets` implements it over the simulated network, `real::KernelSockets` over the kernel's;
// tests/conformance holds that a program cannot tell them apart.
//
// Guarantees, for every call:
//  1. It gives what the kernel's call of that name gives: a descriptor, a count, 0, or -1 with errno set.
//     A call that succeeds leaves errno alone.
//  2. Descriptors are those of the calling process; a new one has the lowest number that is free.
//     0, 1 and 2 are the process's standard input, output and error.
//  3. A call blocks only where "Blocks" is said below, and then never if the descriptor carries
//     O_NONBLOCK (EAGAIN, or EINPROGRESS from connect) or the call MSG_DONTWAIT.
//  4. Pointers are borrowed for the length of the call.
//
// A Sockets belongs to one process of a world and may be called from that process only.
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace lab {

class Sockets {
 public:
  virtual ~Sockets() = default;

  // Returns a descriptor for a new, unconnected socket. `type` may carry SOCK_NONBLOCK and SOCK_CLOEXEC.
  // EAFNOSUPPORT, EPROTONOSUPPORT, EINVAL: the family, protocol or type does not exist here.
  // EMFILE: the process has all the descriptors that it may have; close some.
  virtual int socket(int domain, int type, int protocol) = 0;

  // Two sockets that are connected to each other, in this host alone: what is written to one is read from the other.
  // `domain` is AF_UNIX. SOCK_STREAM carries bytes; SOCK_DGRAM and SOCK_SEQPACKET messages, each read by one call,
  // where what the call has no room for is lost. `type` may carry SOCK_NONBLOCK and SOCK_CLOEXEC.
  // EOPNOTSUPP: not in this family.
  virtual int socketpair(int domain, int type, int protocol, int ends[2]) = 0;

  // Gives the socket its local address. INADDR_ANY stands for every address of the host, port 0 for one
  // that is free and that getsockname will tell.
  // EADDRINUSE: another socket has the port, or a connection of it is in TIME-WAIT and SO_REUSEADDR is
  // not set. EADDRNOTAVAIL: not an address of this host. EINVAL: bound already.
  // EACCES: a port below 1024 without the privilege.
  virtual int bind(int sockfd, const sockaddr* address, socklen_t length) = 0;

  // Lets clients connect. At most backlog + 1 of them wait to be accepted (`somaxconn` bounds backlog);
  // further SYNs are dropped and the clients' systems try again. A second call changes the backlog.
  // EADDRINUSE: another socket listens on the port. EOPNOTSUPP: not a stream. EINVAL: connected.
  virtual int listen(int sockfd, int backlog) = 0;

  // Takes the oldest connection that waits and returns a descriptor of its own for it. Stores the client's
  // address in *address, cut to *length, and its full length in *length; both may be null.
  // Blocks until a client has connected. EINVAL: not listening. EMFILE: no descriptor is free (the
  // connection stays in the queue).
  virtual int accept(int sockfd, sockaddr* address, socklen_t* length) = 0;

  // accept, with SOCK_NONBLOCK and SOCK_CLOEXEC for the new descriptor in `flags`.
  virtual int accept4(int sockfd, sockaddr* address, socklen_t* length, int flags) = 0;

  // Connects to a listening socket, and binds first where bind was not called.
  // Blocks until the connection stands or has failed; without blocking, EINPROGRESS, then poll for
  // POLLOUT and read SO_ERROR; EALREADY while that goes on.
  // ECONNREFUSED: nobody listens there. ETIMEDOUT: no answer to any SYN (`tcp_syn_retries`).
  // EHOSTUNREACH, ENETUNREACH: no way to the address. EISCONN: connected already.
  // EADDRNOTAVAIL: no local port is free.
  virtual int connect(int sockfd, const sockaddr* address, socklen_t length) = 0;

  // Queues up to `length` bytes for the peer and returns how many were taken: fewer than asked for is a
  // success, and the caller sends the rest. Success says nothing about arrival.
  // Blocks while the send buffer is full. EPIPE: this side is shut down for sending or the peer has
  // reset; SIGPIPE is raised too, unless MSG_NOSIGNAL. ECONNRESET: the peer has reset and nobody was told
  // yet. ENOTCONN: not connected.
  virtual ssize_t send(int sockfd, const void* buffer, size_t length, int flags) = 0;

  // Takes up to `length` bytes in the order they were sent, in pieces that need not be the sender's.
  // 0 is end of file: the peer will send no more (or `length` was 0).
  // Blocks until at least one byte or the end is there; with MSG_WAITALL until `length` bytes are.
  // MSG_PEEK leaves the bytes in place. ECONNRESET: the peer has reset. ENOTCONN: not connected.
  virtual ssize_t recv(int sockfd, void* buffer, size_t length, int flags) = 0;

  // send; the address is ignored on a connected stream (EISCONN is not given, as in Linux).
  virtual ssize_t sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                         socklen_t address_length) = 0;

  // recv; a stream stores no address and sets *address_length to 0.
  virtual ssize_t recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                           socklen_t* address_length) = 0;

  // send and recv with several buffers. Ancillary data is neither sent nor received on these sockets:
  // recvmsg sets msg_controllen to 0.
  virtual ssize_t sendmsg(int sockfd, const msghdr* message, int flags) = 0;
  virtual ssize_t recvmsg(int sockfd, msghdr* message, int flags) = 0;

  // On a socket these are recv and send with no flags, and the same with several buffers; they serve the
  // pipes of the process as well. write to a pipe that nobody will read: EPIPE and SIGPIPE.
  virtual ssize_t read(int fd, void* buffer, size_t length) = 0;
  virtual ssize_t write(int fd, const void* buffer, size_t length) = 0;
  virtual ssize_t readv(int fd, const iovec* buffers, int count) = 0;
  virtual ssize_t writev(int fd, const iovec* buffers, int count) = 0;

  // Ends one direction (SHUT_RD, SHUT_WR) or both. SHUT_WR sends what is queued, then FIN: the peer
  // reads end of file and may go on sending. ENOTCONN: not connected.
  virtual int shutdown(int sockfd, int how) = 0;

  // Frees the descriptor. The last one of a connection ends it: what was sent still arrives, unless
  // bytes are left unread here, which makes the end a reset. Never blocks (but see SO_LINGER).
  virtual int close(int fd) = 0;

  // Another descriptor for the same socket or pipe. dup2 and dup3 close `target` first, silently; where it is `fd`
  // itself dup2 does nothing and dup3 gives EINVAL. `flags`: O_CLOEXEC.
  virtual int dup(int fd) = 0;
  virtual int dup2(int fd, int target) = 0;
  virtual int dup3(int fd, int target, int flags) = 0;

  // F_GETFL, F_SETFL (O_NONBLOCK), F_GETFD, F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC; of a pipe F_GETPIPE_SZ and F_SETPIPE_SZ,
  // how many bytes it holds. EINVAL: another command.
  virtual int fcntl(int fd, int command, long argument) = 0;

  // FIONREAD: the bytes that can be read now. FIONBIO: O_NONBLOCK on or off. ENOTTY: another request.
  virtual int ioctl(int fd, unsigned long request, int* argument) = 0;

  // What programs set at SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP and IPPROTO_IPV6: docs/sockets.md has the list. Reading
  // SO_ERROR clears it; SO_SNDBUF and SO_RCVBUF are stored doubled. ENOPROTOOPT: another option. EINVAL: too short, or
  // not a value that it can have.
  virtual int getsockopt(int sockfd, int level, int option, void* value, socklen_t* length) = 0;
  virtual int setsockopt(int sockfd, int level, int option, const void* value, socklen_t length) = 0;

  // This end's address, and the other's (ENOTCONN: there is none yet).
  virtual int getsockname(int sockfd, sockaddr* address, socklen_t* length) = 0;
  virtual int getpeername(int sockfd, sockaddr* address, socklen_t* length) = 0;

  // Returns how many of the descriptors have events and stores them in revents: POLLIN (data, end of file,
  // or a connection to accept), POLLOUT (space to send, or connected), POLLERR, POLLHUP, POLLRDHUP, POLLNVAL.
  // Blocks for up to `timeout_ms` (-1: for ever) until there is one; 0 says that the time is up.
  virtual int poll(pollfd* fds, nfds_t count, int timeout_ms) = 0;

  // The same with three sets, replaced by those that are ready; *timeout is set to the time that is left.
  // EBADF: a descriptor in a set is not open.
  virtual int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) = 0;

  // poll and select with a limit in nanoseconds (null: none), which stays as it is. `mask` is what sigprocmask is set
  // to meanwhile (null: nothing); the simulation delivers no signals and ignores it.
  virtual int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) = 0;
  virtual int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
                      const sigset_t* mask) = 0;

  // A descriptor that keeps a list of others and tells which of them have events. `flags`: EPOLL_CLOEXEC.
  virtual int epoll_create1(int flags) = 0;

  // EPOLL_CTL_ADD puts `fd` on the list of `epfd`, EPOLL_CTL_MOD changes what it is asked for, EPOLL_CTL_DEL takes it
  // off, as does the close of its last duplicate. event->events are poll's, of which EPOLLERR and EPOLLHUP come
  // unasked, and EPOLLET: told once for each time that something comes (or that ADD or MOD finds it there), rather than
  // as long as it is there; EPOLLONESHOT: told once, until MOD; EPOLLEXCLUSIVE: of several that wait for fd only one is
  // woken.
  // EEXIST: on the list already. ENOENT: not on it. EPERM: an ordinary file, which is always ready. ELOOP: one epoll
  // descriptor in another, deeper than five or in a circle. EINVAL: not an epoll descriptor, or epfd in itself.
  virtual int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) = 0;

  // Stores up to `most` events, each with the data that epoll_ctl gave, and returns how many: those that came first
  // first, and what was told goes behind what was not.
  // Blocks for up to `timeout_ms` (-1: for ever) until there is one; 0 says that the time is up.
  // EINVAL: not an epoll descriptor, or `most` isn't positive.
  virtual int epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) = 0;
  // The same as ppoll to poll: with a signal mask, and with a limit in nanoseconds.
  virtual int epoll_pwait(int epfd, epoll_event* events, int most, int timeout_ms, const sigset_t* mask) = 0;
  virtual int epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask) = 0;

  // A one-way pipe: bytes written to ends[1] are read from ends[0]. `flags`: O_NONBLOCK, O_CLOEXEC.
  virtual int pipe2(int ends[2], int flags) = 0;

  // The host's name, cut to `length` (ENAMETOOLONG).
  virtual int gethostname(char* name, size_t length) = 0;

  // The addresses of a host of this world by its name (or a dotted address) and a port by its number.
  // Returns 0 and a list to give to freeaddrinfo, or an EAI_ error for gai_strerror: EAI_NONAME where
  // no host is called so.
  virtual int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) = 0;
  virtual void freeaddrinfo(addrinfo* result) = 0;
};

}  // namespace lab
