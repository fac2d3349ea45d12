/* libc's functions with a line in the ledger around them. The next definition of each is libc's own. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lab/program/library/ledger_wrap.h"

EXPORT int socket(int domain, int type, int protocol) {
  entry line = duet_begin(DUET_CALL_SOCKET, domain, type, protocol, 0);
  return duet_end(&line, NEXT(socket)(domain, type, protocol));
}

EXPORT int bind(int fd, const struct sockaddr* address, socklen_t length) {
  entry line = duet_begin(DUET_CALL_BIND, fd, 0, 0, 0);
  duet_note_address(&line, address, length);
  return duet_end(&line, NEXT(bind)(fd, address, length));
}

EXPORT int listen(int fd, int backlog) {
  entry line = duet_begin(DUET_CALL_LISTEN, fd, backlog, 0, 0);
  return duet_end(&line, NEXT(listen)(fd, backlog));
}

EXPORT int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  entry line = duet_begin(DUET_CALL_ACCEPT, fd, flags, 0, 0);
  const int result = NEXT(accept4)(fd, address, length, flags);
  const int error = errno;
  struct sockaddr_storage client;
  socklen_t client_length = sizeof(client);
  if (result >= 0 && getpeername(result, (struct sockaddr*)&client, &client_length) == 0) {
    duet_note_address(&line, (struct sockaddr*)&client, client_length);
  }
  errno = error;
  return duet_end(&line, result);
}

EXPORT int accept(int fd, struct sockaddr* address, socklen_t* length) { return accept4(fd, address, length, 0); }

EXPORT int connect(int fd, const struct sockaddr* address, socklen_t length) {
  entry line = duet_begin(DUET_CALL_CONNECT, fd, 0, 0, 0);
  duet_note_address(&line, address, length);
  return duet_end(&line, NEXT(connect)(fd, address, length));
}

EXPORT int shutdown(int fd, int how) {
  entry line = duet_begin(DUET_CALL_SHUTDOWN, fd, how, 0, 0);
  return duet_end(&line, NEXT(shutdown)(fd, how));
}

EXPORT ssize_t sendto(int fd, const void* buffer, size_t length, int flags, const struct sockaddr* address,
                      socklen_t address_length) {
  entry line = duet_begin(DUET_CALL_SEND, fd, (int64_t)length, flags, 0);
  const ssize_t result = NEXT(sendto)(fd, buffer, duet_cut(fd, length), flags, address, address_length);
  if (result > 0) duet_note_data(&line, buffer, (size_t)result);
  return duet_end(&line, result);
}

EXPORT ssize_t send(int fd, const void* buffer, size_t length, int flags) {
  return sendto(fd, buffer, length, flags, NULL, 0);
}

EXPORT ssize_t recvfrom(int fd, void* buffer, size_t length, int flags, struct sockaddr* address,
                        socklen_t* address_length) {
  entry line = duet_begin(DUET_CALL_RECV, fd, (int64_t)length, flags, 0);
  const size_t asked = flags & MSG_WAITALL ? length : duet_cut(fd, length);
  const ssize_t result = NEXT(recvfrom)(fd, buffer, asked, flags, address, address_length);
  if (result > 0) duet_note_data(&line, buffer, (size_t)result);
  return duet_end(&line, result);
}

EXPORT ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  return recvfrom(fd, buffer, length, flags, NULL, NULL);
}

/* A program reads and writes many files, which nobody wants to see in a ledger of its network. */
static int is_socket_or_pipe(int fd) {
  const int error = errno;
  struct stat status;
  const int is = fstat(fd, &status) == 0 && (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode));
  errno = error;
  return is;
}

EXPORT ssize_t read(int fd, void* buffer, size_t length) {
  if (!is_socket_or_pipe(fd)) return NEXT(read)(fd, buffer, length);
  entry line = duet_begin(DUET_CALL_READ, fd, (int64_t)length, 0, 0);
  const ssize_t result = NEXT(read)(fd, buffer, duet_cut(fd, length));
  if (result > 0) duet_note_data(&line, buffer, (size_t)result);
  return duet_end(&line, result);
}

EXPORT ssize_t write(int fd, const void* buffer, size_t length) {
  if (!is_socket_or_pipe(fd)) return NEXT(write)(fd, buffer, length);
  entry line = duet_begin(DUET_CALL_WRITE, fd, (int64_t)length, 0, 0);
  const ssize_t result = NEXT(write)(fd, buffer, duet_cut(fd, length));
  if (result > 0) duet_note_data(&line, buffer, (size_t)result);
  return duet_end(&line, result);
}

EXPORT int close(int fd) {
  if (!is_socket_or_pipe(fd)) return NEXT(close)(fd);
  entry line = duet_begin(DUET_CALL_CLOSE, fd, 0, 0, 0);
  return duet_end(&line, NEXT(close)(fd));
}

EXPORT int dup(int fd) {
  entry line = duet_begin(DUET_CALL_DUP, fd, -1, -1, 0);
  return duet_end(&line, NEXT(dup)(fd));
}

EXPORT int dup2(int fd, int target) {
  entry line = duet_begin(DUET_CALL_DUP, fd, target, -1, 0);
  return duet_end(&line, NEXT(dup2)(fd, target));
}

EXPORT int dup3(int fd, int target, int flags) {
  entry line = duet_begin(DUET_CALL_DUP, fd, target, flags, 0);
  return duet_end(&line, NEXT(dup3)(fd, target, flags));
}

EXPORT int socketpair(int domain, int type, int protocol, int ends[2]) {
  entry line = duet_begin(DUET_CALL_SOCKETPAIR, domain, type, -1, -1);
  const int result = NEXT(socketpair)(domain, type, protocol, ends);
  if (result == 0) {
    line.arguments[2] = ends[0];
    line.arguments[3] = ends[1];
  }
  return duet_end(&line, result);
}

EXPORT int getsockopt(int fd, int level, int option, void* value, socklen_t* length) {
  entry line = duet_begin(DUET_CALL_GETSOCKOPT, fd, level, option, 0);
  const int result = NEXT(getsockopt)(fd, level, option, value, length);
  if (result == 0) {
    duet_note_data(&line, value, *length);
    if (*length >= sizeof(int)) line.arguments[3] = *(int*)value;
  }
  return duet_end(&line, result);
}

EXPORT int setsockopt(int fd, int level, int option, const void* value, socklen_t length) {
  const int number = value != NULL && length >= sizeof(int) ? *(const int*)value : 0;
  entry line = duet_begin(DUET_CALL_SETSOCKOPT, fd, level, option, number);
  if (value != NULL) duet_note_data(&line, value, length);
  return duet_end(&line, NEXT(setsockopt)(fd, level, option, value, length));
}

EXPORT int poll(struct pollfd* fds, nfds_t count, int timeout_ms) {
  entry line = duet_begin(DUET_CALL_POLL, (int64_t)count, timeout_ms, 0, 0);
  const int result = NEXT(poll)(fds, count, timeout_ms);
  const size_t most = DUET_LEDGER_DATA / sizeof(*fds);
  if (result >= 0) duet_note_data(&line, fds, (count < most ? count : most) * sizeof(*fds));
  return duet_end(&line, result);
}

EXPORT int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, struct timeval* timeout) {
  const int64_t timeout_ms = timeout == NULL ? -1 : (int64_t)timeout->tv_sec * 1000 + timeout->tv_usec / 1000;
  entry line = duet_begin(DUET_CALL_SELECT, count, timeout_ms, 0, 0);
  return duet_end(&line, NEXT(select)(count, readable, writable, exceptional, timeout));
}

static int64_t milliseconds(const struct timespec* time) {
  return time == NULL ? -1 : (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

EXPORT int ppoll(struct pollfd* fds, nfds_t count, const struct timespec* timeout, const sigset_t* mask) {
  entry line = duet_begin(DUET_CALL_POLL, (int64_t)count, milliseconds(timeout), 0, 0);
  const int result = NEXT(ppoll)(fds, count, timeout, mask);
  const size_t most = DUET_LEDGER_DATA / sizeof(*fds);
  if (result >= 0) duet_note_data(&line, fds, (count < most ? count : most) * sizeof(*fds));
  return duet_end(&line, result);
}

EXPORT int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const struct timespec* timeout,
                   const sigset_t* mask) {
  entry line = duet_begin(DUET_CALL_SELECT, count, milliseconds(timeout), 0, 0);
  return duet_end(&line, NEXT(pselect)(count, readable, writable, exceptional, timeout, mask));
}

EXPORT int epoll_create1(int flags) {
  entry line = duet_begin(DUET_CALL_EPOLL_CREATE, flags, 0, 0, 0);
  return duet_end(&line, NEXT(epoll_create1)(flags));
}

EXPORT int epoll_ctl(int epfd, int operation, int fd, struct epoll_event* event) {
  entry line = duet_begin(DUET_CALL_EPOLL_CTL, epfd, operation, fd, event == NULL ? 0 : event->events);
  return duet_end(&line, NEXT(epoll_ctl)(epfd, operation, fd, event));
}

/* The events that came, as poll would tell them. */
static int end_epoll(entry* line, const struct epoll_event* events, int result) {
  struct pollfd answers[DUET_LEDGER_DATA / sizeof(struct pollfd)];
  const int most = (int)(sizeof(answers) / sizeof(answers[0]));
  int kept = 0;
  for (; kept < result && kept < most; ++kept) {
    answers[kept] = (struct pollfd){events[kept].data.fd, 0, (short)events[kept].events};
  }
  duet_note_data(line, answers, (size_t)kept * sizeof(answers[0]));
  return (int)duet_end(line, result);
}

EXPORT int epoll_wait(int epfd, struct epoll_event* events, int most, int timeout_ms) {
  entry line = duet_begin(DUET_CALL_EPOLL_WAIT, epfd, most, timeout_ms, 0);
  return end_epoll(&line, events, NEXT(epoll_wait)(epfd, events, most, timeout_ms));
}

EXPORT int epoll_pwait(int epfd, struct epoll_event* events, int most, int timeout_ms, const sigset_t* mask) {
  entry line = duet_begin(DUET_CALL_EPOLL_WAIT, epfd, most, timeout_ms, 0);
  return end_epoll(&line, events, NEXT(epoll_pwait)(epfd, events, most, timeout_ms, mask));
}

EXPORT int epoll_pwait2(int epfd, struct epoll_event* events, int most, const struct timespec* timeout,
                        const sigset_t* mask) {
  entry line = duet_begin(DUET_CALL_EPOLL_WAIT, epfd, most, milliseconds(timeout), 0);
  return end_epoll(&line, events, NEXT(epoll_pwait2)(epfd, events, most, timeout, mask));
}

EXPORT int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** result) {
  entry line = duet_begin(DUET_CALL_GETADDRINFO, 0, 0, 0, 0);
  char text[DUET_LEDGER_DATA];
  snprintf(text, sizeof(text), "%s:%s", node == NULL ? "" : node, service == NULL ? "" : service);
  duet_note_data(&line, text, strlen(text));
  return (int)duet_end(&line, NEXT(getaddrinfo)(node, service, hints, result));
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec* time, struct timespec* left) {
  entry line = duet_begin(DUET_CALL_SLEEP, time->tv_sec * INT64_C(1000000000) + time->tv_nsec, 0, 0, 0);
  const int error = NEXT(clock_nanosleep)(clock, flags, time, left);
  duet_end(&line, 0);
  return error;
}

EXPORT int nanosleep(const struct timespec* time, struct timespec* left) {
  entry line = duet_begin(DUET_CALL_SLEEP, time->tv_sec * INT64_C(1000000000) + time->tv_nsec, 0, 0, 0);
  return duet_end(&line, NEXT(nanosleep)(time, left));
}

EXPORT unsigned sleep(unsigned seconds) {
  entry line = duet_begin(DUET_CALL_SLEEP, seconds * INT64_C(1000000000), 0, 0, 0);
  return (unsigned)duet_end(&line, NEXT(sleep)(seconds));
}

EXPORT int usleep(useconds_t microseconds) {
  entry line = duet_begin(DUET_CALL_SLEEP, microseconds * INT64_C(1000), 0, 0, 0);
  return duet_end(&line, NEXT(usleep)(microseconds));
}
