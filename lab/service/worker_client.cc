#include "lab/service/worker_client.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lab/program/runfiles.h"
#include "lab/program/sandbox.h"
#include "lab/service/build.h"
#include "lab/service/command.h"
#include "lab/service/framing.h"

namespace lab::service {
namespace {

using duet::internal::LabResult;
using duet::internal::Order;
using duet::internal::Result;
using duet::internal::WorkerMessage;

// A run is over long before that, whatever the submission does: scenarios have limits of their own.
constexpr std::chrono::seconds kMostSilence{180};
// Of a lab whose programs compute for as long as they may, on a busy machine.
constexpr std::chrono::seconds kMostSilenceOfLab{900};
// A function shares the worker's process, where only this ends a loop of its.
constexpr std::chrono::seconds kMostSilenceInProcess{30};
// A submission's programs together, and the lab's worker.
constexpr uint64_t kMostMemory = uint64_t{2} << 30;
constexpr size_t kLargestMessage = size_t{512} << 20;

// The folders of the build that a worker uses.
constexpr const char* kFolders[] = {"lab/program/etc", "lab/program/library"};
constexpr char kBinary[] = "/duet/duet";
constexpr char kRunfilesFolder[] = "/duet/runfiles";

// Cuts what a worker writes into its messages.
class Messages {
 public:
  void Append(std::string_view bytes) { buffer_.append(bytes); }
  // What was written were no messages: a function of a submission's has found the pipe.
  bool broken() const { return broken_; }

  std::optional<WorkerMessage> Next() {
    if (buffer_.size() < kFrameHead) return std::nullopt;
    const size_t length = LengthFrom(buffer_);
    broken_ |= length > kLargestMessage;
    if (broken_ || buffer_.size() < kFrameHead + length) return std::nullopt;
    WorkerMessage message;
    const bool parsed = message.ParseFromArray(buffer_.data() + kFrameHead, static_cast<int>(length));
    buffer_.erase(0, kFrameHead + length);
    broken_ |= !parsed;
    return parsed ? std::optional(std::move(message)) : std::nullopt;
  }

 private:
  std::string buffer_;
  bool broken_ = false;
};

std::vector<std::string> WorkerCommand(const std::string& binary, const std::string& submission) {
  SandboxOptions sandbox;
  sandbox.kind = SandboxOptions::Kind::kWorker;
  sandbox.parent = getpid();
  sandbox.mounts = {{binary, kBinary, false}};
  for (const char* const folder : kFolders) {
    // Each file by itself: they are links to where Bazel put them.
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(Runfile(folder), error)) {
      const std::string inside = absl::StrCat(kRunfilesFolder, "/duet/", folder, "/", file.path().filename().string());
      sandbox.mounts.push_back({file.path(), inside, false});
    }
  }
  if (!submission.empty()) sandbox.mounts.push_back({submission, kFolderInWorker, false});
  sandbox.environment = {{"RUNFILES_DIR", kRunfilesFolder}};
  return SandboxCommand(sandbox, {kBinary, "worker"});
}

absl::Status WhyNoResult(const CommandResult& command, std::chrono::seconds most_silence) {
  if (command.end == CommandResult::End::kCancelled) return absl::CancelledError("cancelled");
  if (command.end == CommandResult::End::kSilent) {
    return absl::AbortedError(absl::StrCat("the lab's worker said nothing for ", most_silence.count(), " s"));
  }
  if (command.end == CommandResult::End::kTooLarge) {
    return absl::ResourceExhaustedError(
        absl::StrCat("everything that ran took more than ", kMostMemory >> 20, " MiB of memory, and was ended"));
  }
  std::string_view last = command.error_output;
  while (!last.empty() && last.back() == '\n') last.remove_suffix(1);
  last = last.substr(last.rfind('\n') + 1);
  const char* const signal = command.status > 128 ? sigabbrev_np(command.status - 128) : nullptr;
  const std::string end = signal != nullptr ? absl::StrCat("was ended by SIG", signal)
                                            : absl::StrCat("ended with status ", command.status);
  return absl::AbortedError(absl::StrCat("the lab's worker ", end, last.empty() ? "" : ": ", std::string(last)));
}

struct Listening {
  const std::string& binary;
  const std::string& folder;
  std::chrono::seconds most_silence;
  const std::function<bool()>& cancelled;
  // Given what the worker says; tells whether that was the result.
  std::function<bool(WorkerMessage&)> on_message;
  // What follows the order: a descriptor, or -1.
  int input = -1;
  std::function<void()> on_input = nullptr;
};

// Runs a worker to its end.
absl::Status Listen(const Listening& listening, const Order& order) {
  Messages messages;
  bool has_result = false;
  CommandOptions options;
  options.input = Framed(order.SerializeAsString());
  options.more_input = listening.input;
  options.on_more_input = listening.on_input;
  options.most_silence = listening.most_silence;
  options.most_memory = kMostMemory;
  options.cancelled = [&] { return messages.broken() || listening.cancelled(); };
  options.on_output = [&](std::string_view bytes) {
    messages.Append(bytes);
    while (auto message = messages.Next()) has_result |= listening.on_message(*message);
  };
  const auto command = RunCommand(WorkerCommand(listening.binary, listening.folder), options);
  if (!command.ok()) return command.status();
  if (messages.broken()) return absl::AbortedError("the lab's worker wrote what is no message");
  if (has_result && command->end == CommandResult::End::kExited) return absl::OkStatus();
  return WhyNoResult(*command, options.most_silence);
}

}  // namespace

absl::StatusOr<Result> RunInWorker(const WorkerOptions& options, const Order& order) {
  Result result;
  const auto on_message = [&](WorkerMessage& message) {
    if (message.has_progress()) options.on_progress(message.progress());
    if (message.has_result()) result = std::move(*message.mutable_result());
    return message.has_result();
  };
  const absl::Status status =
      Listen({options.binary, options.folder, options.in_process ? kMostSilenceInProcess : kMostSilence,
              options.cancelled, on_message},
             order);
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<LabResult> PlayInWorker(const LabWorkerOptions& options, const Order& order) {
  LabResult result;
  const auto on_message = [&](WorkerMessage& message) {
    if (message.has_output()) options.on_output(message.output());
    if (message.has_seconds()) options.on_time(message.seconds());
    if (message.has_lab()) result = std::move(*message.mutable_lab());
    return message.has_lab();
  };
  const absl::Status status = Listen({options.binary, options.folder, kMostSilenceOfLab, options.cancelled, on_message,
                                      options.input, options.on_input},
                                     order);
  if (!status.ok()) return status;
  return result;
}

}  // namespace lab::service
