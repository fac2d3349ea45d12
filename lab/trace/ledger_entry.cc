// A ledger's entry as text, like strace's.
#include "lab/trace/ledger_entry.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lab/trace/call_names.h"
#include "lab/trace/printable.h"
#include "lab/trace/trace.h"

namespace lab {
namespace {

// What a call moved, quoted; "…" in strace's way where there was more than the ledger keeps.
std::string Quoted(const duet_ledger_entry& entry) {
  const std::string_view data = DataOf(entry);
  const bool more = entry.result > static_cast<int64_t>(data.size());
  return absl::StrCat("\"", Quotable(data), more ? "\"..." : "\"");
}

// What is polled ("[{3, POLLIN}, {0, POLLIN}]") or, with `answers`, what was ready.
std::string Polled(const duet_ledger_entry& entry, bool answers) {
  const std::vector<pollfd> kept = PolledOf(entry);
  std::vector<std::string> parts;
  for (const pollfd& polled : kept) {
    const short events = answers ? polled.revents : polled.events;
    if (answers && events == 0) continue;
    const bool epoll = entry.call == DUET_CALL_EPOLL_WAIT;
    const std::string names = epoll ? EpollEventNames(static_cast<uint16_t>(events)) : PollEventNames(events);
    parts.push_back(absl::StrCat("{", polled.fd, ", ", names, "}"));
  }
  const int64_t polled = entry.call == DUET_CALL_POLL ? entry.arguments[0]
                         : entry.call == DUET_CALL_EPOLL_WAIT ? entry.result
                                                              : 0;
  if (polled > static_cast<int64_t>(kept.size())) parts.push_back("...");
  return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
}

std::string OptionValueOf(const duet_ledger_entry& entry) {
  const std::string_view data = DataOf(entry);
  const int64_t option = entry.arguments[1] == SOL_SOCKET ? entry.arguments[2] : 0;
  if (option == SO_LINGER && data.size() >= sizeof(linger)) {
    linger value;
    std::memcpy(&value, data.data(), sizeof(value));
    return absl::StrCat("{", value.l_onoff == 0 ? "off" : "on", ", ", value.l_linger, " s}");
  }
  if ((option == SO_RCVTIMEO || option == SO_SNDTIMEO) && data.size() >= sizeof(timeval)) {
    timeval value;
    std::memcpy(&value, data.data(), sizeof(value));
    return absl::StrCat("{", value.tv_sec, " s, ", value.tv_usec, " us}");
  }
  const char* error = option == SO_ERROR ? strerrorname_np(static_cast<int>(entry.arguments[3])) : nullptr;
  if (error != nullptr && entry.arguments[3] != 0) return error;
  return absl::StrCat(entry.arguments[3]);
}

std::string FileArgumentOf(const duet_ledger_entry& entry) {
  const int64_t command = entry.arguments[1];
  if (command == F_GETFL || command == F_GETFD) return "";
  return absl::StrCat(", ", command == F_SETFL ? FileFlagNames(entry.arguments[2])
                                               : absl::StrCat(entry.arguments[2]));
}

// Of a send or receive with an address.
const char* Suffix(const duet_ledger_entry& entry) {
  if (EndpointOf(entry) == Endpoint()) return "";
  return entry.call == DUET_CALL_SEND ? "to" : "from";
}

std::string TimeOf(int64_t nanoseconds) {
  constexpr int64_t kMillisecond = 1'000'000;
  if (nanoseconds < 0) return "for ever";
  if (nanoseconds % kMillisecond == 0) return absl::StrCat(nanoseconds / kMillisecond, " ms");
  return absl::StrFormat("%.6g ms", static_cast<double>(nanoseconds) / kMillisecond);
}

// ", exited with 3": a process's end, as wait tells it.
std::string StatusOf(int64_t status) {
  const int plain = static_cast<int>(status);
  if (WIFEXITED(plain)) return absl::StrCat(", exited with ", WEXITSTATUS(plain));
  return WIFSIGNALED(plain) ? absl::StrCat(", ended by ", SignalName(WTERMSIG(plain))) : "";
}

std::string NameAndArguments(const duet_ledger_entry& entry, const Trace* names) {
  const int64_t* a = entry.arguments;
  const std::string address = AddressOf(entry, names);
  const std::string comma_address = address.empty() ? "" : absl::StrCat(", ", address);
  switch (entry.call) {
    case DUET_CALL_SOCKET:
      return absl::StrCat("socket(", FamilyName(a[0]), ", ", TypeName(a[1]), ", ", a[2], ")");
    case DUET_CALL_BIND:
      return absl::StrCat("bind(", a[0], comma_address, ")");
    case DUET_CALL_LISTEN:
      return absl::StrCat("listen(", a[0], ", ", a[1], ")");
    case DUET_CALL_ACCEPT:
      return absl::StrCat("accept(", a[0], comma_address, a[1] != 0 ? ", " + TypeFlagNames(a[1]) : "", ")");
    case DUET_CALL_CONNECT:
      return absl::StrCat("connect(", a[0], comma_address, ")");
    case DUET_CALL_SEND:
    case DUET_CALL_RECV:
      return absl::StrCat(CallName(entry.call), Suffix(entry), "(", a[0], ", ", Quoted(entry), ", ", a[1], ", ",
                          MessageFlagNames(a[2]), comma_address, ")");
    case DUET_CALL_READ:
      return absl::StrCat("read(", a[0], ", ", Quoted(entry), ", ", a[1], ")");
    case DUET_CALL_WRITE:
      return absl::StrCat("write(", a[0], ", ", Quoted(entry), ", ", a[1], ")");
    case DUET_CALL_SHUTDOWN:
      return absl::StrCat("shutdown(", a[0], ", ", HowName(a[1]), ")");
    case DUET_CALL_CLOSE:
      return absl::StrCat("close(", a[0], ")");
    case DUET_CALL_DUP:
      if (a[1] < 0 && a[2] < 0) return absl::StrCat("dup(", a[0], ")");
      if (a[2] < 0) return absl::StrCat("dup2(", a[0], ", ", a[1], ")");
      return absl::StrCat("dup3(", a[0], ", ", a[1], ", ", FileFlagNames(a[2]), ")");
    case DUET_CALL_FCNTL:
      return absl::StrCat("fcntl(", a[0], ", ", FileCommandName(a[1]), FileArgumentOf(entry), ")");
    case DUET_CALL_IOCTL:
      return absl::StrCat("ioctl(", a[0], ", ", RequestName(a[1]), ", [", a[2], "])");
    case DUET_CALL_GETSOCKOPT:
    case DUET_CALL_SETSOCKOPT:
      return absl::StrCat(entry.call == DUET_CALL_GETSOCKOPT ? "getsockopt(" : "setsockopt(", a[0], ", ",
                          LevelName(a[1]), ", ", OptionName(a[1], a[2]), ", ", OptionValueOf(entry), ")");
    case DUET_CALL_GETSOCKNAME:
      return absl::StrCat("getsockname(", a[0], comma_address, ")");
    case DUET_CALL_GETPEERNAME:
      return absl::StrCat("getpeername(", a[0], comma_address, ")");
    case DUET_CALL_POLL:
      return absl::StrCat("poll(", Polled(entry, false), ", ", a[0], ", ", a[1], ")");
    case DUET_CALL_SELECT:
      return absl::StrCat("select(", a[0], ", ", Polled(entry, false), ", ",
                          a[1] < 0 ? "for ever" : absl::StrCat(a[1], " ms"), ")");
    case DUET_CALL_EPOLL_CREATE:
      return absl::StrCat("epoll_create1(", a[0] == EPOLL_CLOEXEC ? "EPOLL_CLOEXEC" : absl::StrCat(a[0]), ")");
    case DUET_CALL_EPOLL_CTL:
      return absl::StrCat("epoll_ctl(", a[0], ", ", EpollOperationName(a[1]), ", ", a[2],
                          a[1] == EPOLL_CTL_DEL ? "" : ", " + EpollEventNames(static_cast<uint32_t>(a[3])), ")");
    case DUET_CALL_EPOLL_WAIT:
      return absl::StrCat("epoll_wait(", a[0], ", ", a[1], ", ", a[2], ")");
    case DUET_CALL_SOCKETPAIR:
      return absl::StrCat("socketpair(", FamilyName(a[0]), ", ", TypeName(a[1]), ", [", a[2], ", ", a[3], "])");
    case DUET_CALL_PIPE:
      return absl::StrCat("pipe([", a[0], ", ", a[1], "])");
    case DUET_CALL_GETHOSTNAME:
      return absl::StrCat("gethostname(\"", Quotable(DataOf(entry)), "\", ", a[0], ")");
    case DUET_CALL_GETADDRINFO:
      return absl::StrCat("getaddrinfo(\"", Quotable(DataOf(entry)), "\")");
    case DUET_CALL_FUTEX:
      return absl::StrCat("futex(0x", absl::Hex(a[0]), a[1] == 0 ? ", FUTEX_WAIT, " : ", FUTEX_WAKE, ",
                          a[1] == 0 ? TimeOf(a[2]) : absl::StrCat(a[2]), ")");
    case DUET_CALL_CLONE:
      return a[0] != 0 ? "clone(CLONE_THREAD)" : "fork()";
    case DUET_CALL_EXECVE:
      return absl::StrCat("execve(\"", Quotable(DataOf(entry)), "\")");
    case DUET_CALL_WAIT:
      return absl::StrCat("waitpid(", a[0], HasReturned(entry) && entry.result > 0 ? StatusOf(a[1]) : "", ")");
    case DUET_CALL_KILL:
      if (a[1] == 0) return absl::StrCat("kill(", a[0], ", ", SignalName(a[2]), ")");
      return absl::StrCat("tgkill(", a[0], ", ", a[1], ", ", SignalName(a[2]), ")");
    case DUET_CALL_SIGACTION:
      return absl::StrCat("sigaction(", SignalName(a[0]), ", ",
                          a[1] == 0 ? "SIG_DFL" : a[1] == 1 ? "SIG_IGN" : "a handler", ")");
    case DUET_CALL_SIGWAIT:
      return a[0] < 0 ? "sigwait()" : absl::StrCat("sigwait(", TimeOf(a[0]), ")");
    case DUET_CALL_SETITIMER:
    case DUET_CALL_TIMERFD_SETTIME:
    case DUET_CALL_TIMER_SETTIME:
      return absl::StrCat(CallName(entry.call), "(",
                          entry.call == DUET_CALL_SETITIMER ? "ITIMER_REAL" : absl::StrCat(a[0]), ", ", TimeOf(a[1]),
                          a[2] > 0 ? ", every " + TimeOf(a[2]) : "", ")");
    case DUET_CALL_EVENTFD:
    case DUET_CALL_TIMERFD_CREATE:
      return absl::StrCat(CallName(entry.call), "(", a[0], ", ", FileFlagNames(a[1]), ")");
    case DUET_CALL_TIMER_CREATE:
      return absl::StrCat("timer_create(", a[0], ", ", a[1] == 0 ? "SIGEV_NONE" : SignalName(a[1]), ")");
    case DUET_CALL_SLEEP:
      return absl::StrCat("sleep(", a[0] / 1'000'000, " ms)");
    default:
      return absl::StrCat(CallName(entry.call), "()");
  }
}

std::string ResultOf(const duet_ledger_entry& entry, const Trace* names) {
  if (!HasReturned(entry)) return "? <unfinished ...>";
  if (HasFailed(entry)) {
    const bool plain = entry.call == DUET_CALL_GETADDRINFO;
    return absl::StrCat(plain ? "" : absl::StrCat(entry.result, " "), ErrorName(entry), " (",
                        ErrorDescription(entry), ")");
  }
  if (IsEndOfFile(entry)) return "0 (end of file)";
  if (IsPolling(entry) && entry.result == 0) return "0 (the time is up)";
  if (IsPolling(entry) && entry.result > 0) return absl::StrCat(entry.result, " ", Polled(entry, true));
  if (entry.call == DUET_CALL_GETADDRINFO) return absl::StrCat(entry.result, " [", AddressOf(entry, names), "]");
  return absl::StrCat(entry.result);
}

}  // namespace

Endpoint EndpointOf(const duet_ledger_entry& entry) {
  in6_addr in6;
  std::memcpy(&in6, entry.address, sizeof(in6));
  const IpAddress address(in6);
  return address == kIpv6Any && entry.port == 0 ? Endpoint() : Endpoint{address, entry.port};
}

void SetAddress(duet_ledger_entry& entry, const Endpoint& endpoint) {
  const in6_addr in6 = endpoint.address.ToIn6();
  std::memcpy(entry.address, &in6, sizeof(in6));
  entry.port = endpoint.port;
}

std::string ToString(const duet_ledger_entry& entry) {
  return absl::StrCat(NameAndArguments(entry, nullptr), " = ", ResultOf(entry, nullptr));
}

std::string ToString(const duet_ledger_entry& entry, const Trace& names) {
  return absl::StrCat(NameAndArguments(entry, &names), " = ", ResultOf(entry, &names));
}

}  // namespace lab
