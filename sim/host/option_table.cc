#include "sim/host/option_table.h"

#include <netinet/tcp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "sim/tcp/connection.h"

namespace sim {
namespace {

using Values = OptionValues;
using Argument = OptionArgument;

// --- Switches and numbers ---

template <auto field>
int SetSwitch(Values& values, const Argument& argument) {
  values.*field = argument.number != 0;
  return 0;
}

template <auto field, int least, int most, int error = EINVAL>
int SetNumber(Values& values, const Argument& argument) {
  if (argument.number < least || argument.number > most) return -error;
  values.*field = static_cast<std::remove_reference_t<decltype(values.*field)>>(argument.number);
  return 0;
}

template <auto field>
int GetNumber(const Values& values, const SocketKind&, const OptionRoom& room) {
  return room.Store(static_cast<int>(values.*field));
}

template <int number>
int GetConstant(const Values&, const SocketKind&, const OptionRoom& room) {
  return room.Store(number);
}

int Ignore(Values&, const Argument&) { return 0; }
int NotPermitted(Values&, const Argument&) { return -EPERM; }
// Switched on by the privileged alone; switched off by all.
int NotPermittedOn(Values&, const Argument& argument) { return argument.number != 0 ? -EPERM : 0; }

template <auto field>
constexpr OptionEntry Switch(int level, int name) {
  return {level, name, SetSwitch<field>, GetNumber<field>};
}

template <auto field, int least, int most, int error = EINVAL>
constexpr OptionEntry Number(int level, int name) {
  return {level, name, SetNumber<field, least, most, error>, GetNumber<field>};
}

// IPPROTO_IP's that take nothing at all for an error.
template <int (*set)(Values&, const Argument&)>
int AtLeastAByte(Values& values, const Argument& argument) {
  return argument.length < 1 ? -EINVAL : set(values, argument);
}

// --- Values of other shapes ---

template <typename T>
int Load(const Argument& argument, T& out) {
  if (argument.length < sizeof out) return -EINVAL;
  if (argument.value == nullptr) return -EFAULT;
  std::memcpy(&out, argument.value, sizeof out);
  return 0;
}

template <auto field>
int SetTimeout(Values& values, const Argument& argument) {
  timeval time;
  if (const int error = Load(argument, time)) return error;
  if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) return -EDOM;
  // A negative timeout is over at once; a very long one is as good as none.
  constexpr int64_t kMostSeconds = 1'000'000'000;
  Duration timeout = std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  if (time.tv_sec < 0) timeout = Duration(1);
  if (time.tv_sec > kMostSeconds) timeout = Duration(0);
  values.*field = timeout;
  return 0;
}

template <auto field>
int GetTimeout(const Values& values, const SocketKind&, const OptionRoom& room) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(values.*field).count();
  const timeval time{microseconds / 1'000'000, microseconds % 1'000'000};
  return room.Store(&time, sizeof time);
}

int SetLinger(Values& values, const Argument& argument) {
  linger asked;
  if (const int error = Load(argument, asked)) return error;
  values.lingers = asked.l_onoff != 0;
  // Switched off it keeps its time.
  if (values.lingers) values.linger_seconds = asked.l_linger;
  return 0;
}

int GetLinger(const Values& values, const SocketKind&, const OptionRoom& room) {
  const linger stored{values.lingers, values.linger_seconds};
  return room.Store(&stored, sizeof stored);
}

// The host's own device is the world's affair; a socket can be kept to the loopback.
int SetDevice(Values& values, const Argument& argument) {
  constexpr size_t kMostName = 15;  // Linux's IFNAMSIZ, less the end
  if (argument.length > 0 && argument.value == nullptr) return -EFAULT;
  std::string_view name(static_cast<const char*>(argument.value), std::min<size_t>(argument.length, kMostName));
  name = name.substr(0, name.find('\0'));
  if (!name.empty() && name != "lo") return -ENODEV;
  values.bound_to_loopback = !name.empty();
  return 0;
}

int SetCongestion(Values& values, const Argument& argument) {
  constexpr size_t kMostName = 15;
  if (argument.length < 1) return -EINVAL;
  if (argument.value == nullptr) return -EFAULT;
  std::string_view name(static_cast<const char*>(argument.value), std::min<size_t>(argument.length, kMostName));
  name = name.substr(0, name.find('\0'));
  if (name != "reno" && name != "cubic") return -ENOENT;
  values.reno = name == "reno";
  return 0;
}

int GetCongestion(const Values& values, const SocketKind&, const OptionRoom& room) {
  char name[16] = {};
  std::strcpy(name, values.reno ? "reno" : "cubic");
  return room.Store(name, sizeof name);
}

// --- Buffers ---

constexpr uint32_t kMostBuffer = 4'194'304;  // net.core.wmem_max and rmem_max
constexpr int kLeastSendBuffer = 4'608;
constexpr int kLeastReceiveBuffer = 2'304;
// Of sockets whose buffers nobody set: tcp_wmem and tcp_rmem, wmem_default and rmem_default.
constexpr int kStreamSendBuffer = 16'384;
constexpr int kStreamReceiveBuffer = 131'072;
constexpr int kOtherBuffer = 212'992;

// A negative size counts as a large one, as in Linux.
template <auto field, int least>
int SetBuffer(Values& values, const Argument& argument) {
  const auto asked = static_cast<int>(std::min(static_cast<uint32_t>(argument.number), kMostBuffer));
  values.*field = std::max(2 * asked, least);
  return 0;
}

template <auto field, int of_streams>
int GetBuffer(const Values& values, const SocketKind& kind, const OptionRoom& room) {
  const int unset = kind.protocol == IPPROTO_TCP ? of_streams : kOtherBuffer;
  return room.Store(values.*field > 0 ? values.*field : unset);
}

// No more than half of the receive buffer, or of what it can grow to by itself (tcp_rmem's third).
int SetReceiveLow(Values& values, const Argument& argument) {
  constexpr int kMost = 16'777'216;
  const int asked = argument.number < 0 ? INT_MAX : argument.number;
  const int most = values.receive_buffer > 0 ? values.receive_buffer / 2 : kMost;
  values.receive_low = std::max(std::min(asked, most), 1);
  return 0;
}

// --- TCP's own ---

int SetMaxSegment(Values& values, const Argument& argument) {
  constexpr int kLeast = 88;
  constexpr int kMost = 32'767;
  if (argument.number != 0 && (argument.number < kLeast || argument.number > kMost)) return -EINVAL;
  values.max_segment = static_cast<uint16_t>(argument.number);
  return 0;
}

int GetMaxSegment(const Values& values, const SocketKind&, const OptionRoom& room) {
  constexpr int kUnset = 536;
  return room.Store(values.max_segment != 0 ? values.max_segment : kUnset);
}

int SetLinger2(Values& values, const Argument& argument) {
  constexpr int kMost = 120;
  values.linger2 = static_cast<int16_t>(std::clamp(argument.number, -1, kMost));
  return 0;
}

// The seconds become a number of SYN-ACKs, and are read as what those take.
int SetDeferAccept(Values& values, const Argument& argument) {
  values.defer_accept = static_cast<uint8_t>(tcp::DeferAcceptTimeouts(argument.number));
  return 0;
}

int GetDeferAccept(const Values& values, const SocketKind&, const OptionRoom& room) {
  return room.Store(tcp::DeferAcceptSeconds(values.defer_accept));
}

int SetFastOpen(Values& values, const Argument& argument) {
  constexpr int kMost = 4'096;  // somaxconn
  if (argument.number < 0) return -EINVAL;
  values.fast_open = std::min(argument.number, kMost);
  return 0;
}

int SetNotSentLow(Values& values, const Argument& argument) {
  values.not_sent_low = static_cast<uint32_t>(argument.number);
  return 0;
}

// --- IP's own ---

int SetTtl(Values& values, const Argument& argument) {
  if (argument.length < 1) return -EINVAL;
  if (argument.number != -1 && (argument.number < 1 || argument.number > 255)) return -EINVAL;
  values.ttl = static_cast<int16_t>(argument.number);
  return 0;
}

int GetTtl(const Values& values, const SocketKind&, const OptionRoom& room) {
  constexpr int kUsual = 64;
  return room.Store(values.ttl < 0 ? kUsual : values.ttl);
}

int GetIpv6Hops(const Values& values, const SocketKind&, const OptionRoom& room) {
  constexpr int kUsual = 64;
  return room.Store(values.ipv6_hops < 0 ? kUsual : values.ipv6_hops);
}

// The two bits of ECN are TCP's to set.
int SetTos(Values& values, const Argument& argument) {
  const int ecn = argument.kind.protocol == IPPROTO_TCP ? 3 : 0;
  values.tos = static_cast<uint8_t>(argument.number & ~ecn);
  return 0;
}

int SetLocalPorts(Values& values, const Argument& argument) {
  const auto range = static_cast<uint32_t>(argument.number);
  if (argument.length != sizeof range) return -EINVAL;
  const uint32_t first = range & 0xffff;
  const uint32_t last = range >> 16;
  if (first != 0 && last != 0 && first > last) return -EINVAL;
  values.local_ports = range;
  return 0;
}

// --- What a socket is ---

template <int SocketKind::*field>
int GetKind(const Values&, const SocketKind& kind, const OptionRoom& room) {
  return room.Store(kind.*field);
}

// Whom a socket of the Internet is connected to is nobody that the host knows.
int GetPeerCredentials(const Values&, const SocketKind&, const OptionRoom& room) {
  const ucred nobody{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  return room.Store(&nobody, sizeof nobody);
}

int GetDevice(const Values& values, const SocketKind&, const OptionRoom& room) {
  return values.bound_to_loopback ? room.Store("lo", 3) : room.Store(nullptr, 0);
}

constexpr int kMostSeconds = 32'767;  // of keepalive's

constexpr int kIpLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE, which Debian 12's headers don't have yet

constexpr OptionEntry kTable[] = {
    {SOL_SOCKET, SO_TYPE, nullptr, GetKind<&SocketKind::type>},
    {SOL_SOCKET, SO_DOMAIN, nullptr, GetKind<&SocketKind::domain>},
    {SOL_SOCKET, SO_PROTOCOL, nullptr, GetKind<&SocketKind::protocol>},
    {SOL_SOCKET, SO_REUSEADDR,
     [](Values& values, const Argument& argument) {
       values.reuse.address = argument.number != 0;
       return 0;
     },
     [](const Values& values, const SocketKind&, const OptionRoom& room) { return room.Store(values.reuse.address); }},
    {SOL_SOCKET, SO_REUSEPORT,
     [](Values& values, const Argument& argument) {
       if (argument.number != 0 && argument.kind.domain == AF_UNIX) return -EOPNOTSUPP;
       values.reuse.port = argument.number != 0;
       return 0;
     },
     [](const Values& values, const SocketKind&, const OptionRoom& room) { return room.Store(values.reuse.port); }},
    Switch<&Values::keep_alive>(SOL_SOCKET, SO_KEEPALIVE),
    Switch<&Values::broadcast>(SOL_SOCKET, SO_BROADCAST),
    Switch<&Values::dont_route>(SOL_SOCKET, SO_DONTROUTE),
    Switch<&Values::no_check>(SOL_SOCKET, SO_NO_CHECK),
    Switch<&Values::oob_inline>(SOL_SOCKET, SO_OOBINLINE),
    Switch<&Values::timestamp>(SOL_SOCKET, SO_TIMESTAMP),
    Switch<&Values::timestamp_ns>(SOL_SOCKET, SO_TIMESTAMPNS),
    Switch<&Values::receive_overflow>(SOL_SOCKET, SO_RXQ_OVFL),
    Number<&Values::priority, 0, 6, EPERM>(SOL_SOCKET, SO_PRIORITY),
    {SOL_SOCKET, SO_DEBUG,
     [](Values&, const Argument& argument) { return argument.number != 0 ? -EACCES : 0; }, GetConstant<0>},
    {SOL_SOCKET, SO_BSDCOMPAT, Ignore, GetConstant<0>},
    {SOL_SOCKET, SO_MARK, NotPermitted, GetConstant<0>},
    {SOL_SOCKET, SO_LINGER, SetLinger, GetLinger, true},
    {SOL_SOCKET, SO_SNDBUF, SetBuffer<&Values::send_buffer, kLeastSendBuffer>,
     GetBuffer<&Values::send_buffer, kStreamSendBuffer>},
    {SOL_SOCKET, SO_RCVBUF, SetBuffer<&Values::receive_buffer, kLeastReceiveBuffer>,
     GetBuffer<&Values::receive_buffer, kStreamReceiveBuffer>},
    {SOL_SOCKET, SO_SNDBUFFORCE, NotPermitted, nullptr},
    {SOL_SOCKET, SO_RCVBUFFORCE, NotPermitted, nullptr},
    {SOL_SOCKET, SO_RCVLOWAT, SetReceiveLow, GetNumber<&Values::receive_low>},
    {SOL_SOCKET, SO_SNDLOWAT, nullptr, GetConstant<1>},
    {SOL_SOCKET, SO_RCVTIMEO, SetTimeout<&Values::receive_timeout>, GetTimeout<&Values::receive_timeout>, true},
    {SOL_SOCKET, SO_SNDTIMEO, SetTimeout<&Values::send_timeout>, GetTimeout<&Values::send_timeout>, true},
    {SOL_SOCKET, SO_BINDTODEVICE, SetDevice, GetDevice, true},
    {SOL_SOCKET, SO_PEERCRED, nullptr, GetPeerCredentials},

    Switch<&Values::no_delay>(IPPROTO_TCP, TCP_NODELAY),
    Switch<&Values::cork>(IPPROTO_TCP, TCP_CORK),
    Switch<&Values::quick_ack>(IPPROTO_TCP, TCP_QUICKACK),
    {IPPROTO_TCP, TCP_MAXSEG, SetMaxSegment, GetMaxSegment},
    Number<&Values::keep_idle, 1, kMostSeconds>(IPPROTO_TCP, TCP_KEEPIDLE),
    Number<&Values::keep_interval, 1, kMostSeconds>(IPPROTO_TCP, TCP_KEEPINTVL),
    Number<&Values::keep_count, 1, 127>(IPPROTO_TCP, TCP_KEEPCNT),
    Number<&Values::syn_count, 1, 127>(IPPROTO_TCP, TCP_SYNCNT),
    {IPPROTO_TCP, TCP_LINGER2, SetLinger2, GetNumber<&Values::linger2>},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, SetDeferAccept, GetDeferAccept},
    Number<&Values::user_timeout_ms, 0, INT_MAX>(IPPROTO_TCP, TCP_USER_TIMEOUT),
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, SetNotSentLow, GetNumber<&Values::not_sent_low>},
    {IPPROTO_TCP, TCP_FASTOPEN, SetFastOpen, GetNumber<&Values::fast_open>},
    Number<&Values::fast_open_connect, 0, 1>(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
    {IPPROTO_TCP, TCP_CONGESTION, SetCongestion, GetCongestion, true},
    {IPPROTO_TCP, TCP_REPAIR, NotPermitted, GetConstant<0>},

    {IPPROTO_IP, IP_TTL, SetTtl, GetTtl},
    {IPPROTO_IP, IP_TOS, SetTos, GetNumber<&Values::tos>},
    {IPPROTO_IP, IP_MINTTL, AtLeastAByte<SetNumber<&Values::least_ttl, 0, 255>>, GetNumber<&Values::least_ttl>},
    Number<&Values::mtu_discover, 0, 5>(IPPROTO_IP, IP_MTU_DISCOVER),
    Switch<&Values::receive_errors>(IPPROTO_IP, IP_RECVERR),
    Switch<&Values::receive_ttl>(IPPROTO_IP, IP_RECVTTL),
    Switch<&Values::receive_tos>(IPPROTO_IP, IP_RECVTOS),
    Switch<&Values::packet_info>(IPPROTO_IP, IP_PKTINFO),
    {IPPROTO_IP, IP_FREEBIND, AtLeastAByte<SetSwitch<&Values::free_bind>>, GetNumber<&Values::free_bind>},
    Switch<&Values::bind_without_port>(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
    {IPPROTO_IP, IP_MULTICAST_LOOP, AtLeastAByte<SetSwitch<&Values::multicast_loop>>,
     GetNumber<&Values::multicast_loop>},
    {IPPROTO_IP, kIpLocalPortRange, SetLocalPorts, GetNumber<&Values::local_ports>},
    {IPPROTO_IP, IP_TRANSPARENT, AtLeastAByte<NotPermittedOn>, GetConstant<0>},

    Switch<&Values::ipv6_only>(IPPROTO_IPV6, IPV6_V6ONLY),
    Switch<&Values::ipv6_packet_info>(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, SetNumber<&Values::ipv6_hops, -1, 255>, GetIpv6Hops},
};

}  // namespace

const OptionEntry* FindOption(const SocketKind& kind, int level, int name) {
  if (level == IPPROTO_TCP && kind.protocol != IPPROTO_TCP) return nullptr;
  if (level == IPPROTO_IPV6 && kind.domain != AF_INET6) return nullptr;
  const auto found = std::find_if(std::begin(kTable), std::end(kTable), [&](const OptionEntry& entry) {
    return entry.level == level && entry.name == name;
  });
  return found == std::end(kTable) ? nullptr : found;
}

}  // namespace sim
