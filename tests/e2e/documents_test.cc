// The commands in README.md do what it says.
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

// The lines of a document's ```sh blocks.
std::vector<std::string> Commands(const std::string& document) {
  std::vector<std::string> commands;
  std::istringstream stream(document);
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (absl::StartsWith(line, "```")) {
      inside = line == "```sh";
    } else if (inside && !line.empty()) {
      commands.push_back(line);
    }
  }
  return commands;
}

TEST(DocumentsTest, EveryCommandOfTheReadmeWorks) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const std::vector<std::string> commands = Commands(ReadFile(Runfile("README.md")));
  ASSERT_FALSE(commands.empty());
  const std::string folder = Folder("readme");
  std::filesystem::create_symlink(Binary(), folder + "/duet");
  for (const std::string& command : commands) {
    // That one is running.
    if (command == "./duet test") continue;
    std::string output;
    service::CommandOptions options;
    options.most_silence = std::chrono::seconds(600);
    options.on_output = [&](std::string_view bytes) { output += bytes; };
    const auto result = service::RunCommand({"/bin/sh", "-c", absl::StrCat("cd ", folder, " && ", command)}, options);
    ASSERT_TRUE(result.ok());
    // A starter is graded there, and is not yet a solution.
    const int expected = absl::StartsWith(command, "./duet grade ") ? 1 : 0;
    EXPECT_EQ(result->status, expected) << command << "\n" << output << result->error_output;
  }
}

}  // namespace
}  // namespace lab::e2e
