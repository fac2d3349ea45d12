// What a command in a sandbox can do to the sandbox, to its first process and to the machine: nothing. No filter of
// calls is in the way here, but where one is what is tried; programs have one besides.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/program/becomes_true.h"
#include "lab/program/sandbox.h"
#include "lab/program/spawn.h"

namespace lab {
namespace {

constexpr char kIncludes[] = R"(
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>
int mount(const char*, const char*, const char*, unsigned long, const void*);  // <linux/mount.h> excludes <sys/mount.h>
int umount2(const char*, int);
#define HOLE(...) (printf("HOLE: " __VA_ARGS__), putchar('\n'))
#define REFUSED(call) ((call) < 0 ? (void)0 : (void)HOLE("%s", #call))
)";

// A program in C that says what it could do; in both kinds of sandbox it has to say nothing but "tried".
class SandboxPowers : public testing::Test {
 protected:
  void SetUp() override {
    if (const absl::Status available = SandboxAvailable(); !available.ok()) GTEST_SKIP() << available.message();
    char folder[] = "/tmp/duet-powers-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  using Confinement = SandboxOptions::Confinement;

  void ExpectPowerless(const std::string& code, Confinement confinement = Confinement::kNone) {
    std::ofstream(folder_ + "/tries.c") << kIncludes << "int main(void) {" << code << "puts(\"tried\"); return 0; }\n";
    ASSERT_EQ(std::system(absl::StrCat("gcc -o ", folder_, "/tries ", folder_, "/tries.c").c_str()), 0);
    for (const auto kind : {SandboxOptions::Kind::kBuild, SandboxOptions::Kind::kProgram}) {
      SandboxOptions options;
      options.kind = kind;
      options.mounts = {{folder_, "/submission"}};
      options.hostname = "host";
      options.confinement = confinement;
      EXPECT_EQ(Run(options, {"/submission/tries"}), "tried\n");
    }
  }

  // What the command writes, both outputs together.
  std::string Run(const SandboxOptions& options, const std::vector<std::string>& command) {
    const std::string path = folder_ + "/output";
    const int output = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int high = fcntl(output, F_DUPFD_CLOEXEC, 100);
    std::vector<GivenDescriptor> given = {{high, 1}, {high, 2}};
    for (const int fd : given_) given.push_back({fd, fd});
    const absl::StatusOr<pid_t> child = Spawn(SandboxCommand(options, command), given);
    EXPECT_TRUE(child.ok());
    if (child.ok()) WaitForExit(*child);
    close(output);
    close(high);
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  std::string folder_;
  std::vector<int> given_;
};

TEST_F(SandboxPowers, HasNoCapabilityAndNoMountThatGivesOne) {
  ExpectPowerless(R"(
    char line[4096], place[4096], options[4096], optional[4096];
    FILE* status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status)) {
      unsigned long long set = 0;
      if (sscanf(line, "Cap%*[^:]: %llx", &set) == 1 && set != 0) HOLE("%s", line);
      if (strncmp(line, "NoNewPrivs:", 11) == 0 && strcmp(line, "NoNewPrivs:\t1\n") != 0) HOLE("%s", line);
    }
    FILE* mounts = fopen("/proc/self/mountinfo", "r");
    while (fgets(line, sizeof line, mounts)) {
      if (sscanf(line, "%*d %*d %*s %*s %s %s %s", place, options, optional) != 3) HOLE("%s", line);
      const int open_to_writes = !strcmp(place, "/tmp") || !strcmp(place, "/dev/shm") || !strcmp(place, "/dev/pts");
      const int device = strncmp(place, "/dev/", 5) == 0 && strcmp(place, "/dev/shm") != 0;
      if (strncmp(options, "ro", 2) != 0 && !open_to_writes) HOLE("writable: %s", line);
      if (strstr(options, "nosuid") == NULL || (strstr(options, "nodev") == NULL && !device)) HOLE("%s", line);
      if (strcmp(optional, "-") != 0) HOLE("joined to other mounts: %s", line);
    })");
}

// What no namespace contains, and what no limit counts.
TEST_F(SandboxPowers, AFilterRefusesWhatNothingElseHolds) {
  ExpectPowerless(R"(
    for (int family = 0; family < 64; ++family) {
      const int known = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
      if (!known && socket(family, SOCK_STREAM, 0) >= 0) HOLE("family %d", family);
    }
    if (socket(AF_VSOCK, SOCK_STREAM, 0) >= 0 || errno != EAFNOSUPPORT) HOLE("AF_VSOCK");
    if (socket(AF_INET, SOCK_STREAM, 0) < 0) HOLE("no AF_INET");
    REFUSED(semget(IPC_PRIVATE, 1, 0600));
    REFUSED(msgget(IPC_PRIVATE, 0600));
    REFUSED(shmget(IPC_PRIVATE, 4096, 0600));
    REFUSED(memfd_create("memory", 0));
    int files = 0;
    char name[100];
    for (; files < 30000; ++files) {
      sprintf(name, "/tmp/%d", files);
      const int fd = open(name, O_CREAT | O_WRONLY, 0600);
      if (fd < 0) break;
      close(fd);
    }
    if (files > 20000) HOLE("%d files", files);)",
                  Confinement::kFiltered);
}

TEST_F(SandboxPowers, MakesNoNamespace) {
  ExpectPowerless(R"(
    static const unsigned long kinds[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUTS,
                                          CLONE_NEWIPC, CLONE_NEWCGROUP};
    for (int i = 0; i < 7; ++i) {
      struct clone_args how = {.flags = kinds[i], .exit_signal = SIGCHLD};
      if (unshare(kinds[i]) == 0) HOLE("namespace %lx", kinds[i]);
      const long child = syscall(SYS_clone3, &how, sizeof how);
      if (child == 0) _exit(0);
      if (child > 0) HOLE("a process in namespace %lx", kinds[i]);
    }
    REFUSED(setns(open("/proc/1/ns/mnt", O_RDONLY), 0));
    REFUSED(setns(syscall(SYS_pidfd_open, 1, 0), CLONE_NEWUSER | CLONE_NEWNS));)");
}

TEST_F(SandboxPowers, ChangesNoMount) {
  ExpectPowerless(R"(
    char line[4096], place[4096];
    FILE* mounts = fopen("/proc/self/mountinfo", "r");
    while (fgets(line, sizeof line, mounts)) {
      struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
      if (sscanf(line, "%*d %*d %*s %*s %s", place) != 1) HOLE("%s", line);
      if (umount2(place, 2) == 0) HOLE("%s can be unmounted", place);
      if (mount(NULL, place, NULL, 32 | 4096, NULL) == 0) HOLE("%s can be made writable", place);
      if (syscall(SYS_mount_setattr, AT_FDCWD, place, 0, &writable, sizeof writable) == 0) HOLE("%s: setattr", place);
    }
    REFUSED(mount("tmpfs", "/tmp", "tmpfs", 0, ""));
    REFUSED(mount("/usr", "/tmp", NULL, 4096, NULL));
    REFUSED(mount("proc", "/tmp", "proc", 0, NULL));
    REFUSED(syscall(SYS_fsopen, "tmpfs", 0));
    REFUSED(syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
    REFUSED(syscall(SYS_pivot_root, "/tmp", "/tmp"));
    REFUSED(chroot("/tmp"));
    REFUSED(sethostname("x", 1));)");
}

TEST_F(SandboxPowers, SeesNothingOfTheFirstProcessNorOfTheOldRoot) {
  ExpectPowerless(R"(
    static const char* const files[] = {"environ", "mem", "maps", "auxv", "io", "stack", "syscall", "pagemap",
                                        "root/etc", "cwd/etc", "exe", "fd/0", "ns/mnt", "ns/user", "task/1/mem",
                                        "task/1/root/etc"};
    char path[100], byte;
    struct iovec one = {&byte, 1};
    struct stat root, above;
    for (int i = 0; i < 16; ++i) {
      snprintf(path, sizeof path, "/proc/1/%s", files[i]);
      const int fd = open(path, O_RDONLY);
      if (fd >= 0 && (read(fd, &byte, 1) > 0 || strchr(files[i], '/') || !strcmp(files[i], "exe"))) HOLE("%s", path);
      if (open(path, O_WRONLY) >= 0) HOLE("%s can be written", path);
    }
    FILE* words = fopen("/proc/1/cmdline", "r");
    for (int c; words != NULL && (c = getc(words)) != EOF;) if (c != 0) HOLE("the words of process 1: %c", c);
    for (int s = 1; s < 65; ++s) kill(1, s);
    if (kill(1, 0) != 0) HOLE("process 1 is gone");
    REFUSED(ptrace(PTRACE_SEIZE, 1, NULL, NULL));
    REFUSED(process_vm_readv(1, &one, 1, &one, 1, 0));
    REFUSED(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, 1, 0), 0, 0));
    if (stat("/", &root) != 0 || stat("/../../..", &above) != 0 || root.st_ino != above.st_ino) HOLE("above /");)");
}

TEST_F(SandboxPowers, ChangesNoDeviceAndHasNoTerminal) {
  ExpectPowerless(R"(
    static const char* const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                                          "/dev/tty", "/proc/keys"};
    for (int i = 0; i < 7; ++i) {
      struct stat about;
      if (stat(devices[i], &about) != 0 || chmod(devices[i], about.st_mode & 07777) == 0) HOLE("%s: mode", devices[i]);
      if (chown(devices[i], getuid(), getgid()) == 0) HOLE("%s: owner", devices[i]);
      if (utimensat(AT_FDCWD, devices[i], NULL, 0) == 0) HOLE("%s: times", devices[i]);
      if (setxattr(devices[i], "user.x", "x", 1, 0) == 0) HOLE("%s: attributes", devices[i]);
      if (unlink(devices[i]) == 0) HOLE("%s: removed", devices[i]);
    }
    REFUSED(mknod("/tmp/disk", S_IFBLK | 0600, 8 << 8));
    REFUSED(mknod("/tmp/null", S_IFCHR | 0600, 1 << 8 | 3));
    REFUSED(open("/dev/tty", O_RDWR));
    REFUSED(ioctl(0, TIOCSTI, "x"));
    if (getsid(0) != 1) HOLE("a session of somebody else's");
    if (write(open("/dev/null", O_WRONLY), "x", 1) != 1) HOLE("/dev/null can't be written to");)");
}

TEST_F(SandboxPowers, BecomesNobodyElseByWhatItExecutes) {
  ExpectPowerless(R"(
    REFUSED(setuid(0));
    REFUSED(setgid(0));
    REFUSED(setgroups(0, NULL));
    struct stat about;
    if (stat("/usr/bin/mount", &about) != 0 || !(about.st_mode & S_ISUID)) HOLE("mount has no set-user-id to try");
    if (system("/usr/bin/mount -t tmpfs x /tmp 2>/dev/null") == 0) HOLE("mount has become root");)");
}

TEST_F(SandboxPowers, AProgramHasNoDescriptorButTheStandardOnesAndItsLedger) {
  for (const int fd : {50, 60}) {
    ASSERT_EQ(dup2(STDERR_FILENO, fd), fd);
    given_.push_back(fd);
  }
  SandboxOptions options;
  options.kind = SandboxOptions::Kind::kProgram;
  options.confinement = SandboxOptions::Confinement::kExecuted;
  options.ledger = 60;
  // 3 is the shell's own, to look with.
  EXPECT_EQ(Run(options, {"/bin/sh", "-c", "cd /proc/self/fd; echo *"}), "0 1 2 3 60\n");
  for (const int fd : {50, 60}) close(fd);
}

// Of this machine's processes, those with `word` among their arguments.
int Running(const std::string& word) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line(std::istreambuf_iterator<char>(file), {});
    if (line.find(absl::StrCat(std::string(1, '\0'), word, std::string(1, '\0'))) != std::string::npos) ++count;
  }
  return count;
}

// Two processes that would go on for days, one of them in a session of its own.
std::vector<std::string> LongCommand(const std::string& duration) {
  SandboxOptions options;
  options.kind = SandboxOptions::Kind::kProgram;
  const std::string script = absl::StrCat("setsid sleep ", duration, " & exec sleep ", duration);
  return SandboxCommand(options, {"/bin/sh", "-c", script});
}

TEST_F(SandboxPowers, NothingIsLeftWhenItIsKilled) {
  const std::string duration = absl::StrCat("1000000.", getpid(), "1");
  const absl::StatusOr<pid_t> sandbox = Spawn(LongCommand(duration), {});
  ASSERT_TRUE(sandbox.ok());
  EXPECT_TRUE(BecomesTrue([&] { return Running(duration) == 2; }));
  kill(*sandbox, SIGKILL);
  EXPECT_EQ(WaitForExit(*sandbox), 128 + SIGKILL);
  EXPECT_TRUE(BecomesTrue([&] { return Running(duration) == 0; }));
}

TEST_F(SandboxPowers, NothingIsLeftWhenWhoMadeItIsKilled) {
  const std::string duration = absl::StrCat("1000000.", getpid(), "2");
  const pid_t maker = fork();
  if (maker == 0) {
    Spawn(LongCommand(duration), {}).IgnoreError();
    for (;;) pause();
  }
  EXPECT_TRUE(BecomesTrue([&] { return Running(duration) == 2; }));
  kill(maker, SIGKILL);
  EXPECT_EQ(WaitForExit(maker), 128 + SIGKILL);
  EXPECT_TRUE(BecomesTrue([&] { return Running(duration) == 0; }));
}

}  // namespace
}  // namespace lab
