/* The calls that make, name and shape sockets. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

long duet_give_address(void* address, socklen_t* length) {
  if (address == NULL || length == NULL) return 0;
  socklen_t room;
  if (duet_copy_in(&room, length, sizeof(room)) != 0) return -EFAULT;
  if ((int)room < 0) return -EINVAL;
  socklen_t full = duet_slot()->address_length;
  if (full > DUET_CHANNEL_ADDRESS) full = DUET_CHANNEL_ADDRESS;
  if (duet_copy_out(address, duet_slot()->address, room < full ? room : full) != 0) return -EFAULT;
  return duet_copy_out(length, &full, sizeof(full));
}

static long accept_connection(long fd, void* address, socklen_t* length, long flags) {
  const long made = duet_make(SYS_accept4, fd, flags, 0, (flags & SOCK_CLOEXEC) != 0);
  if (made < 0) return made;
  const long given = duet_give_address(address, length);
  if (given < 0) duet_close(made);
  return given < 0 ? given : made;
}

static long with_address(long number, long fd, const void* address, long length) {
  if (length < 0 || length > DUET_CHANNEL_ADDRESS) return -EINVAL;
  if (duet_copy_in(duet_slot()->address, address, (size_t)length) != 0) return -EFAULT;
  return duet_request(number, 0, (uint32_t)length, fd, 0, 0, 0);
}

static long get_option(long fd, long level, long option, void* value, socklen_t* length) {
  socklen_t room;
  if (duet_copy_in(&room, length, sizeof(room)) != 0) return -EFAULT;
  if ((int)room < 0) return -EINVAL;
  const long result = duet_request(SYS_getsockopt, 0, 0, fd, level, option, room);
  if (result < 0) return result;
  socklen_t full = duet_slot()->data_length;
  if (full > room) full = room;
  if (duet_copy_out(value, duet_slot()->data, full) != 0) return -EFAULT;
  return duet_copy_out(length, &full, sizeof(full));
}

static long set_option(long fd, long level, long option, const void* value, long length) {
  const long longest = 4096;
  if (length < 0) return -EINVAL;
  if (length > longest) length = longest;
  if (duet_copy_in(duet_slot()->data, value, (size_t)length) != 0) return -EFAULT;
  return duet_request(SYS_setsockopt, (uint32_t)length, 0, fd, level, option, 0);
}

static long ask_address(long number, long fd, void* address, socklen_t* length) {
  const long result = duet_request(number, 0, 0, fd, 0, 0, 0);
  if (result < 0) return result;
  if (address == NULL || length == NULL) return -EFAULT;
  return duet_give_address(address, length);
}

long duet_socket_call(long number, const long a[6]) {
  if (number == SYS_socket) return duet_make(number, a[0], a[1], a[2], (a[1] & SOCK_CLOEXEC) != 0);
  if (!duet_simulated(a[0])) return duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  switch (number) {
    case SYS_bind:
    case SYS_connect:
      return with_address(number, a[0], (const void*)a[1], (int)a[2]);
    case SYS_accept:
      return accept_connection(a[0], (void*)a[1], (socklen_t*)a[2], 0);
    case SYS_accept4:
      return accept_connection(a[0], (void*)a[1], (socklen_t*)a[2], a[3]);
    case SYS_getsockopt:
      return get_option(a[0], a[1], a[2], (void*)a[3], (socklen_t*)a[4]);
    case SYS_setsockopt:
      return set_option(a[0], a[1], a[2], (const void*)a[3], (int)a[4]);
    case SYS_getsockname:
    case SYS_getpeername:
      return ask_address(number, a[0], (void*)a[1], (socklen_t*)a[2]);
    default: /* listen, shutdown */
      return duet_request(number, 0, 0, a[0], a[1], 0, 0);
  }
}

/* Two descriptors at once: what `number` makes of its arguments. */
static long make_two(long number, long a, long b, long c, int* ends, int cloexec) {
  const long first = duet_reserve();
  if (first < 0) return first;
  const long second = duet_reserve();
  if (second < 0) {
    duet_unreserve(first);
    return second;
  }
  const int made[2] = {(int)first, (int)second};
  long result;
  if (number == SYS_pipe2) {
    result = duet_request(number, 0, 0, a, first, second, 0);
  } else {
    duet_slot()->arguments[4] = second;
    result = duet_request(number, 0, 0, a, b, c, first);
  }
  if (result < 0) {
    duet_unreserve(first);
    duet_unreserve(second);
    return result;
  }
  for (int i = 0; i < 2; ++i) {
    duet_mark(made[i], 1);
    if (cloexec) duet_kernel(SYS_fcntl, made[i], F_SETFD, FD_CLOEXEC);
  }
  result = duet_copy_out(ends, made, sizeof(made));
  if (result == 0) return 0;
  duet_close(first);
  duet_close(second);
  return result;
}

long duet_pipe(int* ends, int flags) { return make_two(SYS_pipe2, flags, 0, 0, ends, flags & O_CLOEXEC); }

long duet_socketpair(long domain, long type, long protocol, int* ends) {
  return make_two(SYS_socketpair, domain, type, protocol, ends, type & SOCK_CLOEXEC);
}
