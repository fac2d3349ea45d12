#include "lab/trace/brief_call.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/trace/call_names.h"
#include "lab/trace/printable.h"

namespace lab {
namespace {

// "({3, 0}, 500 ms)": the descriptors and how long at most. An epoll descriptor's own list isn't known here.
std::string PollArguments(const duet_ledger_entry& entry) {
  if (entry.call == DUET_CALL_EPOLL_WAIT) {
    const std::string timeout = entry.arguments[2] < 0 ? "" : absl::StrCat(", ", entry.arguments[2], " ms");
    return absl::StrCat("(", entry.arguments[0], timeout,
                        ")");
  }
  std::vector<int> descriptors;
  for (const pollfd& polled : PolledOf(entry)) descriptors.push_back(polled.fd);
  const int64_t timeout = entry.arguments[1];
  return absl::StrCat("({", absl::StrJoin(descriptors, ", "), "}",
                      timeout < 0 ? "" : absl::StrCat(", ", timeout, " ms"), ")");
}

std::string PollAnswers(const duet_ledger_entry& entry) {
  std::vector<std::string> answers;
  for (const pollfd& polled : PolledOf(entry)) {
    if (polled.revents == 0) continue;
    const bool epoll = entry.call == DUET_CALL_EPOLL_WAIT;
    const std::string names =
        epoll ? EpollEventNames(static_cast<uint16_t>(polled.revents)) : PollEventNames(polled.revents);
    answers.push_back(absl::StrCat(polled.fd, " ", names));
  }
  return absl::StrJoin(answers, ", ");
}

}  // namespace

std::string BriefName(const duet_ledger_entry& entry) {
  const std::string name = CallName(entry.call);
  switch (entry.call) {
    case DUET_CALL_SOCKET:
    case DUET_CALL_PIPE:
    case DUET_CALL_SOCKETPAIR:
    case DUET_CALL_EPOLL_CREATE:
    case DUET_CALL_GETHOSTNAME:
    case DUET_CALL_GETADDRINFO:
    case DUET_CALL_SLEEP:
      return absl::StrCat(name, "()");
    case DUET_CALL_POLL:
    case DUET_CALL_SELECT:
    case DUET_CALL_EPOLL_WAIT:
      return name + PollArguments(entry);
    case DUET_CALL_SHUTDOWN:
      return absl::StrCat(name, "(", entry.arguments[0], ", ", HowName(entry.arguments[1]), ")");
    default:
      return absl::StrCat(name, "(", entry.arguments[0], ")");
  }
}

std::string BriefCall(const duet_ledger_entry& entry, const Trace& names) {
  const int64_t* arguments = entry.arguments;
  switch (entry.call) {
    case DUET_CALL_BIND:
    case DUET_CALL_CONNECT:
      return absl::StrCat(CallName(entry.call), "(", arguments[0], ", ", AddressOf(entry, &names), ")");
    case DUET_CALL_LISTEN:
      return absl::StrCat("listen(", arguments[0], ", ", arguments[1], ")");
    case DUET_CALL_SEND:
    case DUET_CALL_WRITE:
      // How much was to be sent is worth a word where it was not.
      if (entry.result == arguments[1]) return BriefName(entry);
      return absl::StrCat(CallName(entry.call), "(", arguments[0], ", ", arguments[1],
                          arguments[1] == 1 ? " byte)" : " bytes)");
    case DUET_CALL_GETSOCKOPT:
    case DUET_CALL_SETSOCKOPT:
      return absl::StrCat(CallName(entry.call), "(", arguments[0], ", ", OptionName(arguments[1], arguments[2]), ")");
    case DUET_CALL_EPOLL_CTL:
      return absl::StrCat("epoll_ctl(", arguments[0], ", ", EpollOperationName(arguments[1]), ", ", arguments[2], ")");
    case DUET_CALL_FCNTL:
      return absl::StrCat("fcntl(", arguments[0], ", ", FileCommandName(arguments[1]), ")");
    case DUET_CALL_GETADDRINFO:
      return absl::StrCat("getaddrinfo(\"", Quotable(DataOf(entry)), "\")");
    case DUET_CALL_SLEEP:
      return absl::StrCat("sleep ", arguments[0] / 1'000'000, " ms");
    default:
      return BriefName(entry);
  }
}

std::string BriefResult(const duet_ledger_entry& entry) {
  if (!HasReturned(entry)) return " does not return";
  if (HasFailed(entry)) {
    return absl::StrCat(" = ", entry.call == DUET_CALL_GETADDRINFO ? "" : "-1 ", ErrorName(entry));
  }
  if (IsEndOfFile(entry)) return " = 0 end of file";
  if (IsPolling(entry) && entry.result == 0) return " = 0 time is up";
  if (IsPolling(entry)) return absl::StrCat(" = ", entry.result, ": ", PollAnswers(entry));
  const bool says_nothing = entry.result == 0 && !IsReading(entry) && !IsWriting(entry) &&
                            entry.call != DUET_CALL_CONNECT && entry.call != DUET_CALL_ACCEPT;
  return says_nothing ? "" : absl::StrCat(" = ", entry.result);
}

}  // namespace lab
