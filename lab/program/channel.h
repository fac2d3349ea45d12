/* The memory that a carried program shares with the lab, and what is said over it (C and C++).
 *
 * One of the two runs at a time: the program writes a request, hands `turn` over and waits on it (a futex); the lab
 * serves the request, writes the answer into the same place and hands `turn` back. All the program's state, its
 * descriptors and its time, is on the lab's side; the lab copies what it reads and trusts none of it.
 *
 * A request's number is a Linux system call's where it means that call, or one of the DUET_REQUEST_ numbers.
 * Results are the kernel's: a value, or an errno negated. */
#ifndef DUET_LAB_PROGRAM_CHANNEL_H_
#define DUET_LAB_PROGRAM_CHANNEL_H_

#include <stdint.h>

enum {
  DUET_CHANNEL_VERSION = 1,
  DUET_CHANNEL_DATA = 1 << 20,  /* the most bytes that a request or an answer carries */
  DUET_CHANNEL_ADDRESS = 128,   /* a sockaddr_storage */
  DUET_CHANNEL_SLOTS = 1,       /* threads of the program */
  DUET_CHANNEL_DESCRIPTORS = 4096,
  /* Descriptors that the launcher gives to the program, and that the library closes. */
  DUET_CHANNEL_FD = 3,
  DUET_HELLO_FD = 4,
};

enum { DUET_TURN_PROGRAM = 0, DUET_TURN_LAB = 1 };

/* What the arguments mean, where it isn't what the system call's do. `new` is a descriptor that the program has
 * reserved in its own kernel for what the call makes.
 *   socket: domain type protocol new        accept4: fd flags new         (address in the answer)
 *   bind, connect: fd                       (address in the request)
 *   sendto: fd flags                        (data, and an address or none; arguments[0] of the answer: whether
 *                                            EPIPE raises no signal)
 *   recvfrom: fd length flags               (data and address in the answer; arguments[0]: msg_flags)
 *   read: fd length      write: fd          (data)
 *   dup: fd new          pipe2: flags new new          socketpair: domain type protocol new new
 *   ioctl: fd request value                 (arguments[0] of the answer: the value)
 *   getsockopt: fd level option length      setsockopt: fd level option      (data)
 *   poll: count timeout_ns                  (data: struct pollfd[], the program's numbers; -1: for ever)
 *   select: count timeout_ns                (data: three sets of DUET_CHANNEL_SET bytes; arguments[0] of the
 *                                            answer: nanoseconds left)
 *   epoll_create1: flags new                epoll_ctl: epfd operation fd         (data: a struct epoll_event or none)
 *   epoll_pwait2: epfd most timeout_ns      (data of the answer: struct epoll_event[])
 *   getrandom: length    nanosleep: nanoseconds    exit_group: status */
enum { DUET_CHANNEL_SET = 128 };

enum {
  DUET_REQUEST_HELLO = 0x10000,  /* version: the library is in place */
  DUET_REQUEST_UNSUPPORTED,      /* system call, detail (clone's flags): end me, and say why */
  DUET_REQUEST_SPEND,            /* nanoseconds that the program has computed */
  DUET_REQUEST_HOSTNAME,         /* data of the answer: the host's name */
  DUET_REQUEST_GETADDRINFO,      /* has node, has service, has hints; data: node\0service\0 and hints as a
                                    duet_address. Answer: struct duet_address[]; result: how many, or an EAI_
                                    error, which is negative too */
};

struct duet_address {
  int32_t flags;
  int32_t family;
  int32_t type;
  int32_t protocol;
  uint32_t length;
  uint8_t address[28];
};

struct duet_slot {
  uint32_t turn;
  uint32_t data_length;
  int64_t number;
  int64_t arguments[6];
  int64_t result;
  uint32_t address_length;
  uint8_t address[DUET_CHANNEL_ADDRESS];
  uint8_t data[DUET_CHANNEL_DATA] __attribute__((aligned(64)));
};

struct duet_channel {
  /* The lease: what the program may answer itself. World time, in nanoseconds, as of the last answer. */
  int64_t world_ns;
  struct duet_slot slots[DUET_CHANNEL_SLOTS];
};

#endif
