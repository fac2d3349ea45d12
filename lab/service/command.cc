#include "lab/service/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "lab/program/spawn.h"
#include "lab/service/memory_use.h"
#include "lab/sockets/unique_fd.h"

namespace lab::service {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostErrorOutput = 64 << 10;
constexpr int kPollMs = 50;
// Between two looks at the memory in use: each costs the lab a millisecond.
constexpr std::chrono::milliseconds kLookAgain{200};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A started command with our ends of its pipes.
struct Child {
  pid_t pid = -1;
  UniqueFd input;
  UniqueFd output;
  UniqueFd error_output;
};

absl::StatusOr<Child> Start(const std::vector<std::string>& command) {
  auto input = MakePipe();
  auto output = MakePipe();
  auto error_output = MakePipe();
  for (const auto* pipe : {&input, &output, &error_output}) {
    if (!pipe->ok()) return pipe->status();
  }
  // The parent's death must reach it even where this process is killed.
  std::vector<std::string> line = {"/usr/bin/setpriv", "--pdeathsig", "KILL", "--"};
  line.insert(line.end(), command.begin(), command.end());
  const auto pid =
      Spawn(line, {{input->read.get(), 0}, {output->write.get(), 1}, {error_output->write.get(), 2}});
  if (!pid.ok()) return pid.status();
  Child child{*pid, std::move(input->write), std::move(output->read), std::move(error_output->read)};
  fcntl(child.input.get(), F_SETFL, O_NONBLOCK);
  return child;
}

// What a command reads.
class Input {
 public:
  Input(UniqueFd& pipe, const CommandOptions& options)
      : pipe_(pipe), bytes_(options.input), more_(options.more_input), on_more_(options.on_more_input) {
    CloseAtEnd();
  }

  // The pipe while there is something to write, and where more comes from while there is not.
  pollfd ToWrite() const { return {bytes_.empty() ? -1 : pipe_.get(), POLLOUT, 0}; }
  pollfd ToRead() const { return {bytes_.empty() && pipe_ ? more_ : -1, POLLIN, 0}; }

  // Writes what the pipe takes; closes it when all is written or nobody reads.
  void Write() {
    const ssize_t written = write(pipe_.get(), bytes_.data(), bytes_.size());
    if (written > 0) bytes_.remove_prefix(static_cast<size_t>(written));
    if (written < 0 && errno != EAGAIN && errno != EINTR) pipe_.Reset();
    CloseAtEnd();
  }

  void Read() {
    const ssize_t length = read(more_, buffer_, sizeof(buffer_));
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (length <= 0) more_ = -1;
    if (length > 0) bytes_ = {buffer_, static_cast<size_t>(length)};
    if (length > 0 && on_more_) on_more_();
    CloseAtEnd();
  }

 private:
  void CloseAtEnd() {
    if (bytes_.empty() && more_ < 0) pipe_.Reset();
  }

  UniqueFd& pipe_;
  std::string_view bytes_;
  int more_;
  const std::function<void()>& on_more_;
  char buffer_[4096];
};

// Reads what is there; closes the pipe at its end.
std::string Drain(UniqueFd& pipe) {
  std::string bytes(64 << 10, '\0');
  const ssize_t length = read(pipe.get(), bytes.data(), bytes.size());
  if (length == 0 || (length < 0 && errno != EINTR)) pipe.Reset();
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
  Input input(child.input, options);
  Clock::time_point heard = Clock::now();
  MemoryGuard memory(child.pid, options.most_memory);
  while (child.output || child.error_output) {
    if (options.cancelled()) return CommandResult::End::kCancelled;
    if (memory.TooLarge()) return CommandResult::End::kTooLarge;
    if (Clock::now() - heard > options.most_silence) return CommandResult::End::kSilent;
    pollfd fds[] = {input.ToWrite(),
                    {child.output.get(), POLLIN, 0},
                    {child.error_output.get(), POLLIN, 0},
                    input.ToRead()};  // negative ones are ignored
    if (poll(fds, std::size(fds), kPollMs) <= 0) continue;
    if (fds[0].revents != 0) input.Write();
    if (fds[3].revents != 0) input.Read();
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

}  // namespace

absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& command, const CommandOptions& options) {
  // A command that reads no more must not end us.
  static const bool ignoring = signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  (void)ignoring;
  auto child = Start(command);
  if (!child.ok()) return child.status();
  CommandResult result;
  result.end = Serve(*child, options, result.error_output);
  if (result.end != CommandResult::End::kExited) kill(child->pid, SIGKILL);
  result.status = WaitForExit(child->pid);
  if (result.error_output.size() > kMostErrorOutput) {
    result.error_output.erase(0, result.error_output.size() - kMostErrorOutput);
  }
  return result;
}

}  // namespace lab::service
