#include "lab/service/command.h"

#include <signal.h>

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::service {
namespace {

using ::testing::HasSubstr;

CommandResult Shell(const std::string& script, CommandOptions options = {}) {
  auto result = RunCommand({"/bin/sh", "-c", script}, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : CommandResult{};
}

TEST(CommandTest, BothOutputsAndTheStatusComeBack) {
  std::string output;
  CommandOptions options;
  options.on_output = [&](std::string_view bytes) { output += bytes; };
  const CommandResult result = Shell("echo out; echo err >&2; exit 7", options);
  EXPECT_EQ(output, "out\n");
  EXPECT_EQ(result.error_output, "err\n");
  EXPECT_EQ(result.status, 7);
}

TEST(CommandTest, InputLargerThanAPipeArrivesWhole) {
  std::string output;
  CommandOptions options;
  options.input = std::string(1 << 20, 'x');
  options.on_output = [&](std::string_view bytes) { output += bytes; };
  Shell("wc -c", options);
  EXPECT_THAT(output, HasSubstr("1048576"));
}

TEST(CommandTest, ACommandThatReadsNothingIsLeftAlone) {
  CommandOptions options;
  options.input = std::string(1 << 20, 'x');
  EXPECT_EQ(Shell("exec 0<&-; exit 3", options).status, 3);
}

TEST(CommandTest, OnlyTheEndOfManyErrorsIsKept) {
  const CommandResult result = Shell("seq 1 100000 >&2");
  EXPECT_LE(result.error_output.size(), size_t{64} << 10);
  EXPECT_THAT(result.error_output, HasSubstr("\n100000\n"));
}

TEST(CommandTest, ACommandThatTakesTooMuchMemoryWithItsChildrenIsKilled) {
  CommandOptions options;
  options.most_memory = 48 << 20;
  const std::string grow = "python3 -c 'import time; all = bytearray(32 << 20); time.sleep(1000)'";
  const CommandResult result = Shell(grow + " & " + grow + " & wait", options);
  EXPECT_EQ(result.end, CommandResult::End::kTooLarge);
  EXPECT_EQ(result.status, 128 + SIGKILL);
}

TEST(CommandTest, ACancelledCommandIsKilled) {
  std::atomic<bool> cancel = false;
  CommandOptions options;
  options.on_output = [&](std::string_view) { cancel = true; };
  options.cancelled = [&] { return cancel.load(); };
  const CommandResult result = Shell("echo started; exec sleep 1000", options);
  EXPECT_EQ(result.end, CommandResult::End::kCancelled);
  EXPECT_EQ(result.status, 128 + SIGKILL);
}

TEST(CommandTest, ASilentCommandIsKilled) {
  CommandOptions options;
  options.most_silence = std::chrono::seconds(0);
  EXPECT_EQ(Shell("exec sleep 1000", options).end, CommandResult::End::kSilent);
}

TEST(CommandTest, NoDescriptorAndNoSignalMaskIsInherited) {
  std::string output;
  CommandOptions options;
  options.on_output = [&](std::string_view bytes) { output += bytes; };
  sigset_t blocked;
  sigset_t before;
  sigfillset(&blocked);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  Shell("ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status", options);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(output, HasSubstr("0000000000000000"));
}

TEST(CommandTest, AProgramThatIsNotThereEndsWithItsName) {
  const auto result = RunCommand({"/no/such/program"}, {});
  ASSERT_TRUE(result.ok());
  EXPECT_NE(result->status, 0);
  EXPECT_THAT(result->error_output, HasSubstr("/no/such/program"));
}

}  // namespace
}  // namespace lab::service
