/* What the parts of the preloaded library know of each other.
 *
 * The way of a call: a replaced symbol (symbols.c) or, where libc or the program makes it otherwise, a trap (trap.c)
 * gives it to duet_call (call.c). That answers from the lease, hands over to the lab, or passes on to the kernel.
 *
 * Nothing here uses errno, malloc or stdio outside of symbols.c and names.c: traps come at any moment. */
#ifndef DUET_LAB_PROGRAM_LIBRARY_LIBRARY_H_
#define DUET_LAB_PROGRAM_LIBRARY_LIBRARY_H_

#include <stddef.h>
#include <stdint.h>

#include "lab/program/channel.h"

#pragma GCC visibility push(hidden)

/* stub.c: the one place that makes real system calls once dispatch is on. */
extern long (*duet_kernel_entry)(long number, long a, long b, long c, long d, long e, long f);
#define DUET_KERNEL_7(n, a, b, c, d, e, f, ...) \
  duet_kernel_entry(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define duet_kernel(...) DUET_KERNEL_7(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
extern void* duet_restorer; /* what a signal handler returns to */
int duet_make_stub(void);

/* call.c. `context` is the trapped context's ucontext_t, or null where a symbol was called. */
long duet_call(long number, const long arguments[6], void* context);

/* channel.c */
extern struct duet_channel* duet_channel; /* null until the program is carried */
struct duet_slot* duet_slot(void);        /* this thread's */
/* Hands over a request whose data and address stand in the slot already, and gives its result. */
long duet_request(long number, uint32_t data_length, uint32_t address_length, long a, long b, long c, long d);
/* Ends the program; the lab says which call it was. */
_Noreturn void duet_unsupported(long number, long detail);

/* memory.c: copies that give -EFAULT where the program's pointer is bad, as the kernel does. */
long duet_copy_in(void* to, const void* from, size_t length);
long duet_copy_out(void* to, const void* from, size_t length);

/* descriptors.c: which descriptors are the lab's, and the placeholders that reserve their numbers. */
int duet_simulated(long fd);
void duet_mark(long fd, int simulated);
long duet_reserve(void); /* a placeholder, or -errno */
void duet_unreserve(long fd);
long duet_close(long fd);
long duet_close_range(unsigned first, unsigned last, unsigned flags);
long duet_duplicate(long number, const long arguments[6]); /* dup, dup2, dup3 */
long duet_fcntl(long fd, long command, long argument);
long duet_ioctl(long fd, unsigned long request, void* argument);

/* sockets.c */
long duet_socket_call(long number, const long arguments[6]);
long duet_pipe(int* ends, int flags);
long duet_socketpair(long domain, long type, long protocol, int* ends);
/* Gives the program the address in the slot, cut to what it has room for. `length` is a socklen_t. */
long duet_give_address(void* address, uint32_t* length);

/* transfer.c: everything that moves bytes. */
long duet_transfer_call(long number, const long arguments[6]);
long duet_sendfile(long out, long in, int64_t* offset, size_t count);

/* wait.c. A timeout is in nanoseconds; negative: for ever. */
long duet_poll(void* fds, unsigned long count, int64_t timeout_ns);
/* *timeout_ns is set to what is left. */
long duet_select(long count, void* sets[3], int64_t* timeout_ns);
long duet_wait_call(long number, const long arguments[6]);
/* A program's timespec or timeval (`unit`: nanoseconds in its second field's unit); -1 where it is null. */
long duet_read_timeout(const void* programs, long unit, int64_t* timeout_ns);

/* epoll.c */
long duet_epoll_call(long number, const long arguments[6]);

/* clock.c */
long duet_clock_call(long number, const long arguments[6]);
int64_t duet_clock_ns(long clock); /* or -1: no such clock */

/* signals.c */
long duet_signal_call(long number, const long arguments[6], void* context);
void duet_raise(int signal);

/* random.c */
long duet_random(void* buffer, size_t length);
int duet_is_random(long fd);
void duet_mark_random(long fd, int random);
long duet_open(long number, const long arguments[6]);

/* trap.c */
int duet_start_dispatch(void);

/* vdso.c: turns the vdso's functions into real calls, so that they trap. */
void duet_patch_vdso(unsigned long base);

#pragma GCC visibility pop

#endif
