// The server on a host of its own, each of its clients on another. What the clients got back is the evidence.
#include <utility>

#include "absl/strings/str_cat.h"
#include "exercises/03-echo/peers.h"
#include "exercises/03-echo/scenarios.h"
#include "exercises/checks.h"
#include "exercises/peer.h"
#include "exercises/seen.h"
#include "lab/grade/run.h"

namespace lab::exercises {
namespace {

constexpr uint64_t kInputSeed = 2;
constexpr size_t kMegabyte = 1 << 20;
constexpr size_t kShortInput = 64 << 10;
constexpr Duration kLongPatience = std::chrono::seconds(30);

class Stage {
 public:
  explicit Stage(grade::Run& run, bool short_transfers = false)
      : run_(run), host_(run.world().AddHost({"server", {}})) {
    server_ = run_.StartSubmission("server", host_, {.name = "server",
                                                     .arguments = {absl::StrCat(kEchoPort)},
                                                     .input = "",
                                                     .short_transfers = short_transfers});
  }

  World& world() { return run_.world(); }
  bool Listens() { return run_.ExpectListening(server_, host_, kEchoPort); }

  // Each on a host of its own, "client-1" and on.
  ProcessId Start(Function function) {
    const auto [host, name] = AddClientHost();
    return world().Start(host, {name, {}, "", false}, std::move(function));
  }
  ProcessId StartReference(std::string input) {
    const auto [host, name] = AddClientHost();
    return run_.StartReference("client", host, {name, {"server", absl::StrCat(kEchoPort)}, std::move(input), false});
  }
  ProcessId StartSubmission(std::string input) {
    const auto [host, name] = AddClientHost();
    return run_.StartSubmission("client", host, {name, {"server", absl::StrCat(kEchoPort)}, std::move(input), false});
  }

  const Outcome& WaitFor(ProcessId client, Duration limit) {
    world().RunUntil([&] { return world().outcome(client).exited; }, limit);
    return world().outcome(client);
  }

  // Checks what a client got back: `happened` tells it where it was not right. A server that has ended is the reason
  // for whatever its client missed.
  bool ExpectEcho(bool right, const std::string& expected, const std::string& happened, const std::string& hint) {
    return (right || ExpectStillRuns(run_, server_)) && run_.Expect("echo", right, expected, happened, hint);
  }

  // Checks that a TalkingClient was served.
  bool ExpectTalk(ProcessId client) {
    const Seen seen = SeenBy(WaitFor(client, kPatience));
    const std::string wanted = absl::StrCat(kFirstLine, kSecondLine);
    const bool served = seen.bytes == wanted && seen.end == kEndOfFile;
    if (!served && !ExpectStillRuns(run_, server_)) return false;
    const std::string happened = absl::StrCat(NameOf(client), " ", Account(seen, wanted));
    return run_.Expect("connects", seen.connected, "every client connects", happened,
                       "The server goes back to accept() after each client.") &&
           run_.Expect("answers at once", !seen.bytes.empty() || !seen.end.empty(),
                       "the server sends back what it has received, without waiting for more",
                       happened + " (it sends its second line when it has read the first)",
                       "Send back what each recv() gives. The end of the stream may be far off.") &&
           run_.Expect("echo", seen.bytes == wanted, "every client reads what it has sent", happened,
                       "Send back as many bytes as recv() counted, all of them.") &&
           run_.Expect("closes", seen.end == kEndOfFile, "after its own end of file the client reads the server's",
                       happened, "recv() gives 0 when the client has finished: then close its connection.");
  }

 private:
  std::pair<HostId, std::string> AddClientHost() {
    const std::string name = absl::StrCat("client-", ++clients_);
    return {world().AddHost({name, {}}), name};
  }
  std::string NameOf(ProcessId client) { return world().trace().processes()[static_cast<size_t>(client)].name; }

  grade::Run& run_;
  HostId host_;
  ProcessId server_ = -1;
  int clients_ = 0;
};

void Line(grade::Run& run) {
  Stage stage(run);
  if (stage.Listens() && stage.ExpectTalk(stage.Start(TalkingClient))) stage.ExpectTalk(stage.Start(TalkingClient));
}

// Checks that a client program has ended with success and printed its own input.
bool ExpectOwnInput(grade::Run& run, Stage& stage, ProcessId client, const std::string& input) {
  const Outcome& outcome = stage.WaitFor(client, kLongPatience);
  const bool whole = outcome.output == input;
  const std::string happened =
      absl::StrCat("the client ", Compare("got back", outcome.output, input), ", and ", grade::DescribeEnd(outcome),
                   outcome.error_output.empty() ? "" : ": " + Quote(outcome.error_output));
  return stage.ExpectEcho(whole, "the client reads what it has sent", happened,
                          "send() may take fewer bytes than it is given: send the rest too. Bytes are not characters, "
                          "and a zero byte is one like the others.") &&
         run.Expect("closes", outcome.exited && outcome.exit_status == 0, "then the client reads end of file",
                    happened);
}

void AgainstReference(grade::Run& run, size_t length, bool short_transfers) {
  Stage stage(run, short_transfers);
  if (!stage.Listens()) return;
  const std::string input = SomeBytes(kInputSeed, length);
  ExpectOwnInput(run, stage, stage.StartReference(input), input);
}

void ClientDies(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  stage.WaitFor(stage.Start(ResettingClient), kPatience);
  stage.WaitFor(stage.Start(StuffingClient), kLongPatience);
  stage.ExpectTalk(stage.Start(TalkingClient));
}

void BothFull(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  const Outcome& client = stage.WaitFor(stage.Start(FloodingClient), kLongPatience);
  stage.ExpectEcho(
      client.Report("taken") == absl::StrCat(kFloodUp), "the client reads what it has sent",
      absl::StrCat("of ", kFloodUp, " bytes the client got back ",
                   client.HasReport("taken") ? client.Report("taken") + " as they were, then " : "not all: ",
                   client.HasReport("end") ? client.Report("end") : "it waited in vain for more"),
      "The client doesn't read for a while, so that send() finds the way full. What didn't fit still has to "
      "be sent.");
}

void Together(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  for (const std::string& input : {std::string("Hello, network!\n"), SomeBytes(kInputSeed, kMegabyte)}) {
    if (!ExpectOwnInput(run, stage, stage.StartSubmission(input), input)) return;
  }
}

}  // namespace

std::vector<grade::Scenario> EchoServerScenarios() {
  const std::vector<std::string> line = {"server-line"};
  const std::vector<std::string> megabyte = {"server-megabyte"};
  return {
      {"server-line", "two clients, a line at a time", 1, true, true, {}, Line},
      {"server-megabyte", "a megabyte of random bytes, and back", 1, true, true, line,
       [](grade::Run& run) { AgainstReference(run, kMegabyte, false); }},
      {"server-short", "the server's sends and receives are cut short", 1, true, true, megabyte,
       [](grade::Run& run) { AgainstReference(run, kShortInput, true); }},
      {"server-reset", "two clients reset in mid-stream; another comes", 1, true, true, megabyte, ClientDies},
      {"server-full", "a client sends all that goes before it reads", 1, true, true, megabyte, BothFull},
  };
}

std::vector<grade::Scenario> EchoTogetherScenarios() {
  return {{"together",
           "your client and your server with each other",
           1,
           true,
           true,
           {"client-megabyte", "server-megabyte"},
           Together}};
}

}  // namespace lab::exercises
