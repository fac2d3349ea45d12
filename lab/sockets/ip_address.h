// An IP address of either family, and a socket's end: an address with a port.
//
// An IPv4 address is kept as the IPv6 address that maps it (RFC 4291, 2.5.5.2): what a socket of either family calls a
// peer is one value. Cheap to copy, to compare and to hash; no allocation.
#pragma once

#include <netinet/in.h>

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace lab {

class IpAddress {
 public:
  // 0.0.0.0.
  constexpr IpAddress() : IpAddress(0) {}
  // An IPv4 address in host byte order; implicit, because it is one.
  constexpr IpAddress(uint32_t ipv4) : words_{0, 0, kMapped, ipv4} {}  // NOLINT(google-explicit-constructor)
  explicit IpAddress(const in6_addr& address);
  // fd00::1 is IpAddress::V6(0xfd000000, 0, 0, 1).
  static constexpr IpAddress V6(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    IpAddress address;
    address.words_ = {a, b, c, d};
    return address;
  }

  constexpr bool is_ipv4() const { return (words_[0] | words_[1] | (words_[2] ^ kMapped)) == 0; }
  // The last four bytes, in host byte order: the whole of an IPv4 address.
  constexpr uint32_t ipv4() const { return words_[3]; }
  // In network byte order; an IPv4 address as ::ffff:a.b.c.d.
  in6_addr ToIn6() const;
  // The four words, the first bytes first, each in host byte order.
  constexpr const std::array<uint32_t, 4>& words() const { return words_; }

  // 0.0.0.0 or ::, which stand for every address of a host.
  constexpr bool is_any() const {
    return words_[3] == 0 && (is_ipv4() || (words_[0] | words_[1] | words_[2]) == 0);
  }
  // 127.0.0.0/8 or ::1.
  constexpr bool is_loopback() const {
    return is_ipv4() ? words_[3] >> 24 == 127 : (words_[0] | words_[1] | words_[2]) == 0 && words_[3] == 1;
  }

  // 224.0.0.0/4 or ff00::/8.
  constexpr bool is_multicast() const { return is_ipv4() ? words_[3] >> 28 == 0xe : words_[0] >> 24 == 0xff; }
  // fe80::/10: means something together with a device alone.
  constexpr bool is_ipv6_link_local() const { return words_[0] >> 22 == 0xfe80 >> 6; }

  // IPv4 addresses have their usual order.
  constexpr auto operator<=>(const IpAddress&) const = default;
  // Without a call of memcmp, which the default is.
  constexpr bool operator==(const IpAddress& other) const {
    using Halves = std::array<uint64_t, 2>;
    return std::bit_cast<Halves>(words_) == std::bit_cast<Halves>(other.words_);
  }

  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& address) {
    return H::combine(std::move(h), uint64_t{address.words_[0]} << 32 | address.words_[1],
                      uint64_t{address.words_[2]} << 32 | address.words_[3]);
  }

 private:
  static constexpr uint32_t kMapped = 0xffff;

  std::array<uint32_t, 4> words_;
};

inline constexpr IpAddress kIpv6Any = IpAddress::V6(0, 0, 0, 0);       // ::
inline constexpr IpAddress kIpv6Loopback = IpAddress::V6(0, 0, 0, 1);  // ::1

// The port is in host byte order.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;

  // In two words: the port goes where addresses of one kind are all alike.
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& endpoint) {
    const auto& words = endpoint.address.words();
    return H::combine(std::move(h), uint64_t{words[0]} << 32 | words[1],
                      (uint64_t{words[2]} << 32 | words[3]) ^ uint64_t{endpoint.port} << 48);
  }
};

// "10.0.0.1", "fd00::1".
std::string ToString(const IpAddress& address);
// "10.0.0.1:9999", "[fd00::1]:9999".
std::string ToString(const Endpoint& endpoint);

}  // namespace lab
