/* Executes a command apart from the rest of the machine:
 *
 *   sandbox worker|plain|filtered|carried|executed [OPTION]... command COMMAND [ARGUMENT]...
 *
 * What is promised of each kind stands in lab/program/sandbox.h. The options are words, with values behind them:
 *
 *   tmp BYTES                    of /tmp, and as much of /dev/shm
 *   directory PATH               to start in
 *   mount FROM TO                read only; in the order in which they are given
 *   writable FROM TO
 *   set NAME=VALUE               the environment
 *   hostname NAME                in a namespace of its own
 *   network                      the caller's
 *   limits CPU_SECONDS MEMORY FILE_BYTES OPEN_FILES PROCESSES
 *   ledger FD                    the one descriptor that an executed program keeps
 *   parent PROCESS               whose child this is: nothing is executed where that has ended before
 *
 * Three processes. The first stays outside, and waits; everything ends with it, and it with its parent. The second is
 * the first one of the namespaces: it makes the sandbox, gives up what it can do, and remains to ask after processes
 * that nobody else asks after. The third becomes the command. The exit status is the command's; 128 + n where signal n
 * ended it. The first two keep no descriptor open, and a program learns nothing of the second one but that it is there.
 *
 * A sandbox is made in two user namespaces, the second in the first. Everything in it, mounts, processes, network,
 * belongs to the first; the command is in the second, the only one that may be below the first. So even somebody who
 * had all of the second one's powers could change nothing about the sandbox. A worker, which makes sandboxes itself,
 * is root in the first one, and there is no second.
 *
 * Where the caller is root, a worker's namespace has another user, kProgramUser, who is nobody on this machine:
 * programs run as that one, because the kernel exempts root from limits on processes, however deep in namespaces, and
 * lets it write to what it owns in /proc. Each worker has another one, because the kernel counts some of what a user
 * takes over the whole machine. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lab/program/library/sandbox.h"

/* kProgramUser, outside, with the worker's number added: far from all that systems give to people and containers. */
enum { kOutside = 2000001000 };

void sandbox_fail(const char* what, long error) {
  complain("sandbox: ", what, error);
  leave(127);
}

void sandbox_fail_at(const char* path, long error) {
  complain("sandbox: mounting ", path, error);
  leave(127);
}

/* --- What to make ------------------------------------------------------------------------------------------------ */

/* The words move to memory that nobody else sees, and what is there of the caller's environment goes: where the kernel
 * has put them they could be read in /proc. */
static char** take_words(int count, char** words, char** environment) {
  const char* end = words[count - 1] + length_of(words[count - 1]) + 1;
  for (; *environment != NULL; ++environment) end = *environment + length_of(*environment) + 1;
  const size_t length = (size_t)(end - words[0]);
  char** const moved = take_memory(((size_t)count + 1) * sizeof *moved + length);
  char* const copy = (char*)(moved + count + 1);
  memcpy(copy, words[0], length);
  for (int i = 0; i < count; ++i) moved[i] = copy + (words[i] - words[0]);
  memset(words[0], 0, length);
  return moved;
}

/* How many values it has, or -1 where it is none. */
static int take_option(struct sandbox* sandbox, char** words, int* variables) {
  const char* const option = words[0];
  const char* number = words[1];
  if (is_same(option, "tmp")) return sandbox->tmp_bytes = words[1], 1;
  if (is_same(option, "directory")) return sandbox->directory = words[1], 1;
  if (is_same(option, "hostname")) return sandbox->hostname = words[1], 1;
  if (is_same(option, "network")) return sandbox->callers_network = 1, 0;
  if (is_same(option, "ledger")) return sandbox->ledger = (int)read_number(&number), 1;
  if (is_same(option, "parent")) return sandbox->parent = (long)read_number(&number), 1;
  if (is_same(option, "limits")) return sandbox->limits = words + 1, kLimits;
  if (is_same(option, "set")) return sandbox->environment[(*variables)++] = words[1], 1;
  const int writable = is_same(option, "writable");
  if (!writable && !is_same(option, "mount")) return -1;
  sandbox->mounts[sandbox->mount_count++] = (struct sandbox_mount){words[1], words[2], writable};
  return 2;
}

/* Without a command where the words are none that this understands. */
static struct sandbox read_words(int count, char** words) {
  struct sandbox sandbox = {.directory = "/", .ledger = -1};
  sandbox.worker = is_same(words[1], "worker");
  sandbox.carried = is_same(words[1], "carried");
  sandbox.executed = is_same(words[1], "executed");
  sandbox.filtered = sandbox.carried || sandbox.executed || is_same(words[1], "filtered");
  if (!sandbox.worker && !sandbox.filtered && !is_same(words[1], "plain")) return sandbox;
  sandbox.mounts = take_memory((size_t)count * (sizeof *sandbox.mounts + sizeof *sandbox.environment));
  sandbox.environment = (char**)(sandbox.mounts + count);
  int variables = 0;
  for (int i = 2; i < count - 1; ++i) {
    if (is_same(words[i], "command")) return sandbox.command = words + i + 1, sandbox;
    const int values = take_option(&sandbox, words + i, &variables);
    if (values < 0) break;
    i += values;
  }
  return sandbox;
}

/* --- Who it is --------------------------------------------------------------------------------------------------- */

static long write_file(int folder, const char* path, const char* text) {
  const long fd = kernel(SYS_openat, folder, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const size_t length = length_of(text);
  const long written = kernel(SYS_write, fd, text, length);
  kernel(SYS_close, fd);
  return written < 0 ? written : written == (long)length ? 0 : -EIO;
}

static void add_mapping(struct text* text, unsigned inside, unsigned outside) {
  add_number(text, inside);
  add_text(text, " ");
  add_number(text, outside);
  add_text(text, " 1\n");
}

/* Of the process whose folder of /proc this is. */
static long write_maps(int process, const struct text* users, const struct text* groups) {
  const long written = write_file(process, "uid_map", users->bytes);
  return written < 0 ? written : write_file(process, "gid_map", groups->bytes);
}

static long write_single_map(int process, unsigned inside, unsigned user, unsigned group) {
  struct text users = {0}, groups = {0};
  add_mapping(&users, inside, user);
  add_mapping(&groups, inside, group);
  const long denied = write_file(process, "setgroups", "deny");
  return denied < 0 ? denied : write_maps(process, &users, &groups);
}

/* Only root may map two users, and only from outside; root of a namespace that has one user may not. */
static long write_worker_maps(int process, unsigned group, unsigned program_user) {
  struct text users = {0}, groups = {0};
  add_mapping(&users, 0, 0);
  add_mapping(&users, kProgramUser, program_user);
  add_mapping(&groups, 0, group);
  add_mapping(&groups, kProgramUser, program_user);
  return write_maps(process, &users, &groups);
}

static void map_users(long child, int worker) {
  const unsigned user = (unsigned)kernel(SYS_geteuid), group = (unsigned)kernel(SYS_getegid);
  struct text path = {0};
  add_text(&path, "/proc/");
  add_number(&path, (uint64_t)child);
  const int process = (int)sandbox_check("/proc", kernel(SYS_openat, AT_FDCWD, path.bytes,
                                                         O_PATH | O_DIRECTORY | O_CLOEXEC));
  const long two = worker && user == 0 ? write_worker_maps(process, group, kOutside + (unsigned)child) : -EPERM;
  /* A namespace that has one user can't give two, and says so in either way. */
  if (two == -EPERM || two == -EINVAL) {
    sandbox_check("mapping users", write_single_map(process, 0, user, group));
  } else {
    sandbox_check("mapping users", two);
  }
  kernel(SYS_close, process);
}

/* Whether this is root in a worker, whose namespace has a user for programs. */
static int has_program_user(void) {
  char map[4096] = "";
  int roots = 0, programs = 0, others = 0;
  const int fd = (int)sandbox_check("users", kernel(SYS_openat, AT_FDCWD, "/proc/self/uid_map", O_RDONLY | O_CLOEXEC));
  sandbox_check("users", kernel(SYS_read, fd, map, sizeof map - 1));
  kernel(SYS_close, fd);
  for (const char* rest = map; *rest != '\0';) {
    const uint64_t inside = read_number(&rest);
    read_number(&rest);
    const int single = read_number(&rest) == 1;
    roots += single && inside == 0;
    programs += single && inside == kProgramUser;
    others += !single || (inside != 0 && inside != kProgramUser);
    while (*rest == '\n') ++rest;
  }
  return kernel(SYS_geteuid) == 0 && roots == 1 && programs == 1 && others == 0;
}

static void become_program_user(void) {
  static const char what[] = "becoming the programs' user";
  sandbox_check(what, kernel(SYS_setgroups, 0, NULL));
  sandbox_check(what, kernel(SYS_setresgid, kProgramUser, kProgramUser, kProgramUser));
  sandbox_check(what, kernel(SYS_setresuid, kProgramUser, kProgramUser, kProgramUser));
  /* Who has changed its user may not look into /proc/self otherwise. */
  sandbox_check(what, kernel(SYS_prctl, PR_SET_DUMPABLE, 1));
}

/* --- The second process ------------------------------------------------------------------------------------------ */

/* Into a user namespace that has no further one below it, and no power over what has been made. */
static void enter_inner_namespace(int proc) {
  sandbox_check("forbidding namespaces", write_file(proc, "sys/user/max_user_namespaces", "1"));
  sandbox_check("a namespace for users", kernel(SYS_unshare, CLONE_NEWUSER));
  const int self = (int)sandbox_check("/proc", kernel(SYS_openat, proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  sandbox_check("mapping users", write_single_map(self, kProgramUser, 0, 0));
  kernel(SYS_close, self);
}

/* For ever: no file that is executed gives any back. */
static void drop_powers(void) {
  static const char what[] = "dropping capabilities";
  const struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct none[2] = {0};
  long dropped = 0;
  for (int capability = 0; dropped == 0; ++capability) dropped = kernel(SYS_prctl, PR_CAPBSET_DROP, capability);
  if (dropped != -EINVAL) sandbox_fail(what, dropped);  /* there are no more of them */
  sandbox_check(what, kernel(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL));
  sandbox_check(what, kernel(SYS_capset, &header, none));
}

/* The first process holds the pipe's other end for as long as it lives. It may have ended before the kernel was asked
 * to say so. */
static void end_with(int first) {
  sandbox_check("prctl", kernel(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL));
  struct pollfd end = {first, 0, 0};
  if (kernel(SYS_poll, &end, 1, 0) != 0) leave(127);
  kernel(SYS_close, first);
}

/* Until that child has ended, with whoever else has become this process's child. */
static int wait_for(long child) {
  for (;;) {
    int status = 0;
    const long ended = kernel(SYS_wait4, -1, &status, 0, NULL);
    if (ended == child) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (ended < 0 && ended != -EINTR) return 127;
  }
}

__attribute__((noreturn)) static void be_second(const struct sandbox* sandbox, int first) {
  char byte;
  sandbox_check("prctl", kernel(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL));
  if (kernel(SYS_read, first, &byte, 1) != 1) leave(127);
  if (sandbox->hostname != NULL) {
    sandbox_check("naming the host", kernel(SYS_sethostname, sandbox->hostname, length_of(sandbox->hostname)));
  }
  const int proc = sandbox_make_files(sandbox);
  if (!sandbox->worker) {
    enter_inner_namespace(proc);
    drop_powers();
  }
  kernel(SYS_close, proc);
  sandbox_check("no_new_privs", kernel(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1));
  sandbox_check("a new session", kernel(SYS_setsid));
  /* Nobody in the sandbox may trace this process, or look at what it has open. */
  sandbox_check("prctl", kernel(SYS_prctl, PR_SET_DUMPABLE, 0));
  end_with(first);
  const long command = sandbox_check("a process", kernel(SYS_clone, SIGCHLD));
  if (command == 0) sandbox_execute(sandbox);
  kernel(SYS_close_range, 0, ~0u, 0);
  leave(wait_for(command));
}

/* --- The first process ------------------------------------------------------------------------------------------- */

static unsigned long namespaces(const struct sandbox* sandbox) {
  unsigned long all = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;
  if (!sandbox->callers_network) all |= CLONE_NEWNET;
  if (sandbox->hostname != NULL) all |= CLONE_NEWUTS;
  if (!sandbox->worker && kernel(SYS_access, "/proc/self/ns/cgroup", 0) == 0) all |= CLONE_NEWCGROUP;
  return all;
}

int command_main(int count, char** arguments, char** environment) {
  if (count < 2) return 127;
  char** const words = take_words(count, arguments, environment);
  const struct sandbox sandbox = read_words(count, words);
  if (sandbox.command == NULL || sandbox.tmp_bytes == NULL) sandbox_fail("options or a command are missing", 0);
  if (!sandbox.worker && has_program_user()) become_program_user();
  /* Asked for when it is who it will be: the kernel forgets it where that changes. */
  sandbox_check("prctl", kernel(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL));
  if (sandbox.parent != 0 && kernel(SYS_getppid) != sandbox.parent) return 127;
  int ends[2];
  sandbox_check("a pipe", kernel(SYS_pipe2, ends, O_CLOEXEC));
  const struct clone_args how = {.flags = namespaces(&sandbox), .exit_signal = SIGCHLD};
  const long child = sandbox_check("namespaces can't be made", kernel(SYS_clone3, &how, sizeof how));
  if (child == 0) {
    kernel(SYS_close, ends[1]);
    be_second(&sandbox, ends[0]);
  }
  map_users(child, sandbox.worker);
  if (kernel(SYS_write, ends[1], "", 1) != 1) return 127;
  /* But for the pipe's end, which says that this process lives. */
  kernel(SYS_dup2, ends[1], 0);
  kernel(SYS_close_range, 1, ~0u, 0);
  return wait_for(child);
}
