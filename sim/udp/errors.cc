#include "sim/udp/errors.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace sim::udp {
namespace {

// RFC 792's and RFC 1812's codes of "unreachable", in order (icmp_err_convert of Linux).
constexpr Meaning kUnreachable[] = {
    {ENETUNREACH, false},  {EHOSTUNREACH, false}, {ENOPROTOOPT, true},   {ECONNREFUSED, true},
    {EMSGSIZE, true},      {EOPNOTSUPP, false},   {ENETUNREACH, true},   {EHOSTDOWN, true},
    {ENONET, true},        {ENETUNREACH, true},   {EHOSTUNREACH, true},  {ENETUNREACH, false},
    {EHOSTUNREACH, false}, {EHOSTUNREACH, true},  {EHOSTUNREACH, true},  {EHOSTUNREACH, true},
};

constexpr Duration kToken = std::chrono::seconds(1);
constexpr int kMostTokens = 6;

}  // namespace

Meaning MeaningOf(const lab::Packet& packet) {
  const lab::IcmpHeader& icmp = packet.icmp;
  if (!packet.source.address.is_ipv4()) {
    if (icmp.type != lab::kIcmpv6Unreachable) return {};
    return icmp.code == lab::kIcmpv6PortUnreachable ? Meaning{ECONNREFUSED, true} : Meaning{EHOSTUNREACH, false};
  }
  if (icmp.type == lab::kIcmpUnreachable && icmp.code < std::size(kUnreachable)) return kUnreachable[icmp.code];
  if (icmp.type == lab::kIcmpTimeExceeded) return {EHOSTUNREACH, false};
  return {};
}

bool ErrorLimit::Allows(Time now, const lab::IpAddress& address) {
  const auto [found, first] = buckets_.try_emplace(address, Bucket{now, kMostTokens * kToken});
  Bucket& bucket = found->second;
  bucket.tokens = std::min(bucket.tokens + (now - bucket.filled_at), kMostTokens * kToken);
  bucket.filled_at = now;
  if (bucket.tokens < kToken) return false;
  bucket.tokens -= kToken;
  return true;
}

}  // namespace sim::udp
