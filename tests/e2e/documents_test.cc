// The commands in the documents do what they say.
#include <cstring>
#include <filesystem>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

struct Command {
  std::string line;
  std::string output;  // what the document shows of it; empty where it shows nothing
};

// The lines of a document's ```sh blocks, the last of each with the ```text block that follows; and those of a
// handout's indented blocks that call Duet.
std::vector<Command> Commands(const std::string& document) {
  std::vector<Command> commands;
  std::istringstream stream(document);
  std::string block;
  for (std::string line; std::getline(stream, line);) {
    if (absl::StartsWith(line, "```")) {
      block = line;
    } else if (block == "```sh" && !line.empty()) {
      commands.push_back({line, ""});
    } else if (block != "```text" && absl::StartsWith(line, "    ./duet ")) {
      commands.push_back({line.substr(4), ""});
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

class DocumentsTest : public testing::TestWithParam<const char*> {};

TEST_P(DocumentsTest, EveryCommandWorks) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const std::vector<Command> commands = Commands(ReadFile(Runfile(GetParam())));
  ASSERT_FALSE(commands.empty());
  const std::string folder = Folder(absl::StrReplaceAll(GetParam(), {{"/", "-"}}));
  std::filesystem::create_symlink(Binary(), folder + "/duet");
  // A copy, because the build's files are links, which a submission must not have.
  for (const char* files : {"exercises", "examples"}) {
    if (!std::filesystem::exists(Runfile(files))) continue;
    std::filesystem::copy(Runfile(files), absl::StrCat(folder, "/", files), std::filesystem::copy_options::recursive);
  }
  for (const auto& [command, shown] : commands) {
    // That one is running.
    if (command == "./duet test") continue;
    std::string output;
    service::CommandOptions options;
    options.most_silence = std::chrono::seconds(600);
    options.on_output = [&](std::string_view bytes) { output += bytes; };
    const auto result = service::RunCommand({"/bin/sh", "-c", absl::StrCat("cd ", folder, " && ", command)}, options);
    ASSERT_TRUE(result.ok());
    // But for a solution what is graded there is a starter, or wrong on purpose.
    const bool less = absl::StartsWith(command, "./duet grade ") && !absl::StrContains(command, "/solution/");
    const int expected = less ? 1 : 0;
    EXPECT_EQ(result->status, expected) << command << "\n" << output << result->error_output;
    if (!shown.empty()) {
      EXPECT_EQ(WithoutHashes(output), WithoutHashes(shown)) << command;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Documents, DocumentsTest,
                         testing::Values("README.md", "docs/grading.md", "docs/run.md", "exercises/01-client/README.md",
                                         "exercises/02-server/README.md", "exercises/03-echo/README.md"),
                         [](const auto& each) {
                           return absl::StrReplaceAll(std::string(each.param, strlen(each.param) - 3),
                                                      {{"/", "_"}, {"-", "_"}});
                         });

}  // namespace
}  // namespace lab::e2e
