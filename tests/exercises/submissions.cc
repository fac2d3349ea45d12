#include "tests/exercises/submissions.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/e2e/duet.h"

namespace lab::exercises {
namespace {

namespace fs = std::filesystem;

// The part of a file's name that says which role it plays.
std::string RoleOf(const fs::path& file) { return file.stem().string(); }

}  // namespace

std::vector<Mutant> MutantsOf(const std::string& exercise) {
  std::vector<Mutant> mutants;
  std::istringstream lines(e2e::ReadFile(e2e::ExerciseFile(exercise + "/mutants/MUTANTS")));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == ' ') {
      if (!mutants.empty()) mutants.back().fails.insert(line.substr(line.find_first_not_of(' ')));
      continue;
    }
    const size_t colon = line.find(": ");
    mutants.push_back({line.substr(0, colon), line.substr(colon == std::string::npos ? 0 : colon + 2), {}});
  }
  return mutants;
}

std::string SubmissionOf(const std::string& exercise, const Mutant& mutant) {
  const std::string folder = e2e::Folder(mutant.name);
  std::set<std::string> roles;
  for (const auto& file : fs::directory_iterator(e2e::ExerciseFile(absl::StrCat(exercise, "/mutants/", mutant.name)))) {
    roles.insert(RoleOf(file.path()));
    fs::copy_file(file.path(), fs::path(folder) / file.path().filename());
  }
  for (const auto& file : fs::directory_iterator(e2e::ExerciseFile(exercise + "/solution/c"))) {
    if (roles.count(RoleOf(file.path())) == 0) fs::copy_file(file.path(), fs::path(folder) / file.path().filename());
  }
  return folder;
}

duet::v1::Report Grade(const std::string& exercise, const std::string& folder, const std::string& world, int runs) {
  const std::string json = e2e::Folder("report") + "/report.json";
  const e2e::Ran ran = e2e::Duet(
      {"grade", exercise, folder, "--world", world, "--runs", absl::StrCat(runs), "--seed", "1", "--json", json});
  duet::v1::Report report;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(e2e::ReadFile(json), &report).ok()) << ran.error_output;
  return report;
}

std::set<std::string> FailedChecks(const duet::v1::Report& report) {
  std::set<std::string> failed;
  for (const auto& scenario : report.scenarios()) {
    for (const auto& check : scenario.checks()) {
      if (!check.passed()) failed.insert(absl::StrCat(scenario.name(), ": ", check.name()));
    }
  }
  return failed;
}

}  // namespace lab::exercises
