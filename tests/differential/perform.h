// Makes the call of a step, and keeps what a program would see of it.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/sockets/sockets.h"
#include "tests/differential/program.h"

namespace differential {

// A step with its descriptors looked up.
struct Resolved {
  const Step* step = nullptr;
  int fd = -1;
  int other = -1;
  std::vector<int> polled;  // beside step->polled
};

// What a call gave.
struct Outcome {
  int64_t result = 0;
  int error = 0;  // errno, where result is -1
  int fds[2] = {-1, -1};  // descriptors that it gave
  std::string details;    // bytes, events, values
  int count = 0;          // of FIONREAD
  std::string runs;       // what a drain received, each run of the same byte as one
  // An address that it stored; ports are named later, in the order of the program.
  std::optional<sockaddr_storage> address;
  socklen_t address_length = 0;
};

// "bytes 1badcafe": stands for bytes in a transcript.
std::string Digest(const char* bytes, size_t length);

// May block, as the call does.
Outcome Perform(lab::Sockets& sockets, const Resolved& step);

}  // namespace differential
