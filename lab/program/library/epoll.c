/* epoll, over the lab's descriptors alone: the program's files are never ready by an event, and Linux refuses them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

static long create(long flags) { return duet_make(SYS_epoll_create1, flags, 0, 0, (flags & EPOLL_CLOEXEC) != 0); }

/* What Linux says of a descriptor that isn't the lab's; one that it would wait for can't be carried. */
static long refuse(long operation, long fd) {
  /* Asked first: the probe would have the number of one that is closed. */
  if (duet_kernel(SYS_fcntl, fd, F_GETFD) < 0) return -EBADF;
  const long probe = duet_kernel(SYS_epoll_create1, EPOLL_CLOEXEC);
  if (probe < 0) return probe;
  struct epoll_event none = {0};
  const long result = duet_kernel(SYS_epoll_ctl, probe, EPOLL_CTL_ADD, fd, &none);
  duet_kernel(SYS_close, probe);
  if (result < 0) return result;
  if (operation == EPOLL_CTL_ADD) duet_unsupported(SYS_epoll_ctl, 0);
  return -ENOENT;
}

/* Changes a list without asking where the lab has leased what is on it: whether it has. */
static int change_on_lease(long epfd, long operation, long fd, const struct epoll_event* event) {
  struct duet_epoll_lease* const lease = &duet_slot()->epoll_leases[fd % DUET_CHANNEL_LEASES];
  const uint32_t from = operation == EPOLL_CTL_ADD ? DUET_EPOLL_OFF : DUET_EPOLL_ON;
  const struct duet_epoll_change change = {(int32_t)fd, event->events, event->data.u64};
  if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_DEL) return 0;
  if (lease->epfd != epfd || lease->fd != fd || lease->state != from) return 0;
  if ((event->events & ~(uint32_t)DUET_LEASED_EVENTS) != 0) return 0;
  uint8_t* const to = duet_queue_room(sizeof(change));
  if (to == NULL) return 0;
  __builtin_memcpy(to, &change, sizeof(change));
  duet_queue(SYS_epoll_ctl, epfd, operation, sizeof(change));
  lease->state = operation == EPOLL_CTL_DEL ? DUET_EPOLL_OFF : DUET_EPOLL_ON;
  return 1;
}

static long control(long epfd, long operation, long fd, const void* programs) {
  struct epoll_event event = {0};
  uint32_t length = 0;
  if (operation != EPOLL_CTL_DEL) {
    length = sizeof(struct epoll_event);
    if (duet_copy_in(&event, programs, length) != 0) return -EFAULT;
  }
  if (!duet_simulated(epfd)) return duet_kernel(SYS_epoll_ctl, epfd, operation, fd, programs);
  if (!duet_simulated(fd)) return refuse(operation, fd);
  if (change_on_lease(epfd, operation, fd, &event)) return 0;
  __builtin_memcpy(duet_slot()->data, &event, length);
  return duet_request(SYS_epoll_ctl, length, 0, epfd, operation, fd, 0);
}

static long wait_for(long epfd, void* programs, long most, int64_t timeout_ns) {
  if (!duet_simulated(epfd)) return duet_kernel(SYS_epoll_wait, epfd, programs, most, 0);
  const long count = duet_request(SYS_epoll_pwait2, 0, 0, epfd, most, duet_time_left(timeout_ns), 0);
  if (count <= 0) return count;
  const size_t length = (size_t)count * sizeof(struct epoll_event);
  return duet_copy_out(programs, duet_slot()->data, length) != 0 ? -EFAULT : count;
}

static int64_t in_nanoseconds(int timeout_ms) { return timeout_ms < 0 ? -1 : timeout_ms * INT64_C(1000000); }

static long wait_with_mask(const long a[6], int64_t timeout_ns) {
  uint64_t before;
  const long entered = duet_enter_mask((const void*)a[4], a[5], &before);
  if (entered < 0) return entered;
  const long result = wait_for((int)a[0], (void*)a[1], (int)a[2], entered > 0 ? 0 : timeout_ns);
  return duet_leave_mask((const void*)a[4], before, entered > 0 && result == 0 ? -EINTR : result);
}

long duet_epoll_call(long number, const long a[6]) {
  int64_t timeout_ns;
  switch (number) {
    case SYS_epoll_create:
      return (int)a[0] <= 0 ? -EINVAL : create(0);
    case SYS_epoll_create1:
      return create((int)a[0]);
    case SYS_epoll_ctl:
      return control((int)a[0], (int)a[1], (int)a[2], (const void*)a[3]);
    case SYS_epoll_pwait2: {
      const long bad = duet_read_timeout((const void*)a[3], 1, &timeout_ns);
      return bad < 0 ? bad : wait_with_mask(a, timeout_ns);
    }
    case SYS_epoll_pwait:
      return wait_with_mask(a, in_nanoseconds((int)a[3]));
    default: /* epoll_wait */
      return wait_for((int)a[0], (void*)a[1], (int)a[2], in_nanoseconds((int)a[3]));
  }
}
