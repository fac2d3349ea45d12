#include "lab/program/sandboxed_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lab/program/channel.h"
#include "lab/program/spawn.h"
#include "lab/program/status_line.h"

namespace lab {
namespace {

constexpr int kMostBytes = 10'000;
constexpr int kDeepest = 1000;  // processes below each other

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

// A descriptor above those that the program is given, so that placing these can't overwrite it.
int MoveUp(int fd) {
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, 16);
  close(fd);
  return moved;
}

// The ends of the hello socket and of the pipe for complaints.
struct Ends {
  int hello[2] = {-1, -1};
  int complaints[2] = {-1, -1};

  ~Ends() {
    for (const int fd : {hello[0], hello[1], complaints[0], complaints[1]}) {
      if (fd >= 0) close(fd);
    }
  }
  bool Make() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hello) != 0) return false;
    if (pipe2(complaints, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    const int on = 1;
    setsockopt(hello[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    setsockopt(hello[0], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on));  // an older kernel has none
    hello[1] = MoveUp(hello[1]);
    complaints[1] = MoveUp(complaints[1]);
    return hello[1] >= 0 && complaints[1] >= 0;
  }
};

int OpenProcess(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

bool Lives(int pidfd) {
  pollfd end = {pidfd, POLLIN, 0};
  return poll(&end, 1, 0) == 0;
}

// 0 where the process is gone, or nobody's child.
pid_t ParentOf(pid_t pid) {
  int parent = 0;
  return sscanf(StatusLine(absl::StrCat("/proc/", pid)).c_str(), ") %*c %d", &parent) == 1 ? parent : 0;
}

// Of the parent of a process that lives; where it is still the parent once it is open, it is the one.
int ParentPidfd(pid_t pid, int pidfd) {
  const pid_t parent = ParentOf(pid);
  const int opened = parent > 1 ? OpenProcess(parent) : -1;
  if (opened >= 0 && ParentOf(pid) == parent && Lives(pidfd)) return opened;
  if (opened >= 0) close(opened);
  return -1;
}

// What a program has sent along with its byte is none of the lab's.
void CloseAll(const cmsghdr& rights) {
  const size_t length = rights.cmsg_len - CMSG_LEN(0);
  for (size_t at = 0; at + sizeof(int) <= length; at += sizeof(int)) {
    int fd;
    std::memcpy(&fd, CMSG_DATA(&rights) + at, sizeof(fd));
    close(fd);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SandboxedProcess>> SandboxedProcess::Start(const std::vector<std::string>& line,
                                                                          int channel_fd) {
  Ends ends;
  if (!ends.Make()) return absl::ErrnoToStatus(errno, "making descriptors for a sandbox");
  const int channel = fcntl(channel_fd, F_DUPFD_CLOEXEC, 16);
  if (channel < 0) return absl::ErrnoToStatus(errno, "making descriptors for a sandbox");
  const absl::StatusOr<pid_t> pid = Spawn(line, {{ends.complaints[1], 1},
                                                 {ends.complaints[1], 2},
                                                 {channel, DUET_SANDBOX_CHANNEL_FD},
                                                 {ends.hello[1], DUET_SANDBOX_HELLO_FD}});
  close(channel);
  if (!pid.ok()) return pid.status();
  std::unique_ptr<SandboxedProcess> process(new SandboxedProcess(*pid, ends.hello[0], ends.complaints[0]));
  ends.hello[0] = ends.complaints[0] = -1;
  return process;
}

SandboxedProcess::~SandboxedProcess() {
  ReadHello();
  if (!status_.has_value()) {
    kill(sandbox_, SIGKILL);
    WaitForExit(sandbox_);
  }
  // The kernel ends the others on account of these; they are gone only when it says so.
  for (const int pidfd : {program_.pidfd, init_pidfd_}) {
    if (pidfd < 0) continue;
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
    pollfd ended = {pidfd, POLLIN, 0};
    while (poll(&ended, 1, -1) < 0 && errno == EINTR) {
    }
    close(pidfd);
  }
  close(hello_);
  close(complaints_);
}

std::optional<int> SandboxedProcess::ExitStatus() {
  int status = 0;
  if (!status_.has_value() && waitpid(sandbox_, &status, WNOHANG) == sandbox_) {
    status_ = ExitStatusOf(status);
  }
  return status_;
}

// A byte comes with its sender's credentials, translated into this process namespace by the kernel.
SandboxedProcess::Sender SandboxedProcess::ReadByte() {
  char byte;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))] = {};
  iovec buffer = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (recvmsg(hello_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return {};
  Sender sender;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) CloseAll(*header);
    if (header->cmsg_type == SCM_PIDFD) std::memcpy(&sender.pidfd, CMSG_DATA(header), sizeof(sender.pidfd));
    if (header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred credentials;
    std::memcpy(&credentials, CMSG_DATA(header), sizeof(credentials));
    sender.pid = std::max(credentials.pid, 0);
  }
  return sender.pidfd >= 0 ? sender : Open(sender.pid);
}

SandboxedProcess::Sender SandboxedProcess::Open(pid_t pid) const {
  const int pidfd = pid > 0 ? OpenProcess(pid) : -1;
  if (pidfd < 0) return {};
  if (IsBelow(pid) && Lives(pidfd)) return {pid, pidfd};
  close(pidfd);
  return {};
}

bool SandboxedProcess::IsBelow(pid_t pid) const {
  for (int i = 0; i < kDeepest && pid > 1; ++i) {
    pid = ParentOf(pid);
    if (pid == sandbox_) return true;
  }
  return false;
}

// The first byte is from the process that becomes the program; behind it stands an errno, or nothing.
void SandboxedProcess::ReadHello() {
  if (program_.pid != 0) return;
  program_ = ReadByte();
  if (program_.pid != 0) init_pidfd_ = ParentPidfd(program_.pid, program_.pidfd);
}

std::unique_ptr<WatchedProcess> SandboxedProcess::Program() {
  if (!launched()) return nullptr;
  return std::make_unique<WatchedProcess>(program_.pid, fcntl(program_.pidfd, F_DUPFD_CLOEXEC, 0));
}

std::unique_ptr<WatchedProcess> SandboxedProcess::NewProcess(const std::function<bool(pid_t)>& known) {
  // A program may write here what it likes.
  for (int i = 0; i < kMostBytes; ++i) {
    const Sender sender = ReadByte();
    if (sender.pid == 0) return nullptr;
    if (!known(sender.pid)) return std::make_unique<WatchedProcess>(sender.pid, sender.pidfd);
    close(sender.pidfd);
  }
  return nullptr;
}

bool SandboxedProcess::launched() {
  ReadHello();
  return program_.pid != 0;
}

int SandboxedProcess::exec_error() {
  int error = 0;
  if (!launched() || recv(hello_, &error, sizeof(error), MSG_DONTWAIT) != sizeof(error)) return 0;
  return error;
}

std::string SandboxedProcess::Complaint() {
  char text[512];
  const ssize_t length = read(complaints_, text, sizeof(text));
  std::string complaint(text, static_cast<size_t>(std::max<ssize_t>(length, 0)));
  std::replace(complaint.begin(), complaint.end(), '\n', ' ');
  return std::string(absl::StripAsciiWhitespace(complaint));
}

}  // namespace lab
