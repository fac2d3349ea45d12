/* One call of a process as it is kept in its ledger: the layout that the library inside a carried program
 * (C) and the lab (C++) share. Fixed size, no pointers. */
#ifndef DUET_LAB_TRACE_LEDGER_ENTRY_H_
#define DUET_LAB_TRACE_LEDGER_ENTRY_H_

#include <stdint.h>

enum duet_call {
  DUET_CALL_SOCKET = 0,
  DUET_CALL_BIND,
  DUET_CALL_LISTEN,
  DUET_CALL_ACCEPT,
  DUET_CALL_CONNECT,
  DUET_CALL_SEND,
  DUET_CALL_RECV,
  DUET_CALL_READ,
  DUET_CALL_WRITE,
  DUET_CALL_SHUTDOWN,
  DUET_CALL_CLOSE,
  DUET_CALL_DUP,
  DUET_CALL_FCNTL,
  DUET_CALL_IOCTL,
  DUET_CALL_GETSOCKOPT,
  DUET_CALL_SETSOCKOPT,
  DUET_CALL_GETSOCKNAME,
  DUET_CALL_GETPEERNAME,
  DUET_CALL_POLL,
  DUET_CALL_SELECT,
  DUET_CALL_PIPE,
  DUET_CALL_GETHOSTNAME,
  DUET_CALL_GETADDRINFO,
  DUET_CALL_SLEEP,
  DUET_CALL_SOCKETPAIR,
  DUET_CALL_EPOLL_CREATE,
  DUET_CALL_EPOLL_CTL,
  DUET_CALL_EPOLL_WAIT,
  DUET_CALL_FUTEX,
  DUET_CALL_CLONE,
  DUET_CALL_EXECVE,
  DUET_CALL_WAIT,
  DUET_CALL_KILL,
  DUET_CALL_SIGACTION,
  DUET_CALL_SIGWAIT,
  DUET_CALL_SETITIMER,
  DUET_CALL_EVENTFD,
  DUET_CALL_TIMERFD_CREATE,
  DUET_CALL_TIMERFD_SETTIME,
  DUET_CALL_TIMER_CREATE,
  DUET_CALL_TIMER_SETTIME,
  DUET_CALL_COUNT
};

enum { DUET_LEDGER_DATA = 48 };

struct duet_ledger_entry {
  int64_t begin_ns; /* world time in the simulated world, CLOCK_MONOTONIC in the real one */
  int64_t end_ns;   /* equal to begin_ns - 1 while the call has not returned */
  int64_t result;   /* what the call gave: -1 with error set where it failed */
  int64_t arguments[4];
  /* In the order of the call's own: descriptor first where it has one, then lengths, flags, values.
   *   socket: domain type protocol    bind, connect: fd (address below)    listen: fd backlog
   *   accept: fd flags (address below, if there is a result)   send, recv: fd length flags
   *   read, write: fd length    shutdown: fd how    close: fd    dup: fd target (-1: none, dup itself) dup3's flags
   *   fcntl, ioctl: fd command value    getsockopt, setsockopt: fd level option value (data: its first bytes)
   *   poll, select: count timeout_ms (-1: none); data holds the first six as struct pollfd, select's sets too
   *   pipe: the two ends    gethostname: length (data: the name)    getaddrinfo: data holds "node:service"
   *   sleep: nanoseconds    socketpair: domain type, the two ends
   *   epoll_create: flags    epoll_ctl: epfd operation fd events
   *   epoll_wait: epfd most timeout_ms; data holds the first six answers as struct pollfd, whose fd is the data.fd that
   *   epoll_ctl was given
   *   futex: the address (of one that processes share, the place in its file), 0 to wait or 1 to wake, how many to wake
   *   or how long to wait in nanoseconds (-1: for ever)
   *   clone: 1 for a thread, 0 for a process    execve: data holds the path    wait: process (-1: any) status
   *   kill: process (0: none said) thread (0: none) signal    sigaction: signal, 0 default, 1 ignore, 2 a handler
   *   sigwait: nanoseconds (-1: for ever): pause and its kin    setitimer, timerfd_settime, timer_settime: fd, which
   *   or timer, value and interval in nanoseconds    eventfd: value flags    timerfd_create: clock flags
   *   timer_create: clock signal (0: none) */
  uint32_t call;        /* enum duet_call */
  int32_t error;        /* errno, or an EAI_ error of getaddrinfo; 0 where the call succeeded */
  uint8_t address[16];  /* network byte order, IPv4 as the address that maps it; all 0 and port 0: none */
  uint16_t port;        /* host byte order */
  uint16_t data_length; /* how many bytes of `data` count */
  uint8_t data[DUET_LEDGER_DATA]; /* the first bytes that the call moved */
};

/* A ring in memory that a program shares with the lab. The program alone writes; the lab reads it once the
 * program has ended or has been stopped, trusts nothing in it, and gives points for nothing in it. */
enum { DUET_LEDGER_RING_ENTRIES = 4096 };
#define DUET_LEDGER_NAME "duet-ledger" /* that memory's, for memfd_create */

struct duet_ledger_ring {
  uint64_t written; /* entries so far; entry n stands at index n % DUET_LEDGER_RING_ENTRIES */
  struct duet_ledger_entry entries[DUET_LEDGER_RING_ENTRIES];
};

#endif
