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

namespace lab {
namespace {

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

// What /proc says of a process behind its name: ") S 12 …"; empty where it is gone.
std::string StatusLine(pid_t pid) {
  char text[1024] = {};
  FILE* file = fopen(absl::StrCat("/proc/", pid, "/stat").c_str(), "re");
  if (file == nullptr) return "";
  const size_t length = fread(text, 1, sizeof(text) - 1, file);
  fclose(file);
  // The name, in brackets, may hold anything.
  const char* after_name = length > 0 ? std::strrchr(text, ')') : nullptr;
  return after_name == nullptr ? "" : after_name;
}

int ParentPidfd(pid_t pid) {
  int parent = 0;
  if (sscanf(StatusLine(pid).c_str(), ") %*c %d", &parent) != 1 || parent <= 1) return -1;
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
                                                 {channel, DUET_CHANNEL_FD},
                                                 {ends.hello[1], DUET_HELLO_FD}});
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

// The launcher's byte comes with its credentials, translated into this process namespace by the kernel; behind it
// stands an errno, or nothing.
void SandboxedProcess::ReadHello() {
  if (program_ == 0) {
    char byte;
    char control[CMSG_SPACE(sizeof(ucred))] = {};
    iovec buffer = {&byte, 1};
    msghdr message = {};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    if (recvmsg(hello_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return;
    ucred credentials;
    std::memcpy(&credentials, CMSG_DATA(header), sizeof(credentials));
    if (credentials.pid <= 0) return;
    program_ = credentials.pid;
    program_pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, program_, 0));
    init_pidfd_ = ParentPidfd(program_);
  }
  int error = 0;
  if (recv(hello_, &error, sizeof(error), MSG_DONTWAIT) == sizeof(error)) exec_error_ = error;
}

bool SandboxedProcess::launched() {
  ReadHello();
  return program_ != 0;
}

int SandboxedProcess::exec_error() {
  ReadHello();
  return exec_error_;
}

std::string SandboxedProcess::Complaint() {
  char text[512];
  const ssize_t length = read(complaints_, text, sizeof(text));
  std::string complaint(text, static_cast<size_t>(std::max<ssize_t>(length, 0)));
  std::replace(complaint.begin(), complaint.end(), '\n', ' ');
  return std::string(absl::StripAsciiWhitespace(complaint));
}

std::optional<SandboxedProcess::Progress> SandboxedProcess::progress() {
  ReadHello();
  if (program_ == 0) return std::nullopt;
  Progress progress;
  const std::string line = StatusLine(program_);
  char state = 0;
  unsigned long user = 0;
  unsigned long system = 0;
  if (sscanf(line.c_str(), ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user, &system) != 3) {
    return std::nullopt;
  }
  progress.asleep = state == 'S' || state == 'T';  // a program may have stopped itself
  progress.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  if (FILE* call = fopen(absl::StrCat("/proc/", program_, "/syscall").c_str(), "re"); call != nullptr) {
    if (fscanf(call, "%ld", &progress.system_call) != 1) progress.system_call = -1;
    fclose(call);
  }
  return progress;
}

}  // namespace lab
