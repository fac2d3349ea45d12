#include "real/netlink.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

namespace real {
namespace {

constexpr uint32_t kEveryState = ~uint32_t{0};
constexpr uint32_t kListening = uint32_t{1} << TCP_LISTEN;
// net.ipv4.ip_local_port_range of a new namespace: the ports that the kernel gives to who asks for none.
constexpr uint16_t kFirstEphemeral = 32'768;

// Of one family. A dump's answer comes in several datagrams, each of several messages, and all of them must be read:
// the next question's answer follows on the same socket.
bool FamilyHasSocket(int sock_diag, uint8_t family, uint8_t protocol, uint32_t states,
                     const std::function<bool(uint16_t port)>& wanted) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = protocol;
  request.body.idiag_states = states;
  if (send(sock_diag, &request, sizeof request, 0) < 0) return false;

  bool has = false;
  alignas(nlmsghdr) std::array<char, 32768> answer;
  while (true) {
    const ssize_t length = recv(sock_diag, answer.data(), answer.size(), 0);
    if (length <= 0) return has;
    int left = static_cast<int>(length);
    for (auto* message = reinterpret_cast<nlmsghdr*>(answer.data()); NLMSG_OK(message, static_cast<unsigned>(left));
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return has;
      const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(message));
      has = has || wanted(ntohs(socket->id.idiag_sport));
    }
  }
}

// Whether a socket of the protocol, in one of the states, has a port that is wanted.
bool HasSocket(int sock_diag, uint8_t protocol, uint32_t states, const std::function<bool(uint16_t port)>& wanted) {
  return FamilyHasSocket(sock_diag, AF_INET, protocol, states, wanted) ||
         FamilyHasSocket(sock_diag, AF_INET6, protocol, states, wanted);
}

// Sends a request that asks for an acknowledgement, and waits for it.
absl::Status Ask(int route, const void* request, size_t length, const char* what) {
  struct {
    nlmsghdr header;
    nlmsgerr body;
  } answer{};
  if (send(route, request, length, 0) < 0 || recv(route, &answer, sizeof answer, 0) < 0) {
    return absl::ErrnoToStatus(errno, what);
  }
  return answer.body.error == 0 ? absl::OkStatus() : absl::ErrnoToStatus(-answer.body.error, what);
}

}  // namespace

bool ListensOn(int sock_diag, uint16_t port) {
  return HasSocket(sock_diag, IPPROTO_TCP, kListening, [&](uint16_t has) { return has == port; });
}

bool BoundTo(int sock_diag, uint16_t port) {
  return HasSocket(sock_diag, IPPROTO_UDP, kEveryState, [&](uint16_t has) { return has == port; });
}

bool Serves(int sock_diag) {
  return HasSocket(sock_diag, IPPROTO_TCP, kListening, [](uint16_t) { return true; }) ||
         HasSocket(sock_diag, IPPROTO_UDP, kEveryState, [](uint16_t has) { return has < kFirstEphemeral; });
}

absl::Status RouteWithMtu(int route, int device_index, const lab::IpAddress& destination, uint32_t mtu) {
  struct {
    nlmsghdr header;
    rtmsg body;
    rtattr device_header;
    int32_t device;
    rtattr metrics_header;
    rtattr mtu_header;
    uint32_t mtu;
    rtattr to_header;  // last, because its length differs
    in6_addr to;
  } request{};
  const bool ipv4 = destination.is_ipv4();
  const in6_addr to = destination.ToIn6();
  constexpr size_t kMapping = sizeof to - sizeof(in_addr);  // what stands before an IPv4 address
  const size_t length = ipv4 ? sizeof(in_addr) : sizeof to;
  request.header.nlmsg_len = static_cast<uint32_t>(sizeof request - sizeof request.to + length);
  request.header.nlmsg_type = RTM_NEWROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK;
  request.body.rtm_family = ipv4 ? AF_INET : AF_INET6;
  request.body.rtm_dst_len = static_cast<uint8_t>(8 * length);
  request.body.rtm_table = RT_TABLE_MAIN;
  request.body.rtm_protocol = RTPROT_STATIC;
  request.body.rtm_scope = RT_SCOPE_LINK;
  request.body.rtm_type = RTN_UNICAST;
  request.to_header = {static_cast<uint16_t>(RTA_LENGTH(length)), RTA_DST};
  std::memcpy(&request.to, to.s6_addr + (ipv4 ? kMapping : 0), length);
  request.device_header = {RTA_LENGTH(sizeof request.device), RTA_OIF};
  request.device = device_index;
  request.metrics_header = {RTA_LENGTH(RTA_LENGTH(sizeof request.mtu)), RTA_METRICS};
  request.mtu_header = {RTA_LENGTH(sizeof request.mtu), RTAX_MTU};
  request.mtu = mtu;

  return Ask(route, &request, request.header.nlmsg_len, "setting a route's MTU");
}

absl::Status AddIpv6Address(int route, int device_index, const lab::IpAddress& address, uint8_t prefix_length) {
  struct {
    nlmsghdr header;
    ifaddrmsg body;
    rtattr address_header;
    in6_addr address;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  request.body.ifa_family = AF_INET6;
  request.body.ifa_prefixlen = prefix_length;
  request.body.ifa_flags = IFA_F_NODAD;
  request.body.ifa_index = static_cast<uint32_t>(device_index);
  request.address_header = {RTA_LENGTH(sizeof request.address), IFA_ADDRESS};
  request.address = address.ToIn6();
  return Ask(route, &request, sizeof request, "setting a device's IPv6 address");
}

absl::Status SetQueueLength(int route, int device_index, uint32_t packets) {
  struct {
    nlmsghdr header;
    ifinfomsg body;
    rtattr length_header;
    uint32_t length;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_SETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.body.ifi_index = device_index;
  request.length_header = {RTA_LENGTH(sizeof request.length), IFLA_TXQLEN};
  request.length = packets;
  return Ask(route, &request, sizeof request, "setting a device's queue");
}

}  // namespace real
