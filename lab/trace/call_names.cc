#include "lab/trace/call_names.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lab {
namespace {

struct Named {
  int64_t value;
  const char* name;
};

constexpr const char* kCalls[] = {
    "socket", "bind",     "listen", "accept", "connect",    "send",       "recv",        "read",
    "write",  "shutdown", "close",  "dup",    "fcntl",      "ioctl",      "getsockopt",  "setsockopt",
    "getsockname", "getpeername", "poll", "select", "pipe", "gethostname", "getaddrinfo", "sleep",
    "socketpair", "epoll_create", "epoll_ctl", "epoll_wait", "futex", "clone", "execve", "wait", "kill",
    "sigaction", "sigwait", "setitimer", "eventfd", "timerfd_create", "timerfd_settime",
    "timer_create", "timer_settime",
};
static_assert(std::size(kCalls) == DUET_CALL_COUNT);

constexpr Named kFamilies[] = {{AF_UNIX, "AF_UNIX"}, {AF_INET, "AF_INET"}, {AF_INET6, "AF_INET6"}};
constexpr Named kTypes[] = {{SOCK_STREAM, "SOCK_STREAM"}, {SOCK_DGRAM, "SOCK_DGRAM"}, {SOCK_RAW, "SOCK_RAW"},
                            {SOCK_SEQPACKET, "SOCK_SEQPACKET"}};
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
constexpr Named kEpollEvents[] = {
    {EPOLLIN, "EPOLLIN"},   {EPOLLPRI, "EPOLLPRI"},     {EPOLLOUT, "EPOLLOUT"},         {EPOLLERR, "EPOLLERR"},
    {EPOLLHUP, "EPOLLHUP"}, {EPOLLRDHUP, "EPOLLRDHUP"}, {EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE"},
    {EPOLLONESHOT, "EPOLLONESHOT"}, {int64_t{EPOLLET}, "EPOLLET"},
};
constexpr Named kEpollOperations[] = {
    {EPOLL_CTL_ADD, "EPOLL_CTL_ADD"}, {EPOLL_CTL_DEL, "EPOLL_CTL_DEL"}, {EPOLL_CTL_MOD, "EPOLL_CTL_MOD"},
};
constexpr Named kFileCommands[] = {
    {F_DUPFD, "F_DUPFD"}, {F_GETFD, "F_GETFD"}, {F_SETFD, "F_SETFD"},
    {F_GETFL, "F_GETFL"}, {F_SETFL, "F_SETFL"}, {F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"},
};
constexpr Named kFileFlags[] = {{O_WRONLY, "O_WRONLY"}, {O_RDWR, "O_RDWR"}, {O_NONBLOCK, "O_NONBLOCK"},
                                {O_CLOEXEC, "O_CLOEXEC"}};
constexpr Named kRequests[] = {{FIONREAD, "FIONREAD"}, {FIONBIO, "FIONBIO"}, {SIOCATMARK, "SIOCATMARK"}};
constexpr Named kLevels[] = {{SOL_SOCKET, "SOL_SOCKET"}, {IPPROTO_TCP, "IPPROTO_TCP"}, {IPPROTO_IP, "IPPROTO_IP"}};
constexpr Named kSocketOptions[] = {
    {SO_ERROR, "SO_ERROR"},         {SO_REUSEADDR, "SO_REUSEADDR"}, {SO_REUSEPORT, "SO_REUSEPORT"},
    {SO_LINGER, "SO_LINGER"},       {SO_RCVBUF, "SO_RCVBUF"},       {SO_SNDBUF, "SO_SNDBUF"},
    {SO_RCVTIMEO, "SO_RCVTIMEO"},   {SO_SNDTIMEO, "SO_SNDTIMEO"},   {SO_KEEPALIVE, "SO_KEEPALIVE"},
    {SO_TYPE, "SO_TYPE"},           {SO_DOMAIN, "SO_DOMAIN"},       {SO_PROTOCOL, "SO_PROTOCOL"},
    {SO_ACCEPTCONN, "SO_ACCEPTCONN"}, {SO_BROADCAST, "SO_BROADCAST"}, {SO_OOBINLINE, "SO_OOBINLINE"},
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

}  // namespace

std::string CallName(uint32_t call) { return call < DUET_CALL_COUNT ? kCalls[call] : absl::StrCat("call ", call); }

std::string FamilyName(int64_t domain) { return NameIn(kFamilies, domain); }

std::string TypeName(int64_t type) {
  const int64_t flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const std::string plain = NameIn(kTypes, type & ~flags);
  return flags == 0 ? plain : absl::StrCat(plain, "|", TypeFlagNames(flags));
}

std::string TypeFlagNames(int64_t flags) { return FlagsIn(kTypeFlags, flags); }
std::string HowName(int64_t how) { return NameIn(kHows, how); }
std::string MessageFlagNames(int64_t flags) { return FlagsIn(kMessageFlags, flags); }
std::string PollEventNames(short events) { return FlagsIn(kPollEvents, static_cast<uint16_t>(events)); }
std::string EpollEventNames(uint32_t events) { return FlagsIn(kEpollEvents, events); }
std::string EpollOperationName(int64_t operation) { return NameIn(kEpollOperations, operation); }
std::string FileCommandName(int64_t command) { return NameIn(kFileCommands, command); }
std::string FileFlagNames(int64_t flags) { return FlagsIn(kFileFlags, flags); }
std::string RequestName(int64_t request) { return NameIn(kRequests, request); }
std::string LevelName(int64_t level) { return NameIn(kLevels, level); }

std::string SignalName(int64_t signal) {
  const char* const name = signal > 0 && signal <= 64 ? sigabbrev_np(static_cast<int>(signal)) : nullptr;
  return name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat(signal);
}

std::string OptionName(int64_t level, int64_t option) {
  if (level == SOL_SOCKET) return NameIn(kSocketOptions, option);
  if (level == IPPROTO_TCP) return NameIn(kTcpOptions, option);
  return absl::StrCat(option);
}

std::string ErrorName(const duet_ledger_entry& entry) {
  if (entry.call == DUET_CALL_GETADDRINFO) return NameIn(kAddressErrors, entry.error);
  const char* name = strerrorname_np(entry.error);
  return name != nullptr ? name : absl::StrCat("error ", entry.error);
}

std::string ErrorDescription(const duet_ledger_entry& entry) {
  if (entry.call == DUET_CALL_GETADDRINFO) return gai_strerror(entry.error);
  const char* description = strerrordesc_np(entry.error);
  return description != nullptr ? description : "unknown error";
}

std::string AddressOf(const duet_ledger_entry& entry, const Trace* names) {
  const Endpoint endpoint = EndpointOf(entry);
  if (endpoint == Endpoint()) return "";
  return names != nullptr ? names->NameOf(endpoint) : ToString(endpoint);
}

std::string_view DataOf(const duet_ledger_entry& entry) {
  return {reinterpret_cast<const char*>(entry.data), std::min<size_t>(entry.data_length, DUET_LEDGER_DATA)};
}

std::vector<pollfd> PolledOf(const duet_ledger_entry& entry) {
  const std::string_view data = DataOf(entry);
  std::vector<pollfd> polled(data.size() / sizeof(pollfd));
  if (!polled.empty()) std::memcpy(polled.data(), data.data(), polled.size() * sizeof(pollfd));
  return polled;
}

bool HasReturned(const duet_ledger_entry& entry) { return entry.end_ns >= entry.begin_ns; }

bool HasFailed(const duet_ledger_entry& entry) {
  return HasReturned(entry) && entry.error != 0 && (entry.result < 0 || entry.call == DUET_CALL_GETADDRINFO);
}

bool IsReading(const duet_ledger_entry& entry) {
  return entry.call == DUET_CALL_RECV || entry.call == DUET_CALL_READ;
}

bool IsEndOfFile(const duet_ledger_entry& entry) {
  const bool datagram = EndpointOf(entry) != Endpoint();
  return IsReading(entry) && entry.result == 0 && entry.arguments[1] > 0 && !datagram;
}

bool IsWriting(const duet_ledger_entry& entry) {
  return entry.call == DUET_CALL_SEND || entry.call == DUET_CALL_WRITE;
}

bool IsPolling(const duet_ledger_entry& entry) {
  return entry.call == DUET_CALL_POLL || entry.call == DUET_CALL_SELECT || entry.call == DUET_CALL_EPOLL_WAIT;
}

}  // namespace lab
