/* Becomes root in new user, process, network and mount namespaces, mounts /proc there, and runs a command:
 *
 *   namespaces COMMAND [ARGUMENT]...
 *
 * As unshare(1) does, but where the caller is root, the namespaces have a second user too, kProgramUser, who is nobody
 * on this machine: programs run as that one, because the kernel exempts root from limits on processes, however deep in
 * namespaces, and lets it write to what it owns in /proc. Everything ends with the caller or with the command, whose
 * exit status is this one's (128 + n where signal n ended it). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kProgramUser = 1000, kOutside = 2000001000 };  /* far from all that systems give to people and containers */

static void fail(const char* what) {
  fprintf(stderr, "namespaces can't be made: %s: %s\n", what, strerror(errno));
  _exit(127);
}

static int write_file(pid_t process, const char* name, const char* text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", process, name);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t written = write(fd, text, strlen(text));
  close(fd);
  return written == (ssize_t)strlen(text) ? 0 : -1;
}

static int map_to(pid_t process, unsigned user, unsigned group, const char* second) {
  char users[64], groups[64];
  snprintf(users, sizeof users, "0 %u 1\n%s", user, second);
  snprintf(groups, sizeof groups, "0 %u 1\n%s", group, second);
  return write_file(process, "uid_map", users) == 0 && write_file(process, "gid_map", groups) == 0 ? 0 : -1;
}

/* Only root may map two users, and only from outside; root of a namespace that has one user may not. */
static int map_users(pid_t process, unsigned user, unsigned group) {
  char second[32];
  snprintf(second, sizeof second, "%d %d 1\n", kProgramUser, kOutside);
  if (user == 0 && map_to(process, user, group, second) == 0) return 0;
  return write_file(process, "setgroups", "deny") == 0 ? map_to(process, user, group, "") : -1;
}

static void make_namespaces(void) {
  const unsigned user = geteuid(), group = getegid();
  const pid_t self = getpid();
  int unshared[2];
  if (pipe2(unshared, O_CLOEXEC) != 0) fail("pipe");
  const pid_t mapper = fork();
  if (mapper < 0) fail("fork");
  if (mapper == 0) {
    char byte;
    close(unshared[1]);
    if (read(unshared[0], &byte, 1) != 1) _exit(1);
    _exit(map_users(self, user, group) == 0 ? 0 : 1);
  }
  if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS) != 0) fail("unshare");
  if (write(unshared[1], "", 1) != 1) fail("pipe");
  int status = 0;
  if (waitpid(mapper, &status, 0) != mapper || status != 0) fail("mapping users");
  close(unshared[0]);
  close(unshared[1]);
}

int main(int count, char** arguments) {
  if (count < 2) return 127;
  make_namespaces();
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("private mounts");
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) fail("mounting /proc");
    execv(arguments[1], arguments + 1);
    fail(arguments[1]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
