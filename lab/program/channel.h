/* The memory that a carried program shares with the lab, and what is said over it (C and C++).
 *
 * Each thread of the program, and of the processes that it makes, has a slot. A thread writes a request into its slot,
 * hands `turn` over and waits on it (a futex); the lab serves the request, writes the answer into the same place and
 * hands `turn` back. Of the program and the lab one runs at a time, and of the program's threads one. All the program's
 * state, its descriptors and its time, is on the lab's side; the lab copies what it reads and trusts none of it.
 *
 * A request's number is a Linux system call's where it means that call, or one of the DUET_REQUEST_ numbers.
 * Results are the kernel's: a value, or an errno negated. */
#ifndef DUET_LAB_PROGRAM_CHANNEL_H_
#define DUET_LAB_PROGRAM_CHANNEL_H_

#include <stdint.h>

enum {
  DUET_CHANNEL_VERSION = 9,
  DUET_CHANNEL_DATA = 1 << 20,  /* the most bytes that a request or an answer carries */
  DUET_CHANNEL_ADDRESS = 128,   /* a sockaddr_storage */
  DUET_CHANNEL_SLOTS = 128,     /* threads of the program and of all its processes */
  DUET_CHANNEL_DESCRIPTORS = 4096,
  DUET_CHANNEL_LEASES = 64,      /* descriptors that a thread may send to without asking */
  DUET_CHANNEL_ARRIVED = 1 << 16, /* bytes of all arrivals of a thread */
  DUET_CHANNEL_TIMERS = 64,      /* that a process may have made by timer_create */
  DUET_CHANNEL_QUEUE = 1 << 16,  /* bytes of what it has sent so, with a head each */
  /* Descriptors that the lab gives to the sandbox: the channel, and the socket that says which process is which. */
  DUET_SANDBOX_CHANNEL_FD = 3,
  DUET_SANDBOX_HELLO_FD = 4,
  /* And where a program gets them: beyond the program's limit on descriptors, which is no higher than that. What it
   * executes finds them there again. */
  DUET_CHANNEL_FD = 4094,
  DUET_HELLO_FD = 4095,
};

/* World time 0, by the clocks of a program: 2026-01-01T00:00:00Z, on a machine that has been up for 1,000 seconds. */
#define DUET_EPOCH_NS (INT64_C(1767225600) * 1000000000)
#define DUET_BOOT_NS (INT64_C(1000) * 1000000000)

enum { DUET_TURN_PROGRAM = 0, DUET_TURN_LAB = 1 };

/* What the arguments mean, where it isn't what the system call's do. `new` is a descriptor that the program has
 * reserved in its own kernel for what the call makes: the world gives it the same number.
 *   socket: domain type protocol new        accept4: fd flags - new       (address in the answer)
 *   bind, connect: fd                       (address in the request)
 *   sendto: fd flags                        (data, and an address or none; arguments[0] of the answer: whether
 *                                            EPIPE raises no signal)
 *   recvfrom: fd length flags               (data and address in the answer; arguments[0]: msg_flags)
 *   read: fd length      write: fd          (data)
 *   dup: fd new          fcntl: fd command argument new          (new: of F_DUPFD, F_DUPFD_CLOEXEC)
 *   pipe2: flags new new                    socketpair: domain type protocol new new
 *   ioctl: fd request value                 (arguments[0] of the answer: the value)
 *   getsockopt: fd level option length      setsockopt: fd level option      (data)
 *   poll: count timeout_ns kernels          (data: struct pollfd[], the program's numbers; -1: for ever)
 *   select: count timeout_ns kernels        (data: three sets of DUET_CHANNEL_SET bytes; arguments[0] of the
 *                                            answer: nanoseconds left)
 *   epoll_create1: flags - - new            epoll_ctl: epfd operation fd         (data: a struct epoll_event or none)
 *   epoll_pwait2: epfd most timeout_ns kernels      (data of the answer: struct epoll_event[])
 *   getrandom: length    exit_group: status    sched_yield
 *   nanosleep: nanoseconds                  (arguments[0] of the answer: nanoseconds left, where it was interrupted)
 *   futex: operation key.object key.offset count bitset-or-count    (see DUET_FUTEX_)
 *   eventfd2: value flags - new             timerfd_create: flags real - new     (whether it is CLOCK_REALTIME's)
 *   timerfd_settime: fd value_ns interval_ns absolute    (value_ns below 0: leaves it; arguments[0] of the answer: what
 *                                            was left; result: the old interval)
 *   setitimer: value_ns interval_ns         (arguments[0] of the answer: what was left; result: the old interval)
 *   timer_create: real signal thread        (no signal: 0; no thread, but the process: 0. Result: a number below
 *                                            DUET_CHANNEL_TIMERS)
 *   timer_settime: timer value_ns interval_ns absolute    (as timerfd_settime)          timer_delete: timer
 * `kernels`: whether it also asks for descriptors that are the kernel's; it is interrupted when these may have changed.
 * A call that is interrupted by a signal gives -EINTR; the library knows whether the program will see that. For a call
 * of sockets arguments[0] of the answer says then whether the socket has a limit on what it may wait. */
enum { DUET_CHANNEL_SET = 128 };

enum {
  DUET_REQUEST_HELLO = 0x10000,  /* version, process: the library is in place, after an exec too. Data of the answer:
                                    which descriptors are the lab's, a bit each */
  DUET_REQUEST_UNSUPPORTED,      /* system call, detail (clone's flags): end me, and say why */
  DUET_REQUEST_SPEND,            /* nanoseconds that the program has computed */
  DUET_REQUEST_RANDOM_FILE,      /* - - - new: a descriptor that gives random bytes */
  DUET_REQUEST_HOSTNAME,         /* data of the answer: the host's name */
  DUET_REQUEST_GETADDRINFO,      /* has node, has service, has hints; data: node\0service\0 and hints as a
                                    duet_address. Answer: struct duet_address[]; result: how many, or an EAI_
                                    error, which is negative too */
  DUET_REQUEST_CLONE,            /* clone's flags: a slot for a thread (CLONE_THREAD) or a process. Result: the slot */
  DUET_REQUEST_CLONED,           /* slot, its kernel's number or an errno, negated: what came of that */
  DUET_REQUEST_STARTED,          /* the first of a new thread or process */
  DUET_REQUEST_EXIT,             /* status, key.object, key.offset: the thread ends, and wakes who waits for the key.
                                    Nobody waits for the answer */
  DUET_REQUEST_EXEC,             /* data: a path. It is executed next; if that fails, the next request says so by being
                                    no hello */
  DUET_REQUEST_WAIT_CHILD,       /* process as in waitpid, for the ledger: until a child has ended */
  DUET_REQUEST_WAIT_SIGNAL,      /* nanoseconds, or -1: until a signal comes that is not blocked, or awaited */
  DUET_REQUEST_SIGNALLED,        /* process, thread, signal: one has been sent. A process below 1: to several; a thread
                                    of 0: to the process */
  DUET_REQUEST_CHANGED,          /* what a poll or select of another thread sees of the kernel's descriptors */
  DUET_REQUEST_WAIT_CHANGE,      /* what for: DUET_FOR_; a process, or 0; whether it would be a deadlock where that one
                                    waits for this: until a signal comes, or what the program's kernel has may have
                                    changed. Result: -EINTR, or -EDEADLK */
  DUET_REQUEST_DEATH_SIGNAL,     /* signal, or 0: what its kernel sends the process when its parent's thread ends */
  DUET_REQUEST_KILL,             /* process, thread, SIGKILL or what stops it: the lab sends that, where the thread
                                    isn't 0 to the process whose that is */
  DUET_REQUEST_NOTE,             /* in a queue alone; data: a duet_ledger_entry of what the library answered itself */
};

/* What a thread seems to wait for at a futex, or in its kernel: for the report of who waits for what alone. */
enum { DUET_FOR_NEWS, DUET_FOR_MUTEX, DUET_FOR_END, DUET_FOR_FILE, DUET_FOR_LOCK };

/* A futex is one by its object and its offset: in memory that processes share, a file's inode and the place in it; in
 * other memory, 0 and the address. The library compares values itself: while it does, no other thread runs. */
enum {
  DUET_FUTEX_WAIT,    /* key, nanoseconds or -1, bitset, what for: DUET_FOR_ and, times 256, a thread's number */
  DUET_FUTEX_WAKE,    /* key, count, bitset. Result: how many */
  DUET_FUTEX_MOVE,    /* key, how many to wake, how many to move; data: the other key. Result: how many of both */
  DUET_FUTEX_HAND,    /* key: wakes one, who now has it. Result: its thread, or 0; arguments[0]: whether more wait */
};

struct duet_address {
  int32_t flags;
  int32_t family;
  int32_t type;
  int32_t protocol;
  uint32_t length;
  uint8_t address[28];
};

/* Room that the lab leases to a thread until its next request: so many bytes can be sent to the descriptor, and sending
 * would neither wait nor fail. */
struct duet_lease {
  int32_t fd;
  uint32_t room;   /* 0: none */
  uint32_t socket; /* otherwise SYS_write alone can have it */
};

/* Bytes that have arrived at a connection, which the thread may take until its next request: all that are there. They
 * stand at that place of its slot's. */
struct duet_arrival {
  int32_t fd;
  uint32_t place;
  uint32_t length; /* 0: none */
};

/* The flags with which they can be taken: MSG_NOSIGNAL, MSG_DONTWAIT. */
enum { DUET_TAKING_FLAGS = 0x4000 | 0x40 };

/* An epoll descriptor and one that is on its list, or isn't: until the thread's next request nobody else changes that,
 * so that it knows what comes of adding, changing or removing it. */
struct duet_epoll_lease {
  int32_t epfd;
  int32_t fd;
  uint32_t state;
};

enum { DUET_EPOLL_UNKNOWN, DUET_EPOLL_OFF, DUET_EPOLL_ON };

/* What is asked for by epoll_ctl on a lease: all but EPOLLEXCLUSIVE, with which it can fail. */
enum { DUET_LEASED_EVENTS = ~(1 << 28) };

/* What stands in the queue for it: `fd` is the epoll descriptor, `flags` the operation. */
struct duet_epoll_change {
  int32_t fd;
  uint32_t events;
  uint64_t data;
};

/* The flags with which something can be sent on a lease: MSG_NOSIGNAL, MSG_DONTWAIT, MSG_MORE. */
enum { DUET_LEASED_FLAGS = 0x4000 | 0x40 | 0x8000 };

/* What a thread has sent or taken on a lease stands in its queue, in order, and the lab does it before it serves the
 * request that comes next; nothing else has happened in the world meanwhile. The bytes that were sent, or a uint64_t,
 * how many were asked for, follow; then, at a multiple of 8, the next. */
struct duet_queued {
  int32_t number; /* SYS_sendto, SYS_write, SYS_recvfrom, SYS_read or SYS_epoll_ctl; or DUET_REQUEST_NOTE: of what was
                     called otherwise, for the ledger */
  int32_t fd;
  int32_t flags;
  uint32_t length;
};

/* A timer of the process has expired. Its signal is the process's to send to itself, before anything else: so it has
 * what Linux gives a timer's, and comes while a thread runs. */
struct duet_expiry {
  int32_t timer;     /* or DUET_TIMER_ALARM */
  int32_t signal;
  int32_t to_thread; /* to this thread, rather than to the process */
  int32_t count;     /* how often, since it was last told */
};

enum { DUET_TIMER_ALARM = -1 }; /* setitimer's */

struct duet_slot {
  uint32_t turn;
  uint32_t data_length;
  int64_t number;
  int64_t arguments[6];
  int64_t result;
  uint32_t address_length;
  uint32_t alive;    /* not 0 while its thread lives: the kernel clears it, and wakes who waits for that */
  int32_t thread;    /* its kernel's number for the thread */
  uint32_t begins_call; /* not 0: the first request of a call. A signal that comes while one is served that waits for
                           nothing ends the next one's wait, if that is of the same call: it is told of after it */
  uint64_t blocked;  /* signals: bit n - 1 for signal n. Those that the thread has blocked, */
  uint64_t ignored;  /* those that its process ignores, */
  uint64_t awaited;  /* and those that it waits for */
  struct duet_lease leases[DUET_CHANNEL_LEASES]; /* a descriptor's at its number modulo that */
  struct duet_epoll_lease epoll_leases[DUET_CHANNEL_LEASES]; /* at the descriptor's number modulo that */
  struct duet_arrival arrivals[DUET_CHANNEL_LEASES];         /* at the descriptor's number modulo that */
  uint32_t expired;
  struct duet_expiry expiries[DUET_CHANNEL_TIMERS + 1];
  uint32_t queue_length;
  uint8_t queue[DUET_CHANNEL_QUEUE] __attribute__((aligned(64)));
  uint8_t arrived[DUET_CHANNEL_ARRIVED] __attribute__((aligned(64)));
  uint8_t address[DUET_CHANNEL_ADDRESS];
  uint8_t data[DUET_CHANNEL_DATA] __attribute__((aligned(64)));
};

struct duet_channel {
  /* The lease: what the program may answer itself. World time, in nanoseconds, as of the last answer. */
  int64_t world_ns;
  uint32_t watchers; /* threads in a poll or select that asks for the kernel's descriptors too */
  uint32_t last;     /* the highest slot that has been used; the memory of those above has not been touched */
  struct duet_slot slots[DUET_CHANNEL_SLOTS];
};

#endif
