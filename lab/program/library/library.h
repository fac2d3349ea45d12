/* What the parts of the preloaded library know of each other. docs/carrying.md tells how they play together.
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
extern void* duet_restorer;    /* what a signal handler returns to */
extern void* duet_clone_entry; /* makes a thread with the registers that it is jumped to with; see threads.c */
int duet_make_stub(void);

/* call.c. `context` is the trapped context's ucontext_t, or null where a symbol was called. DUET_RESTART: a signal came
 * in between, and the call is to be made again once its handler has run. */
enum { DUET_RESTART = 512 };
long duet_call(long number, const long arguments[6], void* context);
/* What is left of a call's timeout: all of it, but where the call goes on after an interruption. Negative: for ever. */
int64_t duet_time_left(int64_t timeout_ns);

/* channel.c */
struct duet_self {
  struct duet_slot* slot;
  int thread;            /* its kernel's number */
  uint64_t mask;         /* the program's signal mask, while `masked` */
  int masked;            /* signals wait until the call is over */
  int asked;             /* the lab has been, since the call began or signals wait */
  int interrupted;       /* the lab has said EINTR in this call */
  int64_t call_ends_ns;  /* of this call's timeout, in the world's time */
  int goes_on;           /* this call goes on after an interruption; the next member is of what it was */
  struct {
    long number;
    const long* arguments; /* where they stand: the same place, when it is made again */
    int64_t ends_ns;
  } interrupted_call;
  uint32_t* cleared;     /* where the thread's end is to be shown */
  void* robust_list;     /* what libc gave to set_robust_list */
};
extern __thread struct duet_self duet_self __attribute__((tls_model("initial-exec")));
extern struct duet_channel* duet_channel; /* null until the program is carried */
extern int duet_alone; /* no other thread, process or timer of the program has ever been there to disturb this one */
static inline struct duet_slot* duet_slot(void) { return duet_self.slot; } /* this thread's */
/* Hands over a request whose data, address and further arguments stand in the slot already, and gives its result. The
 * program's signals wait from then on: what stands in the slot is good until duet_leave. */
long duet_request(long number, uint32_t data_length, uint32_t address_length, long a, long b, long c, long d);
/* The same with all six arguments in the slot already. */
long duet_request_in_slot(long number, uint32_t data_length, uint32_t address_length);
/* The thread's queue, which the lab reads with its next request: where so many bytes can be put, NULL where they don't
 * fit; and what was put there is now the queue's last. */
uint8_t* duet_queue_room(size_t length);
void duet_queue(long number, long fd, long flags, size_t length);
/* As duet_request, and nobody waits for an answer. */
void duet_tell(long number, long a, long b, long c, long d);
/* Ends a call that came by a symbol: signals that waited come now. */
void duet_leave(void);
extern const uint64_t duet_postponed; /* the signals that wait */
/* Ends the program; the lab says which call it was. */
_Noreturn void duet_unsupported(long number, long detail);

/* notes.c: a line in the ledger, with the next request, of a call that returned; nothing where the lab served it. */
void duet_note_call(long number, const long arguments[6], int64_t begin_ns, long result);

/* memory.c: copies that give -EFAULT where the program's pointer is bad, as the kernel does. */
long duet_copy_in(void* to, const void* from, size_t length);
long duet_copy_out(void* to, const void* from, size_t length);
void duet_forget_memory(void); /* the program changes what is mapped where */

/* descriptors.c: which descriptors are the lab's, and the placeholders that reserve their numbers. */
int duet_simulated(long fd);
void duet_mark(long fd, int simulated);
int duet_is_ours(long fd); /* what the lab and this library need, and what isn't there yet: nothing to the program */
long duet_reserve(void); /* a placeholder, or -errno */
void duet_unreserve(long fd);
/* Reserves a number, has the lab make what `request` asks for there, with the number as the last of the request's four
 * arguments, and gives it, or -errno. */
long duet_make(long request, long a, long b, long c, int close_on_exec);
void duet_drop_reserved(void); /* in a new process: what its parent's other threads had reserved */
long duet_close(long fd);
long duet_close_range(unsigned first, unsigned last, unsigned flags);
long duet_duplicate(long number, const long arguments[6]); /* dup, dup2, dup3 */
long duet_fcntl(long fd, long command, long argument);
long duet_ioctl(long fd, unsigned long request, void* argument);

/* locks.c: flock, and fcntl's F_SETLKW and F_OFD_SETLKW */
long duet_flock(long fd, long operation);
long duet_waiting_lock(long fd, long command, long argument);

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

/* events.c */
long duet_event_call(long number, const long arguments[6]);

/* clock.c */
long duet_clock_call(long number, const long arguments[6]);
int64_t duet_clock_ns(long clock); /* or -1: no such clock */

/* threads.c */
void* duet_after_clone(long result); /* what the stub goes on with: where to */
long duet_clone_call(long number, const long arguments[6], void* context);
long duet_thread_call(long number, const long arguments[6]);
void duet_adopt_thread(struct duet_slot* slot); /* the calling one is the slot's */

/* futex.c */
long duet_futex_call(const long arguments[6]);
/* What the kernel does for the robust mutexes of a thread that ends with them. */
void duet_release_robust(void);

/* processes.c */
extern int duet_process; /* its kernel's number */
/* A copy of the process, by a clone with `flags`. `told`: where the kernel writes the child's number or pidfd; `stack`:
 * what the child goes on with, where it isn't the same. */
long duet_fork(uint64_t flags, void* told, uint32_t* cleared, void* stack, void* context);
long duet_process_call(long number, const long arguments[6]);

/* kernel_waits.c: calls with the program's own files, of which some would wait. */
long duet_kernel_transfer(long number, const long arguments[6]);
long duet_kernel_open(long number, const long arguments[6]);
long duet_signal_descriptor(long number, const long arguments[6]);
/* Waits for a signal, or for anything that may change what the kernel would say now: gives -EINTR. Where it waits for a
 * lock of `process` that may be one in a circle, -EDEADLK says that it is. */
long duet_wait_for_change(long what_for, long process, int may_deadlock);
extern uint64_t duet_read_signals; /* those that some descriptor gives to who reads it */

/* signals.c */
long duet_signal_call(long number, const long arguments[6], void* context);
long duet_kill_call(long number, const long arguments[6]);
void duet_raise(int signal);
/* The kernel's own layout of the program's mask in a trap. */
uint64_t duet_mask_of(const void* context);
/* A request was answered by EINTR: what the call gives, -EINTR or -DUET_RESTART. */
long duet_after_interruption(long number);
/* Around a call with another signal mask, as ppoll's; `programs` may be null. Entering gives 1 where a signal is due
 * with that mask: such a call doesn't wait. */
long duet_enter_mask(const void* programs, long size, uint64_t* before);
long duet_leave_mask(const void* programs, uint64_t before, long result);
uint64_t duet_ignored_signals(void);
int duet_signal_is_due(void); /* one that a handler takes, or that ends the program, once the call is over */
void duet_adopt_signals(uint64_t ignored);

/* timers.c */
long duet_timer_call(long number, const long arguments[6]);
void duet_timers_expired(void); /* what the lab's answer says of them */

/* random.c */
long duet_random(void* buffer, size_t length);
long duet_open(long number, const long arguments[6]);

/* start.c */
extern char* duet_preload; /* the variable that brings this library into a program */

/* trap.c */
int duet_start_dispatch(void);
int duet_dispatch_thread(void); /* for the calling thread alone */

/* vdso.c: turns the vdso's functions into real calls, so that they trap. */
void duet_patch_vdso(unsigned long base);

#pragma GCC visibility pop

#endif
