#include "tests/determinism/worlds.h"

#include <arpa/inet.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "sim/host/sim_world.h"

namespace determinism {
namespace {

using lab::HostId;
using lab::Process;
using lab::ProcessId;
using lab::Sockets;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr uint16_t kPort = 7777;

sockaddr_in AddressOf(uint32_t address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(kPort);
  in.sin_addr.s_addr = htonl(address);
  return in;
}

int Listen(Sockets& s, int backlog) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  s.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in any = AddressOf(0);
  s.bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any);
  s.listen(fd, backlog);
  return fd;
}

int Connect(Sockets& s, uint32_t address) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in to = AddressOf(address);
  return s.connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? fd : -1;
}

// Sends random bytes, half-closes, and tells what came back.
int EchoClient(Process& p, uint32_t address, size_t length) {
  Sockets& s = p.sockets();
  const int fd = Connect(s, address);
  if (fd < 0) return 1;
  std::string text(length, '\0');
  p.random(text.data(), text.size());
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t n = s.send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0) return 2;
    sent += static_cast<size_t>(n);
  }
  s.shutdown(fd, SHUT_WR);
  std::string back;
  std::array<char, 1000> buffer;
  ssize_t n;
  while ((n = s.recv(fd, buffer.data(), buffer.size(), 0)) > 0) back.append(buffer.data(), static_cast<size_t>(n));
  p.report("echo", n == 0 && back == text ? "right" : "wrong");
  return n == 0 ? 0 : 3;
}

// Serves any number of clients at a time by poll.
int PollingEchoServer(Process& p) {
  Sockets& s = p.sockets();
  std::vector<pollfd> fds{{Listen(s, 3), POLLIN, 0}};
  std::array<char, 700> buffer;
  for (;;) {
    s.poll(fds.data(), fds.size(), -1);
    for (size_t i = fds.size(); i-- > 1;) {
      if (fds[i].revents == 0) continue;
      const ssize_t n = s.recv(fds[i].fd, buffer.data(), buffer.size(), 0);
      if (n > 0) {
        for (ssize_t sent = 0; sent < n;) {
          const ssize_t m =
              s.send(fds[i].fd, buffer.data() + sent, static_cast<size_t>(n - sent), MSG_NOSIGNAL);
          if (m < 0) break;
          sent += m;
        }
      } else {
        s.close(fds[i].fd);
        fds.erase(fds.begin() + static_cast<ptrdiff_t>(i));
      }
    }
    if (fds[0].revents != 0) fds.push_back({s.accept(fds[0].fd, nullptr, nullptr), POLLIN, 0});
  }
}

// Serves one client after another.
int SerialEchoServer(Process& p, int backlog) {
  Sockets& s = p.sockets();
  const int listener = Listen(s, backlog);
  std::array<char, 700> buffer;
  for (;;) {
    const int fd = s.accept(listener, nullptr, nullptr);
    ssize_t n;
    while ((n = s.recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
      s.send(fd, buffer.data(), static_cast<size_t>(n), MSG_NOSIGNAL);
    }
    s.close(fd);
  }
}

// A world with a server on its first host and clients on others.
class Stage {
 public:
  Stage(lab::Choices choices, uint64_t seed, int clients, lab::Knobs knobs = {}) : world(std::move(choices), seed) {
    world.AddHost({.name = "server", .knobs = knobs});
    for (int i = 1; i <= clients; ++i) world.AddHost({.name = absl::StrCat("client-", i), .knobs = {}});
  }

  ProcessId Start(HostId host, std::string name, bool short_transfers, lab::Function function) {
    lab::StartOptions options;
    options.name = std::move(name);
    options.short_transfers = short_transfers;
    processes_.push_back(world.Start(host, options, std::move(function)));
    return processes_.back();
  }
  void StartClients(int count, size_t length, bool short_transfers) {
    const uint32_t address = world.address(0);
    for (int i = 1; i <= count; ++i) {
      Start(i, absl::StrCat("client-", i), short_transfers,
            [address, length](Process& p) { return EchoClient(p, address, length); });
    }
  }
  void LinkAll(const lab::LinkOptions& options, int clients) {
    for (int i = 1; i <= clients; ++i) world.SetLink(0, i, options);
  }
  Result Finish() {
    world.RunUntil([] { return false; }, minutes(20));
    Result result;
    result.hash = world.trace().hash();
    result.events = world.trace().size();
    for (const ProcessId process : processes_) {
      const lab::Outcome& outcome = world.outcome(process);
      absl::StrAppend(&result.outcomes, outcome.exited ? outcome.exit_status : -1, outcome.Report("echo"), " ");
    }
    absl::StrAppend(&result.outcomes, world.Deadlock(), world.now().count());
    result.deviations = world.deviations();
    return result;
  }

  sim::SimWorld world;

 private:
  std::vector<ProcessId> processes_;
};

Result LossyEcho(lab::Choices choices, uint64_t seed) {
  Stage stage(std::move(choices), seed, 3);
  lab::LinkOptions link;
  link.latency = milliseconds(5);
  link.jitter = milliseconds(3);
  link.loss_ppm = 50'000;
  stage.LinkAll(link, 3);
  stage.Start(0, "server", true, PollingEchoServer);
  stage.world.RunFor(milliseconds(1));
  stage.StartClients(3, 20'000, true);
  return stage.Finish();
}

Result Overflow(lab::Choices choices, uint64_t seed) {
  Stage stage(std::move(choices), seed, 8, {.tcp_abort_on_overflow = static_cast<int>(seed % 2)});
  lab::LinkOptions link;
  link.latency = milliseconds(20);
  link.jitter = milliseconds(5);
  stage.LinkAll(link, 8);
  const ProcessId server = stage.Start(0, "server", false, [](Process& p) { return SerialEchoServer(p, 2); });
  stage.world.RunFor(milliseconds(1));
  stage.world.Pause(server);
  stage.StartClients(8, 100, false);
  stage.world.RunFor(seconds(2));
  stage.world.Resume(server);
  return stage.Finish();
}

Result Faults(lab::Choices choices, uint64_t seed) {
  Stage stage(std::move(choices), seed, 4);
  stage.Start(0, "server", false, PollingEchoServer);
  stage.world.RunFor(milliseconds(1));
  lab::Rule reset;
  reset.name = "reset";
  reset.matches = [](const lab::Packet& packet) { return packet.payload.size() > 1000; };
  reset.skip = static_cast<uint32_t>(seed % 7) + 3;
  reset.count = 1;
  reset.verdict = lab::Verdict::kReset;
  stage.world.AddRule(reset);
  lab::Rule twice;
  twice.name = "twice";
  twice.matches = [](const lab::Packet& packet) { return packet.payload.size() == 700; };
  twice.verdict = lab::Verdict::kDuplicate;
  stage.world.AddRule(twice);
  stage.StartClients(4, 50'000, true);
  stage.world.RunFor(milliseconds(1));
  lab::LinkOptions down;
  down.up = false;
  stage.world.SetLink(0, 2, down);
  stage.world.RunFor(seconds(1));
  stage.world.Kill(3);
  stage.world.SetLink(0, 2, {});
  stage.world.RunFor(seconds(1));
  return stage.Finish();
}

// Many processes of one host that all can run at any time.
Result Crowd(lab::Choices choices, uint64_t seed) {
  Stage stage(std::move(choices), seed, 0);
  stage.Start(0, "server", false, PollingEchoServer);
  stage.world.RunFor(milliseconds(1));
  for (int i = 0; i < 12; ++i) {
    stage.Start(0, absl::StrCat("client-", i), false, [](Process& p) { return EchoClient(p, 0x7f000001, 3'000); });
  }
  return stage.Finish();
}

}  // namespace

const std::vector<NamedWorld>& Worlds() {
  static const auto* const worlds = new std::vector<NamedWorld>{
      {"lossy-echo", LossyEcho}, {"overflow", Overflow}, {"faults", Faults}, {"crowd", Crowd}};
  return *worlds;
}

}  // namespace determinism
