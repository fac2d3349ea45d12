#include "lab/service/lab_worker.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "lab/program/program.h"
#include "lab/run/find_program.h"
#include "lab/run/plan.h"
#include "lab/run/play.h"
#include "lab/trace/ladder.h"
#include "lab/trace/ledger.h"
#include "lab/trace/pcapng.h"
#include "lab/trace/printable.h"

namespace lab::service {
namespace {

using duet::internal::LabResult;
using duet::internal::Order;
using duet::internal::WorkerMessage;

// What people run on purpose may take longer than what is graded; of threads no more can be carried.
constexpr Limits kLimits{.cpu_seconds = 120,
                         .busy_seconds = 3600,
                         .file_bytes = uint64_t{256} << 20,
                         .open_files = 1024,
                         .processes = 128};

double Seconds(Time time) { return std::chrono::duration<double>(time).count(); }

Function MakeProgram(const Order& order, const run::PlannedProgram& program) {
  const std::string& word = program.command[0];
  const absl::StatusOr<run::FoundProgram> found = run::FindProgram(word, order.folder());
  // Where it is gone by now, the sandbox says so.
  ProgramOptions options{.command = {found.ok() ? found->inside : word}, .folder = order.folder(), .limits = kLimits};
  options.writes_lines = program.interactive || !program.typed.empty();
  return order.real() ? ExecutedProgram(std::move(options)) : CarriedProgram(std::move(options));
}

run::Player PlayerFor(const Order& order, MessageOutput& output) {
  run::Player player;
  player.make_program = [&order](const run::PlannedProgram& program) { return MakeProgram(order, program); };
  player.on_output = [&output](size_t program, bool error_output, std::string_view bytes) {
    WorkerMessage message;
    message.mutable_output()->set_program(static_cast<uint32_t>(program));
    message.mutable_output()->set_error_output(error_output);
    message.mutable_output()->set_bytes(bytes.data(), bytes.size());
    output.Write(message);
  };
  player.on_time = [&output](Time now) {
    WorkerMessage message;
    message.set_seconds(Seconds(now));
    output.Write(message);
  };
  return player;
}

LabResult ToResult(const Order& order, const run::Played& played, World& world) {
  const Trace& trace = world.trace();
  LabResult result;
  for (const run::Played::Program& program : played.programs) {
    LabResult::Program& each = *result.add_programs();
    each.set_name(program.name);
    each.set_end(run::DescribeEnd(program));
    for (const run::PlannedInput& typed : program.typed) {
      duet::v1::Typed& line = *each.add_typed();
      line.set_at(absl::FormatDuration(absl::FromChrono(typed.at)));
      if (!typed.text.empty()) line.set_text(typed.text);
      if (typed.end) line.set_end(true);
    }
  }
  for (const std::string& problem : played.problems) result.add_problems(Printable(problem));
  result.set_lab_error(played.lab_error);
  result.set_seconds(Seconds(played.ended_at));
  result.set_hash(trace.hash());
  if (order.ladder()) result.set_ladder(Ladder(trace, {}));
  if (order.capture()) result.set_pcapng(Pcapng(trace));
  if (order.ledger() == Order::TEXT_LEDGER) result.set_ledger(LedgerText(trace, world.Unfinished()));
  if (order.ledger() == Order::JSON_LEDGER) result.set_ledger(LedgerJson(trace, world.Unfinished()));
  result.set_left_out(trace.events().left_out());
  return result;
}

}  // namespace

int PlayLab(const Order& order, const Worlds& worlds, MessageOutput& output) {
  const absl::StatusOr<run::Plan> plan = run::MakePlan(order.lab());
  if (!plan.ok()) return 1;
  WorkerMessage message;
  const auto world = (order.real() ? worlds.real : worlds.sim)(Choices::Seeded(plan->seed), plan->seed);
  if (world.ok()) {
    run::LiveInput input(output.input());
    run::Player player = PlayerFor(order, output);
    player.live_input = &input;
    const run::Played played = run::Play(**world, *plan, player);
    *message.mutable_lab() = ToResult(order, played, **world);
  } else {
    message.mutable_lab()->set_unavailable(std::string(world.status().message()));
  }
  output.Write(message);
  return 0;
}

}  // namespace lab::service
