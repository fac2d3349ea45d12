// A run's ledger as a file, for people or for programs: the calls of every process that the trace has, in the order in
// which they began, up to a number. Times are of the world, in seconds. `unfinished`: the calls that processes are in
// at the end, which the trace doesn't have.
#pragma once

#include <string>
#include <vector>

#include "lab/trace/trace.h"

namespace lab {

// A line a call, as strace writes them: "0.000120 client  connect(3, server:9999) = 0 <0.000020>"; calls that have not
// returned end in "= ? <unfinished ...>".
std::string LedgerText(const Trace& trace, const std::vector<CallEvent>& unfinished = {});

// A line a call: the JSON of a LedgerCall (ledger.proto).
std::string LedgerJson(const Trace& trace, const std::vector<CallEvent>& unfinished = {});

}  // namespace lab
