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
    hello[1] = MoveUp(hello[1]);
    complaints[1] = MoveUp(complaints[1]);
    return hello[1] >= 0 && complaints[1] >= 0;
  }
};

int ParentPidfd(pid_t pid) {
  int parent = 0;
  if (sscanf(StatusLine(absl::StrCat("/proc/", pid)).c_str(), ") %*c %d", &parent) != 1 || parent <= 1) return -1;
  return static_cast<int>(syscall(SYS_pidfd_open, parent, 0));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SandboxedProcess>> SandboxedProcess::Start(const std::vector<std::string>& line,
                                                                          int channel_fd) {
  Ends ends;
  const int channel = fcntl(channel_fd, F_DUPFD_CLOEXEC, 16);
  if (channel < 0 || !ends.Make()) return absl::ErrnoToStatus(errno, "making descriptors for a sandbox");
  const absl::StatusOr<pid_t> pid = Spawn(line, {{ends.complaints[1], 1},
                                                 {ends.complaints[1], 2},
                                                 {channel, DUET_LAUNCHER_CHANNEL_FD},
                                                 {ends.hello[1], DUET_LAUNCHER_HELLO_FD}});
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
  for (const int pidfd : {program_pidfd_, init_pidfd_}) {
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
pid_t SandboxedProcess::ReadByte() {
  char byte;
  char control[CMSG_SPACE(sizeof(ucred))] = {};
  iovec buffer = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (recvmsg(hello_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return 0;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return 0;
  ucred credentials;
  std::memcpy(&credentials, CMSG_DATA(header), sizeof(credentials));
  return std::max(credentials.pid, 0);
}

// The first byte is the launcher's; behind it stands an errno, or nothing.
void SandboxedProcess::ReadHello() {
  if (program_ != 0) return;
  program_ = ReadByte();
  if (program_ == 0) return;
  program_pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, program_, 0));
  init_pidfd_ = ParentPidfd(program_);
}

pid_t SandboxedProcess::NewProcess(const std::function<bool(pid_t)>& known) {
  // A program may write here what it likes.
  for (int i = 0; i < kMostBytes; ++i) {
    const pid_t pid = ReadByte();
    if (pid == 0 || !known(pid)) return pid;
  }
  return 0;
}

bool SandboxedProcess::launched() {
  ReadHello();
  return program_ != 0;
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
