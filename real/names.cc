#include "real/names.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace real {
namespace {

constexpr char kNsswitch[] = "nsswitch.conf";
constexpr size_t kLongestName = 63;  // HOST_NAME_MAX less one, and a DNS label's length

bool IsHostName(absl::string_view name) {
  if (name.empty() || name.size() > kLongestName || name.front() == '-' || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.'; });
}

absl::Status Append(const UniqueFd& file, absl::string_view line) {
  if (write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size())) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "writing a temporary file");
}

// The folder. It is an ordinary mount (what is not mounted anywhere can't be mounted elsewhere), but covered by
// another one at the same place.
int& Folder() {
  static int folder = -1;
  return folder;
}

absl::StatusOr<UniqueFd> MakeFile(int folder, const std::string& name, absl::string_view content) {
  UniqueFd file(openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("making ", name));
  fchmod(file.get(), 0644);  // programs read it as whoever they are
  if (absl::Status status = Append(file, content); !status.ok()) return status;
  return file;
}

UniqueFd EmptyFolder() {
  const UniqueFd system(fsopen("tmpfs", FSOPEN_CLOEXEC));
  fsconfig(system.get(), FSCONFIG_SET_STRING, "mode", "0755", 0);
  if (fsconfig(system.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return UniqueFd();
  return UniqueFd(fsmount(system.get(), FSMOUNT_CLOEXEC, 0));
}

// A mount of the file alone, not yet anywhere.
UniqueFd MountOf(const std::string& file) {
  return UniqueFd(open_tree(Folder(), file.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

absl::Status MountOver(const UniqueFd& mount, const char* path) {
  if (move_mount(mount.get(), "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) == 0)
    return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("mounting over ", path));
}

// Whether the files are there to be mounted over.
bool CanCover(const UniqueFd& etc) {
  return faccessat(etc.get(), "hosts", F_OK, 0) == 0 && faccessat(etc.get(), "nsswitch.conf", F_OK, 0) == 0;
}

// Minimal systems lack the files, and can't be written: /etc becomes a view of `etc` that has them too.
absl::Status AddPlaceholders(const UniqueFd& folder, const UniqueFd& etc) {
  if (mkdirat(folder.get(), "placeholders", 0755) != 0) return absl::ErrnoToStatus(errno, "making a folder");
  for (const char* name : {"placeholders/hosts", "placeholders/nsswitch.conf"}) {
    if (absl::Status status = MakeFile(folder.get(), name, "").status(); !status.ok()) return status;
  }
  const std::string layers = absl::StrCat("lowerdir=/proc/self/fd/", etc.get(), ":/etc/placeholders");
  if (mount("overlay", "/etc", "overlay", MS_RDONLY, layers.c_str()) == 0) return absl::OkStatus();
  return absl::UnavailableError("/etc/hosts or /etc/nsswitch.conf is missing: empty files will do");
}

}  // namespace

absl::Status MakeNamesFolder() {
  const UniqueFd old(open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  UniqueFd cover(open_tree(AT_FDCWD, "/etc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  UniqueFd folder = EmptyFolder();
  if (!old || !cover || !folder) return absl::ErrnoToStatus(errno, "making a file system in memory");
  if (absl::Status status = MountOver(folder, "/etc"); !status.ok()) return status;

  absl::Status status = MakeFile(folder.get(), kNsswitch, "hosts: files\npasswd: files\ngroup: files\n").status();
  if (status.ok() && CanCover(old)) {
    status = MountOver(cover, "/etc");
  } else if (status.ok()) {
    status = AddPlaceholders(folder, old);
  }
  Folder() = folder.Release();
  return status;
}

Names::Names()
    : file_([] {
        static int last = 0;
        return absl::StrCat("hosts-", ++last);
      }()) {}

Names::~Names() { unlinkat(Folder(), file_.c_str(), 0); }

absl::StatusOr<std::unique_ptr<Names>> Names::Create() {
  std::unique_ptr<Names> names(new Names);
  absl::StatusOr<UniqueFd> hosts =
      MakeFile(Folder(), names->file_, "127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n");
  if (!hosts.ok()) return hosts.status();
  names->hosts_ = *std::move(hosts);
  return names;
}

absl::Status Names::Add(const std::string& name, const lab::IpAddress& address) {
  if (!IsHostName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" can't be the name of a host: letters, digits, hyphens and dots make one"));
  }
  // One write: whoever reads meanwhile sees the line or not.
  return Append(hosts_, absl::StrCat(ToString(address), " ", name, "\n"));
}

absl::Status Names::Mount() const {
  const UniqueFd hosts = MountOf(file_);
  const UniqueFd nsswitch = MountOf(kNsswitch);
  const UniqueFd no_daemon = MountOf(kNsswitch);
  if (!hosts || !nsswitch || !no_daemon || unshare(CLONE_NEWNS) != 0) {
    return absl::ErrnoToStatus(errno, "giving a process mounts of its own");
  }
  absl::Status status = MountOver(hosts, "/etc/hosts");
  status.Update(MountOver(nsswitch, "/etc/nsswitch.conf"));
  // libc asks a name service daemon first where one runs: then not this machine's, which knows other names.
  if (status.ok() && access("/var/run/nscd/socket", F_OK) == 0) status = MountOver(no_daemon, "/var/run/nscd/socket");
  return status;
}

}  // namespace real
