#include "tests/e2e/duet.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lab/program/program.h"
#include "lab/program/runfiles.h"
#include "real/namespaces.h"

namespace lab::e2e {

std::string Binary() { return Runfile("lab/cli/duet"); }

std::string ExerciseFile(const std::string& path) { return Runfile("exercises/" + path); }

service::CommandResult DuetWith(const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment,
                                const service::CommandOptions& options) {
  std::vector<std::string> command = {"/usr/bin/env"};
  for (const auto& [name, value] : environment) command.push_back(absl::StrCat(name, "=", value));
  command.push_back(Binary());
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto result = service::RunCommand(command, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : service::CommandResult{};
}

Ran Duet(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
  Ran ran;
  service::CommandOptions options;
  options.most_silence = std::chrono::seconds(600);
  options.on_output = [&](std::string_view bytes) { ran.output += bytes; };
  const service::CommandResult result = DuetWith(arguments, environment, options);
  ran.status = result.status;
  ran.error_output = result.error_output;
  return ran;
}

void ExpectSentence(const std::vector<std::string>& arguments, const std::string& sentence) {
  constexpr int kWrongUse = 2;
  const Ran ran = Duet(arguments);
  EXPECT_EQ(ran.status, kWrongUse);
  EXPECT_EQ(ran.output, "");
  EXPECT_THAT(ran.error_output, testing::AllOf(testing::StartsWith("duet: "), testing::HasSubstr(sentence)));
  EXPECT_EQ(std::count(ran.error_output.begin(), ran.error_output.end(), '\n'), 1) << ran.error_output;
}

std::string Folder(const std::string& name) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream stream(path, std::ios::binary);
  stream << content;
  stream.close();
  ASSERT_TRUE(stream.good()) << path;
}

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

bool Exists(const std::string& path) { return std::filesystem::exists(path); }

std::string WhyNoPrograms() { return std::string(SandboxAvailable().message()); }

std::string WhyNoRealWorld() {
  const std::string programs = WhyNoPrograms();
  return programs.empty() ? std::string(real::Available().message()) : programs;
}

}  // namespace lab::e2e
