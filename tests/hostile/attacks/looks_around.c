/* Reads, writes, signals, mounts and opens whatever it can reach, then serves as it should. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "serve.h"

static void expect_unreadable(const char* path) {
  char byte;
  const int fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd >= 0 && read(fd, &byte, 1) == 1) HOLE("%s can be read", path);
  if (fd >= 0) close(fd);
}

static void expect_unwritable(const char* path) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0644);
  if (fd >= 0) HOLE("%s can be written", path);
  if (fd >= 0) close(fd);
}

static void files(void) {
  static const char* const secrets[] = {"/etc/shadow",       "/root/.ssh/id_rsa", "/root/.bashrc",    "/proc/kcore",
                                        "/proc/kmsg",        "/proc/keys",        "/dev/mem",
                                        "/dev/kmsg",         "/dev/vda",         "/dev/sda",
                                        "/dev/net/tun",      "/run/utmp",         "/var/log/syslog",  "/etc/machine-id",
                                        "/duet/duet",        "/home",             "/sys/kernel/vmcoreinfo"};
  static const char* const places[] = {"/x",
                                       "/etc/x",
                                       "/etc/hosts",
                                       "/etc/passwd",
                                       "/usr/x",
                                       "/dev/x",
                                       "/duet/libduet.so",
                                       "/duet/x",
                                       "/submission/server.c",
                                       "/submission/.duet-built/server",
                                       "/submission/x",
                                       "/proc/sys/kernel/core_pattern",
                                       "/proc/sys/kernel/hostname",
                                       "/proc/sys/net/ipv4/ip_forward",
                                       "/proc/sysrq-trigger",
                                       "/proc/self/oom_score_adj",
                                       "/proc/mtrr",
                                       "/proc/1/oom_score_adj",
                                       "/sys/x"};
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; ++i) expect_unreadable(secrets[i]);
  for (size_t i = 0; i < sizeof places / sizeof *places; ++i) expect_unwritable(places[i]);
  for (const char* const* folder = (const char* const[]){"/root", "/home", "/tmp", "/var", "/run", NULL};
       *folder != NULL; ++folder) {
    DIR* const entries = opendir(*folder);
    for (struct dirent* entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
      if (entry->d_name[0] != '.') HOLE("%s has %s", *folder, entry->d_name);
    }
  }
  unlink("/submission/server.c");
  rename("/submission", "/gone");
}

static void environments(char** variables) {
  for (; *variables != NULL; ++variables) {
    if (strstr(*variables, "SECRET") != NULL) HOLE("the environment has %s", *variables);
  }
  for (int pid = 1; pid <= 10; ++pid) {
    char path[64], text[65536] = "";
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    const int fd = open(path, O_RDONLY);
    if (fd < 0) continue;
    if (read(fd, text, sizeof text) > 0 && memmem(text, sizeof text, "SECRET", 6) != NULL) HOLE("%s has secrets", path);
    close(fd);
  }
}

static void processes(void) {
  char word = 1;
  struct iovec one = {&word, 1};
  signal(SIGTERM, SIG_IGN);
  for (pid_t pid = 0; pid <= 40; ++pid) {
    if (pid == getpid()) continue;
    if (pid > 0 && ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0) HOLE("process %d can be traced", pid);
    if (pid > 0 && process_vm_writev(pid, &one, 1, &one, 1, 0) > 0) HOLE("process %d can be written to", pid);
    if (pid > 0) kill(pid, SIGSTOP), kill(pid, SIGKILL);
    setpriority(PRIO_PROCESS, (id_t)pid, 19);
  }
  kill(-1, SIGSTOP);
  kill(-1, SIGKILL);
  kill(-1, SIGTERM);
  kill(getppid(), SIGSTOP);
  kill(getppid(), SIGKILL);
}

static void powers(void) {
  static const int kinds[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWIPC};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    if (unshare(kinds[i]) == 0) HOLE("namespace %x can be made", kinds[i]);
  }
  static const char* const own[] = {"/proc/1/ns/net", "/proc/1/ns/mnt", "/proc/1/ns/user", "/proc/1/ns/pid"};
  for (size_t i = 0; i < sizeof own / sizeof *own; ++i) {
    const int fd = open(own[i], O_RDONLY);
    if (fd >= 0 && setns(fd, 0) == 0) HOLE("%s can be entered", own[i]);
    if (fd >= 0) close(fd);
  }
  if (mount("tmpfs", "/tmp", "tmpfs", 0, "") == 0) HOLE("something can be mounted");
  if (mount(NULL, "/submission", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) HOLE("/submission can be made writable");
  if (umount2("/submission", MNT_DETACH) == 0) HOLE("/submission can be unmounted");
  if (chroot("/tmp") == 0) HOLE("the root can be changed");
  if (setuid(0) == 0) HOLE("it can become root");
  if (mknod("/tmp/disk", S_IFBLK | 0600, 8 << 8) == 0) HOLE("a device can be made");
  if (sethostname("x", 1) == 0) HOLE("the host can be renamed");
  struct sched_param real_time = {50};
  if (sched_setscheduler(0, SCHED_FIFO, &real_time) == 0) HOLE("it can run in real time");
  if (setpriority(PRIO_PROCESS, 0, -10) == 0) HOLE("it can be preferred to others");
  struct rlimit more = {1000000, 1000000};
  if (setrlimit(RLIMIT_NPROC, &more) == 0 || setrlimit(RLIMIT_NOFILE, &more) == 0) HOLE("limits can be raised");
  if (syscall(SYS_bpf, 0, NULL, 0) >= 0) HOLE("bpf");
  if (syscall(SYS_reboot, 0, 0, 0, 0) == 0) HOLE("reboot");
  if (syscall(SYS_init_module, "", 0, "") == 0) HOLE("init_module");
}

/* To whatever has been inherited: pipes to the lab, its channel, its ledger. */
static void descriptors(void) {
  static const char forged[] = "\x40\0\0\0\x12\x3e\x0a\x3c\x0a\x03one\x20\x01\x28\x0a"
                               " score 10 of 10 duet.lab-error PASSED";
  for (int fd = 3; fd < 1024; ++fd) {
    (void)!write(fd, forged, sizeof forged);
    (void)!pwrite(fd, forged, sizeof forged, 0);
    (void)!ftruncate(fd, 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
}

int main(int count, char** arguments, char** variables) {
  environments(variables);
  files();
  powers();
  processes();
  descriptors();
  fprintf(stderr, "attacked\n");
  return serve(count > 1 ? atoi(arguments[1]) : 0);
}
