// The peers that the programs of 03-echo meet in its scenarios, beside the reference. What they report is in peer.h,
// and beside each where there is more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "lab/sockets/process.h"

namespace lab::exercises {

inline constexpr uint16_t kEchoPort = 9999;

// --- Servers, for one client each -------------------------------------------------------------------------------

// Reads to the end of file before it answers: with what it read, in capital letters.
int ShoutingServer(Process& process);

// Reads some, sends some back, and resets the connection.
int ResettingServer(Process& process);

// Sends kFloodDown bytes before it reads any, then reads to the end of file. Reports "taken": see FloodingClient.
int FloodingServer(Process& process);

// --- Clients ----------------------------------------------------------------------------------------------------

// Sends two lines and reads each back before it goes on, ends its direction, and reads to the end of file.
int TalkingClient(Process& process);
// What a TalkingClient sends.
inline constexpr char kFirstLine[] = "Is anybody there?\n";
inline constexpr char kSecondLine[] = "Good. That was all.\n";

// Sends some, reads a little of it back, and resets the connection.
int ResettingClient(Process& process);

// Sends and reads nothing until the server has stopped reading too, and resets the connection.
int StuffingClient(Process& process);

// Sends up to kFloodUp bytes, reading none, until the server has stopped reading too; then goes on with both. Reports
// "taken": how many bytes came back as they were sent; and "end".
int FloodingClient(Process& process);

// What the floods consist of, in bytes: more than all buffers on the way hold, the sender's (which Linux lets grow to
// 4 MB) among them.
inline constexpr size_t kFloodDown = 2 << 20;
inline constexpr size_t kFloodUp = 8 << 20;
// The bytes of a flood.
std::string Flood(size_t length);

}  // namespace lab::exercises
