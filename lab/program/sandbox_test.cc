#include "lab/program/sandbox.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "lab/program/runfiles.h"
#include "lab/program/spawn.h"

namespace lab {
namespace {

struct Ran {
  int status = -1;
  std::string output;
};

std::string Quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Runs a command line as it is, both outputs together.
Ran Execute(const std::vector<std::string>& line) {
  std::string command;
  for (const std::string& word : line) absl::StrAppend(&command, Quoted(word), " ");
  Ran ran;
  FILE* pipe = popen(absl::StrCat(command, " 2>&1 </dev/null").c_str(), "r");
  char buffer[4096];
  while (const size_t length = fread(buffer, 1, sizeof(buffer), pipe)) ran.output.append(buffer, length);
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

Ran Shell(SandboxOptions options, const std::string& script) {
  return Execute(SandboxCommand(options, {"/bin/sh", "-c", script}));
}

SandboxOptions Of(SandboxOptions::Kind kind) {
  SandboxOptions options;
  options.kind = kind;
  return options;
}

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    const absl::Status available = SandboxAvailable();
    if (!available.ok()) GTEST_SKIP() << available.message();
  }
};

TEST_F(Sandbox, ExitStatusIsTheCommands) {
  EXPECT_EQ(Shell(Of(SandboxOptions::Kind::kProgram), "exit 7").status, 7);
  EXPECT_EQ(Shell(Of(SandboxOptions::Kind::kProgram), "kill -SEGV $$").status, 139);
}

TEST_F(Sandbox, ProgramSeesOnlyItsFolderAndAReadOnlySystem) {
  char folder[] = "/tmp/duet-sandbox-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  SandboxOptions options = Of(SandboxOptions::Kind::kProgram);
  options.mounts = {{folder, "/submission"}};
  options.directory = "/submission";
  options.hostname = "alpha";
  const Ran ran = Shell(options,
                        "pwd; uname -n; touch x 2>/dev/null || echo refused; touch /usr/x 2>/dev/null || echo refused;"
                        "echo x > /tmp/x && cat /tmp/x; ls /root /home 2>/dev/null; id -u");
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(ran.output, "/submission\nalpha\nrefused\nrefused\nx\n1000\n");
  rmdir(folder);
}

TEST_F(Sandbox, EnvironmentIsFixed) {
  setenv("DUET_TEST_SECRET", "1", 1);
  SandboxOptions options = Of(SandboxOptions::Kind::kProgram);
  options.environment = {{"PYTHONHASHSEED", "0"}};
  const Ran ran = Execute(SandboxCommand(options, {"/usr/bin/env"}));
  EXPECT_EQ(ran.output.find("SECRET"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("PYTHONHASHSEED=0"), std::string::npos) << ran.output;
}

TEST_F(Sandbox, ProgramCannotMakeNamespacesNorWriteTheKernelsKnobs) {
  const Ran ran = Shell(Of(SandboxOptions::Kind::kProgram),
                        "unshare -Ur true 2>/dev/null || echo refused;"
                        "(echo x > /proc/sys/kernel/core_pattern) 2>/dev/null || echo refused");
  EXPECT_EQ(ran.output, "refused\nrefused\n");
}

TEST_F(Sandbox, LimitsHoldForTheCommand) {
  SandboxOptions options = Of(SandboxOptions::Kind::kBuild);
  options.limits = Limits{.cpu_seconds = 1, .file_bytes = 1024};
  EXPECT_EQ(Shell(options, "head -c 9999 /dev/zero > /tmp/x; wc -c < /tmp/x").output,
            "File size limit exceeded\n1024\n");
  EXPECT_EQ(Shell(options, "while :; do :; done").status, 128 + SIGXCPU);
}

TEST_F(Sandbox, TmpHasASize) {
  SandboxOptions options = Of(SandboxOptions::Kind::kBuild);
  options.tmp_bytes = 1 << 20;
  EXPECT_NE(Shell(options, "head -c 2000000 /dev/zero > /tmp/x").status, 0);
}

TEST_F(Sandbox, NothingElseCanBeWritten) {
  for (const auto kind : {SandboxOptions::Kind::kBuild, SandboxOptions::Kind::kProgram}) {
    SandboxOptions options = Of(kind);
    options.tmp_bytes = 1 << 20;
    EXPECT_EQ(Shell(options,
                    "for path in /x /dev/x /etc/x /proc/self/comm /proc/sys/kernel/hostname; do"
                    "  (echo x > $path) 2>/dev/null && echo wrote to $path; done;"
                    "head -c 2000000 /dev/zero 2>/dev/null > /dev/shm/x; wc -c < /dev/shm/x;"
                    "echo x > /dev/null && echo x > /dev/stdout; cat /proc/keys 2>/dev/null")
                  .output,
              "1048576\nx\n");
  }
}

TEST_F(Sandbox, CompilerRunsInABuild) {
  char folder[] = "/tmp/duet-sandbox-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  SandboxOptions options = Of(SandboxOptions::Kind::kBuild);
  options.mounts = {{folder, "/build", true}};
  options.directory = "/build";
  const Ran ran = Shell(options, "echo 'int main(void) { return 3; }' > x.c && gcc -o x x.c && ./x");
  EXPECT_EQ(ran.status, 3) << ran.output;
  EXPECT_EQ(Execute({"/bin/rm", "-r", folder}).status, 0);
}

TEST_F(Sandbox, WorkerMakesProgramsSandboxesAndNetworks) {
  const std::vector<std::string> inner = SandboxCommand(Of(SandboxOptions::Kind::kProgram), {"/usr/bin/id", "-u"});
  std::vector<std::string> quoted;
  for (const std::string& word : inner) quoted.push_back(Quoted(word));
  SandboxOptions options = Of(SandboxOptions::Kind::kWorker);
  // What the lab itself reads has to be there inside, too.
  const std::filesystem::path hosts = Runfile("lab/program/etc/hosts");
  options.mounts = {{std::filesystem::canonical(hosts).parent_path(), hosts.parent_path()}, {inner[0], inner[0]}};
  const Ran ran =
      Shell(options, absl::StrCat("id -u; ", absl::StrJoin(quoted, " "), "; unshare -n cat /proc/net/dev | wc -l"));
  EXPECT_EQ(ran.output, "0\n1000\n3\n");
}

TEST_F(Sandbox, NothingIsExecutedWhereTheParentHasEndedBefore) {
  SandboxOptions options = Of(SandboxOptions::Kind::kProgram);
  options.parent = getpid();
  const absl::StatusOr<pid_t> child = Spawn(SandboxCommand(options, {"/bin/sh", "-c", "exit 7"}), {});
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(WaitForExit(*child), 7);
  // Its child's child finds another parent, as it would where this process had ended.
  const std::string line = absl::StrJoin(SandboxCommand(options, {"/usr/bin/id"}), " ");
  const Ran ran = Execute({"/bin/sh", "-c", line + "; exit $?"});
  EXPECT_EQ(ran.status, 127);
  EXPECT_EQ(ran.output, "");
}

}  // namespace
}  // namespace lab
