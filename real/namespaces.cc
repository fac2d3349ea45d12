#include "real/namespaces.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lab/sockets/unique_fd.h"
#include "real/child.h"
#include "real/file.h"
#include "real/host.h"
#include "real/ledger_ring.h"
#include "real/names.h"

namespace real {

using lab::UniqueFd;

namespace {

absl::Status Unavailable(absl::string_view what, absl::string_view remedy) {
  return absl::UnavailableError(absl::StrCat(what, ": ", remedy));
}

// As one sentence for whoever asked for the real world.
absl::Status Explained(const absl::Status& status) {
  if (status.ok()) return status;
  return absl::UnavailableError(absl::StrCat("the real world is not available here, ", status.message()));
}

// What this machine has switched off, from the switches themselves.
absl::Status NamespacesForbidden(int error) {
  const auto is = [](const char* path, const char* value) { return ReadSmallFile(path).value_or("") == value; };
  if (error == EINVAL)
    return Unavailable("the process has several threads", "enter the namespaces before starting any");
  if (error == ENOSPC || is("/proc/sys/user/max_user_namespaces", "0\n")) {
    return Unavailable("the limit on namespaces is reached",
                       "`sysctl user.max_user_namespaces=10000 user.max_net_namespaces=10000` raises it");
  }
  if (is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")) {
    return Unavailable("AppArmor forbids user namespaces",
                       "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` allows them");
  }
  return Unavailable(absl::StrCat("user namespaces are forbidden (", strerror(error), ")"),
                     "`sysctl kernel.unprivileged_userns_clone=1` or running as root allows them");
}

absl::Status Unshare() {
  constexpr int kOwn = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS;
  if (unshare(kOwn) == 0) return absl::OkStatus();
  if (errno != EPERM) return NamespacesForbidden(errno);

  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER | kOwn) != 0) return NamespacesForbidden(errno);
  // Unprivileged processes may map only themselves, and only once setgroups is given up.
  absl::Status mapped = WriteSmallFile("/proc/self/setgroups", "deny");
  mapped.Update(WriteSmallFile("/proc/self/uid_map", absl::StrCat(uid, " ", uid, " 1")));
  mapped.Update(WriteSmallFile("/proc/self/gid_map", absl::StrCat(gid, " ", gid, " 1")));
  if (!mapped.ok()) return NamespacesForbidden(EPERM);
  return absl::OkStatus();
}

// What is mounted from here on must never show outside. The root of a chroot need not be a mount; then the flag is set
// from the namespace's own root, which setns leads to.
absl::Status MakeMountsPrivate() {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) return absl::OkStatus();
  if (errno != EINVAL) return NamespacesForbidden(errno);

  const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd here(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd own(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (setns(own.get(), CLONE_NEWNS) != 0) return NamespacesForbidden(errno);
  const bool is_private = mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  const bool is_back = fchdir(root.get()) == 0 && chroot(".") == 0 && fchdir(here.get()) == 0;
  return is_private && is_back ? absl::OkStatus() : NamespacesForbidden(errno);
}

absl::Status Enter() {
  char pid[32];
  const ssize_t length = readlink("/proc/self", pid, sizeof pid);
  int seen = 0;
  if (length <= 0 || !absl::SimpleAtoi(absl::string_view(pid, length), &seen) || seen != getpid()) {
    return Unavailable("/proc does not show this process", "mount a proc of this pid namespace there");
  }
  if (absl::Status status = Unshare(); !status.ok()) return status;
  if (absl::Status status = MakeMountsPrivate(); !status.ok()) return status;
  signal(SIGPIPE, SIG_IGN);
  return MakeNamesFolder();
}

// All that a world takes, once.
absl::Status TryWorld() {
  const auto names = Names::Create();
  if (!names.ok()) return names.status();
  const auto ledger = LedgerRing::Create();
  if (!ledger.ok()) return ledger.status();
  const auto host = Host::Create("trial", {0x0a000001, lab::Ipv6AddressOf(0)}, lab::Knobs());
  if (!host.ok()) return host.status();
  const auto child = Child::Start(**host, **names, ledger->fd(), [](int, int) { return 0; });
  if (!child.ok()) return child.status();
  return (*child)->Wait() == 0 ? absl::OkStatus()
                               : absl::UnavailableError("a process in a host of its own did not end well");
}

absl::Status Try() {
  const absl::Status entered = EnterNamespaces();
  return entered.ok() ? Explained(TryWorld()) : entered;
}

// Try in a process of its own, which says by a pipe what is wrong.
absl::Status TryInChild() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Explained(absl::ErrnoToStatus(errno, "making a pipe"));
  UniqueFd out(ends[0]), in(ends[1]);
  const pid_t child = fork();
  if (child < 0) return Explained(absl::ErrnoToStatus(errno, "making a process"));
  if (child == 0) {
    const absl::Status tried = Try();
    (void)!write(in.get(), tried.message().data(), tried.message().size());
    _exit(tried.ok() ? 0 : 1);
  }
  in.Reset();
  char sentence[PIPE_BUF];
  const ssize_t length = read(out.get(), sentence, sizeof sentence);
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0 && errno == EINTR) continue;
  if (ended == 0) return absl::OkStatus();
  if (length > 0) return absl::UnavailableError(absl::string_view(sentence, length));
  return Explained(absl::InternalError("its trial ended without a word"));
}

}  // namespace

absl::Status EnterNamespaces() {
  static const absl::Status* status = new absl::Status(Explained(Enter()));
  return *status;
}

absl::Status Available() {
  static const absl::Status* status = new absl::Status(TryInChild());
  return *status;
}

}  // namespace real
