// A world: hosts joined by links, processes on them, faults, and what became of it all.
//
// `sim::SimWorld` and `real::RealWorld` implement it; a scenario is written against this and runs in both.
//
// Guarantees:
//  1. Hosts have names that resolve on every host, addresses 10.0.0.1, 10.0.0.2, … in the order they were added,
//     and 127.0.0.1; every two are joined by a link of their own. Nothing leaves a world. For IPv6 they have
//     fd00::1, fd00::2, …, and ::1, and the name "ip6-NAME" (as Debian calls its own ip6-localhost): a host's
//     name alone stands for its IPv4 address.
//  2. Processes run only inside RunUntil (the simulated world) or from Start on (the real one).
//  3. Destroying a world ends every process of it and frees what it took from the system.
// For one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/choice/choices.h"
#include "lab/sockets/ip_address.h"
#include "lab/sockets/process.h"
#include "lab/trace/trace.h"
#include "lab/wire/link.h"
#include "lab/wire/rule.h"

namespace lab {

enum class WorldKind { kSim, kReal };

// The kernel's knobs of a host, by the names and in the units of /proc/sys/net. Defaults: Linux's.
struct Knobs {
  int somaxconn = 4096;
  int tcp_max_syn_backlog = 1024;
  int tcp_syn_retries = 6;
  int tcp_synack_retries = 5;
  int tcp_syn_linear_timeouts = 4;
  int tcp_syncookies = 1;
  int tcp_abort_on_overflow = 0;
  int tcp_fin_timeout = 60;  // seconds
  int tcp_retries2 = 15;
};

struct HostOptions {
  std::string name;
  Knobs knobs;
};

struct StartOptions {
  std::string name;                    // "client-1": in the ladder, and arguments()[0]
  std::vector<std::string> arguments;  // without the name
  std::string input;                   // what it reads from standard input, then end of file
  bool more_input = false;             // no end of file before EndInput: GiveInput may add to it
  // Cuts sends and receives short, as drawn: what POSIX allows and careless programs forget.
  bool short_transfers = false;
};

// What became of a process. Outputs are cut at `kMostOutput` bytes.
struct Outcome {
  static constexpr size_t kMostOutput = 16 << 20;

  bool exited = false;
  // 0 to 255; 128 + n where signal n ended it, as a shell says.
  int exit_status = 0;
  std::string output;
  std::string error_output;
  // What it said by Process::report, in order.
  std::vector<std::pair<std::string, std::string>> reports;

  // The first report of that key, or "" if there is none.
  std::string Report(std::string_view key) const;
  bool HasReport(std::string_view key) const;
};

// Reports that the lab itself makes about a program that it carries. No function of a scenario uses them.
// The program used what can't be carried: a sentence that names it. It has been ended.
inline constexpr std::string_view kUnsupportedReport = "duet.unsupported";
// The program reached one of its limits (CPU time, memory, output, files): a sentence. It has been ended.
inline constexpr std::string_view kLimitReport = "duet.limit";
// The lab itself failed to run the program: a sentence.
inline constexpr std::string_view kLabErrorReport = "duet.lab-error";

// fd00::1 for the first host that was added.
constexpr IpAddress Ipv6AddressOf(HostId host) {
  return IpAddress::V6(0xfd000000, 0, 0, static_cast<uint32_t>(host) + 1);
}

class World {
 public:
  virtual ~World() = default;

  virtual WorldKind kind() const = 0;

  virtual HostId AddHost(const HostOptions& options) = 0;
  // The host's address, in host byte order.
  virtual uint32_t address(HostId host) const = 0;

  virtual ProcessId Start(HostId host, const StartOptions& options, Function function) = 0;
  // A paused process makes no step; what arrives for it waits in its kernel. (The real world: SIGSTOP.)
  virtual void Pause(ProcessId process) = 0;
  virtual void Resume(ProcessId process) = 0;
  // Ends the process at once, as SIGKILL does: its kernel closes its sockets. Nothing happens to one that has ended.
  virtual void Kill(ProcessId process) = 0;
  // For the standard input of a process that was started with `more_input`, behind what it was given before; and its
  // end. What nobody reads any more is lost.
  virtual void GiveInput(ProcessId process, std::string_view bytes) = 0;
  virtual void EndInput(ProcessId process) = 0;

  // Sets both directions between two hosts.
  virtual void SetLink(HostId a, HostId b, const LinkOptions& options) = 0;
  virtual void AddRule(Rule rule) = 0;

  // Lets time pass until `condition` holds (true), or until `limit` has passed or nothing can ever happen again
  // (false). The condition is asked before anything happens and after every step, and only reads. The
  // simulated world counts its own time and comes back at once when all are done or wait for each other.
  virtual bool RunUntil(const std::function<bool()>& condition, Duration limit) = 0;
  // Lets that much time pass.
  virtual void RunFor(Duration duration) {
    RunUntil([] { return false; }, duration);
  }

  virtual Time now() const = 0;
  // When something happens next by itself: Time::max() where nothing will. Known in the simulated world alone; now()
  // in the real one, where it may be any time.
  virtual Time NextEvent() const { return now(); }
  // Whether a socket on the host listens on the port.
  virtual bool Listening(HostId host, uint16_t port) const = 0;
  // Whether a datagram socket on the host is bound to the port.
  virtual bool Bound(HostId host, uint16_t port) const = 0;
  // Whether the host offers anything: a socket there listens, or a datagram socket has a port that its process chose.
  virtual bool Serves(HostId host) const = 0;
  virtual const Outcome& outcome(ProcessId process) const = 0;

  // What every process waits for, a line each, where the last RunUntil came back because nothing could happen
  // any more; empty otherwise.
  virtual std::string Deadlock() const = 0;

  // All packets, calls and notes so far. In the real world the calls come from inside the processes: they
  // explain, and nothing is graded by them.
  virtual const Trace& trace() = 0;
  // The calls that processes are in, which the trace doesn't have yet.
  virtual std::vector<CallEvent> Unfinished() { return {}; }
};

}  // namespace lab
