// The scenarios of 02-server. The server runs on a host of its own, each client on another; what the clients read
// and the packets on the way are the evidence.
#include "exercises/02-server/exercise.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exercises/02-server/reference.h"
#include "exercises/checks.h"
#include "exercises/peer.h"
#include "exercises/seen.h"
#include "lab/grade/run.h"

namespace lab::exercises {
namespace {

constexpr char kGreeting[] = "Hi we are connected!";
constexpr uint16_t kPort = 9999;

// --- Clients ----------------------------------------------------------------------------------------------------

int ReadingClient(Process& process) {
  const int connection = ConnectAndReport(process, "server", kPort);
  if (connection < 0) return 1;
  const bool whole = ReceiveToEnd(process, connection);
  process.sockets().close(connection);
  return whole ? 0 : 1;
}

// Reads only once the server has closed its end.
int LateClient(Process& process) {
  const int connection = ConnectAndReport(process, "server", kPort);
  if (connection < 0) return 1;
  pollfd closed{connection, POLLRDHUP, 0};
  process.sockets().poll(&closed, 1, -1);
  process.report("server closed", "");
  return ReceiveToEnd(process, connection) ? 0 : 1;
}

int ResettingClient(Process& process) {
  const int connection = ConnectAndReport(process, "server", kPort);
  if (connection < 0) return 1;
  Reset(process.sockets(), connection);
  return 0;
}

// Neither reads nor closes.
int StubbornClient(Process& process) {
  if (ConnectAndReport(process, "server", kPort) < 0) return 1;
  process.sockets().poll(nullptr, 0, -1);
  return 0;
}

// --- The stage --------------------------------------------------------------------------------------------------

struct Client {
  int number;
  HostId host;
  ProcessId process;
};

class Stage {
 public:
  explicit Stage(grade::Run& run) : run_(run), host_(run.world().AddHost({"server", {}})) { StartServer(); }

  World& world() { return run_.world(); }
  HostId host() const { return host_; }
  ProcessId server() const { return server_; }

  void StartServer() { server_ = run_.StartSubmission("server", host_, {"server", {absl::StrCat(kPort)}, "", false}); }
  bool Listens() { return run_.ExpectListening(server_, host_, kPort); }

  // A client on a host of its own.
  Client Start(Function function) {
    const int number = ++clients_;
    const std::string name = absl::StrCat("client-", number);
    const HostId host = world().AddHost({name, {}});
    return {number, host, world().Start(host, {name, {}, "", false}, std::move(function))};
  }

  Seen Sees(const Client& client) { return SeenBy(world().outcome(client.process)); }
  bool Ended(const Client& client) { return world().outcome(client.process).exited; }
  void WaitFor(const Client& client) {
    world().RunUntil([&] { return Ended(client); }, kPatience);
  }

  // Whether the server's kernel has the last packet of the client's handshake, its FIN.
  bool HandshakeArrived(const Client& client) {
    return Arrived(world(), client.host, host_, [](const TcpHeader& tcp) { return tcp.ack_flag && !tcp.syn; });
  }
  bool FinArrived(const Client& client) {
    return Arrived(world(), client.host, host_, [](const TcpHeader& tcp) { return tcp.fin; });
  }

  // Checks that the client was greeted; false, with the check that says why, where it was not.
  bool ExpectGreeted(const Client& client) {
    WaitFor(client);
    const Seen seen = Sees(client);
    const bool greeted = seen.bytes == kGreeting && seen.end == kEndOfFile;
    if (!greeted && !ExpectStillRuns(run_, server_)) return false;
    const std::string happened = absl::StrCat("client ", client.number, " ", Account(seen, kGreeting));
    if (!run_.Expect("connects", seen.connected, "every client connects", happened,
                     "Is the server bound to all addresses of its host (INADDR_ANY), and does it still listen?")) {
      return false;
    }
    return run_.Expect("greeting", seen.bytes == kGreeting, "every client reads `Hi we are connected!`, 20 bytes",
                       happened, "The greeting comes first, without being asked for, and nothing comes after it.") &&
           run_.Expect("closes", seen.end == kEndOfFile, "after the greeting every client reads end of file", happened,
                       "The server closes each connection once its greeting is sent, and waits for nothing before.");
  }

 private:
  grade::Run& run_;
  HostId host_;
  ProcessId server_ = -1;
  int clients_ = 0;
};

// --- Scenarios --------------------------------------------------------------------------------------------------

void One(grade::Run& run) {
  Stage stage(run);
  if (stage.Listens()) stage.ExpectGreeted(stage.Start(ReadingClient));
}

void Five(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  for (int i = 0; i < 5; ++i) {
    if (!stage.ExpectGreeted(stage.Start(ReadingClient))) return;
  }
  run.ExpectRunning(stage.server());
}

// Six fit into the queue of a listen(5). Where the seventh's SYN was sent a second time, the first was not answered.
bool ExpectQueueOfSix(grade::Run& run, Stage& stage, std::vector<Client>& clients) {
  const std::string expected = "with listen(…, 5), six clients wait in the queue and the seventh has to try again";
  World& world = stage.world();
  for (int i = 1; i <= 7; ++i) {
    const Client& client = clients.emplace_back(stage.Start(ReadingClient));
    const auto let_in = [&] { return stage.Sees(client).connected && stage.HandshakeArrived(client); };
    world.RunUntil([&] { return let_in() || SynsSent(world, client.host, stage.host()) > 1; }, kPatience);
    if (i < 7 && !let_in()) {
      return run.Expect("backlog", false, expected,
                        absl::StrCat("client ", i, " found the queue full, with ", i - 1, " waiting in it"),
                        "The second argument of listen() says how many may wait: it has to be 5.");
    }
    if (i == 7 && stage.Sees(client).connected) {
      return run.Expect("backlog", false, expected, "client 7 was let in at its first SYN, so the queue is longer",
                        "The second argument of listen() says how many may wait: it has to be 5.");
    }
  }
  return run.Expect("backlog", SynsSent(world, clients.back().host, stage.host()) > 1, expected,
                    "client 7 sent its SYN once, and it was neither answered nor repeated");
}

void Backlog(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  std::vector<Client> clients;
  stage.world().Pause(stage.server());
  if (!ExpectQueueOfSix(run, stage, clients)) return;
  stage.world().Resume(stage.server());
  for (const Client& client : clients) {
    if (!stage.ExpectGreeted(client)) return;
  }
}

void LateReader(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  const Client late = stage.Start(LateClient);
  stage.WaitFor(late);
  if (!run.Expect(
          "closes", stage.world().outcome(late.process).HasReport("server closed"),
          "the server closes although its client has not read yet",
          absl::StrCat("client 1, which reads only after that, ", Account(stage.Sees(late), kGreeting)),
          "send() hands the bytes to the system, which delivers them after close() too: nothing to wait for.")) {
    return;
  }
  stage.ExpectGreeted(late);
}

void ResetBeforeServed(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  stage.world().Pause(stage.server());
  const Client gone = stage.Start(ResettingClient);
  stage.WaitFor(gone);
  const Client next = stage.Start(ReadingClient);
  stage.world().RunUntil([&] { return stage.Sees(next).connected; }, kPatience);
  stage.world().Resume(stage.server());
  if (stage.ExpectGreeted(next)) run.ExpectRunning(stage.server());
}

void Restart(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  const Client first = stage.Start(ReadingClient);
  if (!stage.ExpectGreeted(first)) return;
  World& world = stage.world();
  // With the client's FIN the server's end of the connection enters TIME-WAIT.
  world.RunUntil([&] { return stage.FinArrived(first); }, kPatience);
  world.Kill(stage.server());
  world.RunUntil([&] { return world.outcome(stage.server()).exited && !world.Listening(stage.host(), kPort); },
                 kPatience);
  stage.StartServer();
  const auto listens = [&] { return world.Listening(stage.host(), kPort); };
  world.RunUntil([&] { return listens() || world.outcome(stage.server()).exited; }, kPatience);
  if (!run.Expect("listens again", listens(), "a server that was killed can be started again at once on its port",
                  "the second server does not listen: the first one's last connection is still in TIME-WAIT, and "
                  "holds the port",
                  "setsockopt(…, SO_REUSEADDR, …) before bind() lets the new server have the port all the same.")) {
    return;
  }
  stage.ExpectGreeted(stage.Start(ReadingClient));
}

void Stubborn(grade::Run& run) {
  Stage stage(run);
  if (!stage.Listens()) return;
  const Client stubborn = stage.Start(StubbornClient);
  stage.world().RunUntil([&] { return stage.Sees(stubborn).connected || stage.Ended(stubborn); }, kPatience);
  const Client next = stage.Start(ReadingClient);
  stage.WaitFor(next);
  const Seen seen = stage.Sees(next);
  if (!run.Expect("serves the next", !seen.bytes.empty(),
                  "a client that neither reads nor closes keeps nobody else from being served",
                  absl::StrCat("client 2 ", Account(seen, kGreeting), ", while client 1 kept its connection open"),
                  "After close() the server is done with a client, whatever that client does; it waits for nothing.")) {
    return;
  }
  stage.ExpectGreeted(next);
}

}  // namespace

grade::Exercise ServerExercise() {
  const std::vector<std::string> first = {"one"};
  const std::vector<std::string> basics = {"five"};
  grade::Exercise exercise;
  exercise.name = "02-server";
  exercise.title = "A server that greets";
  exercise.roles = {{"server", "server PORT"}};
  exercise.scenarios = {
      {"one", "one client is greeted", 2, true, true, {}, One},
      {"five", "five clients, one after another", 1, true, true, first, Five},
      {"backlog", "six fit into the queue, a seventh tries again", 2, true, true, basics, Backlog},
      {"late-reader", "a client reads only after the server has closed", 1, true, true, basics, LateReader},
      {"reset", "a client resets before it is served", 1, true, true, basics, ResetBeforeServed},
      {"restart", "killed after a connection, and started again", 2, true, true, basics, Restart},
      {"stubborn", "a client never reads nor closes; another comes", 1, true, true, basics, Stubborn},
  };
  exercise.reference = {{"server", GreetingServer}};
  return exercise;
}

}  // namespace lab::exercises
