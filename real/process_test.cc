// Processes: what they are given, what is known of them, and that nothing of them remains.

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_join.h"

#include "real/file.h"
#include "real/process_tree.h"
#include "real/real_world.h"
#include "real/world_for_test.h"

namespace real {
namespace {

using lab::Outcome;
using lab::Process;
using lab::ProcessId;
using std::chrono::milliseconds;

using RealProcessTest = RealWorldTest;

int Execute(const char* script) {
  signal(SIGPIPE, SIG_DFL);
  execl("/bin/sh", "sh", "-c", script, nullptr);
  return 126;
}

// Waits, without using the processor, until it is killed.
int WaitForEver(Process& self) {
  self.report("waits", "");
  while (true) self.sleep(std::chrono::hours(1));
}

TEST_F(RealProcessTest, StandardStreamsArePipes) {
  std::string input(300'000, 'x');
  input += "end";
  const ProcessId process = Start(a_,
                                  [](Process& self) {
                                    const std::string all = ReadAll(self.sockets(), 0);
                                    self.sockets().write(2, "read it", 7);
                                    for (size_t at = 0; at < all.size();)
                                      at += self.sockets().write(1, all.data() + at, all.size() - at);
                                    return 42;
                                  },
                                  {.name = "cat", .input = input});
  ASSERT_TRUE(RunUntilExit(process)) << Story(process);
  EXPECT_TRUE(world_->outcome(process).output == input);
  EXPECT_EQ(world_->outcome(process).error_output, "read it");
  EXPECT_EQ(world_->outcome(process).exit_status, 42);
}

TEST_F(RealProcessTest, DescriptorsBeginAtThreeAndArgumentsAreItsOwn) {
  EXPECT_EQ(ResultOf(a_,
                     [](Process& self) {
                       self.report("result", absl::StrCat(self.sockets().socket(AF_INET, SOCK_STREAM, 0), " ",
                                                          absl::StrJoin(self.arguments(), ",")));
                       return 0;
                     },
                     {.name = "client", .arguments = {"beta", "9999"}}),
            "3 client,beta,9999");
}

// The address of a name, or EAI_NONAME.
std::string Resolve(Process& self, const char* name) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = self.sockets().getaddrinfo(name, "9999", &hints, &found);
  if (error != 0) return error == EAI_NONAME ? "EAI_NONAME" : gai_strerror(error);
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, text, sizeof text);
  self.sockets().freeaddrinfo(found);
  return text;
}

TEST_F(RealProcessTest, NamesResolve) {
  EXPECT_EQ(ResultOf(a_,
                     [](Process& self) {
                       char own[64];
                       self.sockets().gethostname(own, sizeof own);
                       self.report("result", absl::StrCat(Resolve(self, "beta"), " ", Resolve(self, "localhost"), " ",
                                                          Resolve(self, "nowhere"), " ", own));
                       return 0;
                     }),
            "10.0.0.2 127.0.0.1 EAI_NONAME alpha");
}

TEST_F(RealProcessTest, AHostAddedLaterIsKnownToo) {
  const ProcessId process = Start(a_, [](Process& self) {
    self.report("before", Resolve(self, "later"));
    while (Resolve(self, "later") == "EAI_NONAME") self.sleep(milliseconds(1));
    self.report("result", Resolve(self, "later"));
    return 0;
  });
  ASSERT_TRUE(RunUntilReport(process, "before"));
  world_->AddHost({"later", {}});
  ASSERT_TRUE(RunUntilExit(process)) << Story(process);
  EXPECT_EQ(world_->outcome(process).Report("before"), "EAI_NONAME");
  EXPECT_EQ(world_->outcome(process).Report("result"), "10.0.0.3");
}

TEST_F(RealProcessTest, NoHostCanBeCalledSomethingOutlandish) {
  world_->AddHost({"evil\n10.0.0.9 alpha", {}});
  EXPECT_TRUE(absl::IsInvalidArgument(world_->status())) << world_->status();
}

TEST_F(RealProcessTest, ASignalGivesTheShellsStatus) {
  const ProcessId process = Start(a_, [](Process&) { return kill(getpid(), SIGTERM); });
  ASSERT_TRUE(RunUntilExit(process));
  EXPECT_EQ(world_->outcome(process).exit_status, 128 + SIGTERM);
}

TEST_F(RealProcessTest, WritingToAClosedConnectionRaisesNoSignalInAFunction) {
  EXPECT_EQ(ResultOf(a_,
                     [](Process& self) {
                       int ends[2];
                       self.sockets().pipe2(ends, 0);
                       self.sockets().close(ends[0]);
                       self.report("result",
                                   self.sockets().write(ends[1], "x", 1) < 0 ? strerrorname_np(errno) : "written");
                       return 0;
                     }),
            "EPIPE");
}

TEST_F(RealProcessTest, APausedServerLetsItsKernelConnectAndServesWhenResumed) {
  const ProcessId server = StartGreeter("hello");
  world_->Pause(server);
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilReport(client, "connected")) << Story(client);
  EXPECT_FALSE(RunUntilExit(client, milliseconds(100)));
  world_->Resume(server);
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("received"), "hello");
}

TEST_F(RealProcessTest, PauseStopsWhatAProcessHasStarted) {
  const ProcessId process = Start(a_, [](Process& self) {
    return Execute(
        "(while :; do echo tick; sleep 0.01; done) &"
        "(setsid sh -c 'sh -c \"while :; do echo tock; sleep 0.01; done\"; :'; :) &"
        "wait");
  });
  const auto& output = world_->outcome(process).output;
  const auto ticks = [&] { return output.find("tick") != output.npos && output.find("tock") != output.npos; };
  ASSERT_TRUE(world_->RunUntil(ticks, kPatience));
  world_->Pause(process);
  world_->RunFor(milliseconds(20));  // what was written before
  const size_t written = output.size();
  world_->RunFor(milliseconds(100));
  EXPECT_EQ(output.size(), written);
  world_->Resume(process);
  EXPECT_TRUE(world_->RunUntil([&] { return output.size() > written; }, kPatience));
}

TEST_F(RealProcessTest, AKilledServersConnectionsEnd) {
  const ProcessId server = Start(b_, [](Process& self) {
    self.sockets().accept(ListenOn(self.sockets(), kPort), nullptr, nullptr);
    return WaitForEver(self);
  });
  ASSERT_TRUE(RunUntilListening(b_));
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilReport(client, "connected"));
  ASSERT_TRUE(RunUntilReport(server, "waits"));
  world_->Kill(server);
  EXPECT_TRUE(world_->outcome(server).exited);
  EXPECT_EQ(world_->outcome(server).exit_status, 128 + SIGKILL);
  EXPECT_FALSE(world_->Listening(b_, kPort));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("received"), "");
  EXPECT_EQ(world_->outcome(client).Report("error"), "");
}

TEST_F(RealProcessTest, APausedProcessCanBeKilled) {
  const ProcessId process = Start(a_, WaitForEver);
  ASSERT_TRUE(RunUntilReport(process, "waits"));
  world_->Pause(process);
  world_->Kill(process);
  EXPECT_TRUE(world_->outcome(process).exited);
}

TEST_F(RealProcessTest, TooMuchOutputEndsIt) {
  const ProcessId process = Start(a_, [](Process& self) {
    const std::string line(1000, 'x');
    while (self.sockets().write(1, line.data(), line.size()) > 0) continue;
    return 0;
  });
  ASSERT_TRUE(RunUntilExit(process));
  EXPECT_EQ(world_->outcome(process).output.size(), Outcome::kMostOutput);
  EXPECT_EQ(world_->outcome(process).exit_status, 128 + SIGKILL);
  EXPECT_EQ(world_->outcome(process).Report(lab::kLimitReport), "it wrote more than 16 MiB to its standard output");
}

TEST_F(RealProcessTest, ReportsSurviveTheProcess) {
  const std::string big(1 << 20, 'x');
  const ProcessId process = Start(a_, [&big](Process& self) {
    self.report("one", "1");
    self.report("big", big);
    self.report("", "");
    return kill(getpid(), SIGKILL);
  });
  ASSERT_TRUE(RunUntilExit(process));
  const std::vector<std::pair<std::string, std::string>> expected = {{"one", "1"}, {"big", big}, {"", ""}};
  EXPECT_TRUE(world_->outcome(process).reports == expected);
}

TEST_F(RealProcessTest, CallsAreInTheLedgerAtTheWorldsTime) {
  const ProcessId process = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(process));
  int refused = 0;
  for (const lab::Event& event : world_->trace().events()) {
    const auto* call = std::get_if<lab::CallEvent>(&event);
    if (call == nullptr || call->entry.call != DUET_CALL_CONNECT) continue;
    EXPECT_EQ(call->process, process);
    EXPECT_EQ(call->entry.error, ECONNREFUSED);
    EXPECT_GE(call->entry.begin_ns, 0);
    EXPECT_LE(call->entry.end_ns, world_->now().count());
    ++refused;
  }
  EXPECT_EQ(refused, 1);
  const uint64_t size = world_->trace().size();
  EXPECT_EQ(world_->trace().size(), size) << "calls must be taken once";
}

TEST_F(RealProcessTest, AForgedLedgerDoesNoHarm) {
  const ProcessId process = Start(a_, [](Process&) {
    const int ledger = atoi(getenv("DUET_LEDGER"));
    const std::string garbage(sizeof(duet_ledger_ring), '\x7f');
    const bool written = pwrite(ledger, garbage.data(), garbage.size(), 0) == static_cast<ssize_t>(garbage.size());
    return written && ftruncate(ledger, 0) != 0 ? 0 : 1;
  });
  ASSERT_TRUE(RunUntilExit(process)) << Story(process);
  EXPECT_EQ(world_->outcome(process).exit_status, 0);
  for (const lab::Event& event : world_->trace().events()) EXPECT_FALSE(std::holds_alternative<lab::CallEvent>(event));
}

TEST_F(RealProcessTest, AnExecutedProgramInheritsTheLedgerAndNothingElse) {
  const ProcessId process = Start(a_, [](Process& self) {
    return Execute(
        "test -e /proc/self/fd/$DUET_LEDGER && test -z \"$DUET_SHORT_TRANSFERS\" && ls /proc/self/fd | wc -l");
  });
  ASSERT_TRUE(RunUntilExit(process)) << Story(process);
  EXPECT_EQ(world_->outcome(process).exit_status, 0) << Story(process);
  EXPECT_EQ(world_->outcome(process).output, "5\n") << "0, 1, 2, the ledger, and the folder that ls reads";
}

TEST_F(RealProcessTest, ShortTransfersCutSendsAndKeepTheStreamWhole) {
  std::string sent(50'000, 'x');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i % 26);
  StartGreeter(sent);
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)), {.name = "client", .short_transfers = true});
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_TRUE(world_->outcome(client).Report("received") == sent);
  int cut = 0;
  for (const lab::Event& event : world_->trace().events()) {
    const auto* call = std::get_if<lab::CallEvent>(&event);
    cut += call != nullptr && call->process == client && call->entry.call == DUET_CALL_READ && call->entry.result > 0 &&
           call->entry.result < 4096;
  }
  EXPECT_GT(cut, 5);
  const ProcessId program = Start(a_, [](Process& self) { return Execute("test \"$DUET_SHORT_TRANSFERS\" -gt 0"); },
                                  {.name = "program", .short_transfers = true});
  ASSERT_TRUE(RunUntilExit(program));
  EXPECT_EQ(world_->outcome(program).exit_status, 0);
}

TEST_F(RealProcessTest, ItSeesItsOwnProcessesAlone) {
  const ProcessId process =
      Start(a_, [](Process& self) { return Execute("echo /proc/[0-9]*; kill -9 -1; kill -9 1"); });
  ASSERT_TRUE(RunUntilExit(process));
  EXPECT_EQ(world_->outcome(process).output, "/proc/1 /proc/2\n");
}

TEST_F(RealProcessTest, NothingRemainsOfAWorld) {
  const ProcessId process = Start(a_, [](Process& self) {
    return Execute("setsid sh -c 'sleep 1000 & sleep 1000' & echo started; exec sleep 1000");
  });
  ASSERT_TRUE(world_->RunUntil([&] { return !world_->outcome(process).output.empty(); }, kPatience));
  EXPECT_FALSE(DescendantsOf(getpid()).empty());
  world_.reset();
  EXPECT_TRUE(DescendantsOf(getpid()).empty());
}

TEST_F(RealProcessTest, WhatAProcessLeftBehindEndsWithIt) {
  const ProcessId process = Start(a_, [](Process& self) { return Execute("(setsid sleep 1000) & echo started"); });
  ASSERT_TRUE(RunUntilExit(process));
  EXPECT_EQ(world_->outcome(process).output, "started\n");
  EXPECT_TRUE(DescendantsOf(getpid()).empty());
}

TEST_F(RealProcessTest, NothingRemainsOfAWorkerThatDies) {
  world_.reset();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t worker = fork();
  if (worker == 0) {
    RealWorld world(lab::Choices::Benign());
    const ProcessId process = world.Start(world.AddHost({"alpha", {}}), {.name = "waits"}, WaitForEver);
    world.RunUntil([&] { return world.outcome(process).HasReport("waits"); }, kPatience);
    kill(getpid(), SIGKILL);
  }
  ASSERT_EQ(waitpid(worker, nullptr, 0), worker);
  // The keeper is this process's child now; wait gives it when its whole namespace has ended.
  EXPECT_GT(waitpid(-1, nullptr, 0), 0);
  EXPECT_TRUE(DescendantsOf(getpid()).empty());
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST_F(RealProcessTest, AWorldWithoutProcessesDoesNotWait) {
  const lab::Time before = world_->now();
  EXPECT_FALSE(world_->RunUntil([] { return false; }, std::chrono::hours(1)));
  EXPECT_LT(world_->now() - before, kPatience);
}

}  // namespace
}  // namespace real
