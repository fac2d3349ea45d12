// The scenarios of 01-client. The client runs on a host of its own, the server that it is told to connect to on
// another; what the client prints, how it ends and what the server saw are the evidence.
#include "exercises/01-client/exercise.h"

#include <netinet/tcp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "exercises/01-client/reference.h"
#include "exercises/checks.h"
#include "exercises/peer.h"
#include "exercises/seen.h"
#include "lab/grade/run.h"

namespace lab::exercises {
namespace {

constexpr char kGreeting[] = "Hi we are connected!";
constexpr uint16_t kPort = 9999;

// --- Servers ----------------------------------------------------------------------------------------------------

// Waits for a client, and reports it; its connection, or -1.
int AcceptOne(Process& process, int listener) {
  const int connection = process.sockets().accept(listener, nullptr, nullptr);
  if (connection >= 0) process.report("connected", "");
  return connection;
}

int AcceptOne(Process& process) {
  const int listener = Listen(process.sockets(), kPort, 5);
  return listener < 0 ? -1 : AcceptOne(process, listener);
}

int GreetAtOnce(Process& process) {
  const int connection = AcceptOne(process);
  if (connection < 0) return 1;
  SendAll(process.sockets(), connection, kGreeting);
  process.sockets().close(connection);
  return 0;
}

int GreetByteByByte(Process& process) {
  Sockets& sockets = process.sockets();
  const int connection = AcceptOne(process);
  if (connection < 0) return 1;
  const int on = 1;
  sockets.setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (const char byte : std::string_view(kGreeting)) {
    SendAll(sockets, connection, {&byte, 1});
    process.sleep(std::chrono::milliseconds(20));
  }
  sockets.close(connection);
  return 0;
}

// Sends bytes of every value, zero included, and reports them as "sent".
int SendBinary(Process& process) {
  const int connection = AcceptOne(process);
  if (connection < 0) return 1;
  std::string bytes(50'000, '\0');
  process.random(bytes.data(), bytes.size());
  process.report("sent", bytes);
  SendAll(process.sockets(), connection, bytes);
  process.sockets().close(connection);
  return 0;
}

int ResetHalfWay(Process& process) {
  const int connection = AcceptOne(process);
  if (connection < 0) return 1;
  SendAll(process.sockets(), connection, std::string_view(kGreeting).substr(0, 10));
  process.sleep(std::chrono::milliseconds(100));
  Reset(process.sockets(), connection);
  return 0;
}

// Has a queue for one, and greets two.
int ShortQueue(Process& process) {
  const int listener = Listen(process.sockets(), kPort, 0);
  if (listener < 0) return 1;
  for (int i = 0; i < 2; ++i) {
    const int connection = process.sockets().accept(listener, nullptr, nullptr);
    if (connection < 0) return 1;
    SendAll(process.sockets(), connection, kGreeting);
    process.sockets().close(connection);
  }
  return 0;
}

// Another client, which takes the place in the queue.
int OtherClient(Process& process) {
  const int connection = ConnectAndReport(process, "server", kPort);
  return connection >= 0 && ReceiveToEnd(process, connection) ? 0 : 1;
}

// --- The stage --------------------------------------------------------------------------------------------------

class Stage {
 public:
  explicit Stage(grade::Run& run)
      : run_(run), server_host_(world().AddHost({"server", {}})), client_host_(world().AddHost({"client", {}})) {}

  World& world() { return run_.world(); }
  HostId server_host() const { return server_host_; }
  HostId client_host() const { return client_host_; }
  ProcessId client() const { return client_; }
  ProcessId server() const { return server_; }
  const Outcome& printed() { return world().outcome(client_); }

  void StartServer(Function function) {
    server_ = world().Start(server_host_, {"server", {}, "", false}, std::move(function));
    world().RunUntil([&] { return world().Listening(server_host_, kPort); }, kPatience);
  }
  void StartClient(const std::string& host = "server") {
    client_ = run_.StartSubmission("client", client_host_, {"client", {host, absl::StrCat(kPort)}, "", false});
  }

  bool Connected() { return SeenBy(world().outcome(server_)).connected; }

  void ExpectPrinted(const std::string& wanted) { exercises::ExpectPrinted(run_, client_, wanted); }
  void ExpectFailure(const std::string& what, const std::string& hint) {
    exercises::ExpectFailure(run_, client_, what, hint);
  }

 private:
  grade::Run& run_;
  HostId server_host_;
  HostId client_host_;
  ProcessId server_ = -1;
  ProcessId client_ = -1;
};

// --- Scenarios --------------------------------------------------------------------------------------------------

void PrintsWhatIsSent(grade::Run& run, Function server) {
  Stage stage(run);
  stage.StartServer(std::move(server));
  stage.StartClient();
  stage.world().RunUntil([&] { return stage.Connected() || stage.printed().exited; }, kPatience);
  if (!run.Expect(
          "connects", stage.Connected(), "the client connects to the host and the port that it is given",
          absl::StrCat("nobody connected to server:", kPort, "; the client ", grade::DescribeEnd(stage.printed())),
          "The arguments are the host's name and the port; htons() puts the port into the network's order.")) {
    return;
  }
  stage.world().RunUntil([&] { return stage.world().outcome(stage.server()).exited; }, kPatience);
  const Outcome& server_saw = stage.world().outcome(stage.server());
  stage.ExpectPrinted(server_saw.HasReport("sent") ? server_saw.Report("sent") : kGreeting);
}

void Refused(grade::Run& run) {
  Stage stage(run);
  stage.StartClient();
  stage.ExpectFailure("the connection was refused",
                      "connect() gives -1 where nobody listens, and errno says why: perror() prints it.");
}

void ResetByServer(grade::Run& run) {
  Stage stage(run);
  stage.StartServer(ResetHalfWay);
  stage.StartClient();
  stage.ExpectFailure(
      "the connection broke",
      "recv() gives 0 at the end of the stream and -1 where the connection broke: these are two cases.");
}

void FullQueue(grade::Run& run) {
  Stage stage(run);
  World& world = stage.world();
  stage.StartServer(ShortQueue);
  world.Pause(stage.server());
  const HostId other_host = world.AddHost({"other", {}});
  const ProcessId other = world.Start(other_host, {"other", {}, "", false}, OtherClient);
  world.RunUntil(
      [&] {
        return SeenBy(world.outcome(other)).connected &&
               Arrived(world, other_host, stage.server_host(),
                       [](const TcpHeader& tcp) { return tcp.ack_flag && !tcp.syn; });
      },
      kPatience);
  stage.StartClient();
  world.RunUntil(
      [&] { return stage.printed().exited || SynsSent(world, stage.client_host(), stage.server_host()) > 1; },
      kPatience);
  const bool keeps_trying = run.Expect(
      "keeps trying", !stage.printed().exited, "the client waits until the server's queue has room for it",
      absl::StrCat("it ", grade::DescribeEnd(stage.printed()), " before there was any"),
      "connect() waits by itself, and the system repeats the SYN every second. That takes no code of yours.");
  world.Resume(stage.server());
  if (keeps_trying) stage.ExpectPrinted(kGreeting);
}

void UnknownHost(grade::Run& run) {
  Stage stage(run);
  stage.StartClient("no-such-host");
  stage.ExpectFailure(
      "there is no such host",
      "getaddrinfo() gives an error of its own where it finds no host: gai_strerror() has the words for it, "
      "and its list must not be used then.");
}

}  // namespace

grade::Exercise ClientExercise() {
  const auto printing = [](Function server) {
    return [server = std::move(server)](grade::Run& run) { PrintsWhatIsSent(run, server); };
  };
  grade::Exercise exercise;
  exercise.name = "01-client";
  exercise.title = "A client that reads to the end";
  exercise.roles = {{"client", "client HOST PORT"}};
  exercise.scenarios = {
      {"greeting", "the server sends its greeting in one piece", 2, true, true, {}, printing(GreetAtOnce)},
      {"trickle",
       "the greeting comes in single bytes, with pauses",
       2,
       true,
       true,
       {"greeting"},
       printing(GreetByteByByte)},
      {"binary", "the server sends 50,000 bytes of every value", 1, true, true, {"trickle"}, printing(SendBinary)},
      {"refused", "nobody listens on the port", 1, true, true, {}, Refused},
      {"reset", "the server resets the connection half-way", 2, true, true, {"trickle"}, ResetByServer},
      {"full-queue", "the server's queue is full when the client comes", 1, true, true, {"greeting"}, FullQueue},
      {"unknown-host", "there is no host of that name", 1, true, true, {}, UnknownHost},
  };
  exercise.reference = {{"client", PrintingClient}};
  return exercise;
}

}  // namespace lab::exercises
