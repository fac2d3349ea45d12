#include "lab/trace/pcapng.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "lab/trace/story_for_test.h"
#include "lab/trace/whole_file.h"

namespace lab {
namespace {

uint32_t U32(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

// Standard output and error of a command, and its exit status as the last line.
std::string OutputOf(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1; echo \"status $?\"").c_str(), "r");
  std::string output;
  char buffer[4096];
  size_t length;
  while ((length = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0) output.append(buffer, length);
  ::pclose(pipe);
  return output;
}

Story WithALostPacket() {
  Story story = Greeting();
  Story::Segment lost{"A", 1001, 5022, "lost words"};
  lost.cause = "link \xff down";
  lost.arrived = false;
  story.At(70).Send(0, 1, lost);
  return story;
}

// Each block's type and body.
std::vector<std::pair<uint32_t, std::string>> Blocks(const std::string& file) {
  std::vector<std::pair<uint32_t, std::string>> blocks;
  for (size_t at = 0; at < file.size();) {
    const uint32_t length = U32(file, at + 4);
    EXPECT_EQ(length % 4, 0u);
    if (length < 12 || at + length > file.size()) {
      ADD_FAILURE() << "a block of " << length << " bytes at " << at;
      break;
    }
    EXPECT_EQ(U32(file, at + length - 4), length);
    blocks.emplace_back(U32(file, at), file.substr(at + 8, length - 12));
    at += length;
  }
  return blocks;
}

TEST(PcapngTest, HoldsEveryPacketInBytesAtTheTimeItWasSent) {
  Story story = WithALostPacket();
  const auto blocks = Blocks(Pcapng(story.trace()));
  ASSERT_EQ(blocks.size(), 3u + 10u);
  EXPECT_EQ(blocks[0].first, 0x0a0d0d0au);
  EXPECT_EQ(blocks[1].first, 1u);
  const std::string& syn = blocks[3].second;
  EXPECT_EQ(blocks[3].first, 6u);
  EXPECT_EQ(U32(syn, 8), 6100u);  // nanoseconds
  const size_t length = U32(syn, 12);
  const auto packet = FromBytes({reinterpret_cast<const uint8_t*>(syn.data()) + 20, length});
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_TRUE(packet->tcp.syn);
  EXPECT_EQ(packet->destination.port, 9999);
}

TEST(PcapngTest, ALostPacketCarriesAComment) {
  Story story = WithALostPacket();
  const auto blocks = Blocks(Pcapng(story.trace()));
  EXPECT_TRUE(absl::StrContains(blocks.back().second, "not delivered: link \\xff down"));
}

TEST(PcapngTest, TsharkOpensItWithoutAWarning) {
  if (std::system("command -v tshark >/dev/null") != 0) GTEST_SKIP() << "tshark is not installed";
  Story story = WithALostPacket();
  const std::string path = testing::TempDir() + "/capture.pcapng";
  ASSERT_TRUE(WritePcapng(story.trace(), path).ok());
  // Its words about running as root are none about the file.
  const std::string fields =
      "-T fields -E separator=, -e frame.time_relative -e tcp.flags.syn -e tcp.len -e tcp.checksum.status "
      "-e ip.checksum.status -e _ws.malformed -e frame.comment -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE";
  const std::string output = OutputOf("HOME=" + testing::TempDir() + " tshark -n -r " + path + " " + fields);
  EXPECT_TRUE(absl::StrContains(output, "0.000000000,1,0,1,1,,\n0.000010000,1,0,1,1,,\n0.000020000,0,0,1,1,,\n"
                                        "0.000031000,0,20,1,1,,\n")) << output;
  EXPECT_TRUE(absl::StrContains(output, "0.000064000,0,10,1,1,,not delivered: link \\xff down\n")) << output;
  EXPECT_TRUE(absl::StrContains(output, "status 0\n")) << output;
  EXPECT_FALSE(absl::StrContains(output, "arning")) << output;
}

TEST(WholeFileTest, ReplacesAFileAndKeepsItsMode) {
  const std::string path = testing::TempDir() + "/whole-file";
  ASSERT_TRUE(WriteWholeFile(path, "old").ok());
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_TRUE(WriteWholeFile(path, "new").ok());
  EXPECT_EQ(ReadFile(path), "new");
  struct stat after;
  ASSERT_EQ(::stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_mode & 0777, 0600u);
}

TEST(WholeFileTest, FollowsALink) {
  const std::string path = testing::TempDir() + "/target", link = testing::TempDir() + "/link";
  ASSERT_TRUE(WriteWholeFile(path, "old").ok());
  ::unlink(link.c_str());
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
  ASSERT_TRUE(WriteWholeFile(link, "new").ok());
  EXPECT_EQ(ReadFile(path), "new");
}

TEST(WholeFileTest, AFailureNamesThePathAndLeavesNothing) {
  const absl::Status missing = WriteWholeFile(testing::TempDir() + "/no-such-folder/file", "x");
  EXPECT_TRUE(absl::StrContains(missing.message(), "/no-such-folder/file: No such file or directory")) << missing;
  const absl::Status folder = WriteWholeFile(testing::TempDir(), "x");
  EXPECT_TRUE(absl::StrContains(folder.message(), "Is a directory")) << folder;
}

TEST(WholeFileTest, ADeviceIsWrittenToAndNotReplaced) {
  EXPECT_TRUE(WriteWholeFile("/dev/null", "x").ok());
  struct stat after;
  ASSERT_EQ(::stat("/dev/null", &after), 0);
  EXPECT_TRUE(S_ISCHR(after.st_mode));
}

}  // namespace
}  // namespace lab
