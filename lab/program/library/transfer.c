/* Everything that moves bytes.
 *
 * A datagram fits into the channel. What doesn't fit into the channel at once goes in several requests, as a blocking
 * call on a stream would take it: it ends early only where a request did. */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lab/program/library/library.h"

enum { kMostBuffers = 1024, kMostBytes = 0x7ffff000 }; /* Linux's UIO_MAXIOV and MAX_RW_COUNT */

/* A place in a list of buffers that is the program's. */
struct place {
  const struct iovec* buffers;
  long count;
  size_t done; /* bytes of the first of them */
};

/* The next run of bytes, at most `most`: its length in *length; 0 at the end; negative for a bad list. */
static long next_run(struct place* place, size_t most, char** from, size_t* length) {
  *length = 0;
  while (place->count > 0) {
    struct iovec buffer;
    if (duet_copy_in(&buffer, place->buffers, sizeof(buffer)) != 0) return -EFAULT;
    if ((ssize_t)buffer.iov_len < 0) return -EINVAL;
    const size_t left = buffer.iov_len - place->done;
    if (left > 0) {
      *from = (char*)buffer.iov_base + place->done;
      *length = left < most ? left : most;
      place->done += *length;
      return 0;
    }
    ++place->buffers;
    --place->count;
    place->done = 0;
  }
  return 0;
}

/* From the program's buffers to `data`, or the other way. Gives how many bytes, at most `most`. */
static long move(struct place* place, size_t most, uint8_t* slots, int into_slot) {
  char* data = (char*)slots;
  size_t moved = 0;
  while (moved < most) {
    char* run;
    size_t length;
    const long bad = next_run(place, most - moved, &run, &length);
    if (bad < 0) return bad;
    if (length == 0) break;
    const long copied = into_slot ? duet_copy_in(data + moved, run, length) : duet_copy_out(run, data + moved, length);
    if (copied < 0) return copied;
    moved += length;
  }
  return (long)moved;
}

/* At most kMostBytes. */
static long total_length(struct place place) {
  size_t total = 0;
  for (;;) {
    char* run;
    size_t length;
    const long bad = next_run(&place, SIZE_MAX, &run, &length);
    if (bad < 0) return bad;
    if (length == 0) return (long)total;
    if (length >= kMostBytes - total) return kMostBytes;
    total += length;
  }
}

/* Sends without asking where the lab has leased the room: all of the bytes, or nothing (0). */
static long send_on_lease(long number, long fd, struct place place, long flags) {
  struct duet_lease* const lease = &duet_slot()->leases[fd % DUET_CHANNEL_LEASES];
  if (lease->fd != fd || lease->room == 0 || (flags & ~(long)DUET_LEASED_FLAGS) != 0) return 0;
  if (number == SYS_sendto && !lease->socket) return 0;
  const long length = total_length(place);
  if (length <= 0 || (size_t)length > lease->room) return 0;
  uint8_t* const to = duet_queue_room((size_t)length);
  if (to == NULL || move(&place, (size_t)length, to, 1) != length) return 0;
  duet_queue(number, fd, flags, (size_t)length);
  lease->room -= (uint32_t)length;
  return length;
}

/* Where sending has failed; the lab says in the slot that it raises no signal. */
static long ended_early(long total, long error, long flags) {
  if (total > 0) return total;
  if (error == -EPIPE && !(flags & MSG_NOSIGNAL) && duet_slot()->arguments[0] == 0) duet_raise(SIGPIPE);
  return error;
}

/* `number`: SYS_sendto or SYS_write. An address, if there is one, stands in the slot. */
static long send_place(long number, long fd, struct place place, long flags, uint32_t address_length) {
  long total = address_length == 0 ? send_on_lease(number, fd, place, flags) : 0;
  if (total > 0) return total;
  for (;;) {
    const long gathered = move(&place, DUET_CHANNEL_DATA, duet_slot()->data, 1);
    if (gathered < 0) return ended_early(total, gathered, flags);
    const long sent = duet_request(number, (uint32_t)gathered, address_length, fd, flags, 0, 0);
    if (sent < 0) return ended_early(total, sent, flags);
    total += sent;
    if (sent < gathered || gathered < DUET_CHANNEL_DATA) return total;
  }
}

/* Takes without asking what the lab says to have arrived: as much of it as is wanted, or nothing (0). */
static long take_on_lease(long number, long fd, struct place place, size_t wanted, long flags) {
  struct duet_slot* const slot = duet_slot();
  struct duet_arrival* const arrival = &slot->arrivals[fd % DUET_CHANNEL_LEASES];
  if (arrival->fd != fd || arrival->length == 0 || (flags & ~(long)DUET_TAKING_FLAGS) != 0) return 0;
  const uint64_t asked = wanted;
  uint8_t* const to = duet_queue_room(sizeof(asked));
  const size_t taken = wanted < arrival->length ? wanted : arrival->length;
  if (to == NULL || move(&place, taken, slot->arrived + arrival->place, 0) != (long)taken) return 0;
  __builtin_memcpy(to, &asked, sizeof(asked));
  duet_queue(number, fd, flags, sizeof(asked));
  arrival->place += (uint32_t)taken;
  arrival->length -= (uint32_t)taken;
  slot->arguments[0] = 0;
  slot->address_length = 0;
  return (long)taken;
}

/* `number`: SYS_recvfrom or SYS_read. */
static long receive_place(long number, long fd, struct place place, long flags) {
  const long wanted = total_length(place);
  if (wanted < 0) return wanted;
  const long taken = wanted > 0 ? take_on_lease(number, fd, place, (size_t)wanted, flags) : 0;
  if (taken > 0) return taken;
  long total = 0;
  for (;;) {
    const long left = wanted - total;
    const long part = left < DUET_CHANNEL_DATA ? left : DUET_CHANNEL_DATA;
    const long received = duet_request(number, 0, 0, fd, part, flags, 0);
    if (received < 0) return total > 0 ? total : received;
    /* With MSG_TRUNC fewer bytes may have come than are counted. */
    const long there = (long)duet_slot()->data_length;
    const long scattered = move(&place, (size_t)(there < part ? there : part), duet_slot()->data, 0);
    if (scattered < 0) return scattered;
    total += received;
    const int whole = (flags & MSG_WAITALL) && !(flags & MSG_PEEK);
    if (!whole || received < part || total >= wanted) return total;
  }
}

/* Whether descriptors go with the message. */
static int passes_descriptors(const struct msghdr* message) {
  const char* const control = message->msg_control;
  size_t at = 0;
  struct cmsghdr header;
  while (at + sizeof(header) <= message->msg_controllen && duet_copy_in(&header, control + at, sizeof(header)) == 0) {
    if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS) return 1;
    if (header.cmsg_len < sizeof(header)) return 0;
    at += CMSG_ALIGN(header.cmsg_len);
  }
  return 0;
}

static long send_message(long fd, const struct msghdr* programs, long flags) {
  struct msghdr message;
  if (duet_copy_in(&message, programs, sizeof(message)) != 0) return -EFAULT;
  socklen_t length = message.msg_name == NULL ? 0 : message.msg_namelen;
  if ((int)length < 0) return -EINVAL;
  if (message.msg_iovlen > kMostBuffers) return -EMSGSIZE;
  if (message.msg_control != NULL && passes_descriptors(&message)) duet_unsupported(SYS_sendmsg, 0);
  if (length > DUET_CHANNEL_ADDRESS) length = DUET_CHANNEL_ADDRESS;
  if (duet_copy_in(duet_slot()->address, message.msg_name, length) != 0) return -EFAULT;
  const struct place place = {message.msg_iov, (long)message.msg_iovlen, 0};
  return send_place(SYS_sendto, fd, place, flags, length);
}

static long receive_message(long fd, struct msghdr* programs, long flags) {
  struct msghdr message;
  if (duet_copy_in(&message, programs, sizeof(message)) != 0) return -EFAULT;
  if (message.msg_name != NULL && (int)message.msg_namelen < 0) return -EINVAL;
  if (message.msg_iovlen > kMostBuffers) return -EMSGSIZE;
  const struct place place = {message.msg_iov, (long)message.msg_iovlen, 0};
  const long received = receive_place(SYS_recvfrom, fd, place, flags);
  if (received < 0) return received;
  message.msg_flags = (int)duet_slot()->arguments[0];
  message.msg_controllen = 0;
  if (duet_copy_out(programs, &message, sizeof(message)) != 0) return -EFAULT;
  const long given = duet_give_address(message.msg_name, &programs->msg_namelen);
  return given < 0 ? given : received;
}

enum { MOST_MESSAGES = 1024 };

static long send_messages(long fd, struct mmsghdr* programs, unsigned count, long flags) {
  if (count > MOST_MESSAGES) count = MOST_MESSAGES;
  for (unsigned i = 0; i < count; ++i) {
    const long sent = send_message(fd, &programs[i].msg_hdr, flags);
    if (sent < 0) return i > 0 ? (long)i : sent;
    const unsigned length = (unsigned)sent;
    if (duet_copy_out(&programs[i].msg_len, &length, sizeof(length)) != 0) return i > 0 ? (long)i : -EFAULT;
  }
  return count;
}

/* As in Linux the time limit is looked at after each message: it ends no wait for one. */
static long receive_messages(long fd, struct mmsghdr* programs, unsigned count, long flags,
                             struct timespec* programs_timeout) {
  const int64_t second = 1000000000;
  struct timespec timeout = {0, 0};
  if (programs_timeout != NULL && duet_copy_in(&timeout, programs_timeout, sizeof(timeout)) != 0) return -EFAULT;
  if (timeout.tv_sec < 0 || timeout.tv_nsec < 0 || timeout.tv_nsec >= second) return -EINVAL;
  const int64_t end = duet_clock_ns(CLOCK_MONOTONIC) + timeout.tv_sec * second + timeout.tv_nsec;
  if (count > MOST_MESSAGES) count = MOST_MESSAGES;
  unsigned done = 0;
  while (done < count) {
    const long received = receive_message(fd, &programs[done].msg_hdr, flags & ~MSG_WAITFORONE);
    if (received < 0 && done == 0) return received;
    if (received < 0) break;
    const unsigned length = (unsigned)received;
    if (duet_copy_out(&programs[done].msg_len, &length, sizeof(length)) != 0) return -EFAULT;
    ++done;
    if (flags & MSG_WAITFORONE) flags |= MSG_DONTWAIT;
    if (programs_timeout == NULL) continue;
    const int64_t left = end - duet_clock_ns(CLOCK_MONOTONIC);
    timeout = left > 0 ? (struct timespec){left / second, left % second} : (struct timespec){0, 0};
    if (duet_copy_out(programs_timeout, &timeout, sizeof(timeout)) != 0) return -EFAULT;
    if (left <= 0) break;
  }
  return done;
}

static long send_to(const long a[6]) {
  uint32_t length = a[4] == 0 ? 0 : (uint32_t)a[5];
  if (length > DUET_CHANNEL_ADDRESS) return -EINVAL;
  if (duet_copy_in(duet_slot()->address, (const void*)a[4], length) != 0) return -EFAULT;
  const struct iovec one = {(void*)a[1], (size_t)a[2]};
  return send_place(SYS_sendto, a[0], (struct place){&one, 1, 0}, a[3], length);
}

static long receive_from(const long a[6]) {
  const struct iovec one = {(void*)a[1], (size_t)a[2]};
  const long received = receive_place(SYS_recvfrom, a[0], (struct place){&one, 1, 0}, a[3]);
  if (received < 0) return received;
  const long given = duet_give_address((void*)a[4], (uint32_t*)a[5]);
  return given < 0 ? given : received;
}

/* Unlike write, writev of nothing sends no empty datagram. */
static long write_several(long fd, struct place place) {
  const long total = total_length(place);
  return total <= 0 ? total : send_place(SYS_write, fd, place, 0, 0);
}

long duet_transfer_call(long number, const long a[6]) {
  if (!duet_simulated(a[0])) return duet_kernel_transfer(number, a);
  const struct iovec one = {(void*)a[1], (size_t)a[2]};
  const struct place single = {&one, 1, 0};
  const struct place several = {(const struct iovec*)a[1], (int)a[2], 0};
  switch (number) {
    case SYS_read:
      return receive_place(SYS_read, a[0], single, 0);
    case SYS_write:
      return send_place(SYS_write, a[0], single, 0, 0);
    case SYS_readv:
      return (int)a[2] < 0 || (int)a[2] > kMostBuffers ? -EINVAL : receive_place(SYS_read, a[0], several, 0);
    case SYS_writev:
      return (int)a[2] < 0 || (int)a[2] > kMostBuffers ? -EINVAL : write_several(a[0], several);
    case SYS_recvfrom:
      return receive_from(a);
    case SYS_sendto:
      return send_to(a);
    case SYS_recvmsg:
      return receive_message(a[0], (struct msghdr*)a[1], a[2]);
    case SYS_recvmmsg:
      return receive_messages(a[0], (struct mmsghdr*)a[1], (unsigned)a[2], a[3], (struct timespec*)a[4]);
    case SYS_sendmmsg:
      return send_messages(a[0], (struct mmsghdr*)a[1], (unsigned)a[2], a[3]);
    default: /* SYS_sendmsg */
      return send_message(a[0], (const struct msghdr*)a[1], a[2]);
  }
}

long duet_sendfile(long out, long in, int64_t* programs_offset, size_t count) {
  if (duet_is_ours(in)) return -EBADF;
  if (!duet_simulated(out) || duet_simulated(in)) return duet_kernel(SYS_sendfile, out, in, programs_offset, count);
  int64_t offset = 0;
  if (programs_offset != NULL && duet_copy_in(&offset, programs_offset, sizeof(offset)) != 0) return -EFAULT;
  const size_t part = count < DUET_CHANNEL_DATA ? count : DUET_CHANNEL_DATA;
  const long start = programs_offset != NULL ? offset : duet_kernel(SYS_lseek, in, 0, SEEK_CUR);
  if (start < 0) return -EINVAL;
  const long got = duet_kernel(SYS_pread64, in, duet_slot()->data, part, start);
  if (got <= 0) return got;
  const long sent = duet_request(SYS_write, (uint32_t)got, 0, out, 0, 0, 0);
  if (sent < 0) return ended_early(0, sent, 0);
  offset = start + sent;
  if (programs_offset != NULL) return duet_copy_out(programs_offset, &offset, sizeof(offset)) < 0 ? -EFAULT : sent;
  duet_kernel(SYS_lseek, in, offset, SEEK_SET);
  return sent;
}
