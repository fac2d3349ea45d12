// What the peers of scenarios and the reference solutions are made of: a few steps over lab::Sockets, and how a
// peer tells its scenario what it saw.
//
// A peer reports under these keys, and `SeenBy` (seen.h) reads them back:
//   "connected"   once its connection stands
//   "failed"      why it has none: "Connection refused"
//   "received"    bytes, in pieces as they came
//   "end"         how the stream ended: kEndOfFile, or the error's text
// Everything blocks as the calls do that it is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lab/sockets/process.h"

namespace lab::exercises {

inline constexpr char kEndOfFile[] = "end of file";

// A socket connected to the host of that name, or -1 with errno (ENXIO where no host is called so).
int Connect(Sockets& sockets, const std::string& host, uint16_t port);

// A socket that listens on the port of all the host's addresses, also where connections of a former server are
// still in TIME-WAIT; or -1 with errno.
int Listen(Sockets& sockets, uint16_t port, int backlog);

// Sends all of it, however little the calls take; false with errno where the connection is broken.
bool SendAll(Sockets& sockets, int connection, std::string_view bytes);

// write, of all of it: for the process's output.
bool WriteAll(Sockets& sockets, int fd, std::string_view bytes);

// Ends the connection with a reset, whatever its state.
void Reset(Sockets& sockets, int connection);

// Connect, reporting "connected" or "failed".
int ConnectAndReport(Process& process, const std::string& host, uint16_t port);

// Reads until the stream ends, reporting "received" as it goes, then "end". False where it ended with an error.
bool ReceiveToEnd(Process& process, int connection);

// Reads `length` bytes, reporting them as "received"; false where the stream ended before, with "end" reported.
bool ReceiveExactly(Process& process, int connection, size_t length);

// Bytes of every value that follow from `seed` alone.
std::string SomeBytes(uint64_t seed, size_t length);

// The port number in `text`, or nothing usable (0) where it is not one.
uint16_t ParsePort(const std::string& text);

}  // namespace lab::exercises
