// The client on a host of its own, against a server that is a peer or the reference. What the server read, and what the
// client printed and how it ended, are the evidence.
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

constexpr char kLine[] = "Hello, network!\n";
constexpr uint64_t kInputSeed = 1;
constexpr size_t kMegabyte = 1 << 20;
constexpr size_t kShortInput = 64 << 10;
// For a megabyte and more, on a machine that others use too.
constexpr Duration kLongPatience = std::chrono::seconds(30);

class Stage {
 public:
  explicit Stage(grade::Run& run)
      : run_(run), server_host_(world().AddHost({"server", {}})), client_host_(world().AddHost({"client", {}})) {}

  World& world() { return run_.world(); }
  const Outcome& client() { return world().outcome(client_); }
  const Outcome& server() { return world().outcome(server_); }

  void StartPeer(Function function) {
    server_ = world().Start(server_host_, {"server", {}, "", false}, std::move(function));
    WaitUntilListening();
  }
  void StartReference() {
    server_ = run_.StartReference("server", server_host_, {"server", {absl::StrCat(kEchoPort)}, ""});
    WaitUntilListening();
  }
  void StartClient(std::string input, bool short_transfers = false) {
    client_ = run_.StartSubmission("client", client_host_, {.name = "client",
                                                            .arguments = {"server", absl::StrCat(kEchoPort)},
                                                            .input = std::move(input),
                                                            .short_transfers = short_transfers});
  }
  void WaitForClient(Duration limit) {
    world().RunUntil([&] { return client().exited; }, limit);
  }

  bool ExpectConnected() {
    return run_.Expect(
        "connects", SynsSent(world(), client_host_, server_host_) > 0,
        "the client connects to the host and the port that it is given",
        absl::StrCat("nobody connected to server:", kEchoPort, "; the client ", grade::DescribeEnd(client())));
  }

  bool ExpectPrinted(const std::string& wanted) { return exercises::ExpectPrinted(run_, client_, wanted); }
  void ExpectFailure() {
    exercises::ExpectFailure(run_, client_, "the connection broke",
                             "A connection that breaks is not a stream that ends: send() and recv() give -1 then.");
  }

 private:
  void WaitUntilListening() {
    world().RunUntil([&] { return world().Listening(server_host_, kEchoPort); }, kPatience);
  }

  grade::Run& run_;
  HostId server_host_;
  HostId client_host_;
  ProcessId server_ = -1;
  ProcessId client_ = -1;
};

void Line(grade::Run& run) {
  Stage stage(run);
  stage.StartPeer(ShoutingServer);
  stage.StartClient(kLine);
  stage.WaitForClient(kPatience);
  if (!stage.ExpectConnected()) return;
  const Seen seen = SeenBy(stage.server());
  const std::string happened = absl::StrCat("the server ", Account(seen, kLine));
  if (run.Expect("sends", seen.bytes == kLine, "the client sends its standard input as it is", happened,
                 "Every byte counts, the newline too; send() says how many it took.") &&
      run.Expect("ends its direction", seen.end == kEndOfFile,
                 "having sent all its input, the client ends its own direction", happened,
                 "The server answers once it has read end of file. shutdown(…, SHUT_WR) sends that, and the client can "
                 "still read.")) {
    stage.ExpectPrinted("HELLO, NETWORK!\n");
  }
}

void AgainstReference(grade::Run& run, size_t length, bool short_transfers) {
  Stage stage(run);
  const std::string input = SomeBytes(kInputSeed, length);
  stage.StartReference();
  stage.StartClient(input, short_transfers);
  stage.world().RunUntil([&] { return stage.client().exited && stage.server().HasReport("echoed"); }, kLongPatience);
  if (!stage.ExpectConnected() || !stage.ExpectPrinted(input)) return;
  run.Expect("sends", stage.server().Report("echoed") == absl::StrCat(length), "the client sends all of its input",
             absl::StrCat("the server sent back ", stage.server().Report("echoed"), " of ", length, " bytes"));
}

void ServerDies(grade::Run& run) {
  Stage stage(run);
  stage.StartPeer(ResettingServer);
  stage.StartClient(SomeBytes(kInputSeed, kMegabyte));
  stage.WaitForClient(kPatience);
  if (stage.ExpectConnected()) stage.ExpectFailure();
}

void BothFull(grade::Run& run) {
  Stage stage(run);
  stage.StartPeer(FloodingServer);
  stage.StartClient(Flood(kFloodUp));
  stage.world().RunUntil([&] { return stage.client().exited && stage.server().exited; }, kLongPatience);
  if (!stage.ExpectConnected()) return;
  if (!run.Expect("both directions", stage.client().exited,
                  "the client sends and reads at the same time, and so comes to an end",
                  "client and server wait for each other: the client for room to send, while the server sends, and "
                  "waits for the client to read",
                  "With poll() the client waits for whichever comes first, something to read or room to send, and with "
                  "MSG_DONTWAIT it never gets stuck in send().") ||
      !stage.ExpectPrinted(Flood(kFloodDown))) {
    return;
  }
  run.Expect("sends", stage.server().Report("taken") == absl::StrCat(kFloodUp), "the client sends all of its input",
             absl::StrCat("of ", kFloodUp, " bytes the server read ", stage.server().Report("taken"),
                          " as they were, then ", stage.server().Report("end")));
}

}  // namespace

std::vector<grade::Scenario> EchoClientScenarios() {
  const std::vector<std::string> line = {"client-line"};
  const std::vector<std::string> megabyte = {"client-megabyte"};
  return {
      {"client-line", "a line, answered after the client's end", 1, true, true, {}, Line},
      {"client-megabyte", "a megabyte of random bytes, and back", 1, true, true, line,
       [](grade::Run& run) { AgainstReference(run, kMegabyte, false); }},
      {"client-short", "the client's sends and receives are cut short", 1, true, true, megabyte,
       [](grade::Run& run) { AgainstReference(run, kShortInput, true); }},
      {"client-reset", "the server resets in mid-stream", 1, true, true, megabyte, ServerDies},
      {"client-full", "the server sends 2 MB before it reads", 2, true, true, megabyte, BothFull},
  };
}

}  // namespace lab::exercises
