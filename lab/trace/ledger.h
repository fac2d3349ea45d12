// A run's ledger as a file, for people or for programs: the calls of every process that the trace has, in the order in
// which they began. (A trace has calls that returned, up to a number; what waits at the end is in its notes.) Times are
// of the world, in seconds.
#pragma once

#include <string>

#include "lab/trace/trace.h"

namespace lab {

// A line a call, as strace writes them: "0.000120 client  connect(3, server:9999) = 0 <0.000020>"; calls that have not
// returned have no result and no duration.
std::string LedgerText(const Trace& trace);

// A line a call: the JSON of a LedgerCall (ledger.proto).
std::string LedgerJson(const Trace& trace);

}  // namespace lab
