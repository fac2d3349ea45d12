// `duet run`: programs on hosts of a network, without any exercise.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/files.h"
#include "lab/cli/lab_input.h"
#include "lab/cli/labelled_output.h"
#include "lab/cli/session.h"
#include "lab/cli/status_line.h"
#include "lab/program/program.h"
#include "lab/run/find_program.h"
#include "lab/run/plan.h"
#include "lab/service/build.h"
#include "lab/service/worker_client.h"
#include "lab/trace/whole_file.h"

namespace lab::cli {
namespace {

using duet::internal::LabResult;
using duet::v1::Lab;

// With the longest input, of bytes that a text file has to spell out.
constexpr size_t kLargestLab = size_t{72} << 20;

absl::StatusOr<Lab> ReadLab(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    return absl::NotFoundError(absl::StrCat(path, " can't be read: a lab is a text file (see docs/run.md)"));
  }
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > kLargestLab) return absl::InvalidArgumentError(absl::StrCat(path, " is too large for a lab"));
  return run::ParseLab(text, path);
}

// The lab that options alone describe.
Lab LabOf(const RunOptions& options) {
  Lab lab;
  for (const auto& [name, command] : options.hosts) {
    lab.add_host()->set_name(name);
    duet::v1::Program& program = *lab.add_program();
    program.set_host(name);
    program.set_command(command);
  }
  duet::v1::Link link;
  if (!options.latency.empty()) link.set_latency(options.latency);
  if (!options.jitter.empty()) link.set_jitter(options.jitter);
  if (!options.loss.empty()) link.set_loss(options.loss);
  if (!options.bandwidth.empty()) link.set_bandwidth(options.bandwidth);
  if (link.ByteSizeLong() > 0) *lab.add_link() = link;
  return lab;
}

absl::StatusOr<Lab> MakeLab(const RunOptions& options) {
  const bool described = !options.hosts.empty() || !options.latency.empty() || !options.jitter.empty() ||
                         !options.loss.empty() || !options.bandwidth.empty();
  if (!options.file.empty() && described) {
    return absl::InvalidArgumentError(absl::StrCat(
        "`", options.file, "` is taken for a lab's file, which has its own hosts and links: leave that out, or --host, "
        "--latency and their like"));
  }
  if (options.file.empty() && options.hosts.empty()) {
    return absl::InvalidArgumentError(
        "what is to run? Give a lab's file, or --host NAME 'COMMAND'; see duet run --help");
  }
  absl::StatusOr<Lab> lab = options.file.empty() ? LabOf(options) : ReadLab(options.file);
  if (!lab.ok()) return lab.status();
  if (options.seed.has_value()) lab->set_seed(*options.seed);
  if (!options.limit.empty()) lab->set_limit(options.limit);
  if (options.interactive.empty()) return lab;
  if (const absl::Status status = SetInteractive(*lab, options.interactive); !status.ok()) return status;
  return lab;
}

// What programs see: beside a lab stand its programs.
std::string DirectoryOf(const RunOptions& options) {
  if (!options.directory.empty()) return options.directory;
  const std::string beside = std::filesystem::path(options.file).parent_path();
  return beside.empty() ? std::string(".") : beside;
}

absl::Status CheckPrograms(const Lab& lab, const std::string& directory) {
  const absl::StatusOr<run::Plan> plan = run::MakePlan(lab);
  if (!plan.ok()) return plan.status();
  for (const run::PlannedProgram& program : plan->programs) {
    const absl::StatusOr<run::FoundProgram> found = run::FindProgram(program.command[0], directory);
    if (!found.ok()) return absl::InvalidArgumentError(absl::StrCat(program.name, ": ", found.status().message()));
    const absl::Status status = CheckExecutable(found->file);
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(program.name, ": ", status.message()));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const RunOptions& options) {
  if (!std::filesystem::is_directory(DirectoryOf(options))) {
    return absl::NotFoundError(absl::StrCat(DirectoryOf(options), " is not a directory"));
  }
  for (const std::string& path : {options.trace, options.ledger, options.record}) {
    if (path.empty()) continue;
    if (const absl::Status status = CheckWritable(path); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WriteFiles(const LabResult& result, const Lab& lab, const RunOptions& options) {
  absl::Status status;
  if (!options.record.empty()) status.Update(WriteWholeFile(options.record, Recorded(lab, result)));
  if (!options.trace.empty()) status.Update(WriteWholeFile(options.trace, result.pcapng()));
  if (!options.ledger.empty()) status.Update(WriteWholeFile(options.ledger, result.ledger()));
  return status;
}

// The form that a ledger's file has, by its name.
duet::internal::Order::Ledger LedgerOf(const std::string& path) {
  if (path.empty()) return duet::internal::Order::NO_LEDGER;
  const bool json = path.ends_with(".jsonl") || path.ends_with(".json");
  return json ? duet::internal::Order::JSON_LEDGER : duet::internal::Order::TEXT_LEDGER;
}

// What became of it, beside what the programs wrote.
void Tell(const LabResult& result, const Lab& lab, bool real) {
  size_t width = 0;
  for (const LabResult::Program& program : result.programs()) width = std::max(width, program.name().size());
  for (const LabResult::Program& program : result.programs()) {
    std::cerr << absl::StrFormat("%-*s  %s\n", static_cast<int>(width), program.name(), program.end());
  }
  // In microseconds where it is short: nobody reads 1e-06.
  const bool short_run = result.seconds() < 0.001;
  std::cerr << absl::StrFormat("%.6g %s of %s time", result.seconds() * (short_run ? 1e6 : 1), short_run ? "µs" : "s",
                               real ? "real" : "simulated");
  if (!real) std::cerr << absl::StrFormat(", seed %d, hash %016x", lab.has_seed() ? lab.seed() : 1, result.hash());
  std::cerr << "\n";
  if (result.left_out() > 0) {
    std::cerr << "the trace has no room for " << result.left_out()
              << " calls and packets of the middle: they are not in the files\n";
  }
  for (const std::string& problem : result.problems()) std::cerr << "duet: " << problem << "\n";
}

}  // namespace

int Run(const RunOptions& options, Interrupts& interrupts) {
  absl::StatusOr<Lab> lab = MakeLab(options);
  if (!lab.ok()) return Fail(lab.status());
  if (const absl::Status status = CheckFiles(options); !status.ok()) return Fail(status);
  if (const absl::Status status = CheckPrograms(*lab, DirectoryOf(options)); !status.ok()) return Fail(status);
  if (const absl::Status status = SandboxAvailable(); !status.ok()) return Fail(status);

  if (const absl::Status status = TakeInput(*lab, interrupts); !status.ok()) return Fail(status);

  std::vector<std::string> names;
  for (const auto& program : lab->program()) names.push_back(NameOf(program));
  const std::optional<size_t> interactive = Interactive(*lab);
  StatusLine line;
  LabelledOutput output(std::move(names), interactive, line);
  duet::internal::Order order;
  *order.mutable_lab() = *lab;
  order.set_folder(service::kFolderInWorker);
  order.set_real(options.real);
  order.set_capture(!options.trace.empty());
  order.set_ladder(options.ladder);
  order.set_ledger(LedgerOf(options.ledger));
  service::LabWorkerOptions worker{
      .binary = OwnBinary(),
      .folder = std::filesystem::canonical(DirectoryOf(options)),
      .on_output = [&](const duet::internal::LabOutput& each) {
        output.Write(each.program(), each.error_output(), each.bytes());
      },
      .on_time =
          [&](double seconds) {
            // Whoever types has the line.
            if (!interactive.has_value()) line.Show(absl::StrFormat("%.0f s", seconds));
          },
      .input = interactive.has_value() ? STDIN_FILENO : -1,
      .on_input = [&] { output.Typed(); },
      .cancelled = [&] { return interrupts.signal() != 0; },
  };
  const absl::StatusOr<LabResult> result = service::PlayInWorker(worker, order);
  line.Clear();
  output.Finish();
  if (!result.ok()) return Fail(result.status());
  if (!result->unavailable().empty()) return Fail(absl::UnavailableError(result->unavailable()));
  if (options.ladder) std::cout << "\n" << result->ladder() << std::flush;
  Tell(*result, *lab, options.real);
  if (const absl::Status written = WriteFiles(*result, *lab, options); !written.ok()) return Fail(written);
  if (result->lab_error()) return kLabFailure;
  return result->problems().empty() ? kFullScore : kLess;
}

}  // namespace lab::cli
