#include "sim/host/stream_options.h"

#include <netinet/tcp.h>

#include <cerrno>
#include <optional>

#include "sim/host/stream_socket.h"

namespace sim {
namespace {

// An option that a connection follows while it lasts.
struct Effect {
  int level;
  int name;
  void (*apply)(const OptionValues& values, Time now, tcp::Connection& connection);
};

constexpr Effect kEffects[] = {
    {IPPROTO_TCP, TCP_NODELAY,
     [](const OptionValues& values, Time now, tcp::Connection& connection) {
       connection.SetNoDelay(now, values.no_delay);
     }},
};

}  // namespace

void Apply(const OptionValues& values, tcp::Options& options) {
  options.no_delay = values.no_delay;
  if (values.send_buffer > 0) options.send_buffer = static_cast<uint32_t>(values.send_buffer);
  // Half of what the kernel books is the bytes themselves.
  if (values.receive_buffer > 0) options.receive_buffer = static_cast<uint32_t>(values.receive_buffer / 2);
  if (values.syn_count > 0) options.syn_retries = values.syn_count;
  if (values.linger2 > 0) options.fin_timeout = std::chrono::seconds(values.linger2);
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
  const bool before_connecting = level == IPPROTO_TCP && (option == TCP_FASTOPEN || option == TCP_FASTOPEN_CONNECT);
  if (before_connecting && flow_ != nullptr && length >= sizeof(int)) return -EINVAL;
  if (const int error = options_.Set(kKind, level, option, value, length)) return error;
  claim_.reuse = options_->reuse;
  if (flow_ == nullptr) return 0;
  flow_->claim().reuse = options_->reuse;
  ApplyOne(*options_, level, option, host_.now(), flow_->connection());
  flow_->Settle();
  return 0;
}

// What the host or the connection knows better than the table; nothing for the rest.
std::optional<int> StreamSocket::LiveNumber(int level, int option) {
  const bool connected = flow_ != nullptr;
  if (level == SOL_SOCKET) {
    switch (option) {
      case SO_ERROR: return connected ? flow_->connection().TakeError() : 0;
      case SO_ACCEPTCONN: return listening();
    }
  }
  if (level == IPPROTO_TCP) {
    switch (option) {
      case TCP_SYNCNT: return options_->syn_count > 0 ? options_->syn_count : host_.knobs().tcp_syn_retries;
      case TCP_LINGER2: return options_->linger2 != 0 ? options_->linger2 : host_.knobs().tcp_fin_timeout;
    }
  }
  return std::nullopt;
}

int StreamSocket::GetOption(int level, int option, void* value, socklen_t* length) {
  if (const std::optional<int> number = LiveNumber(level, option)) {
    return OptionRoom(level, value, length).Store(*number);
  }
  return options_.Get(kKind, level, option, value, length);
}

}  // namespace sim
