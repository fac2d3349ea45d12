#include "sim/host/stream_options.h"

#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "sim/host/stream_socket.h"
#include "sim/host/tcp_info.h"

namespace sim {
namespace {

// An option that a connection follows while it lasts.
struct Effect {
  int level;
  int name;
  void (*apply)(const OptionValues& values, Time now, tcp::Connection& connection);
};

tcp::KeepAliveOptions KeepAliveOf(const OptionValues& values) {
  return {values.keep_alive, std::chrono::seconds(values.keep_idle), std::chrono::seconds(values.keep_interval),
          values.keep_count};
}

// What the bytes themselves may take up of a buffer that also counts the kernel's bookkeeping.
uint32_t SendBufferOf(const OptionValues& values) { return static_cast<uint32_t>(values.send_buffer); }
uint32_t ReceiveBufferOf(const OptionValues& values) { return static_cast<uint32_t>(values.receive_buffer / 2); }

uint8_t HopsOf(const OptionValues& values, bool ipv4) {
  const int16_t hops = ipv4 ? values.ttl : values.ipv6_hops;
  return hops >= 0 ? static_cast<uint8_t>(hops) : lab::Packet::kUsualHops;
}

void ApplyHops(const OptionValues& values, Time, tcp::Connection& connection) {
  connection.SetHops(HopsOf(values, connection.remote().address.is_ipv4()));
}

void ApplyTypeOfService(const OptionValues& values, Time, tcp::Connection& connection) {
  if (connection.remote().address.is_ipv4()) connection.SetTypeOfService(values.tos);
}

void ApplyLinger2(const OptionValues& values, Time, tcp::Connection& connection) {
  connection.SetLinger2(std::chrono::seconds(values.linger2));
}

void ApplyNoDelay(const OptionValues& values, Time now, tcp::Connection& connection) {
  connection.SetNoDelay(now, values.no_delay);
}

void ApplyCork(const OptionValues& values, Time now, tcp::Connection& connection) {
  connection.SetCork(now, values.cork);
}

void ApplyUrgentInline(const OptionValues& values, Time, tcp::Connection& connection) {
  connection.SetUrgentInline(values.oob_inline);
}

void ApplyKeepAlive(const OptionValues& values, Time now, tcp::Connection& connection) {
  const tcp::KeepAliveOptions options = KeepAliveOf(values);
  connection.SetKeepAlive(now, options.on, options.idle, options.interval, options.count);
}

void ApplyUserTimeout(const OptionValues& values, Time now, tcp::Connection& connection) {
  connection.SetUserTimeout(now, std::chrono::milliseconds(values.user_timeout_ms));
}

void ApplySendBuffer(const OptionValues& values, Time now, tcp::Connection& connection) {
  if (values.send_buffer > 0) connection.SetSendBuffer(now, SendBufferOf(values));
}

void ApplyReceiveBuffer(const OptionValues& values, Time now, tcp::Connection& connection) {
  if (values.receive_buffer > 0) connection.SetReceiveBuffer(now, ReceiveBufferOf(values));
}

constexpr Effect kEffects[] = {
    {SOL_SOCKET, SO_KEEPALIVE, ApplyKeepAlive},
    {SOL_SOCKET, SO_OOBINLINE, ApplyUrgentInline},
    {SOL_SOCKET, SO_SNDBUF, ApplySendBuffer},
    {SOL_SOCKET, SO_RCVBUF, ApplyReceiveBuffer},
    {IPPROTO_TCP, TCP_NODELAY, ApplyNoDelay},
    {IPPROTO_TCP, TCP_CORK, ApplyCork},
    {IPPROTO_TCP, TCP_KEEPIDLE, ApplyKeepAlive},
    {IPPROTO_TCP, TCP_KEEPINTVL, ApplyKeepAlive},
    {IPPROTO_TCP, TCP_KEEPCNT, ApplyKeepAlive},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, ApplyUserTimeout},
    {IPPROTO_TCP, TCP_LINGER2, ApplyLinger2},
    {IPPROTO_IP, IP_TTL, ApplyHops},
    {IPPROTO_IP, IP_TOS, ApplyTypeOfService},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, ApplyHops},
};

}  // namespace

void Apply(const OptionValues& values, bool ipv4, tcp::Options& options) {
  options.no_delay = values.no_delay;
  options.cork = values.cork;
  options.urgent_inline = values.oob_inline;
  options.max_segment = values.max_segment;
  options.keep_alive = KeepAliveOf(values);
  options.user_timeout = std::chrono::milliseconds(values.user_timeout_ms);
  options.defer_accept = values.defer_accept;
  if (values.send_buffer > 0) options.send_buffer = SendBufferOf(values);
  if (values.receive_buffer > 0) options.receive_buffer = ReceiveBufferOf(values);
  if (values.syn_count > 0) options.syn_retries = values.syn_count;
  options.linger2 = std::chrono::seconds(values.linger2);
  options.hops = HopsOf(values, ipv4);
  options.type_of_service = ipv4 ? values.tos : 0;
}

void ApplyOne(const OptionValues& values, int level, int option, Time now, tcp::Connection& connection) {
  for (const Effect& effect : kEffects) {
    if (effect.level == level && effect.name == option) effect.apply(values, now, connection);
  }
}

void ApplyAll(const OptionValues& values, Time now, tcp::Connection& connection) {
  for (const Effect& effect : kEffects) effect.apply(values, now, connection);
}

int StreamSocket::SetOption(int level, int option, const void* value, socklen_t length) {
  if (level == IPPROTO_IPV6 && option == IPV6_V6ONLY && domain() == AF_INET6 && HasPort()) return -EINVAL;
  const bool before_connecting = level == IPPROTO_TCP && (option == TCP_FASTOPEN || option == TCP_FASTOPEN_CONNECT);
  if (before_connecting && flow_ != nullptr && length >= sizeof(int)) return -EINVAL;
  if (const int error = options_.Set(kind(), level, option, value, length)) return error;
  options_.ShareWith(host_.recent_options());
  if (own_ != nullptr) own_->claim.reuse = options_->reuse;
  if (level == SOL_SOCKET && option == SO_RCVLOWAT && flow_ != nullptr) OnChange(*flow_);
  if (flow_ == nullptr) return 0;
  flow_->SetReuse(options_->reuse);
  tcp::Connection& connection = flow_->connection();
  if (level == IPPROTO_TCP && option == TCP_QUICKACK) {
    // Its odd and even values are different things.
    int asked;
    std::memcpy(&asked, value, sizeof asked);
    connection.SetQuickAck(host_.now(), asked);
  }
  ApplyOne(*options_, level, option, host_.now(), connection);
  flow_->Settle();
  return 0;
}

// What the host or the connection knows better than the table; nothing for the rest.
std::optional<int> StreamSocket::LiveNumber(int level, int option) {
  const bool connected = flow_ != nullptr;
  if (level == SOL_SOCKET) {
    switch (option) {
      case SO_ERROR: return TakeError();
      case SO_ACCEPTCONN: return listening();
      case SO_SNDBUF:
        if (!connected || options_->send_buffer > 0) break;
        return static_cast<int>(tcp::Options{}.send_buffer);
    }
  }
  if (level == IPPROTO_TCP) {
    switch (option) {
      case TCP_QUICKACK:
        if (!connected) break;
        return flow_->connection().quick_ack();
      case TCP_MAXSEG:
        if (!connected) break;
        return static_cast<int>(flow_->connection().GetInfo(host_.now()).send_mss);
      case TCP_SYNCNT: return options_->syn_count > 0 ? options_->syn_count : host_.knobs().tcp_syn_retries;
      case TCP_LINGER2: return options_->linger2 != 0 ? options_->linger2 : host_.knobs().tcp_fin_timeout;
    }
  }
  return std::nullopt;
}

int StreamSocket::GetInfo(const OptionRoom& room) const {
  if (listening()) return StoreListenerInfo(queue().waiting(), queue().backlog(), room);
  if (flow_ == nullptr) return StoreClosedInfo(room);
  return StoreConnectionInfo(flow_->connection().GetInfo(host_.now()), room);
}

int StreamSocket::GetOption(int level, int option, void* value, socklen_t* length) {
  const OptionRoom room(level, value, length);
  if (const std::optional<int> number = LiveNumber(level, option)) return room.Store(*number);
  if (level == IPPROTO_TCP && option == TCP_INFO) return GetInfo(room);
  if (level == IPPROTO_IP && option == IP_MTU) {
    if (!remote()) return -ENOTCONN;
    return room.Store(static_cast<int>(host_.network().mtu(host_.id(), remote()->address)));
  }
  return options_.Get(kind(), level, option, value, length);
}

}  // namespace sim
