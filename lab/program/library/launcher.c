/* Stands between the sandbox and a program: puts the limits and the guard filter on it, and becomes it.
 *
 *   launcher carried|executed CPU_SECONDS MEMORY FILE_BYTES OPEN_FILES PROCESSES PRELOAD LEDGER_FD PROGRAM ARGUMENT...
 *
 * For a carried program, the lab gives the channel, and a socket over which it learns the program's process (from the
 * credentials of the byte that is sent), and the errno if it can't be executed. Both move out of the program's way. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/program/channel.h"
#include "lab/program/library/stub.h"

enum { kCpuSeconds = 2, kMemory, kFileBytes, kOpenFiles, kProcesses, kPreload, kLedger, kCommand };

static void fail(const char* what) {
  perror(what);
  _exit(127);
}

static void limit(int resource, const char* text, rlim_t grace) {
  const rlim_t value = strtoull(text, NULL, 10);
  const struct rlimit both = {value, value + grace};
  if (setrlimit(resource, &both) != 0) fail("setrlimit");
}

/* The channel is no memory that a carried program asked for. */
static void limit_memory(const char* text, int carried) {
  const rlim_t value = strtoull(text, NULL, 10) + (carried ? sizeof(struct duet_channel) : 0);
  const struct rlimit both = {value, value};
  if (setrlimit(RLIMIT_AS, &both) != 0) fail("setrlimit");
}

#define LOAD(word) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word)
#define JUMP(kind, value, yes, no) (struct sock_filter) BPF_JUMP(BPF_JMP | kind | BPF_K, value, yes, no)
#define RETURN(value) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value)

enum {
  kArch = offsetof(struct seccomp_data, arch),
  kNumber = offsetof(struct seccomp_data, nr),
  kPointer = offsetof(struct seccomp_data, instruction_pointer),
};

static void install_filter(struct sock_filter* program, size_t length) {
  const struct sock_fprog filter = {(unsigned short)length, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) fail("seccomp");
}

/* What reaches beyond a process, or takes memory that no limit counts, is refused in both worlds. The last two are how
 * the library looks at memory that may not be there. */
static void forbid_calls(int carried) {
  static const unsigned forbidden[] = {SYS_ptrace,     SYS_add_key,         SYS_keyctl,           SYS_request_key,
                                       SYS_bpf,        SYS_perf_event_open, SYS_userfaultfd,      SYS_shmget,
                                       SYS_unshare,    SYS_setns,           SYS_mount,            SYS_io_uring_setup,
                                       SYS_process_vm_readv, SYS_process_vm_writev};
  enum { kMost = sizeof(forbidden) / sizeof(forbidden[0]), kHead = 5, kTail = 2, kOtherAbi = 0x40000000 };
  const int count = carried ? kMost - 2 : kMost;
  struct sock_filter program[kHead + kMost + kTail];
  struct sock_filter* next = program;
  *next++ = LOAD(kArch);
  *next++ = JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
  *next++ = RETURN(SECCOMP_RET_KILL_PROCESS);
  *next++ = LOAD(kNumber);
  *next++ = JUMP(BPF_JGE, kOtherAbi, (unsigned char)(count + 1), 0);
  for (int i = 0; i < count; ++i) *next++ = JUMP(BPF_JEQ, forbidden[i], (unsigned char)(count - i), 0);
  *next++ = RETURN(SECCOMP_RET_ALLOW);
  *next++ = RETURN(SECCOMP_RET_ERRNO | EPERM);
  install_filter(program, (size_t)(next - program));
}

/* Network calls, and calls that make processes, end the process unless the stub makes them: a program without the
 * library (a static one) can't use a network by accident. */
static void install_guard(void) {
  static const unsigned guarded[] = {SYS_socket,  SYS_connect,  SYS_accept,   SYS_accept4, SYS_bind,
                                     SYS_listen,  SYS_sendto,   SYS_sendmsg,  SYS_sendmmsg, SYS_recvfrom,
                                     SYS_recvmsg, SYS_recvmmsg, SYS_socketpair, SYS_io_uring_setup,
                                     SYS_clone,   SYS_clone3,   SYS_fork,     SYS_vfork};
  enum { kCount = sizeof(guarded) / sizeof(guarded[0]), kHead = 4, kTail = 8 };
  struct sock_filter program[kHead + kCount + kTail];
  struct sock_filter* next = program;
  *next++ = LOAD(kArch);
  *next++ = JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
  *next++ = RETURN(SECCOMP_RET_KILL_PROCESS);
  *next++ = LOAD(kNumber);
  for (int i = 0; i < kCount; ++i) *next++ = JUMP(BPF_JEQ, guarded[i], (unsigned char)(kCount - i), 0);
  *next++ = RETURN(SECCOMP_RET_ALLOW);
  *next++ = LOAD(kPointer);
  *next++ = JUMP(BPF_JGE, DUET_STUB_ADDRESS, 0, 3);
  *next++ = JUMP(BPF_JGT, DUET_STUB_ADDRESS + DUET_STUB_LENGTH, 2, 0);
  *next++ = LOAD(kPointer + 4);
  *next++ = JUMP(BPF_JEQ, 0, 1, 0);
  *next++ = RETURN(SECCOMP_RET_TRAP);
  *next++ = RETURN(SECCOMP_RET_ALLOW);
  install_filter(program, (size_t)(next - program));
}

static void reset_signals(void) {
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* To where every image of the program finds them. */
static void keep_descriptors(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) fail("getrlimit");
  files.rlim_cur = files.rlim_max;
  if (files.rlim_max <= DUET_HELLO_FD) {
    fprintf(stderr, "a process may have %lu descriptors here, and %d are needed: raise `ulimit -Hn`\n",
            (unsigned long)files.rlim_max, DUET_HELLO_FD + 1);
    _exit(127);
  }
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) fail("setrlimit");
  if (dup2(DUET_LAUNCHER_CHANNEL_FD, DUET_CHANNEL_FD) < 0) fail("channel");
  if (dup2(DUET_LAUNCHER_HELLO_FD, DUET_HELLO_FD) < 0) fail("hello");
}

static void close_others(int carried, int ledger) {
  if (carried) {
    close_range(3, DUET_CHANNEL_FD - 1, 0);
    close_range(DUET_HELLO_FD + 1, ~0u, 0);
  } else if (ledger >= 3) {
    if (ledger > 3) close_range(3, (unsigned)ledger - 1, 0);
    close_range((unsigned)ledger + 1, ~0u, 0);
  } else {
    close_range(3, ~0u, 0);
  }
}

int main(int count, char** arguments) {
  if (count <= kCommand) return 127;
  const int carried = strcmp(arguments[1], "carried") == 0;
  if (carried) {
    keep_descriptors();
    if (write(DUET_LAUNCHER_HELLO_FD, "", 1) != 1) fail("hello");
    if (personality(ADDR_NO_RANDOMIZE) < 0) fail("personality");
  }
  close_others(carried, atoi(arguments[kLedger]));
  reset_signals();
  umask(022);
  setenv("LD_PRELOAD", arguments[kPreload], 1);
  limit(RLIMIT_CPU, arguments[kCpuSeconds], 1);
  limit_memory(arguments[kMemory], carried);
  limit(RLIMIT_FSIZE, arguments[kFileBytes], 0);
  limit(RLIMIT_NOFILE, arguments[kOpenFiles], 0);
  limit(RLIMIT_NPROC, arguments[kProcesses], 0);
  limit(RLIMIT_CORE, "0", 0);
  forbid_calls(carried);
  if (carried) install_guard();
  execv(arguments[kCommand], arguments + kCommand);
  const int error = errno;
  if (carried && write(DUET_HELLO_FD, &error, sizeof(error)) < 0) return 127;
  fprintf(stderr, "%s: %s\n", arguments[kCommand], strerror(error));
  return 127;
}
