/* Processes: fork and exec are the kernel's own, with a hand-over before and after, so that the lab knows who is
 * who. */
#include <errno.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "lab/program/library/library.h"

int duet_process;

static long start_child(long number, void* stack, ucontext_t* context) {
  duet_process = (int)duet_kernel(SYS_getpid);
  duet_drop_reserved();
  duet_forget_memory(); /* MADV_DONTFORK */
  duet_self.robust_list = NULL;
  duet_adopt_thread(&duet_channel->slots[number]);
  if (duet_dispatch_thread() != 0) duet_kernel(SYS_exit_group, 127);
  if (stack != NULL && context != NULL) context->uc_mcontext.gregs[REG_RSP] = (greg_t)stack;
  /* The kernel tells the lab who sent this. */
  duet_kernel(SYS_write, DUET_HELLO_FD, "", 1);
  duet_request(DUET_REQUEST_STARTED, 0, 0, 0, 0, 0, 0);
  return 0;
}

long duet_fork(uint64_t flags, void* told, uint32_t* cleared, void* stack, void* context) {
  const long number = duet_request(DUET_REQUEST_CLONE, 0, 0, (long)flags, 0, 0, 0);
  if (number < 0) return number;
  const uint64_t kernels = flags & ~(uint64_t)CLONE_CHILD_CLEARTID;
  const long child = duet_kernel(SYS_clone, kernels, 0, told, cleared, 0);
  if (child == 0) {
    duet_self.cleared = flags & CLONE_CHILD_CLEARTID ? cleared : NULL;
    return start_child(number, stack, context);
  }
  return duet_request(DUET_REQUEST_CLONED, 0, 0, number, child, 0, 0);
}

/* Children are the kernel's to wait for; the lab says when it is worth asking again. */
static long wait_call(long number, const long a[6]) {
  const int by_id = number == SYS_waitid;
  const long options = by_id ? a[3] : a[2];
  siginfo_t info = {0};
  int status = 0;
  for (;;) {
    const long found = by_id ? duet_kernel(number, a[0], a[1], &info, options | WNOHANG, 0)
                             : duet_kernel(number, a[0], &status, options | WNOHANG, 0);
    const int none = by_id ? found == 0 && info.si_pid == 0 : found == 0;
    if (found < 0) return found;
    if (!none || (options & WNOHANG)) {
      const struct rusage usage = {0};
      void* const told_usage = (void*)(by_id ? a[4] : a[3]);
      void* const told = (void*)(by_id ? a[2] : a[1]);
      if (told_usage != NULL && !none && duet_copy_out(told_usage, &usage, sizeof(usage)) != 0) return -EFAULT;
      if (told == NULL || (none && !by_id)) return found;
      return duet_copy_out(told, by_id ? (void*)&info : &status, by_id ? sizeof(info) : sizeof(status)) < 0 ? -EFAULT
                                                                                                           : found;
    }
    const long waited = duet_request(DUET_REQUEST_WAIT_CHILD, 0, 0, by_id ? -1 : (int)a[0], 0, 0, 0);
    if (waited < 0) return waited;
  }
}

static int is_preload(const char* programs) {
  static const char name[] = "LD_PRELOAD=";
  char text[sizeof(name) - 1];
  return duet_copy_in(text, programs, sizeof(text)) == 0 && __builtin_memcmp(text, name, sizeof(text)) == 0;
}

/* The program's environment with what brings this library into the next image. Gives where it stands and its length in
 * bytes, or a negative errno. */
static long carried_environment(char* const* programs, char*** environment) {
  size_t count = 0;
  char* entry = NULL;
  do {
    if (programs == NULL) break;
    if (duet_copy_in(&entry, &programs[count++], sizeof(entry)) != 0) return -EFAULT;
  } while (entry != NULL);
  const size_t length = (count + 2) * sizeof(char*);
  char** made = (char**)duet_kernel(SYS_mmap, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if ((unsigned long)made > -4096ul) return -ENOMEM;
  size_t kept = 0;
  made[kept++] = duet_preload;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (duet_copy_in(&entry, &programs[i], sizeof(entry)) == 0 && !is_preload(entry)) made[kept++] = entry;
  }
  *environment = made;
  return (long)length;
}

/* Into the slot, for the lab's sentences. */
static uint32_t copy_name(const char* programs) {
  enum { kLongest = 256 };
  uint32_t length = 0;
  uint8_t* name = duet_slot()->data;
  while (length < kLongest && duet_copy_in(&name[length], &programs[length], 1) == 0 && name[length] != '\0') ++length;
  return length;
}

/* What is executed starts with all signals waiting; its library finds the program's mask in the slot. */
static long exec_call(long number, const long a[6]) {
  char** environment;
  char* const* programs = (char* const*)(number == SYS_execve ? a[2] : a[3]);
  const long length = carried_environment(programs, &environment);
  if (length < 0) return length;
  struct duet_slot* slot = duet_slot();
  slot->blocked = duet_self.mask;
  slot->ignored = duet_ignored_signals();
  duet_request(DUET_REQUEST_EXEC, copy_name((const char*)(number == SYS_execve ? a[0] : a[1])), 0, 0, 0, 0, 0);
  slot->thread = duet_process; /* whichever thread it is now */
  const long failed = number == SYS_execve ? duet_kernel(number, a[0], a[1], environment)
                                           : duet_kernel(number, a[0], a[1], a[2], environment, a[4]);
  slot->thread = duet_self.thread;
  duet_kernel(SYS_munmap, environment, length);
  return failed;
}

_Noreturn static void exit_call(long status) {
  duet_request(SYS_exit_group, 0, 0, status, 0, 0, 0);
  for (;;) duet_kernel(SYS_exit_group, status);
}

long duet_process_call(long number, const long a[6]) {
  switch (number) {
    case SYS_wait4:
    case SYS_waitid:
      return wait_call(number, a);
    case SYS_execve:
    case SYS_execveat:
      return exec_call(number, a);
    default: /* SYS_exit_group */
      exit_call(a[0]);
  }
}
