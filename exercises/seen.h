// What a scenario makes of its evidence: a peer's reports and the packets, in sentences for students.
#pragma once

#include <functional>
#include <string>

#include "lab/world/world.h"

namespace lab::exercises {

// How long a scenario waits for what a right program does at once: generous, as the real world's programs share a
// machine with others.
inline constexpr Duration kPatience = std::chrono::seconds(10);

// What a peer has reported so far (see peer.h).
struct Seen {
  bool connected = false;
  std::string failure;  // why it never connected; may be empty while it still tries
  std::string bytes;    // all that it received
  std::string end;      // how the stream ended; empty while it has not
};

Seen SeenBy(const Outcome& outcome);

// "read 19 of the 20 bytes, then end of file"; "could not connect: Connection refused".
std::string Account(const Seen& seen, const std::string& wanted);

// How `bytes` differ from what was wanted, as the end of a sentence that begins with `verb`: "printed nothing",
// "printed 19 of the 20 bytes, and stopped there", "printed 21 bytes instead of 20: `Hi…\0`".
std::string Compare(const std::string& verb, const std::string& bytes, const std::string& wanted);

// The bytes between backquotes, unprintable ones escaped, cut to what fits a line.
std::string Quote(const std::string& bytes);

// How many SYNs that open a connection `from` has sent to `to`.
int SynsSent(World& world, HostId from, HostId to);

// Whether a packet from one host for which `matches` holds has arrived at the other.
bool Arrived(World& world, HostId from, HostId to, const std::function<bool(const TcpHeader&)>& matches);

}  // namespace lab::exercises
