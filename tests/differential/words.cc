#include "tests/differential/words.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace differential {
namespace {

struct Name {
  int64_t value;
  const char* name;
};

// The names of the bits, joined; what has no name in hexadecimal; "0" for none.
template <size_t n>
std::string Bits(int64_t bits, const Name (&names)[n]) {
  std::string text;
  const auto add = [&](absl::string_view name) { absl::StrAppend(&text, text.empty() ? "" : "|", name); };
  for (const Name& name : names) {
    if ((bits & name.value) == 0) continue;
    add(name.name);
    bits &= ~name.value;
  }
  if (bits != 0) add(absl::StrCat("0x", absl::Hex(static_cast<uint64_t>(bits))));
  return text.empty() ? "0" : text;
}

constexpr Name kEvents[] = {{POLLIN, "POLLIN"},         {POLLPRI, "POLLPRI"},       {POLLOUT, "POLLOUT"},
                            {POLLERR, "POLLERR"},       {POLLHUP, "POLLHUP"},       {POLLNVAL, "POLLNVAL"},
                            {POLLRDNORM, "POLLRDNORM"}, {POLLRDBAND, "POLLRDBAND"}, {POLLWRNORM, "POLLWRNORM"},
                            {POLLWRBAND, "POLLWRBAND"}, {POLLRDHUP, "POLLRDHUP"}};
constexpr Name kEpollEvents[] = {{EPOLLIN, "EPOLLIN"},       {EPOLLPRI, "EPOLLPRI"},     {EPOLLOUT, "EPOLLOUT"},
                                 {EPOLLERR, "EPOLLERR"},     {EPOLLHUP, "EPOLLHUP"},     {EPOLLRDHUP, "EPOLLRDHUP"},
                                 {EPOLLRDNORM, "EPOLLRDNORM"}, {EPOLLWRNORM, "EPOLLWRNORM"},
                                 {EPOLLET, "EPOLLET"},       {EPOLLONESHOT, "EPOLLONESHOT"},
                                 {EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE"}};
constexpr Name kMessageFlags[] = {{MSG_OOB, "MSG_OOB"},           {MSG_PEEK, "MSG_PEEK"},
                                  {MSG_DONTWAIT, "MSG_DONTWAIT"}, {MSG_WAITALL, "MSG_WAITALL"},
                                  {MSG_TRUNC, "MSG_TRUNC"},       {MSG_NOSIGNAL, "MSG_NOSIGNAL"},
                                  {MSG_MORE, "MSG_MORE"}};
constexpr Name kSocketOptions[] = {
    {SO_DEBUG, "SO_DEBUG"},         {SO_REUSEADDR, "SO_REUSEADDR"},   {SO_TYPE, "SO_TYPE"},
    {SO_ERROR, "SO_ERROR"},         {SO_DONTROUTE, "SO_DONTROUTE"},   {SO_BROADCAST, "SO_BROADCAST"},
    {SO_SNDBUF, "SO_SNDBUF"},       {SO_RCVBUF, "SO_RCVBUF"},         {SO_KEEPALIVE, "SO_KEEPALIVE"},
    {SO_OOBINLINE, "SO_OOBINLINE"}, {SO_LINGER, "SO_LINGER"},         {SO_REUSEPORT, "SO_REUSEPORT"},
    {SO_RCVLOWAT, "SO_RCVLOWAT"},   {SO_SNDLOWAT, "SO_SNDLOWAT"},     {SO_RCVTIMEO, "SO_RCVTIMEO"},
    {SO_SNDTIMEO, "SO_SNDTIMEO"},   {SO_ACCEPTCONN, "SO_ACCEPTCONN"}, {SO_PROTOCOL, "SO_PROTOCOL"},
    {SO_DOMAIN, "SO_DOMAIN"},       {SO_PRIORITY, "SO_PRIORITY"}};
constexpr Name kIpOptions[] = {{IP_TTL, "IP_TTL"}, {IP_TOS, "IP_TOS"}};
constexpr Name kIpv6Options[] = {{IPV6_V6ONLY, "IPV6_V6ONLY"}};
constexpr Name kTcpOptions[] = {{TCP_NODELAY, "TCP_NODELAY"},
                                {TCP_MAXSEG, "TCP_MAXSEG"},
                                {TCP_CORK, "TCP_CORK"},
                                {TCP_KEEPIDLE, "TCP_KEEPIDLE"},
                                {TCP_KEEPINTVL, "TCP_KEEPINTVL"},
                                {TCP_KEEPCNT, "TCP_KEEPCNT"},
                                {TCP_SYNCNT, "TCP_SYNCNT"},
                                {TCP_LINGER2, "TCP_LINGER2"},
                                {TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT"},
                                {TCP_INFO, "TCP_INFO"},
                                {TCP_QUICKACK, "TCP_QUICKACK"},
                                {TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT"}};

template <size_t n>
std::string Find(int64_t value, const Name (&names)[n]) {
  for (const Name& name : names) {
    if (name.value == value) return name.name;
  }
  return absl::StrCat(value);
}

}  // namespace

const char* NameOf(Call call) {
  switch (call) {
    case Call::kSocket: return "socket";
    case Call::kBind: return "bind";
    case Call::kListen: return "listen";
    case Call::kAccept: return "accept4";
    case Call::kConnect: return "connect";
    case Call::kSend: return "send";
    case Call::kSendTo: return "sendto";
    case Call::kSendMsg: return "sendmsg";
    case Call::kWrite: return "write";
    case Call::kWritev: return "writev";
    case Call::kRecv: return "recv";
    case Call::kRecvFrom: return "recvfrom";
    case Call::kRecvMsg: return "recvmsg";
    case Call::kRead: return "read";
    case Call::kReadv: return "readv";
    case Call::kFill: return "fill";
    case Call::kDrain: return "drain";
    case Call::kShutdown: return "shutdown";
    case Call::kClose: return "close";
    case Call::kDup: return "dup";
    case Call::kDup2: return "dup2";
    case Call::kDup3: return "dup3";
    case Call::kPipe: return "pipe2";
    case Call::kSocketPair: return "socketpair";
    case Call::kEpollCreate: return "epoll_create1";
    case Call::kEpollCtl: return "epoll_ctl";
    case Call::kEpollWait: return "epoll_wait";
    case Call::kPoll: return "poll";
    case Call::kPpoll: return "ppoll";
    case Call::kSelect: return "select";
    case Call::kPselect: return "pselect";
    case Call::kSetFlags: return "fcntl(F_SETFL)";
    case Call::kGetFlags: return "fcntl(F_GETFL)";
    case Call::kFionread: return "ioctl(FIONREAD)";
    case Call::kAtMark: return "ioctl(SIOCATMARK)";
    case Call::kSetOption: return "setsockopt";
    case Call::kGetOption: return "getsockopt";
    case Call::kGetSockName: return "getsockname";
    case Call::kGetPeerName: return "getpeername";
  }
  return "?";
}

std::string ErrorName(int error) {
  if (error == 0) return "0";
  const char* const name = strerrorname_np(error);
  return name != nullptr ? name : absl::StrCat(error);
}

std::string Events(short events) { return Bits(static_cast<uint16_t>(events), kEvents); }

std::string EpollEvents(uint32_t events) { return Bits(events, kEpollEvents); }

std::string MessageFlags(int64_t flags) { return Bits(flags, kMessageFlags); }

std::string OptionName(int64_t level, int64_t option) {
  switch (level) {
    case SOL_SOCKET: return absl::StrCat("SOL_SOCKET, ", Find(option, kSocketOptions));
    case IPPROTO_TCP: return absl::StrCat("IPPROTO_TCP, ", Find(option, kTcpOptions));
    case IPPROTO_IP: return absl::StrCat("IPPROTO_IP, ", Find(option, kIpOptions));
    case IPPROTO_IPV6: return absl::StrCat("IPPROTO_IPV6, ", Find(option, kIpv6Options));
    default: return absl::StrCat(level, ", ", option);
  }
}

std::string HostName(uint32_t address) {
  if (address == INADDR_ANY) return "INADDR_ANY";
  return absl::StrCat(address >> 24, ".", address >> 16 & 255, ".", address >> 8 & 255, ".", address & 255);
}

}  // namespace differential
