// A ledger's entry as text, like strace's. Entries come from hostile programs: every field can hold anything.
#include "lab/trace/ledger_entry.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/trace/printable.h"
#include "lab/trace/trace.h"

namespace lab {
namespace {

struct Named {
  int64_t value;
  const char* name;
};

constexpr Named kFamilies[] = {{AF_UNIX, "AF_UNIX"}, {AF_INET, "AF_INET"}, {AF_INET6, "AF_INET6"}};
constexpr Named kTypes[] = {{SOCK_STREAM, "SOCK_STREAM"}, {SOCK_DGRAM, "SOCK_DGRAM"}, {SOCK_RAW, "SOCK_RAW"}};
constexpr Named kTypeFlags[] = {{SOCK_NONBLOCK, "SOCK_NONBLOCK"}, {SOCK_CLOEXEC, "SOCK_CLOEXEC"}};
constexpr Named kHows[] = {{SHUT_RD, "SHUT_RD"}, {SHUT_WR, "SHUT_WR"}, {SHUT_RDWR, "SHUT_RDWR"}};
constexpr Named kMessageFlags[] = {
    {MSG_OOB, "MSG_OOB"},           {MSG_PEEK, "MSG_PEEK"},         {MSG_DONTROUTE, "MSG_DONTROUTE"},
    {MSG_TRUNC, "MSG_TRUNC"},       {MSG_DONTWAIT, "MSG_DONTWAIT"}, {MSG_WAITALL, "MSG_WAITALL"},
    {MSG_NOSIGNAL, "MSG_NOSIGNAL"}, {MSG_MORE, "MSG_MORE"},
};
constexpr Named kPollEvents[] = {
    {POLLIN, "POLLIN"},   {POLLPRI, "POLLPRI"}, {POLLOUT, "POLLOUT"},     {POLLERR, "POLLERR"},
    {POLLHUP, "POLLHUP"}, {POLLNVAL, "POLLNVAL"}, {POLLRDHUP, "POLLRDHUP"},
};
constexpr Named kFileCommands[] = {
    {F_DUPFD, "F_DUPFD"}, {F_GETFD, "F_GETFD"}, {F_SETFD, "F_SETFD"},
    {F_GETFL, "F_GETFL"}, {F_SETFL, "F_SETFL"}, {F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"},
};
constexpr Named kFileFlags[] = {{O_WRONLY, "O_WRONLY"}, {O_RDWR, "O_RDWR"}, {O_NONBLOCK, "O_NONBLOCK"}};
constexpr Named kRequests[] = {{FIONREAD, "FIONREAD"}, {FIONBIO, "FIONBIO"}};
constexpr Named kLevels[] = {{SOL_SOCKET, "SOL_SOCKET"}, {IPPROTO_TCP, "IPPROTO_TCP"}, {IPPROTO_IP, "IPPROTO_IP"}};
constexpr Named kSocketOptions[] = {
    {SO_ERROR, "SO_ERROR"},         {SO_REUSEADDR, "SO_REUSEADDR"}, {SO_REUSEPORT, "SO_REUSEPORT"},
    {SO_LINGER, "SO_LINGER"},       {SO_RCVBUF, "SO_RCVBUF"},       {SO_SNDBUF, "SO_SNDBUF"},
    {SO_RCVTIMEO, "SO_RCVTIMEO"},   {SO_SNDTIMEO, "SO_SNDTIMEO"},   {SO_KEEPALIVE, "SO_KEEPALIVE"},
    {SO_TYPE, "SO_TYPE"},           {SO_DOMAIN, "SO_DOMAIN"},       {SO_PROTOCOL, "SO_PROTOCOL"},
    {SO_ACCEPTCONN, "SO_ACCEPTCONN"}, {SO_BROADCAST, "SO_BROADCAST"},
};
constexpr Named kTcpOptions[] = {{TCP_NODELAY, "TCP_NODELAY"}, {TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT"}};
constexpr Named kAddressErrors[] = {
    {EAI_BADFLAGS, "EAI_BADFLAGS"}, {EAI_NONAME, "EAI_NONAME"},   {EAI_AGAIN, "EAI_AGAIN"},
    {EAI_FAIL, "EAI_FAIL"},         {EAI_FAMILY, "EAI_FAMILY"},   {EAI_SOCKTYPE, "EAI_SOCKTYPE"},
    {EAI_SERVICE, "EAI_SERVICE"},   {EAI_MEMORY, "EAI_MEMORY"},   {EAI_SYSTEM, "EAI_SYSTEM"},
};

template <size_t kCount>
std::string NameIn(const Named (&table)[kCount], int64_t value) {
  for (const Named& named : table) {
    if (named.value == value) return named.name;
  }
  return absl::StrCat(value);
}

// The flags of `value` by name, what is left over in hexadecimal, "0" if there are none.
template <size_t kCount>
std::string FlagsIn(const Named (&table)[kCount], int64_t value) {
  std::vector<std::string> parts;
  for (const Named& named : table) {
    if ((value & named.value) == 0) continue;
    parts.push_back(named.name);
    value &= ~named.value;
  }
  if (value != 0) parts.push_back(absl::StrCat("0x", absl::Hex(value)));
  return parts.empty() ? "0" : absl::StrJoin(parts, "|");
}

std::string_view DataOf(const duet_ledger_entry& entry) {
  return {reinterpret_cast<const char*>(entry.data), std::min<size_t>(entry.data_length, DUET_LEDGER_DATA)};
}

// What a call moved, quoted; "…" in strace's way where there was more than the ledger keeps.
std::string Quoted(const duet_ledger_entry& entry) {
  const std::string_view data = DataOf(entry);
  const bool more = entry.result > static_cast<int64_t>(data.size());
  return absl::StrCat("\"", Quotable(data), more ? "\"..." : "\"");
}

std::string TypeOf(int64_t type) {
  const int64_t flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const std::string plain = NameIn(kTypes, type & ~flags);
  return flags == 0 ? plain : absl::StrCat(plain, "|", FlagsIn(kTypeFlags, flags));
}

// What is polled ("[{3, POLLIN}, {0, POLLIN}]") or, with `answers`, what was ready.
std::string Polled(const duet_ledger_entry& entry, bool answers) {
  const std::string_view data = DataOf(entry);
  std::vector<std::string> parts;
  for (size_t at = 0; at + sizeof(pollfd) <= data.size(); at += sizeof(pollfd)) {
    pollfd polled;
    std::memcpy(&polled, data.data() + at, sizeof(polled));
    const short events = answers ? polled.revents : polled.events;
    if (answers && events == 0) continue;
    parts.push_back(absl::StrCat("{", polled.fd, ", ", FlagsIn(kPollEvents, static_cast<uint16_t>(events)), "}"));
  }
  const bool cut = entry.call == DUET_CALL_POLL && entry.arguments[0] > DUET_LEDGER_DATA / int64_t{sizeof(pollfd)};
  if (cut) parts.push_back("...");
  return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
}

std::string OptionOf(int64_t level, int64_t option) {
  if (level == SOL_SOCKET) return NameIn(kSocketOptions, option);
  if (level == IPPROTO_TCP) return NameIn(kTcpOptions, option);
  return absl::StrCat(option);
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
  if (option == SO_ERROR && entry.arguments[3] != 0) {
    const char* name = strerrorname_np(static_cast<int>(entry.arguments[3]));
    if (name != nullptr) return name;
  }
  return absl::StrCat(entry.arguments[3]);
}

std::string FileArgumentOf(const duet_ledger_entry& entry) {
  const int64_t command = entry.arguments[1];
  if (command == F_GETFL || command == F_GETFD) return "";
  return absl::StrCat(", ", command == F_SETFL ? FlagsIn(kFileFlags, entry.arguments[2])
                                               : absl::StrCat(entry.arguments[2]));
}

std::string AddressOf(const duet_ledger_entry& entry, const Trace* names) {
  if (entry.address == 0 && entry.port == 0) return "";
  const std::string host = names != nullptr ? names->NameOf(entry.address) : AddressToString(entry.address);
  return absl::StrCat(host, ":", entry.port);
}

std::string NameAndArguments(const duet_ledger_entry& entry, const Trace* names) {
  const int64_t* a = entry.arguments;
  const std::string address = AddressOf(entry, names);
  const std::string comma_address = address.empty() ? "" : absl::StrCat(", ", address);
  switch (entry.call) {
    case DUET_CALL_SOCKET:
      return absl::StrCat("socket(", NameIn(kFamilies, a[0]), ", ", TypeOf(a[1]), ", ", a[2], ")");
    case DUET_CALL_BIND:
      return absl::StrCat("bind(", a[0], comma_address, ")");
    case DUET_CALL_LISTEN:
      return absl::StrCat("listen(", a[0], ", ", a[1], ")");
    case DUET_CALL_ACCEPT:
      return absl::StrCat("accept(", a[0], comma_address, a[1] != 0 ? ", " + FlagsIn(kTypeFlags, a[1]) : "", ")");
    case DUET_CALL_CONNECT:
      return absl::StrCat("connect(", a[0], comma_address, ")");
    case DUET_CALL_SEND:
      return absl::StrCat("send(", a[0], ", ", Quoted(entry), ", ", a[1], ", ", FlagsIn(kMessageFlags, a[2]), ")");
    case DUET_CALL_RECV:
      return absl::StrCat("recv(", a[0], ", ", Quoted(entry), ", ", a[1], ", ", FlagsIn(kMessageFlags, a[2]), ")");
    case DUET_CALL_READ:
      return absl::StrCat("read(", a[0], ", ", Quoted(entry), ", ", a[1], ")");
    case DUET_CALL_WRITE:
      return absl::StrCat("write(", a[0], ", ", Quoted(entry), ", ", a[1], ")");
    case DUET_CALL_SHUTDOWN:
      return absl::StrCat("shutdown(", a[0], ", ", NameIn(kHows, a[1]), ")");
    case DUET_CALL_CLOSE:
      return absl::StrCat("close(", a[0], ")");
    case DUET_CALL_DUP:
      return a[1] < 0 ? absl::StrCat("dup(", a[0], ")") : absl::StrCat("dup2(", a[0], ", ", a[1], ")");
    case DUET_CALL_FCNTL:
      return absl::StrCat("fcntl(", a[0], ", ", NameIn(kFileCommands, a[1]), FileArgumentOf(entry), ")");
    case DUET_CALL_IOCTL:
      return absl::StrCat("ioctl(", a[0], ", ", NameIn(kRequests, a[1]), ", [", a[2], "])");
    case DUET_CALL_GETSOCKOPT:
    case DUET_CALL_SETSOCKOPT:
      return absl::StrCat(entry.call == DUET_CALL_GETSOCKOPT ? "getsockopt(" : "setsockopt(", a[0], ", ",
                          NameIn(kLevels, a[1]), ", ", OptionOf(a[1], a[2]), ", ", OptionValueOf(entry), ")");
    case DUET_CALL_GETSOCKNAME:
      return absl::StrCat("getsockname(", a[0], comma_address, ")");
    case DUET_CALL_GETPEERNAME:
      return absl::StrCat("getpeername(", a[0], comma_address, ")");
    case DUET_CALL_POLL:
      return absl::StrCat("poll(", Polled(entry, false), ", ", a[0], ", ", a[1], ")");
    case DUET_CALL_SELECT:
      return absl::StrCat("select(", a[0], ", ", Polled(entry, false), ", ",
                          a[1] < 0 ? "for ever" : absl::StrCat(a[1], " ms"), ")");
    case DUET_CALL_PIPE:
      return absl::StrCat("pipe([", a[0], ", ", a[1], "])");
    case DUET_CALL_GETHOSTNAME:
      return absl::StrCat("gethostname(\"", Quotable(DataOf(entry)), "\", ", a[0], ")");
    case DUET_CALL_GETADDRINFO:
      return absl::StrCat("getaddrinfo(\"", Quotable(DataOf(entry)), "\")");
    case DUET_CALL_SLEEP:
      return absl::StrCat("sleep(", a[0] / 1'000'000, " ms)");
    default:
      return absl::StrCat("call ", entry.call, "()");
  }
}

std::string ResultOf(const duet_ledger_entry& entry, const Trace* names) {
  if (entry.end_ns < entry.begin_ns) return "? (has not returned)";
  if (entry.call == DUET_CALL_GETADDRINFO && entry.error != 0) {
    return absl::StrCat(NameIn(kAddressErrors, entry.error), " (", gai_strerror(entry.error), ")");
  }
  if (entry.result < 0 && entry.error != 0) {
    const char* name = strerrorname_np(entry.error);
    if (name == nullptr) return absl::StrCat(entry.result, " error ", entry.error);
    return absl::StrCat(entry.result, " ", name, " (", strerrordesc_np(entry.error), ")");
  }
  const bool reads = entry.call == DUET_CALL_RECV || entry.call == DUET_CALL_READ;
  if (reads && entry.result == 0 && entry.arguments[1] > 0) return "0 (end of file)";
  const bool polls = entry.call == DUET_CALL_POLL || entry.call == DUET_CALL_SELECT;
  if (polls && entry.result == 0) return "0 (the time is up)";
  if (polls && entry.result > 0) return absl::StrCat(entry.result, " ", Polled(entry, true));
  if (entry.call == DUET_CALL_GETADDRINFO) return absl::StrCat(entry.result, " [", AddressOf(entry, names), "]");
  return absl::StrCat(entry.result);
}

}  // namespace

std::string ToString(const duet_ledger_entry& entry) {
  return absl::StrCat(NameAndArguments(entry, nullptr), " = ", ResultOf(entry, nullptr));
}

std::string ToString(const duet_ledger_entry& entry, const Trace& names) {
  return absl::StrCat(NameAndArguments(entry, &names), " = ", ResultOf(entry, &names));
}

}  // namespace lab
