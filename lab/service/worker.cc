#include "lab/service/worker.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lab/grade/runner.h"
#include "lab/grade/token.h"
#include "lab/program/sandbox.h"
#include "lab/program/spawn.h"
#include "lab/service/convert.h"
#include "lab/service/framing.h"
#include "lab/service/lab_worker.h"
#include "lab/service/message_output.h"
#include "lab/service/worker.pb.h"
#include "lab/trace/ladder.h"
#include "lab/trace/pcapng.h"

namespace lab::service {
namespace {

using duet::internal::Order;
using duet::internal::Result;
using duet::internal::RoleSource;
using duet::internal::WorkerMessage;

constexpr char kBinaryInProgram[] = "/duet/duet";

// So many bytes of standard input, or what there is.
std::string ReadInput(size_t length) {
  std::string bytes;
  char buffer[65536];
  while (bytes.size() < length) {
    const ssize_t count = read(0, buffer, std::min(sizeof(buffer), length - bytes.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    bytes.append(buffer, static_cast<size_t>(count));
  }
  return bytes;
}

absl::StatusOr<Order> ReadOrder() {
  const std::string head = ReadInput(kFrameHead);
  Order order;
  if (head.size() < kFrameHead || !order.ParseFromString(ReadInput(LengthFrom(head)))) {
    return absl::InvalidArgumentError("the worker was given no order");
  }
  return order;
}

// This binary, as its sandbox has it.
std::string OwnBinary() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

// What this binary may have of the address space, where it runs a submission's function. A sanitizer reserves more
// of it than any limit would leave.
constexpr uint64_t AddressSpace(uint64_t bytes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return RLIM_INFINITY;
#else
  return bytes;
#endif
}

Function FunctionAsProgram(const Order& order, const RoleSource& role) {
  const std::string below = role.shared_object().substr(order.folder().size());
  ProgramOptions options{.command = {kBinaryInProgram, "function", role.role(), absl::StrCat("/submission", below)},
                         .folder = order.folder()};
  options.limits.memory_bytes = AddressSpace(options.limits.memory_bytes);
  options.files = {{OwnBinary(), kBinaryInProgram}};
  return ExecutedProgram(std::move(options));
}

bool HasFunction(const Order& order) {
  return std::any_of(order.roles().begin(), order.roles().end(),
                     [](const RoleSource& role) { return role.has_shared_object(); });
}

// Executes this binary anew, with the same order, in a program's sandbox. Returns where that fails.
void Confine(const Order& order) {
  SandboxOptions sandbox;
  sandbox.kind = SandboxOptions::Kind::kProgram;
  sandbox.mounts = {{OwnBinary(), kBinaryInProgram}, {order.folder(), order.folder()}};
  sandbox.limits = Limits{.cpu_seconds = 3600, .memory_bytes = AddressSpace(uint64_t{4} << 30)};
  const std::string bytes = Framed(order.SerializeAsString());
  const int input = memfd_create("order", 0);
  if (write(input, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return;
  lseek(input, 0, SEEK_SET);
  dup2(input, 0);
  close(input);
  const std::vector<std::string> line = SandboxCommand(sandbox, {kBinaryInProgram, "worker", "confined"});
  execv(line[0].c_str(), ArgumentVector(line).data());
}

absl::StatusOr<grade::Submission> MakeSubmission(const Order& order, const grade::Exercise& exercise) {
  grade::Submission submission;
  for (const RoleSource& role : order.roles()) {
    if (role.has_program()) {
      const auto& words = role.program().words();
      ProgramOptions options{.command = {words.begin(), words.end()}, .folder = order.folder()};
      submission[role.role()] =
          order.real() ? ExecutedProgram(std::move(options)) : CarriedProgram(std::move(options));
    } else if (role.has_shared_object() && order.real()) {
      submission[role.role()] = FunctionAsProgram(order, role);
    } else if (role.has_shared_object()) {
      auto function = LoadFunction(role.role(), role.shared_object());
      if (!function.ok()) return function.status();
      submission[role.role()] = *std::move(function);
    } else {
      submission[role.role()] = exercise.reference.at(role.role());
    }
  }
  return submission;
}

grade::ScenarioResult LabError(const absl::Status& why) {
  grade::ScenarioResult result;
  result.run.remark = std::string(why.message());
  return result;
}

absl::StatusOr<grade::ScenarioResult> RunScenario(const Order& order, const grade::Exercise& exercise,
                                                  const grade::Scenario& scenario, const Worlds& worlds,
                                                  const grade::Progress& progress) {
  auto submission = MakeSubmission(order, exercise);
  if (!submission.ok()) return submission.status();
  const grade::Parts parts{.world = order.real() ? worlds.real : worlds.sim,
                           .submission = *std::move(submission)};
  if (!order.token().empty()) {
    const auto token = grade::ParseToken(order.token());
    if (!token.ok()) return token.status();
    return grade::Replay(exercise, scenario, parts, *token);
  }
  if (order.real()) return grade::GradeReal(exercise, scenario, parts, order.seed(), progress);
  return grade::GradeSimulated(exercise, scenario, parts, order.seed(), std::max(order.runs(), 1u), progress);
}

Result ToResult(const Order& order, const grade::Exercise& exercise, const grade::Scenario& scenario,
                const grade::ScenarioResult& graded) {
  Result result;
  *result.mutable_scenario() = ToReport(scenario, order.real() ? WorldKind::kReal : WorldKind::kSim, graded);
  const bool passed = graded.run.verdict == grade::Verdict::kPassed;
  if (!order.real() && !graded.world_unavailable) {
    const grade::Token token = grade::TokenOf(exercise, scenario, graded);
    result.mutable_scenario()->set_token(order.token().empty() ? grade::ToString(token) : order.token());
  }
  const bool shown = !passed || !order.token().empty();
  if (shown && !graded.world_unavailable) result.mutable_scenario()->set_ladder(Ladder(graded.run.trace, {}));
  if (order.capture()) result.set_pcapng(Pcapng(graded.run.trace));
  result.set_world_unavailable(graded.world_unavailable);
  return result;
}

}  // namespace

absl::StatusOr<Function> LoadFunction(const std::string& role, const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return absl::InvalidArgumentError(dlerror());
  void* const symbol = dlsym(library, absl::StrCat("duet_function_", role).c_str());
  if (symbol == nullptr) return absl::InvalidArgumentError(dlerror());
  return Function(reinterpret_cast<int (*)(Process&)>(symbol));
}

int RunWorker(const std::vector<grade::Exercise>& exercises, const Worlds& worlds, bool confined) {
  const auto order = ReadOrder();
  if (order.ok() && !confined && !order->real() && HasFunction(*order)) {
    Confine(*order);
    return 1;
  }
  // Where memory runs out, submissions go first, not what else the machine does.
  std::ofstream("/proc/self/oom_score_adj") << 500;
  MessageOutput output;
  if (!order.ok()) return 1;
  if (order->has_lab()) return PlayLab(*order, worlds, output);
  const auto exercise = std::find_if(exercises.begin(), exercises.end(),
                                     [&](const grade::Exercise& each) { return each.name == order->exercise(); });
  if (exercise == exercises.end()) return 1;
  const grade::Scenario* const scenario = exercise->FindScenario(order->scenario());
  if (scenario == nullptr) return 1;

  const grade::Progress progress = [&](uint32_t done, uint32_t runs) {
    WorkerMessage message;
    message.mutable_progress()->set_runs_done(done);
    message.mutable_progress()->set_runs(runs);
    output.Write(message);
  };
  const auto graded = RunScenario(*order, *exercise, *scenario, worlds, progress);
  WorkerMessage message;
  *message.mutable_result() =
      ToResult(*order, *exercise, *scenario, graded.ok() ? *graded : LabError(graded.status()));
  output.Write(message);
  return 0;
}

}  // namespace lab::service
