#include "real/child.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "real/process_tree.h"

namespace real {
namespace {

struct Pipe {
  UniqueFd out;
  UniqueFd in;
  bool Make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    out = UniqueFd(ends[0]);
    in = UniqueFd(ends[1]);
    return true;
  }
};

// What both sides of the fork use.
struct Setup {
  Pipe input, output, error_output, reports;
  Pipe started;  // says why it did not work, or only ends
  int ledger;
  const Child::Body* body;
};

int StatusOf(int waited) { return WIFSIGNALED(waited) ? 128 + WTERMSIG(waited) : WEXITSTATUS(waited); }

// fork, into a process namespace of its own. Only for a process that itself does little: libc knows nothing of it.
pid_t ForkKeeper(int* keeper_fd) {
  return static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWPID | CLONE_PIDFD | SIGCHLD, nullptr, keeper_fd, nullptr, nullptr));
}

// The process proper. Descriptors that it opens begin at 3, so what the lab needs moves out of the way.
[[noreturn]] void RunBody(Setup& setup) noexcept {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int high = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1024)) - 64;
  // Each number is above the one before.
  const int input = fcntl(setup.input.out.get(), F_DUPFD_CLOEXEC, high);
  const int output = fcntl(setup.output.in.get(), F_DUPFD_CLOEXEC, high);
  const int error_output = fcntl(setup.error_output.in.get(), F_DUPFD_CLOEXEC, high);
  const int reports = fcntl(setup.reports.in.get(), F_DUPFD_CLOEXEC, high);
  const int ledger = fcntl(setup.ledger, F_DUPFD, high);
  if (ledger < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error_output, 2) < 0) _exit(127);
  close_range(3, reports - 1, 0);
  close_range(reports + 1, ledger - 1, 0);
  close_range(ledger + 1, ~0u, 0);

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  _exit((*setup.body)(reports, ledger));
}

[[noreturn]] void Fail(Setup& setup, absl::string_view sentence) {
  (void)!write(setup.started.in.get(), sentence.data(), sentence.size());
  _exit(127);
}

// The namespace's first process: starts the other, and ends with it.
[[noreturn]] void Keep(Setup& setup, const Host& host, const Names& names) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The worker may have died just before: then nobody reads from the pipe any more.
  setup.started.out.Reset();
  pollfd worker{setup.started.in.get(), 0, 0};
  if (poll(&worker, 1, 0) > 0) _exit(127);
  setsid();
  if (host.Enter() != 0) Fail(setup, "the host's namespaces can't be entered");
  if (absl::Status status = names.Mount(); !status.ok()) Fail(setup, status.message());
  // So that it sees its own processes alone. Machines that hide parts of /proc allow none: then the worker's stays.
  (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);

  const pid_t process = fork();
  if (process < 0) Fail(setup, "no process can be made");
  if (process == 0) RunBody(setup);
  close_range(0, ~0u, 0);
  int waited = 0;
  for (pid_t ended = 0; ended != process;) ended = wait(&waited);
  _exit(StatusOf(waited));
}

void SetNonblocking(const UniqueFd& fd) { fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(const Host& host, const Names& names, int ledger,
                                                    const Body& body) {
  Setup setup;
  setup.ledger = ledger;
  setup.body = &body;
  for (Pipe* pipe : {&setup.input, &setup.output, &setup.error_output, &setup.reports, &setup.started}) {
    if (!pipe->Make()) return absl::ErrnoToStatus(errno, "making a pipe");
  }
  int keeper_fd = -1;
  const pid_t keeper = ForkKeeper(&keeper_fd);
  if (keeper < 0 && errno == ENOSPC) {
    return absl::UnavailableError(
        "no process namespace can be made: `sysctl user.max_pid_namespaces=10000` allows more");
  }
  if (keeper < 0) return absl::ErrnoToStatus(errno, "making a process");
  if (keeper == 0) Keep(setup, host, names);

  std::unique_ptr<Child> child(new Child(keeper, UniqueFd(keeper_fd),
                                         {std::move(setup.input.in), std::move(setup.output.out),
                                          std::move(setup.error_output.out), std::move(setup.reports.out)}));
  for (const UniqueFd* fd :
       {&child->pipes_.input, &child->pipes_.output, &child->pipes_.error_output, &child->pipes_.reports}) {
    SetNonblocking(*fd);
  }
  setup.started.in.Reset();
  char sentence[512];
  ssize_t length;
  do length = read(setup.started.out.get(), sentence, sizeof sentence);
  while (length < 0 && errno == EINTR);
  if (length > 0) return absl::UnavailableError(absl::string_view(sentence, length));
  return child;
}

Child::~Child() { Kill(); }

void Child::Pause() const {
  if (exit_status_ < 0) StopDescendants(keeper_);
}

void Child::Resume() const {
  if (exit_status_ < 0) ContinueDescendants(keeper_);
}

void Child::Kill() {
  if (exit_status_ >= 0) return;
  kill(keeper_, SIGKILL);
  Wait();
}

int Child::Wait() {
  int waited = 0;
  while (exit_status_ < 0) {
    if (waitpid(keeper_, &waited, 0) == keeper_) {
      exit_status_ = StatusOf(waited);
    } else if (errno != EINTR) {
      exit_status_ = 127;  // somebody else has waited for it
    }
  }
  return exit_status_;
}

}  // namespace real
