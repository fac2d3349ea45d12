// A program as a process of a simulated world: a Function that starts it and serves its calls until it ends.
#include <sched.h>
#include <sys/syscall.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/program/call_server.h"
#include "lab/program/carried_channel.h"
#include "lab/program/program.h"
#include "lab/program/program_sandbox.h"
#include "lab/program/sandboxed_process.h"
#include "lab/program/unsupported.h"
#include "lab/world/world.h"

namespace lab {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How long a program may sleep in its own kernel, using no processor and asking for nothing, before it is taken for
// stuck there. In the machine's time: long enough for a machine that is busy with other things.
constexpr auto kStuck = std::chrono::seconds(5);
// What one that wakes up again and again may use of a processor meanwhile, and still count as asleep.
constexpr double kMostAsleep = 0.05;
// However it spends its time: the world, and its grading, stand still.
constexpr auto kLongestSilence = std::chrono::seconds(90);
constexpr milliseconds kFirstLook(2);
constexpr milliseconds kLongestLook(50);

// What an ended program's status is in its shell's words, where the lab ended it.
constexpr int kKilled = 128 + SIGKILL;

// A hand-over costs fifteen times as much across processors: this thread, and with it the programs that it starts,
// stays where it is.
void StayOnThisProcessor() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
  sched_setaffinity(0, sizeof(here), &here);
}

class Carrier {
 public:
  Carrier(Process& process, const ProgramOptions& options)
      : process_(process), options_(options), name_(ProgramName(options)), server_(process) {}

  // The exit status.
  int Run() {
    if (const absl::Status started = Start(); !started.ok()) return LabError(std::string(started.message()));
    CarriedRequest request;
    CarriedAnswer answer;
    for (;;) {
      if (const std::optional<int> ended = WaitForRequest(); ended.has_value()) return *ended;
      channel_->Read(request);
      if (const std::optional<int> ended = Ends(request); ended.has_value()) return *ended;
      if (request.number == DUET_REQUEST_HELLO) {
        // Asked while the program waits, so that its processes are known before it can end.
        registered_ = program_->launched();
        answer = {};
      } else {
        server_.Serve(request, answer);
      }
      if (server_.written() > Outcome::kMostOutput) return Limit("wrote more than 16 MiB of output");
      channel_->Answer(answer, process_.now());
    }
  }

 private:
  absl::Status Start() {
    absl::StatusOr<std::unique_ptr<CarriedChannel>> channel = CarriedChannel::Make();
    if (!channel.ok()) return channel.status();
    channel_ = *std::move(channel);
    ProgramSandbox sandbox;
    sandbox.carried = true;
    std::vector<std::string> arguments = process_.arguments();
    if (!arguments.empty()) arguments.erase(arguments.begin());
    const absl::StatusOr<std::vector<std::string>> line = ProgramCommand(options_, arguments, sandbox);
    if (!line.ok()) return line.status();
    StayOnThisProcessor();
    absl::StatusOr<std::unique_ptr<SandboxedProcess>> program = SandboxedProcess::Start(*line, channel_->fd());
    if (!program.ok()) return program.status();
    program_ = *std::move(program);
    return absl::OkStatus();
  }

  // Waits until the program asks for something, or has ended: then its exit status. The world stands still meanwhile.
  std::optional<int> WaitForRequest() {
    milliseconds look = kFirstLook;
    const Clock::time_point begin = Clock::now();
    Clock::time_point moved = begin;
    double moved_cpu_seconds = cpu_seconds_;
    while (!channel_->WaitForTurn(look)) {
      if (const std::optional<int> status = program_->ExitStatus(); status.has_value()) return Ended(*status);
      look = std::min(look * 2, kLongestLook);
      if (look < kLongestLook) continue;
      const std::optional<SandboxedProcess::Progress> now = program_->progress();
      if (now.has_value()) cpu_seconds_ = now->cpu_seconds;
      if (!now.has_value() || !now->asleep || cpu_seconds_ - moved_cpu_seconds > kMostAsleep) {
        moved = Clock::now();
        moved_cpu_seconds = cpu_seconds_;
      }
      if (Clock::now() - moved > kStuck) return Stuck(now->system_call);
      if (Clock::now() - begin > kLongestSilence) {
        return Limit(absl::StrCat("made no call for ", kLongestSilence.count(), " s"));
      }
    }
    return std::nullopt;
  }

  // Requests that end the program.
  std::optional<int> Ends(const CarriedRequest& request) {
    if (request.number == SYS_exit_group) return static_cast<int>(request.arguments[0] & 0xff);
    if (request.number == DUET_REQUEST_UNSUPPORTED) {
      return Unsupported(UnsupportedSentence(name_, request.arguments[0], request.arguments[1]));
    }
    return std::nullopt;
  }

  // It has ended without saying so.
  int Ended(int status) {
    if (!registered_) return NeverRegistered(status);
    if (status == 128 + SIGXCPU || (status == kKilled && cpu_seconds_ + 1 >= options_.limits.cpu_seconds)) {
      return Limit(absl::StrCat("used more than ", options_.limits.cpu_seconds, " s of CPU time"), status);
    }
    if (status == 128 + SIGXFSZ) {
      return Limit(absl::StrCat("wrote a file of more than ", options_.limits.file_bytes >> 20, " MiB"), status);
    }
    return status;
  }

  int NeverRegistered(int status) {
    const std::string complaint = program_->Complaint();
    const std::string because = complaint.empty() ? "" : absl::StrCat(": ", complaint);
    if (!program_->launched()) return LabError(absl::StrCat("the sandbox for ", name_, " could not be made", because));
    if (const int error = program_->exec_error(); error != 0) {
      return Unsupported(absl::StrCat(name_, " can't be executed: ", strerror(error)), status);
    }
    return Unsupported(absl::StrCat(name_, " ended before Duet's library was loaded into it (a statically linked "
                                    "program can't be carried: link it with the shared C library)", because), status);
  }

  int Stuck(long system_call) {
    if (!registered_) return NeverRegistered(kKilled);
    const std::string where = system_call < 0 ? "" : absl::StrCat(" in ", SystemCallName(system_call));
    return Unsupported(absl::StrCat(name_, " sleeps", where, ", which Duet does not carry yet"));
  }

  int Report(std::string_view key, const std::string& sentence, int status) {
    process_.report(key, sentence);
    return status;
  }
  int Unsupported(const std::string& sentence, int status = kKilled) {
    return Report(kUnsupportedReport, sentence, status);
  }
  int Limit(const std::string& what, int status = kKilled) {
    return Report(kLimitReport, absl::StrCat(name_, " ", what), status);
  }
  int LabError(const std::string& sentence) { return Report(kLabErrorReport, sentence, 127); }

  Process& process_;
  const ProgramOptions& options_;
  const std::string name_;
  CallServer server_;
  std::unique_ptr<CarriedChannel> channel_;
  // Destroyed first, also where the world's end unwinds this: it ends the program.
  std::unique_ptr<SandboxedProcess> program_;
  bool registered_ = false;
  double cpu_seconds_ = 0;
};

}  // namespace

Function CarriedProgram(ProgramOptions options) {
  return [options = std::move(options)](Process& process) { return Carrier(process, options).Run(); };
}

}  // namespace lab
