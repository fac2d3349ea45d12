/* Where every call arrives, with what becomes of it: the lab's, the lease's, the kernel's, or nobody's yet. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include "lab/program/library/library.h"

/* The host's name is the world's; all else the kernel's. */
static long uname_call(struct utsname* programs) {
  struct utsname names;
  duet_kernel(SYS_uname, &names);
  const long result = duet_request(DUET_REQUEST_HOSTNAME, 0, 0, 0, 0, 0, 0);
  if (result < 0) return result;
  const size_t length = duet_slot()->data_length;
  if (length < sizeof(names.nodename)) {
    __builtin_memcpy(names.nodename, duet_slot()->data, length);
    names.nodename[length] = '\0';
  }
  return duet_copy_out(programs, &names, sizeof(names));
}

/* Of the machine's processors the world has one; which, is nobody's business. */
static long affinity_call(long number, const long a[6]) {
  uint64_t mask = 1;
  if ((size_t)a[1] < sizeof(mask)) return -EINVAL;
  if (number == SYS_sched_getaffinity) {
    return duet_copy_out((void*)a[2], &mask, sizeof(mask)) != 0 ? -EFAULT : (long)sizeof(mask);
  }
  if (duet_copy_in(&mask, (const void*)a[2], sizeof(mask)) != 0) return -EFAULT;
  return mask & 1 ? 0 : -EINVAL;
}

static long getcpu_call(unsigned* cpu, unsigned* node) {
  const unsigned first = 0;
  if (cpu != NULL && duet_copy_out(cpu, &first, sizeof(first)) != 0) return -EFAULT;
  return node == NULL ? 0 : duet_copy_out(node, &first, sizeof(first));
}

/* A machine of its own: idle, with 4 GiB of memory, of which half is free. */
static long sysinfo_call(struct sysinfo* programs) {
  const struct sysinfo info = {.uptime = duet_clock_ns(CLOCK_BOOTTIME) / 1000000000, .totalram = 4ul << 30,
                               .freeram = 2ul << 30, .procs = 1, .mem_unit = 1};
  return duet_copy_out(programs, &info, sizeof(info));
}

static long prctl_call(const long a[6]) {
  if (a[0] == PR_SET_SECCOMP || a[0] == 59 /* PR_SET_SYSCALL_USER_DISPATCH */) return -EINVAL;
  const long result = duet_kernel(SYS_prctl, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result == 0 && a[0] == PR_SET_PDEATHSIG) duet_request(DUET_REQUEST_DEATH_SIGNAL, 0, 0, a[1], 0, 0, 0);
  return result;
}

/* Calls over a descriptor that are carried only where it isn't the lab's. */
static long unless_simulated(long number, const long a[6], long other) {
  if (duet_simulated(a[0]) || duet_simulated(other)) duet_unsupported(number, 0);
  return duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Calls whose first argument is a descriptor; beside those that end or replace descriptors (descriptors.c), and those
 * with files' names that it is the folder of. */
static int is_of_descriptor(long number) {
  switch (number) {
    case SYS_bind:
    case SYS_listen:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_shutdown:
    case SYS_getsockopt:
    case SYS_setsockopt:
    case SYS_getsockname:
    case SYS_getpeername:
    case SYS_read:
    case SYS_write:
    case SYS_readv:
    case SYS_writev:
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_preadv:
    case SYS_pwritev:
    case SYS_preadv2:
    case SYS_pwritev2:
    case SYS_sendto:
    case SYS_recvfrom:
    case SYS_sendmsg:
    case SYS_recvmsg:
    case SYS_sendmmsg:
    case SYS_recvmmsg:
    case SYS_sendfile:
    case SYS_splice:
    case SYS_vmsplice:
    case SYS_tee:
    case SYS_copy_file_range:
    case SYS_lseek:
    case SYS_fstat:
    case SYS_fstatfs:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_syncfs:
    case SYS_sync_file_range:
    case SYS_ftruncate:
    case SYS_fallocate:
    case SYS_fadvise64:
    case SYS_readahead:
    case SYS_fchmod:
    case SYS_fchown:
    case SYS_fchdir:
    case SYS_getdents64:
    case SYS_fsetxattr:
    case SYS_fgetxattr:
    case SYS_flistxattr:
    case SYS_fremovexattr:
    case SYS_flock:
    case SYS_fcntl:
    case SYS_ioctl:
    case SYS_dup:
    case SYS_epoll_ctl:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_timerfd_settime:
    case SYS_timerfd_gettime:
      return 1;
    default:
      return 0;
  }
}

/* As fstat in libc: by a name without letters. */
static int is_fstat(long number, const long a[6]) {
  char first = 0;
  const long flags = number == SYS_newfstatat ? a[3] : number == SYS_statx ? a[2] : 0;
  if (!(flags & AT_EMPTY_PATH)) return 0;
  return a[1] == 0 || (duet_copy_in(&first, (const void*)a[1], 1) == 0 && first == 0);
}

static long dispatch(long number, const long a[6], void* context) {
  if (duet_is_ours(a[0]) && (is_of_descriptor(number) || is_fstat(number, a))) return -EBADF;
  switch (number) {
    case SYS_socket:
    case SYS_bind:
    case SYS_listen:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_shutdown:
    case SYS_getsockopt:
    case SYS_setsockopt:
    case SYS_getsockname:
    case SYS_getpeername:
      return duet_socket_call(number, a);
    case SYS_pipe:
      return duet_pipe((int*)a[0], 0);
    case SYS_pipe2:
      return duet_pipe((int*)a[0], (int)a[1]);
    case SYS_socketpair:
      return duet_socketpair(a[0], a[1], a[2], (int*)a[3]);

    case SYS_read:
    case SYS_write:
    case SYS_readv:
    case SYS_writev:
    case SYS_sendto:
    case SYS_recvfrom:
    case SYS_sendmsg:
    case SYS_recvmsg:
    case SYS_sendmmsg:
    case SYS_recvmmsg:
      return duet_transfer_call(number, a);
    case SYS_sendfile:
      return duet_sendfile(a[0], a[1], (int64_t*)a[2], (size_t)a[3]);

    case SYS_close:
      return duet_close((int)a[0]);
    case SYS_close_range:
      return duet_close_range((unsigned)a[0], (unsigned)a[1], (unsigned)a[2]);
    case SYS_dup:
    case SYS_dup2:
    case SYS_dup3:
      return duet_duplicate(number, a);
    case SYS_fcntl:
      return duet_fcntl((int)a[0], (int)a[1], a[2]);
    case SYS_ioctl:
      return duet_ioctl((int)a[0], (unsigned)a[1], (void*)a[2]);

    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
      return duet_wait_call(number, a);

    case SYS_epoll_create:
    case SYS_epoll_create1:
    case SYS_epoll_ctl:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
      return duet_epoll_call(number, a);

    case SYS_eventfd:
    case SYS_eventfd2:
    case SYS_timerfd_create:
    case SYS_timerfd_settime:
    case SYS_timerfd_gettime:
      return duet_event_call(number, a);

    case SYS_clock_gettime:
    case SYS_gettimeofday:
    case SYS_time:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_getrusage:
    case SYS_times:
    case SYS_adjtimex:
    case SYS_clock_adjtime:
      return duet_clock_call(number, a);

    case SYS_uname:
      return uname_call((struct utsname*)a[0]);
    case SYS_getrandom:
      return duet_random((void*)a[0], (size_t)a[1]);
    case SYS_open:
    case SYS_openat:
    case SYS_openat2:
      return duet_open(number, a);

    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_sigaltstack:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
      return duet_signal_call(number, a, context);
    case SYS_alarm:
    case SYS_setitimer:
    case SYS_getitimer:
    case SYS_timer_create:
    case SYS_timer_settime:
    case SYS_timer_gettime:
    case SYS_timer_getoverrun:
    case SYS_timer_delete:
      return duet_timer_call(number, a);

    case SYS_clone:
    case SYS_clone3:
    case SYS_fork:
    case SYS_vfork:
      return duet_clone_call(number, a, context);
    case SYS_exit:
    case SYS_set_tid_address:
    case SYS_set_robust_list:
    case SYS_sched_yield:
      return duet_thread_call(number, a);
    case SYS_futex:
      return duet_futex_call(a);
    case SYS_exit_group:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_execve:
    case SYS_execveat:
      return duet_process_call(number, a);
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_pidfd_send_signal:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
      return duet_kill_call(number, a);
    case SYS_sched_getaffinity:
    case SYS_sched_setaffinity:
      return affinity_call(number, a);
    case SYS_getcpu:
      return getcpu_call((unsigned*)a[0], (unsigned*)a[1]);
    case SYS_rseq: /* would say which processor it is */
      return -ENOSYS;
    case SYS_sysinfo:
      return sysinfo_call((struct sysinfo*)a[0]);
    case SYS_prctl:
      return prctl_call(a);

    case SYS_io_uring_setup:
    case SYS_io_uring_enter:
    case SYS_io_uring_register:
      return -ENOSYS;
    case SYS_ptrace:
    case SYS_seccomp:
      return -EPERM;

    case SYS_flock:
      return duet_flock((int)a[0], (int)a[1]);

    case SYS_vmsplice:
      return unless_simulated(number, a, -1);
    case SYS_splice:
      return unless_simulated(number, a, a[2]);
    case SYS_tee:
      return unless_simulated(number, a, a[1]);

    case SYS_futex_waitv:
      return -ENOSYS;

    case SYS_signalfd:
    case SYS_signalfd4:
      return duet_signal_descriptor(number, a);
    case SYS_inotify_init:
    case SYS_inotify_init1:
      duet_unsupported(number, 0);

    /* Memory of a key of its own could not be reached from a trap. */
    case SYS_pkey_alloc:
      return -ENOSPC;

    case SYS_mmap:
    case SYS_munmap:
    case SYS_mremap:
    case SYS_mprotect:
    case SYS_pkey_mprotect:
    case SYS_brk:
    case SYS_madvise:
    case SYS_remap_file_pages:
    case SYS_shmdt:
    case SYS_creat:
    case SYS_truncate:
    case SYS_ftruncate:
    case SYS_fallocate:
      duet_forget_memory();
      return duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);

    default:
      return duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
}

int64_t duet_time_left(int64_t timeout_ns) {
  const int64_t now_ns = duet_channel->world_ns;
  if (timeout_ns < 0) return timeout_ns;
  if (!duet_self.goes_on) duet_self.call_ends_ns = now_ns + timeout_ns;
  return duet_self.call_ends_ns > now_ns ? duet_self.call_ends_ns - now_ns : 0;
}

/* Calls that may change what another thread waits for of the kernel's: descriptors in a poll or select, locks of
 * files. */
static int changes_readiness(long number, const long a[6]) {
  switch (number) {
    case SYS_fcntl:
      return a[1] == F_SETLK || a[1] == F_SETLKW || a[1] == F_OFD_SETLK || a[1] == F_OFD_SETLKW;
    case SYS_flock:
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_sendfile:
    case SYS_splice:
    case SYS_open:
    case SYS_openat:
    case SYS_close:
    case SYS_close_range:
    case SYS_dup2:
    case SYS_dup3:
      return 1;
    default:
      return 0;
  }
}

long duet_call(long number, const long a[6], void* context) {
  duet_self.interrupted = 0;
  duet_self.asked = 0;
  duet_self.goes_on = duet_self.interrupted_call.number == number && duet_self.interrupted_call.arguments == a;
  if (duet_self.goes_on) {
    duet_self.call_ends_ns = duet_self.interrupted_call.ends_ns;
    duet_self.interrupted_call.arguments = NULL;
  }
  const int64_t begin_ns = duet_channel->world_ns;
  long result = dispatch(number, a, context);
  if (result == -EINTR && duet_self.interrupted) result = duet_after_interruption(number);
  if (result == -DUET_RESTART) {
    duet_self.interrupted_call.number = number;
    duet_self.interrupted_call.arguments = a;
    duet_self.interrupted_call.ends_ns = duet_self.call_ends_ns;
  }
  duet_note_call(number, a, begin_ns, result);
  if (duet_channel->watchers != 0 && changes_readiness(number, a)) duet_request(DUET_REQUEST_CHANGED, 0, 0, 0, 0, 0, 0);
  return result;
}
