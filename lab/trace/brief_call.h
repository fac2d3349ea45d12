// A call in a few words, for a picture: `recv(3) = 0 end of file`.
#pragma once

#include <string>

#include "lab/trace/ledger_entry.h"
#include "lab/trace/trace.h"

namespace lab {

// "connect(3, server:9999)": with the arguments that matter most, without the result.
std::string BriefCall(const duet_ledger_entry& entry, const Trace& names);

// " = 0 end of file", " = -1 ECONNREFUSED"; empty where the call gave a 0 that says nothing.
std::string BriefResult(const duet_ledger_entry& entry);

// The call's name and descriptor, "recv(3)": what calls that only repeat have in common.
std::string BriefName(const duet_ledger_entry& entry);

}  // namespace lab
