// The commands in README.md do what it says.
#include <filesystem>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

struct Command {
  std::string line;
  std::string output;  // what the document shows of it; empty where it shows nothing
};

// The lines of a document's ```sh blocks, the last of each with the ```text block that follows.
std::vector<Command> Commands(const std::string& document) {
  std::vector<Command> commands;
  std::istringstream stream(document);
  std::string block;
  for (std::string line; std::getline(stream, line);) {
    if (absl::StartsWith(line, "```")) {
      block = line;
    } else if (block == "```sh" && !line.empty()) {
      commands.push_back({line, ""});
    } else if (block == "```text" && !commands.empty()) {
      absl::StrAppend(&commands.back().output, line, "\n");
    }
  }
  return commands;
}

// A token ends with the run's hash, which another release of the C library or compiler may change.
std::string WithoutHashes(const std::string& text) {
  return std::regex_replace(text, std::regex(":s1:[0-9a-f]{8}:[0-9a-z]{3}"), ":s1:HASH");
}

TEST(DocumentsTest, EveryCommandOfTheReadmeWorks) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const std::vector<Command> commands = Commands(ReadFile(Runfile("README.md")));
  ASSERT_FALSE(commands.empty());
  const std::string folder = Folder("readme");
  std::filesystem::create_symlink(Binary(), folder + "/duet");
  // A copy, because the build's files are links, which a submission must not have.
  std::filesystem::copy(Runfile("exercises"), folder + "/exercises", std::filesystem::copy_options::recursive);
  for (const auto& [command, shown] : commands) {
    // That one is running.
    if (command == "./duet test") continue;
    std::string output;
    service::CommandOptions options;
    options.most_silence = std::chrono::seconds(600);
    options.on_output = [&](std::string_view bytes) { output += bytes; };
    const auto result = service::RunCommand({"/bin/sh", "-c", absl::StrCat("cd ", folder, " && ", command)}, options);
    ASSERT_TRUE(result.ok());
    // A starter is graded there, and a wrong server: no solutions.
    const int expected = absl::StartsWith(command, "./duet grade ") ? 1 : 0;
    EXPECT_EQ(result->status, expected) << command << "\n" << output << result->error_output;
    if (!shown.empty()) {
      EXPECT_EQ(WithoutHashes(output), WithoutHashes(shown)) << command;
    }
  }
}

}  // namespace
}  // namespace lab::e2e
