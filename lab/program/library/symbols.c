/* libc's functions that programs call most, replaced: the same way as through a trap, 3 microseconds sooner. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "lab/program/library/library.h"

static long give(long result) {
  if (result >= 0) return result;
  errno = (int)-result;
  return -1;
}

/* Before the constructor has run, and where the lab isn't there, the kernel is asked as it always was. */
static long call(long number, long a, long b, long c, long d, long e, long f) {
  const long arguments[6] = {a, b, c, d, e, f};
  if (duet_channel == NULL) return give(duet_kernel(number, a, b, c, d, e, f));
  for (;;) {
    const long result = duet_call(number, arguments, NULL);
    duet_leave();
    if (result != -DUET_RESTART) return give(result);
  }
}

/* The same for a call that is a cancellation point. libc sends a thread that is to be cancelled a signal only where its
 * type says so, as its own calls have it while they wait; but it is to act here, where the stack can be unwound. */
static long cancellable(long number, long a, long b, long c, long d, long e, long f) {
  const long arguments[6] = {a, b, c, d, e, f};
  if (duet_channel == NULL || duet_alone) return call(number, a, b, c, d, e, f);
  for (;;) {
    int type;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    const long result = duet_call(number, arguments, NULL);
    pthread_setcanceltype(type, NULL);
    const int interrupted = duet_self.interrupted;
    duet_leave();
    if (interrupted) pthread_testcancel();
    if (result != -DUET_RESTART) return give(result);
  }
}

#define EXPORT __attribute__((visibility("default")))
#define CALL_7(n, a, b, c, d, e, f, ...) call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL(...) CALL_7(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define CANCELLABLE_7(n, a, b, c, d, e, f, ...) \
  cancellable(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CANCELLABLE(...) CANCELLABLE_7(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

EXPORT int socket(int domain, int type, int protocol) { return CALL(SYS_socket, domain, type, protocol); }
EXPORT int bind(int fd, const struct sockaddr* address, socklen_t length) {
  return CALL(SYS_bind, fd, address, length);
}
EXPORT int listen(int fd, int backlog) { return CALL(SYS_listen, fd, backlog); }
EXPORT int accept(int fd, struct sockaddr* address, socklen_t* length) {
  return CANCELLABLE(SYS_accept, fd, address, length);
}
EXPORT int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  return CANCELLABLE(SYS_accept4, fd, address, length, flags);
}
EXPORT int connect(int fd, const struct sockaddr* address, socklen_t length) {
  return CANCELLABLE(SYS_connect, fd, address, length);
}
EXPORT int shutdown(int fd, int how) { return CALL(SYS_shutdown, fd, how); }
EXPORT int close(int fd) { return CANCELLABLE(SYS_close, fd); }

EXPORT ssize_t send(int fd, const void* buffer, size_t length, int flags) {
  return CANCELLABLE(SYS_sendto, fd, buffer, length, flags);
}
EXPORT ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  return CANCELLABLE(SYS_recvfrom, fd, buffer, length, flags);
}
EXPORT ssize_t sendto(int fd, const void* buffer, size_t length, int flags, const struct sockaddr* address,
                      socklen_t address_length) {
  return CANCELLABLE(SYS_sendto, fd, buffer, length, flags, address, address_length);
}
EXPORT ssize_t recvfrom(int fd, void* buffer, size_t length, int flags, struct sockaddr* address,
                        socklen_t* address_length) {
  return CANCELLABLE(SYS_recvfrom, fd, buffer, length, flags, address, address_length);
}
EXPORT ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  return CANCELLABLE(SYS_sendmsg, fd, message, flags);
}
EXPORT ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  return CANCELLABLE(SYS_recvmsg, fd, message, flags);
}
EXPORT ssize_t read(int fd, void* buffer, size_t length) { return CANCELLABLE(SYS_read, fd, buffer, length); }
EXPORT ssize_t write(int fd, const void* buffer, size_t length) { return CANCELLABLE(SYS_write, fd, buffer, length); }

EXPORT int getsockopt(int fd, int level, int option, void* value, socklen_t* length) {
  return CALL(SYS_getsockopt, fd, level, option, value, length);
}
EXPORT int setsockopt(int fd, int level, int option, const void* value, socklen_t length) {
  return CALL(SYS_setsockopt, fd, level, option, value, length);
}
EXPORT int getsockname(int fd, struct sockaddr* address, socklen_t* length) {
  return CALL(SYS_getsockname, fd, address, length);
}
EXPORT int getpeername(int fd, struct sockaddr* address, socklen_t* length) {
  return CALL(SYS_getpeername, fd, address, length);
}

EXPORT int poll(struct pollfd* fds, nfds_t count, int timeout_ms) {
  return CANCELLABLE(SYS_poll, fds, count, timeout_ms);
}
EXPORT int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, struct timeval* timeout) {
  return CANCELLABLE(SYS_select, count, readable, writable, exceptional, timeout);
}

/* A spin without calls would keep its lock's owner from running. */
EXPORT int pthread_spin_lock(pthread_spinlock_t* lock) {
  while (pthread_spin_trylock(lock) != 0) CALL(SYS_sched_yield);
  return 0;
}

EXPORT int epoll_create1(int flags) { return CALL(SYS_epoll_create1, flags); }
EXPORT int epoll_ctl(int epfd, int operation, int fd, struct epoll_event* event) {
  return CALL(SYS_epoll_ctl, epfd, operation, fd, event);
}
EXPORT int epoll_wait(int epfd, struct epoll_event* events, int most, int timeout_ms) {
  return CANCELLABLE(SYS_epoll_wait, epfd, events, most, timeout_ms);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec* time) { return CALL(SYS_clock_gettime, clock, time); }
EXPORT int gettimeofday(struct timeval* time, void* zone) { return CALL(SYS_gettimeofday, time, zone); }
EXPORT time_t time(time_t* time) { return CALL(SYS_time, time); }

/* std::random_device asks the processor, which can't be trapped: its `unsigned _M_getval()` for a plain number. */
EXPORT unsigned duet_random_device(void* device) __asm__("_ZNSt13random_device9_M_getvalEv");
EXPORT unsigned duet_random_device(void* device) {
  (void)device;
  unsigned value = 0;
  CALL(SYS_getrandom, &value, sizeof(value));
  return value;
}
