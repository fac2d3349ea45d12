// What happened in a run: packets, calls, and what became of processes, in the order of time.
//
// Guarantees:
//  1. Entries keep the order in which they were added.
//  2. Of a long run the beginning and the end are kept (events.h says what exactly); what is left out between has been
//     counted and hashed.
//  3. Of the packets' contents the first `kMostBytes` are kept; later packets keep their length, with zeros in place of
//     their bytes.
//  4. In the simulated world equal runs give equal hashes.
// A world that is run for its outcome alone can do without packets and calls: see Tracing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/sockets/process.h"
#include "lab/trace/digest.h"
#include "lab/trace/events.h"
#include "lab/trace/ledger_entry.h"
#include "lab/wire/packet.h"

namespace lab {

// What a world records. Off, it is hosts, processes and notes: nothing is spent on packets and calls.
enum class Tracing : uint8_t { kOn, kOff };

class Trace {
 public:
  explicit Trace(Tracing tracing = Tracing::kOn) : tracing_(tracing) {}

  // Whether packets and calls are to be added; who would add them asks first.
  bool on() const { return tracing_ == Tracing::kOn; }

  static constexpr size_t kMostBytes = size_t{64} << 20;

  struct Host {
    std::string name;
    IpAddress address;
    IpAddress address6;  // 0.0.0.0: none
  };
  struct TracedProcess {
    std::string name;
    HostId host;
  };

  HostId AddHost(std::string name, const IpAddress& address, const IpAddress& address6 = {});
  ProcessId AddProcess(std::string name, HostId host);

  void Add(PacketEvent event);
  void Add(ProcessId process, const duet_ledger_entry& entry);
  void Add(const CallEvent& event) { Add(event.process, event.entry); }
  void Add(NoteEvent event);

  // Sorts what was gathered from several clocks' readers (the real world's ledgers) by time; stable.
  void Sort() { events_.Sort(); }

  const std::vector<Host>& hosts() const { return hosts_; }
  const std::vector<TracedProcess>& processes() const { return processes_; }
  const Events& events() const { return events_; }
  // "server:9999", for IPv6 "ip6-server:9999"; "127.0.0.1:9999", "[::1]:9999" where no host has the address.
  std::string NameOf(const Endpoint& endpoint) const;
  // How many were added, kept or not.
  uint64_t size() const { return events_.added(); }
  // Over headers, lengths, calls, results and times of all that was added, in order.
  uint64_t hash() const { return digest_.value(); }

 private:
  void KeepBytes(PacketEvent& event);
  void Mix(const TcpHeader& tcp);

  Tracing tracing_;
  std::vector<Host> hosts_;
  std::vector<TracedProcess> processes_;
  Events events_;
  size_t bytes_kept_ = 0;
  Payload zeros_;  // made when they are first needed
  Digest digest_;
};

// A call as strace would write it: `connect(3, server:9999) = -1 ECONNREFUSED (Connection refused)`. Any entry can be
// given, one that a hostile program wrote too; the text is printable ASCII. `names` gives addresses their names.
std::string ToString(const duet_ledger_entry& entry);
std::string ToString(const duet_ledger_entry& entry, const Trace& names);

// The address that an entry has, which may be a hostile program's; 0.0.0.0 and port 0 where it has none.
Endpoint EndpointOf(const duet_ledger_entry& entry);
void SetAddress(duet_ledger_entry& entry, const Endpoint& endpoint);

// What a packet carries: "SYN", "SYN, ACK", "200 bytes", "200 bytes, FIN", "FIN", "ACK", "RST"; "UDP 200 bytes",
// "ICMP port unreachable".
std::string Describe(const Packet& packet);

}  // namespace lab
