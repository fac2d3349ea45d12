#include "lab/service/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lab/service/memory_use.h"

namespace lab::service {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostErrorOutput = 64 << 10;
constexpr int kPollMs = 50;
// Between two looks at the memory in use: each costs the lab a millisecond.
constexpr std::chrono::milliseconds kLookAgain{200};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// A started command with our ends of its pipes.
struct Child {
  pid_t pid = -1;
  Descriptor input;
  Descriptor output;
  Descriptor error_output;
};

absl::StatusOr<Child> Spawn(const std::vector<std::string>& command) {
  auto input = MakePipe();
  auto output = MakePipe();
  auto error_output = MakePipe();
  for (const auto* pipe : {&input, &output, &error_output}) {
    if (!pipe->ok()) return pipe->status();
  }
  // The parent's death must reach it even where this process is killed.
  std::vector<char*> words;
  for (const char* word : {"/usr/bin/setpriv", "--pdeathsig", "KILL", "--"}) words.push_back(const_cast<char*>(word));
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input->read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, output->write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, error_output->write.get(), 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &signals);

  Child child;
  const int error = posix_spawn(&child.pid, words[0], &actions, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  child.input = std::move(input->write);
  child.output = std::move(output->read);
  child.error_output = std::move(error_output->read);
  fcntl(child.input.get(), F_SETFL, O_NONBLOCK);
  return child;
}

// Writes what the pipe takes; closes it when all is written or nobody reads.
void Feed(Descriptor& pipe, std::string_view& input) {
  const ssize_t written = write(pipe.get(), input.data(), input.size());
  if (written > 0) input.remove_prefix(static_cast<size_t>(written));
  const bool broken = written < 0 && errno != EAGAIN && errno != EINTR;
  if (input.empty() || broken) pipe.Close();
}

// Reads what is there; closes the pipe at its end.
std::string Drain(Descriptor& pipe) {
  std::string bytes(64 << 10, '\0');
  const ssize_t length = read(pipe.get(), bytes.data(), bytes.size());
  if (length == 0 || (length < 0 && errno != EINTR)) pipe.Close();
  bytes.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return bytes;
}

// Looks now and then whether a command takes more memory than it may.
class MemoryGuard {
 public:
  MemoryGuard(pid_t pid, uint64_t most) : pid_(pid), most_(most) {}

  bool TooLarge() {
    if (most_ == std::numeric_limits<uint64_t>::max() || Clock::now() < next_) return false;
    next_ = Clock::now() + kLookAgain;
    return MemoryOfAll(pid_) > most_;
  }

 private:
  const pid_t pid_;
  const uint64_t most_;
  Clock::time_point next_ = Clock::now() + kLookAgain;
};

// Serves the pipes until both outputs have ended.
CommandResult::End Serve(Child& child, const CommandOptions& options, std::string& error_output) {
  std::string_view input = options.input;
  if (input.empty()) child.input.Close();
  Clock::time_point heard = Clock::now();
  MemoryGuard memory(child.pid, options.most_memory);
  while (child.output.open() || child.error_output.open()) {
    if (options.cancelled()) return CommandResult::End::kCancelled;
    if (memory.TooLarge()) return CommandResult::End::kTooLarge;
    if (Clock::now() - heard > options.most_silence) return CommandResult::End::kSilent;
    pollfd fds[3] = {{child.input.get(), POLLOUT, 0},
                     {child.output.get(), POLLIN, 0},
                     {child.error_output.get(), POLLIN, 0}};  // negative ones are ignored
    if (poll(fds, 3, kPollMs) <= 0) continue;
    if (fds[0].revents != 0) Feed(child.input, input);
    if (fds[1].revents != 0) {
      heard = Clock::now();
      const std::string bytes = Drain(child.output);
      if (!bytes.empty() && options.on_output) options.on_output(bytes);
    }
    if (fds[2].revents != 0) {
      error_output += Drain(child.error_output);
      if (error_output.size() > 2 * kMostErrorOutput) error_output.erase(0, error_output.size() - kMostErrorOutput);
    }
  }
  return CommandResult::End::kExited;
}

int Wait(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& command, const CommandOptions& options) {
  // A command that reads no more must not end us.
  static const bool ignoring = signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  (void)ignoring;
  auto child = Spawn(command);
  if (!child.ok()) return child.status();
  CommandResult result;
  result.end = Serve(*child, options, result.error_output);
  if (result.end != CommandResult::End::kExited) kill(child->pid, SIGKILL);
  result.status = Wait(child->pid);
  if (result.error_output.size() > kMostErrorOutput) {
    result.error_output.erase(0, result.error_output.size() - kMostErrorOutput);
  }
  return result;
}

}  // namespace lab::service
