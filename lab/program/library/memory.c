/* Copies between the channel and the program's memory. The kernel does them, so that a bad pointer is EFAULT, as it
 * would be from the real call, and not a crash inside this library. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "lab/program/library/library.h"

static long copy(long number, void* ours, const void* programs, size_t length) {
  const struct iovec local = {ours, length};
  const struct iovec remote = {(void*)programs, length};
  const long copied = duet_kernel(number, duet_self.thread, &local, 1, &remote, 1, 0);
  return copied == (long)length ? 0 : -EFAULT;
}

long duet_copy_in(void* to, const void* from, size_t length) {
  return length == 0 ? 0 : copy(SYS_process_vm_readv, to, from, length);
}

long duet_copy_out(void* to, const void* from, size_t length) {
  return length == 0 ? 0 : copy(SYS_process_vm_writev, (void*)from, to, length);
}
