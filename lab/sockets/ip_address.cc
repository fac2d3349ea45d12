#include "lab/sockets/ip_address.h"

#include <arpa/inet.h>

#include <cstring>

namespace lab {

IpAddress::IpAddress(const in6_addr& address) {
  std::memcpy(words_.data(), &address, sizeof address);
  for (uint32_t& word : words_) word = ntohl(word);
}

in6_addr IpAddress::ToIn6() const {
  std::array<uint32_t, 4> words = words_;
  for (uint32_t& word : words) word = htonl(word);
  in6_addr address;
  std::memcpy(&address, words.data(), sizeof address);
  return address;
}

std::string ToString(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN];
  const in6_addr in6 = address.ToIn6();
  const in_addr in = {htonl(address.ipv4())};
  return address.is_ipv4() ? inet_ntop(AF_INET, &in, text, sizeof text) : inet_ntop(AF_INET6, &in6, text, sizeof text);
}

std::string ToString(const Endpoint& endpoint) {
  const std::string address = ToString(endpoint.address);
  const std::string port = std::to_string(endpoint.port);
  return endpoint.address.is_ipv4() ? address + ":" + port : "[" + address + "]:" + port;
}

}  // namespace lab
