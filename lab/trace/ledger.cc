#include "lab/trace/ledger.h"

#include <algorithm>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lab/trace/call_names.h"
#include "lab/trace/ledger.pb.h"

namespace lab {
namespace {

double Seconds(int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

// The trace has a call where it returned.
std::vector<const CallEvent*> InOrder(const Trace& trace, const std::vector<CallEvent>& unfinished) {
  std::vector<const CallEvent*> calls;
  for (const Event& event : trace.events()) {
    if (const auto* call = std::get_if<CallEvent>(&event)) calls.push_back(call);
  }
  for (const CallEvent& call : unfinished) calls.push_back(&call);
  std::stable_sort(calls.begin(), calls.end(), [](const CallEvent* a, const CallEvent* b) {
    return a->entry.begin_ns < b->entry.begin_ns;
  });
  return calls;
}

const Trace::TracedProcess* ProcessOf(const Trace& trace, const CallEvent& call) {
  const auto& processes = trace.processes();
  const bool known = call.process >= 0 && static_cast<size_t>(call.process) < processes.size();
  return known ? &processes[static_cast<size_t>(call.process)] : nullptr;
}

}  // namespace

std::string LedgerText(const Trace& trace, const std::vector<CallEvent>& unfinished) {
  size_t width = 0;
  for (const Trace::TracedProcess& process : trace.processes()) width = std::max(width, process.name.size());
  std::string text;
  for (const CallEvent* const call : InOrder(trace, unfinished)) {
    const duet_ledger_entry& entry = call->entry;
    const Trace::TracedProcess* const process = ProcessOf(trace, *call);
    absl::StrAppendFormat(&text, "%.6f %-*s  %s", Seconds(entry.begin_ns), static_cast<int>(width),
                          process == nullptr ? "" : process->name, ToString(entry, trace));
    if (HasReturned(entry)) absl::StrAppendFormat(&text, " <%.6f>", Seconds(entry.end_ns - entry.begin_ns));
    text += "\n";
  }
  return text;
}

std::string LedgerJson(const Trace& trace, const std::vector<CallEvent>& unfinished) {
  std::string text;
  for (const CallEvent* const call : InOrder(trace, unfinished)) {
    const duet_ledger_entry& entry = call->entry;
    duet::v1::LedgerCall line;
    line.set_begin(Seconds(entry.begin_ns));
    if (const Trace::TracedProcess* const process = ProcessOf(trace, *call); process != nullptr) {
      line.set_host(trace.hosts()[static_cast<size_t>(process->host)].name);
      line.set_process(process->name);
    }
    line.set_call(CallName(entry.call));
    if (HasReturned(entry)) {
      line.set_end(Seconds(entry.end_ns));
      line.set_result(static_cast<double>(entry.result));
      if (HasFailed(entry)) line.set_error(ErrorName(entry));
    }
    line.set_text(ToString(entry, trace));
    std::string json;
    if (!google::protobuf::util::MessageToJsonString(line, &json).ok()) continue;
    absl::StrAppend(&text, json, "\n");
  }
  return text;
}

}  // namespace lab
