#include "lab/service/submission.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/service/temp_folder.h"

namespace lab::service {
namespace {

using ::testing::HasSubstr;

struct Given {
  std::string path;
  std::string content = "";
  bool executable = false;
};

duet::v1::Submission Of(const std::vector<Given>& files) {
  duet::v1::Submission submission;
  for (const Given& given : files) {
    auto* const file = submission.add_files();
    file->set_path(given.path);
    file->set_content(given.content);
    file->set_executable(given.executable);
  }
  return submission;
}

const grade::Exercise kServer{.name = "02-server", .roles = {{"server", "server PORT"}}};
const grade::Exercise kEcho{.name = "03-echo", .roles = {{"client", "client HOST PORT"}, {"server", "server PORT"}}};

std::string SentenceFor(const grade::Exercise& exercise, const duet::v1::Submission& submission) {
  const auto entries = FindEntries(exercise, submission);
  return entries.ok() ? "OK" : std::string(entries.status().message());
}

TEST(SubmissionTest, PathsThatLeadElsewhereAreRefused) {
  for (const char* const path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\nb", "a/.."}) {
    EXPECT_FALSE(CheckFiles(Of({{path}})).ok()) << path;
  }
  EXPECT_FALSE(CheckFiles(Of({{std::string(1000, 'a')}})).ok());
  EXPECT_FALSE(CheckFiles(Of({{"-fplugin=x.c"}})).ok());
  EXPECT_FALSE(CheckFiles(Of({{"@options.c"}})).ok());
  EXPECT_FALSE(CheckFiles(Of({{".duet-built/server"}})).ok());
  EXPECT_TRUE(CheckFiles(Of({{"a/b.c"}, {"a/c d.h"}, {"..c"}})).ok());
}

TEST(SubmissionTest, FilesThatExcludeEachOtherAreRefused) {
  EXPECT_THAT(CheckFiles(Of({{"a"}, {"a"}})).ToString(), HasSubstr("a is there twice"));
  EXPECT_THAT(CheckFiles(Of({{"a"}, {"a/b/c"}})).ToString(), HasSubstr("both a file and a folder"));
}

TEST(SubmissionTest, TooManyAndTooLargeAreRefused) {
  EXPECT_FALSE(CheckFiles(Of({})).ok());
  EXPECT_FALSE(CheckFiles(Of({{"a", std::string(17 << 20, 'x')}})).ok());
  std::vector<Given> many;
  for (int i = 0; i < 300; ++i) many.push_back({std::to_string(i)});
  EXPECT_FALSE(CheckFiles(Of(many)).ok());
}

TEST(SubmissionTest, FilesAreUnpackedWithTheirModes) {
  const auto folder = TempFolder::Make();
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(Unpack(Of({{"a/b.h", "text\n"}, {"server", "#!/bin/sh\n", true}}), folder->path()).ok());
  std::ifstream stream(folder->path() + "/a/b.h");
  std::string line;
  std::getline(stream, line);
  EXPECT_EQ(line, "text");
  namespace fs = std::filesystem;
  EXPECT_NE(fs::status(folder->path() + "/server").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(fs::status(folder->path() + "/a/b.h").permissions() & fs::perms::owner_exec, fs::perms::none);
}

TEST(SubmissionTest, AFolderGoesWithItsOwner) {
  std::string path;
  {
    const auto folder = TempFolder::Make();
    ASSERT_TRUE(folder.ok());
    path = folder->path();
    ASSERT_TRUE(Unpack(Of({{"a/b/c", "x"}}), path).ok());
    std::filesystem::permissions(path + "/a/b", std::filesystem::perms::none);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SubmissionTest, ASingleFileFillsTheOnlyRoleWhateverItsName) {
  const auto entries = FindEntries(kServer, Of({{"my_homework.cpp"}}));
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].path, "my_homework.cpp");
  EXPECT_EQ((*entries)[0].kind, Entry::Kind::kCpp);
  EXPECT_EQ((*FindEntries(kServer, Of({{"a.out", "\177ELF"}})))[0].kind, Entry::Kind::kExecutable);
}

TEST(SubmissionTest, NamesTellTheRolesApart) {
  const auto entries = FindEntries(kEcho, Of({{"README.md"}, {"client.py"}, {"server.c"}, {"util.h"}}));
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].role, "client");
  EXPECT_EQ((*entries)[0].kind, Entry::Kind::kPython);
  EXPECT_EQ((*entries)[1].path, "server.c");
}

TEST(SubmissionTest, SourcesComeBeforeWhatWasBuiltFromThem) {
  const auto entries = FindEntries(kServer, Of({{"server", "\177ELF", true}, {"server.c"}}));
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].path, "server.c");
}

TEST(SubmissionTest, AMissingEntryPointIsNamed) {
  EXPECT_THAT(SentenceFor(kEcho, Of({{"client.c"}})), HasSubstr("no entry point for `server`"));
  EXPECT_THAT(SentenceFor(kServer, Of({{"a.c"}, {"b.c"}})), HasSubstr("it needs server.c, "));
  EXPECT_THAT(SentenceFor(kServer, Of({{"sub/server.c"}, {"b"}})), HasSubstr("has sub/server.c, b"));
  EXPECT_THAT(SentenceFor(kServer, Of({{"notes.txt"}})), HasSubstr("notes.txt is neither"));
}

TEST(SubmissionTest, TwoCandidatesAreNamed) {
  EXPECT_THAT(SentenceFor(kServer, Of({{"server.c"}, {"server.py"}})), HasSubstr("both server.c and server.py"));
}

TEST(SubmissionTest, AFunctionIsCpp) {
  auto submission = Of({{"server.c"}});
  submission.set_in_process(true);
  EXPECT_THAT(SentenceFor(kServer, submission), HasSubstr("is not C++"));
}

}  // namespace
}  // namespace lab::service
