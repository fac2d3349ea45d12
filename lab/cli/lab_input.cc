#include "lab/cli/lab_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include <google/protobuf/text_format.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lab/run/plan.h"

namespace lab::cli {
namespace {

using duet::v1::Lab;
using duet::v1::Program;

constexpr char kLimitOfPeople[] = "24h";
constexpr size_t kMost = size_t{17} << 20;  // more than a lab takes, which says so
constexpr int kPollMs = 50;

absl::StatusOr<std::string> ReadToEnd(int fd, const Interrupts& interrupts) {
  std::string bytes;
  char buffer[65536];
  while (bytes.size() < kMost) {
    if (interrupts.signal() != 0) return absl::CancelledError("cancelled");
    pollfd input{fd, POLLIN, 0};
    if (poll(&input, 1, kPollMs) <= 0) continue;
    const ssize_t length = read(fd, buffer, sizeof(buffer));
    if (length < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (length < 0) return absl::ErrnoToStatus(errno, "reading standard input");
    if (length == 0) break;
    bytes.append(buffer, static_cast<size_t>(length));
  }
  return bytes;
}

}  // namespace

std::string NameOf(const Program& program) { return program.has_name() ? program.name() : program.host(); }

std::optional<size_t> Interactive(const Lab& lab) {
  for (int i = 0; i < lab.program_size(); ++i) {
    if (lab.program(i).interactive()) return static_cast<size_t>(i);
  }
  return std::nullopt;
}

absl::Status SetInteractive(Lab& lab, const std::string& name) {
  for (Program& program : *lab.mutable_program()) {
    if (NameOf(program) != name) continue;
    program.set_interactive(true);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no program `", name, "` that could be interactive"));
}

absl::Status TakeInput(Lab& lab, const Interrupts& interrupts) {
  const std::optional<size_t> interactive = Interactive(lab);
  if (!interactive.has_value()) return absl::OkStatus();
  if (isatty(STDIN_FILENO) == 1) {
    if (!lab.has_limit()) lab.set_limit(kLimitOfPeople);
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> input = ReadToEnd(STDIN_FILENO, interrupts);
  if (!input.ok()) return input.status();
  Program& program = *lab.mutable_program(static_cast<int>(*interactive));
  program.clear_interactive();
  program.set_input(*input);
  return run::MakePlan(lab).status();
}

std::string Recorded(Lab lab, const duet::internal::LabResult& result) {
  for (int i = 0; i < lab.program_size() && i < result.programs_size(); ++i) {
    Program& program = *lab.mutable_program(i);
    *program.mutable_typed() = result.programs(i).typed();
    // Otherwise its input would end at once.
    if (program.interactive() && program.typed().empty()) program.add_typed()->set_at("0s");
    // Somebody could have typed more, and so its end was waited for.
    if (program.interactive() && !program.typed().rbegin()->end()) program.set_serves(false);
    program.clear_interactive();
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(lab, &text);
  return text;
}

}  // namespace lab::cli
