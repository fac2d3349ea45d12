// Processes of a world: their arguments, output, ends, and time.

#include <algorithm>
#include <string>

#include "tests/conformance/harness.h"
#include "tests/conformance/make_world.h"

namespace conformance {
namespace {

class ProcessTest : public ConformanceTest {};

TEST_F(ProcessTest, KnowsItsArguments) {
  StartWith(server_, {.name = "asks", .arguments = {"10.0.0.1", "", "a b"}}, [](Self& self) {
    const auto& arguments = self.process().arguments();
    self.Equal(static_cast<long>(arguments.size()), 4);
    self.Equal(arguments[0], "asks");
    self.Equal(arguments[1], "10.0.0.1");
    self.Equal(arguments[2], "");
    self.Equal(arguments[3], "a b");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ProcessTest, ReadsItsInputAndThenTheEnd) {
  StartWith(server_, {.name = "reads", .input = Numbered(200'000)}, [](Self& self) {
    std::string input;
    char bytes[10'000];
    int got;
    while ((got = self.Ok(self->read(0, bytes, sizeof bytes))) > 0) input.append(bytes, static_cast<size_t>(got));
    self.Equal(input, Numbered(200'000));
    self.Gives(self->read(0, bytes, 1), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ProcessTest, InputCanBePolled) {
  StartWith(server_, {.name = "polls", .input = "line\n"}, [](Self& self) {
    self.Equal(self.Poll(0, POLLIN, -1) & POLLIN, POLLIN);
    char bytes[10];
    self.Gives(self->read(0, bytes, 10), 5);
    self.WaitForEvents(0, POLLIN, POLLHUP);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ProcessTest, OutputsAreKeptApart) {
  const ProcessId process = Start(server_, "writes", [](Self& self) {
    const std::string bytes = Numbered(300'000);
    size_t written = 0;
    while (written < bytes.size()) {
      written += static_cast<size_t>(self.Ok(self->write(1, bytes.data() + written, bytes.size() - written)));
    }
    self.Gives(self->write(2, "error", 5), 5);
  });
  ASSERT_TRUE(Finish());
  EXPECT_EQ(outcome(process).output, Numbered(300'000));
  EXPECT_EQ(outcome(process).error_output, "error");
}

TEST_F(ProcessTest, ReportsKeepTheirOrder) {
  const ProcessId process = Start(server_, "reports", [](Self& self) {
    self.Report("first", "1");
    self.Report("second", std::string("two\nlines and a \0 zero", 21));
    self.Report("first", "3");
  });
  ASSERT_TRUE(Finish());
  using Reports = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(outcome(process).reports,
            (Reports{{"first", "1"}, {"second", std::string("two\nlines and a \0 zero", 21)}, {"first", "3"}}));
  EXPECT_EQ(outcome(process).Report("first"), "1");
  EXPECT_EQ(outcome(process).Report("third"), "");
}

TEST_F(ProcessTest, ReportsOutliveAKilledProcess) {
  const ProcessId process = Start(server_, "reports", [](Self& self) {
    self.Report("alive");
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitForReport(process, "alive"));
  Kill(process);
  ASSERT_TRUE(Finish());
  EXPECT_TRUE(outcome(process).HasReport("alive"));
}

TEST_F(ProcessTest, KillingOneThatHasEndedChangesNothing) {
  const ProcessId process = Start(server_, "ends", [](Self&) {});
  ASSERT_TRUE(Finish());
  world().Kill(process);
  world().RunFor(10ms);
  EXPECT_EQ(outcome(process).exit_status, 0);
}

TEST_F(ProcessTest, SleepTakesItsTime) {
  Alone([](Self& self) {
    const Time before = self.now();
    self.process().sleep(30ms);
    self.Between(self.now() - before, 30ms, 35ms);
    self.process().sleep(0ms);
    self.process().sleep(-5s);
    self.Between(self.now() - before, 30ms, 35ms);
  });
}

TEST_F(ProcessTest, RandomBytesDiffer) {
  Alone([](Self& self) {
    std::string first(32, '\0');
    std::string second(32, '\0');
    self.process().random(first.data(), first.size());
    self.process().random(second.data(), second.size());
    self.True(first != second, "two draws differ");
    self.True(std::count(first.begin(), first.end(), '\0') < 16, "the bytes are drawn");
  });
}

TEST_F(ProcessTest, APausedProcessMakesNoStep) {
  const ProcessId process = Start(server_, "pausing", [](Self& self) {
    self.Accept(self.Listen(kPort, 5));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  world().Pause(process);
  const ProcessId client = Start(server_, "client", [](Self& self) { self.Connect(kLoopback, kPort); });
  ASSERT_TRUE(WaitForExit(client));
  world().RunFor(50ms);
  EXPECT_FALSE(outcome(process).exited);
  world().Resume(process);
  ASSERT_TRUE(Finish());
}

TEST_F(ProcessTest, CutTransfersMoveAtLeastAByteAndLoseNone) {
  StartWith(server_, {.name = "server", .short_transfers = true}, [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Equal(self.ReceiveAll(fd), Numbered(20'000));
    self.Send(fd, Numbered(20'000));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  StartWith(client_, {.name = "client", .short_transfers = true}, [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Send(fd, Numbered(20'000));
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    self.Equal(self.ReceiveAll(fd), Numbered(20'000));
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ProcessTest, WorldsSideBySideDoNotMeet) {
  Start(server_, "server", [](Self& self) {
    self.Listen(kPort, 5);
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));

  const auto other = MakeWorld(1);
  const HostId same_address = other->AddHost({"server", {}});
  const HostId client = other->AddHost({"client", {}});
  EXPECT_EQ(other->address(same_address), address(server_));
  EXPECT_FALSE(other->Listening(same_address, kPort));
  const ProcessId process = other->Start(client, {.name = "client"}, [this](lab::Process& process) {
    lab::Sockets& sockets = process.sockets();
    const int fd = sockets.socket(AF_INET, SOCK_STREAM, 0);
    const int result = sockets.connect(fd, At(address(server_), kPort), At::kLength);
    return result == -1 && errno == ECONNREFUSED ? 7 : 1;
  });
  ASSERT_TRUE(other->RunUntil([&] { return other->outcome(process).exited; }, kLimit));
  EXPECT_EQ(other->outcome(process).exit_status, 7);

  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(ProcessTest, DestroyingAWorldEndsItsProcesses) {
  auto other = MakeWorld(1);
  const HostId host = other->AddHost({"server", {}});
  const ProcessId process = other->Start(host, {.name = "for ever"}, [](lab::Process& process) {
    for (;;) process.sleep(1s);
    return 0;
  });
  EXPECT_FALSE(other->RunUntil([&] { return other->outcome(process).exited; }, 20ms));
  other.reset();
}

}  // namespace
}  // namespace conformance
