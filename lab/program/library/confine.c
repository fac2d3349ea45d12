/* How the sandbox's last process becomes the command: what it may take, and which calls it may make.
 *
 * For a carried program, the lab gives the channel, and a socket over which it learns the program's process (from the
 * credentials of the byte that is sent), and the errno if it can't be executed. Both move out of the program's way. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lab/program/channel.h"
#include "lab/program/library/sandbox.h"
#include "lab/program/library/stub.h"

static void limit(int resource, const char* text, rlim_t grace, rlim_t more) {
  const rlim_t value = read_number(&text) + more;
  const struct rlimit both = {value, value + grace};
  sandbox_check("setrlimit", kernel(SYS_setrlimit, resource, &both));
}

#define LOAD(word) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word)
#define JUMP(kind, value, yes, no) (struct sock_filter) BPF_JUMP(BPF_JMP | kind | BPF_K, value, yes, no)
#define RETURN(value) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value)

enum {
  kArch = offsetof(struct seccomp_data, arch),
  kNumber = offsetof(struct seccomp_data, nr),
  kPointer = offsetof(struct seccomp_data, instruction_pointer),
  kArguments = offsetof(struct seccomp_data, args),
};

static void install_filter(struct sock_filter* program, size_t length) {
  const struct sock_fprog filter = {(unsigned short)length, program};
  sandbox_check("seccomp", kernel(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter));
}

/* No sockets but those that a network namespace contains: some families lead to the machine that this one runs on. */
static void forbid_families(void) {
  static const unsigned allowed[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET};
  enum { kCount = sizeof(allowed) / sizeof(allowed[0]), kHead = 4, kTail = 2 };
  struct sock_filter program[kHead + kCount + kTail];
  struct sock_filter* next = program;
  *next++ = LOAD(kNumber);
  *next++ = JUMP(BPF_JEQ, SYS_socket, 1, 0);
  *next++ = JUMP(BPF_JEQ, SYS_socketpair, 0, kCount + 2);
  *next++ = LOAD(kArguments);
  for (int i = 0; i < kCount; ++i) *next++ = JUMP(BPF_JEQ, allowed[i], (unsigned char)(kCount - i), 0);
  *next++ = RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  *next++ = RETURN(SECCOMP_RET_ALLOW);
  install_filter(program, (size_t)(next - program));
}

/* What reaches beyond a process, or takes memory that no limit counts, is refused in both worlds. The last two are how
 * the library looks at memory that may not be there. */
static void forbid_calls(int carried) {
  static const unsigned forbidden[] = {SYS_ptrace,     SYS_add_key,         SYS_keyctl,           SYS_request_key,
                                       SYS_bpf,        SYS_perf_event_open, SYS_userfaultfd,      SYS_shmget,
                                       SYS_semget,     SYS_msgget,          SYS_memfd_create,     SYS_memfd_secret,
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

/* As execve takes them: the default, and none of them blocked. */
static void reset_signals(void) {
  const struct { unsigned long handler, flags, restorer, mask; } standard = {0};
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
    kernel(SYS_rt_sigaction, signal_number, &standard, NULL, sizeof standard.mask);
  }
  kernel(SYS_rt_sigprocmask, SIG_SETMASK, &standard.mask, NULL, sizeof standard.mask);
}

/* To where every image of the program finds them. */
static void keep_descriptors(void) {
  struct rlimit files;
  sandbox_check("getrlimit", kernel(SYS_getrlimit, RLIMIT_NOFILE, &files));
  files.rlim_cur = files.rlim_max;
  if (files.rlim_max <= DUET_HELLO_FD) {
    struct text text = {0};
    add_text(&text, "a process may have ");
    add_number(&text, files.rlim_max);
    add_text(&text, " descriptors here, and ");
    add_number(&text, DUET_HELLO_FD + 1);
    add_text(&text, " are needed: raise `ulimit -Hn`");
    complain(text.bytes, "", 0);
    leave(127);
  }
  sandbox_check("setrlimit", kernel(SYS_setrlimit, RLIMIT_NOFILE, &files));
  sandbox_check("channel", kernel(SYS_dup2, DUET_SANDBOX_CHANNEL_FD, DUET_CHANNEL_FD));
  sandbox_check("hello", kernel(SYS_dup2, DUET_SANDBOX_HELLO_FD, DUET_HELLO_FD));
}

static void close_but(int kept, int last_kept) {
  static const char what[] = "closing descriptors";
  if (kept > 3) sandbox_check(what, kernel(SYS_close_range, 3, kept - 1, 0));
  sandbox_check(what, kernel(SYS_close_range, last_kept + 1, ~0u, 0));
}

static void close_others(const struct sandbox* sandbox) {
  if (sandbox->carried) return close_but(DUET_CHANNEL_FD, DUET_HELLO_FD);
  if (sandbox->ledger >= 3) return close_but(sandbox->ledger, sandbox->ledger);
  close_but(0, 2);
}

/* Of the command's processes: CPU time with a second's grace, memory, and so on. The channel is no memory that a
 * carried program asked for. */
static void set_limits(char* const* limits, int carried) {
  limit(RLIMIT_CPU, limits[0], 1, 0);
  limit(RLIMIT_AS, limits[1], 0, carried ? sizeof(struct duet_channel) : 0);
  limit(RLIMIT_FSIZE, limits[2], 0, 0);
  limit(RLIMIT_NOFILE, limits[3], 0, 0);
  limit(RLIMIT_NPROC, limits[4], 0, 0);
  /* At 0 the kernel would still start a machine's helper that takes dumps; at 1 it takes none at all. */
  limit(RLIMIT_CORE, "1", 0, 0);
}

void sandbox_execute(const struct sandbox* sandbox) {
  if (sandbox->carried) {
    keep_descriptors();
    sandbox_check("hello", kernel(SYS_write, DUET_SANDBOX_HELLO_FD, "", 1));
    sandbox_check("personality", kernel(SYS_personality, ADDR_NO_RANDOMIZE));
  }
  if (sandbox->carried || sandbox->executed) {
    close_others(sandbox);
    reset_signals();
    kernel(SYS_umask, 022);
  }
  if (sandbox->limits != NULL) set_limits(sandbox->limits, sandbox->carried);
  if (sandbox->filtered) {
    forbid_calls(sandbox->carried);
    forbid_families();
  }
  if (sandbox->carried) install_guard();
  const long failed = kernel(SYS_execve, sandbox->command[0], sandbox->command, sandbox->environment);
  const int error = (int)-failed;
  if (sandbox->carried) kernel(SYS_write, DUET_HELLO_FD, &error, sizeof error);
  complain(sandbox->command[0], "", failed);
  leave(127);
}
