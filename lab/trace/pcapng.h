// A trace's packets in the capture format of Wireshark (pcapng, link type RAW IPv4).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "lab/trace/trace.h"

namespace lab {

// The capture as one file's bytes: one interface, nanosecond times; every packet at the time it was sent, and
// lost ones too, with a comment that says so.
std::string Pcapng(const Trace& trace);

// Writes it to `path`; where that fails no partial file remains, and the status names the path and the reason.
absl::Status WritePcapng(const Trace& trace, const std::string& path);

}  // namespace lab
