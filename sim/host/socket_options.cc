#include "sim/host/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sim {
namespace {

// What getsockopt says of a socket that was not set, and the smallest values: Linux's.
constexpr int kDefaultSendBuffer = 16'384;
constexpr int kDefaultReceiveBuffer = 131'072;
constexpr int kLeastSendBuffer = 4'608;
constexpr int kLeastReceiveBuffer = 2'304;
constexpr uint32_t kMostBuffer = 4'194'304;  // net.core.wmem_max and rmem_max

// A negative size counts as a large one, as in Linux.
int Doubled(int asked, int least) {
  return std::max(2 * static_cast<int>(std::min(static_cast<uint32_t>(asked), kMostBuffer)), least);
}

template <typename T>
int Load(const void* value, socklen_t length, T& out) {
  if (length < sizeof out) return -EINVAL;
  if (value == nullptr) return -EFAULT;
  std::memcpy(&out, value, sizeof out);
  return 0;
}

int LoadTimeout(const void* value, socklen_t length, Duration& out) {
  timeval time;
  if (const int error = Load(value, length, time)) return error;
  if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) return -EDOM;
  // A negative timeout is none at all; a very long one is as good as none.
  constexpr int64_t kMostSeconds = 1'000'000'000;
  if (time.tv_sec < 0 || time.tv_sec > kMostSeconds) {
    out = time.tv_sec < 0 ? Duration(1) : Duration(0);
    return 0;
  }
  out = std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  return 0;
}

timeval AsTimeval(Duration duration) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {microseconds / 1'000'000, microseconds % 1'000'000};
}

}  // namespace

int StoreOption(const void* value, size_t size, void* out, socklen_t* length) {
  if (length == nullptr) return -EFAULT;
  if (static_cast<int>(*length) < 0) return -EINVAL;
  const size_t stored = std::min<size_t>(size, *length);
  if (stored > 0 && out == nullptr) return -EFAULT;
  if (stored > 0) std::memcpy(out, value, stored);
  *length = static_cast<socklen_t>(stored);
  return 0;
}

void SocketOptions::Apply(tcp::Options& options) const {
  options.no_delay = no_delay;
  if (send_buffer > 0) options.send_buffer = static_cast<uint32_t>(send_buffer);
  // Half of what the kernel books is the bytes themselves.
  if (receive_buffer > 0) options.receive_buffer = static_cast<uint32_t>(receive_buffer / 2);
}

int SocketOptions::Set(int level, int option, const void* value, socklen_t length) {
  if (level == SOL_SOCKET && option == SO_RCVTIMEO) return LoadTimeout(value, length, receive_timeout);
  if (level == SOL_SOCKET && option == SO_SNDTIMEO) return LoadTimeout(value, length, send_timeout);
  if (level == SOL_SOCKET && option == SO_LINGER) return Load(value, length, linger_time);

  int number = 0;
  const bool known = (level == SOL_SOCKET && (option == SO_REUSEADDR || option == SO_REUSEPORT ||
                                              option == SO_KEEPALIVE || option == SO_SNDBUF || option == SO_RCVBUF)) ||
                     (level == IPPROTO_TCP && option == TCP_NODELAY);
  if (!known) return -ENOPROTOOPT;
  if (const int error = Load(value, length, number)) return error;
  if (level == IPPROTO_TCP) {
    no_delay = number != 0;
    return 0;
  }
  switch (option) {
    case SO_REUSEADDR: reuse.address = number != 0; break;
    case SO_REUSEPORT: reuse.port = number != 0; break;
    case SO_KEEPALIVE: keep_alive = number != 0; break;
    case SO_SNDBUF: send_buffer = Doubled(number, kLeastSendBuffer); break;
    case SO_RCVBUF: receive_buffer = Doubled(number, kLeastReceiveBuffer); break;
  }
  return 0;
}

int SocketOptions::Get(int level, int option, void* value, socklen_t* length) const {
  const auto number = [&](int n) { return StoreOption(&n, sizeof n, value, length); };
  if (level == IPPROTO_TCP && option == TCP_NODELAY) return number(no_delay);
  if (level != SOL_SOCKET) return -ENOPROTOOPT;
  switch (option) {
    case SO_REUSEADDR: return number(reuse.address);
    case SO_REUSEPORT: return number(reuse.port);
    case SO_KEEPALIVE: return number(keep_alive);
    case SO_SNDBUF: return number(send_buffer > 0 ? send_buffer : kDefaultSendBuffer);
    case SO_RCVBUF: return number(receive_buffer > 0 ? receive_buffer : kDefaultReceiveBuffer);
    case SO_TYPE: return number(SOCK_STREAM);
    case SO_DOMAIN: return number(AF_INET);
    case SO_PROTOCOL: return number(IPPROTO_TCP);
    case SO_LINGER: return StoreOption(&linger_time, sizeof linger_time, value, length);
    case SO_RCVTIMEO:
    case SO_SNDTIMEO: {
      const timeval time = AsTimeval(option == SO_RCVTIMEO ? receive_timeout : send_timeout);
      return StoreOption(&time, sizeof time, value, length);
    }
    default: return -ENOPROTOOPT;
  }
}

}  // namespace sim
