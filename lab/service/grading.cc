#include "lab/service/grading.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/grade/score.h"
#include "lab/grade/token.h"
#include "lab/service/build.h"
#include "lab/service/convert.h"
#include "lab/service/worker_client.h"

namespace lab::service {
namespace {

using duet::internal::Order;
using duet::internal::Result;
using duet::v1::GradeEvent;
using duet::v1::GradeRequest;
using duet::v1::Report;
using duet::v1::ScenarioReport;

constexpr uint32_t kMostRuns = 1'000'000;

// How many characters have to be inserted, removed or changed to make one of the other.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t k = 0; k < b.size(); ++k) {
      const size_t changed = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
    }
  }
  return row.back();
}

// One grading under way: a lane for each world, side by side, each scenario after the other.
class Rows {
 public:
  Rows(const grade::Exercise& exercise, const GradeRequest& request, const Built& built, const std::string& binary,
       const Grading::Emit& emit, const Grading::Cancelled& cancelled)
      : exercise_(exercise), request_(request), built_(built), binary_(binary), emit_(emit), cancelled_(cancelled) {
    for (const WorldKind world : {WorldKind::kSim, WorldKind::kReal}) {
      const bool wanted = world == WorldKind::kSim ? request.sim() : request.real();
      for (const grade::Scenario& scenario : exercise.scenarios) {
        if (wanted && (world == WorldKind::kSim ? scenario.sim : scenario.real)) ++count_;
      }
    }
  }

  absl::StatusOr<Report> Run() {
    absl::Status real_status;
    // The real lane waits most of the time; a thread of its own costs the simulated one little.
    std::thread real([&] { real_status = RunLane(WorldKind::kReal); });
    const absl::Status sim_status = RunLane(WorldKind::kSim);
    real.join();
    if (!sim_status.ok()) return sim_status;
    if (!real_status.ok()) return real_status;
    return MakeReport();
  }

 private:
  absl::Status RunLane(WorldKind world) {
    if (!(world == WorldKind::kSim ? request_.sim() : request_.real())) return absl::OkStatus();
    std::vector<grade::Row> rows;
    for (const grade::Scenario& scenario : exercise_.scenarios) {
      if (!(world == WorldKind::kSim ? scenario.sim : scenario.real)) continue;
      const auto row = RunRow(scenario, world, rows);
      if (!row.ok()) return row.status();
      rows.push_back(*row);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<grade::Row> RunRow(const grade::Scenario& scenario, WorldKind world,
                                    const std::vector<grade::Row>& before) {
    EmitStarted(scenario, world);
    Result result;
    if (const auto reason = grade::SkipReason(scenario, world, before); reason.has_value()) {
      *result.mutable_scenario() = Unrun(scenario, world, grade::Verdict::kSkipped, *reason);
    } else {
      auto ran = RunInWorker(OptionsOfWorker(), MakeOrder(scenario, world));
      if (absl::IsCancelled(ran.status())) return ran.status();
      if (ran.ok()) {
        result = *std::move(ran);
      } else if (request_.submission().in_process() && absl::IsAborted(ran.status())) {
        *result.mutable_scenario() = FunctionFailed(scenario, world, std::string(ran.status().message()));
      } else if (absl::IsResourceExhausted(ran.status())) {
        *result.mutable_scenario() = TookTooMuch(scenario, world, std::string(ran.status().message()));
      } else {
        *result.mutable_scenario() =
            Unrun(scenario, world, grade::Verdict::kLabError, std::string(ran.status().message()));
      }
    }
    const grade::Row row{&scenario, world, FromProto(result.scenario().verdict()), result.world_unavailable()};
    Keep(row, std::move(result));
    return row;
  }

  WorkerOptions OptionsOfWorker() {
    return {.binary = binary_,
            .folder = built_.folder.path(),
            .in_process = request_.submission().in_process(),
            .on_progress =
                [this](const GradeEvent::Progress& progress) {
                  GradeEvent event;
                  *event.mutable_progress() = progress;
                  Emit(event);
                },
            .cancelled = cancelled_};
  }

  Order MakeOrder(const grade::Scenario& scenario, WorldKind world) const {
    Order order;
    order.set_exercise(exercise_.name);
    order.set_scenario(scenario.name);
    for (const auto& role : built_.roles) *order.add_roles() = role;
    order.set_folder(kFolderInWorker);
    order.set_real(world == WorldKind::kReal);
    order.set_seed(request_.seed());
    order.set_runs(request_.runs());
    order.set_capture(request_.capture());
    return order;
  }

  // The report of a scenario that no worker has one for.
  static ScenarioReport Unrun(const grade::Scenario& scenario, WorldKind world, grade::Verdict verdict,
                              const std::string& remark) {
    grade::ScenarioResult result;
    result.run.verdict = verdict;
    result.run.remark = remark;
    return ToReport(scenario, world, result);
  }

  // Each process kept to its limit, all together did not.
  static ScenarioReport TookTooMuch(const grade::Scenario& scenario, WorldKind world, const std::string& happened) {
    return FailedBecause(scenario, world,
                         {"memory", false,
                          "the submission's processes together stay within the memory that they are given", happened,
                          "Memory that is allocated for each client, or by each process, has to be freed again."});
  }

  // A function that ended the process that it shared with the lab, or never let go of it.
  static ScenarioReport FunctionFailed(const grade::Scenario& scenario, WorldKind world, const std::string& happened) {
    return FailedBecause(scenario, world,
                         {"returns", false, "the function returns, and leaves the process that it runs in alone",
                          absl::StrCat("the function ended the process that it runs in: ", happened),
                          "exit() and the like end the whole process; a function ends by returning its status."});
  }

  static ScenarioReport FailedBecause(const grade::Scenario& scenario, WorldKind world, grade::Check check) {
    grade::ScenarioResult result;
    result.run.verdict = grade::Verdict::kFailed;
    result.run.checks = {std::move(check)};
    result.runs = 1;
    return ToReport(scenario, world, result);
  }

  void EmitStarted(const grade::Scenario& scenario, WorldKind world) {
    const std::lock_guard lock(mutex_);
    GradeEvent event;
    GradeEvent::ScenarioStarted* const started = event.mutable_scenario_started();
    started->set_name(scenario.name);
    started->set_world(WorldName(world));
    started->set_number(++started_);
    started->set_count(count_);
    emit_(event);
  }

  void Emit(const GradeEvent& event) {
    const std::lock_guard lock(mutex_);
    emit_(event);
  }

  void Keep(const grade::Row& row, Result result) {
    const std::lock_guard lock(mutex_);
    GradeEvent event;
    *event.mutable_scenario() = result.scenario();
    emit_(event);
    if (!result.pcapng().empty() && row.verdict != grade::Verdict::kPassed) {
      GradeEvent::Capture* const capture = event.mutable_capture();
      capture->set_name(row.scenario->name);
      capture->set_world(WorldName(row.world));
      capture->set_pcapng(std::move(*result.mutable_pcapng()));
      emit_(event);
    }
    rows_.push_back(row);
    reports_.push_back(std::move(*result.mutable_scenario()));
  }

  // The rows by scenario, the simulated world first, however the lanes went.
  Report MakeReport() const {
    Report report;
    report.set_exercise(exercise_.name);
    report.set_max_score(exercise_.max_points());
    report.set_score(grade::Score(rows_));
    for (const grade::Scenario& scenario : exercise_.scenarios) {
      for (const WorldKind world : {WorldKind::kSim, WorldKind::kReal}) {
        for (size_t i = 0; i < rows_.size(); ++i) {
          if (rows_[i].scenario == &scenario && rows_[i].world == world) *report.add_scenarios() = reports_[i];
        }
      }
    }
    return report;
  }

  const grade::Exercise& exercise_;
  const GradeRequest& request_;
  const Built& built_;
  const std::string& binary_;
  const Grading::Emit& emit_;
  const Grading::Cancelled& cancelled_;
  int count_ = 0;

  std::mutex mutex_;  // for all below, and held while emitting
  int started_ = 0;
  std::vector<grade::Row> rows_;
  std::vector<ScenarioReport> reports_;  // of the same
};

}  // namespace

Grading::Grading(const std::vector<grade::Exercise>& exercises, std::string worker_binary, int most_at_once)
    : exercises_(exercises), worker_binary_(std::move(worker_binary)), turns_(most_at_once) {}

absl::StatusOr<const grade::Exercise*> Grading::Find(std::string_view exercise) const {
  const grade::Exercise* nearest = nullptr;
  for (const grade::Exercise& each : exercises_) {
    if (each.name == exercise) return &each;
    // "server" means 02-server.
    if (nearest == nullptr || Distance(exercise, each.name) < Distance(exercise, nearest->name)) nearest = &each;
  }
  if (nearest == nullptr) return absl::NotFoundError("there are no exercises");
  return absl::NotFoundError(
      absl::StrCat("there is no exercise `", std::string(exercise), "`; did you mean `", nearest->name, "`?"));
}

absl::Status Grading::Grade(const GradeRequest& request, const Emit& emit, const Cancelled& cancelled) {
  const auto exercise = Find(request.exercise());
  if (!exercise.ok()) return exercise.status();
  if (!request.sim() && !request.real()) return absl::InvalidArgumentError("the request names no world");
  if (request.runs() > kMostRuns) {
    return absl::InvalidArgumentError(absl::StrCat("there can be at most ", kMostRuns, " runs"));
  }
  const auto on_waiting = [&](uint32_t before) {
    GradeEvent event;
    event.mutable_queued()->set_before(before);
    emit(event);
  };
  const auto turn = turns_.Take(on_waiting, cancelled);
  if (!turn.ok()) return turn.status();
  auto result = Build(**exercise, request.submission(), cancelled);
  if (!result.ok()) return result.status();
  if (const auto* const failed = std::get_if<GradeEvent::BuildFailed>(&*result)) {
    GradeEvent event;
    *event.mutable_build_failed() = *failed;
    emit(event);
    return absl::OkStatus();
  }
  const Built& built = std::get<Built>(*result);
  for (const GradeEvent::Built& entry : built.events) {
    GradeEvent event;
    *event.mutable_built() = entry;
    emit(event);
  }
  const auto report = Rows(**exercise, request, built, worker_binary_, emit, cancelled).Run();
  if (!report.ok()) return report.status();
  GradeEvent event;
  *event.mutable_report() = *report;
  emit(event);
  return absl::OkStatus();
}

absl::StatusOr<duet::v1::ReplayResponse> Grading::Replay(const duet::v1::ReplayRequest& request,
                                                         const Cancelled& cancelled) {
  const auto token = grade::ParseToken(request.token());
  if (!token.ok()) return token.status();
  const auto exercise = Find(token->exercise);
  if (!exercise.ok()) return exercise.status();
  if ((*exercise)->FindScenario(token->scenario) == nullptr) {
    return absl::NotFoundError(absl::StrCat("the exercise `", token->exercise, "` has no scenario `", token->scenario,
                                            "`: the token is of another version of it"));
  }
  const auto turn = turns_.Take([](uint32_t) {}, cancelled);
  if (!turn.ok()) return turn.status();
  duet::v1::ReplayResponse response;
  response.set_exercise(token->exercise);
  auto built = Build(**exercise, request.submission(), cancelled);
  if (!built.ok()) return built.status();
  if (const auto* const failed = std::get_if<GradeEvent::BuildFailed>(&*built)) {
    *response.mutable_build_failed() = *failed;
    return response;
  }
  Order order;
  order.set_exercise(token->exercise);
  order.set_scenario(token->scenario);
  for (const auto& role : std::get<Built>(*built).roles) *order.add_roles() = role;
  order.set_folder(kFolderInWorker);
  order.set_token(request.token());
  order.set_capture(request.capture());
  auto result = RunInWorker({.binary = worker_binary_,
                             .folder = std::get<Built>(*built).folder.path(),
                             .in_process = request.submission().in_process(),
                             .on_progress = [](const GradeEvent::Progress&) {},
                             .cancelled = cancelled},
                            order);
  if (!result.ok()) return result.status();
  *response.mutable_scenario() = std::move(*result->mutable_scenario());
  response.set_pcapng(std::move(*result->mutable_pcapng()));
  response.set_same(response.scenario().hash().substr(0, 8) == absl::StrCat(absl::Hex(token->hash, absl::kZeroPad8)));
  return response;
}

}  // namespace lab::service
