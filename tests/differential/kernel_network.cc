#include "tests/differential/kernel_network.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lab/world/world.h"
#include "real/namespaces.h"

namespace differential {
namespace {

// Sets of the kernel's states, TCP_ESTABLISHED to TCP_NEW_SYN_RECV. Sockets that are bound alone have one beyond, and
// to list them, or those that listen, takes a walk through tables of the whole machine.
enum : unsigned { TCP_SYN_RECV = 3, TCP_TIME_WAIT = 6, TCP_NEW_SYN_RECV = 12 };
constexpr uint32_t kConnections = 0x1bfe;
constexpr uint32_t kInMotion = kConnections & ~(1u << TCP_TIME_WAIT | 1u << TCP_SYN_RECV | 1u << TCP_NEW_SYN_RECV);

bool Write(const std::string& knob, const std::string& value) {
  std::ofstream file("/proc/sys/net/" + knob);
  file << value << std::flush;
  return file.good();
}

void SetKnobs() {
  const lab::Knobs knobs;
  const auto set = [](const char* name, int value) { Write(absl::StrCat("ipv4/", name), absl::StrCat(value)); };
  Write("core/somaxconn", absl::StrCat(knobs.somaxconn));
  set("tcp_max_syn_backlog", knobs.tcp_max_syn_backlog);
  set("tcp_syn_retries", knobs.tcp_syn_retries);
  set("tcp_synack_retries", knobs.tcp_synack_retries);
  set("tcp_syn_linear_timeouts", knobs.tcp_syn_linear_timeouts);
  set("tcp_syncookies", knobs.tcp_syncookies);
  set("tcp_abort_on_overflow", knobs.tcp_abort_on_overflow);
  set("tcp_fin_timeout", knobs.tcp_fin_timeout);
  set("tcp_retries2", knobs.tcp_retries2);
  // A table as small as this namespace's allows few connections in TIME-WAIT.
  set("tcp_max_tw_buckets", 65'536);
  if (!Write("ipv4/tcp_congestion_control", "cubic")) Write("ipv4/tcp_congestion_control", "reno");
}

// The loopback comes up, and has the address of the simulated host too.
absl::Status RaiseLoopback() {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  bool up = ioctl(any, SIOCSIFFLAGS, &request) == 0;
  strcpy(request.ifr_name, "lo:1");
  auto* address = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
  *address = {};
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(0x0a000001);
  up = up && ioctl(any, SIOCSIFADDR, &request) == 0;
  reinterpret_cast<sockaddr_in*>(&request.ifr_netmask)->sin_addr.s_addr = htonl(0xffffffff);
  up = up && ioctl(any, SIOCSIFNETMASK, &request) == 0;
  close(any);
  return up ? absl::OkStatus() : absl::UnavailableError("the loopback of a network namespace can't be set up");
}

// A request for connections in `states`, or for one of them.
struct Request {
  nlmsghdr header{};
  inet_diag_req_v2 diag{};
};

Request RequestFor(uint16_t type, uint16_t flags, uint8_t family, uint32_t states) {
  Request request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  request.diag.sdiag_family = family;
  request.diag.sdiag_protocol = IPPROTO_TCP;
  request.diag.idiag_states = states;
  return request;
}

using Body = std::function<void(const inet_diag_msg&, const tcp_info*)>;

void ForEachOf(int sock_diag, uint8_t family, uint32_t states, bool info, const Body& body) {
  Request request = RequestFor(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family, states);
  if (info) request.diag.idiag_ext = 1 << (INET_DIAG_INFO - 1);
  if (send(sock_diag, &request, sizeof request, 0) < 0) abort();
  for (;;) {
    alignas(nlmsghdr) static char buffer[32'768];
    const ssize_t got = recv(sock_diag, buffer, sizeof buffer, 0);
    if (got <= 0) abort();
    auto left = static_cast<uint32_t>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return;
      const auto* message = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
      const tcp_info* found = nullptr;
      auto* attribute = reinterpret_cast<const rtattr*>(message + 1);
      auto length = static_cast<uint32_t>(header->nlmsg_len - NLMSG_LENGTH(sizeof *message));
      for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
        if (attribute->rta_type == INET_DIAG_INFO) found = static_cast<const tcp_info*>(RTA_DATA(attribute));
      }
      body(*message, found);
    }
  }
}

// Each connection that the kernel knows in those states.
void ForEach(int sock_diag, uint32_t states, bool info, const Body& body) {
  for (const uint8_t family : {AF_INET, AF_INET6}) ForEachOf(sock_diag, family, states, info, body);
}

}  // namespace

absl::StatusOr<std::unique_ptr<KernelNetwork>> KernelNetwork::Enter() {
  absl::Status status = real::Available();
  if (status.ok()) status = real::EnterNamespaces();
  if (!status.ok()) return status;
  // The kernel's table of connections is walked after every step: the namespace gets a small one of its own.
  Write("ipv4/tcp_child_ehash_entries", "64");
  if (unshare(CLONE_NEWNET) != 0) return absl::UnavailableError("no second network namespace can be made");
  SetKnobs();
  if (status = RaiseLoopback(); !status.ok()) return status;
  const int sock_diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (sock_diag < 0) return absl::UnavailableError("this kernel has no sock_diag");
  return std::unique_ptr<KernelNetwork>(new KernelNetwork(sock_diag));
}

KernelNetwork::~KernelNetwork() { close(sock_diag_); }

bool KernelNetwork::InMotion() {
  bool moving = false;
  ForEach(sock_diag_, kInMotion, true, [&](const inet_diag_msg&, const tcp_info* info) {
    moving = moving || (info != nullptr && info->tcpi_notsent_bytes > 0 && info->tcpi_unacked > 0);
  });
  return moving;
}

void KernelNetwork::Clear() {
  for (;;) {
    std::vector<inet_diag_msg> found;
    ForEach(sock_diag_, kConnections, false, [&](const inet_diag_msg& message, const tcp_info*) {
      found.push_back(message);
    });
    if (found.empty()) return;
    for (const inet_diag_msg& message : found) {
      Request request = RequestFor(SOCK_DESTROY, NLM_F_ACK, message.idiag_family, 1u << message.idiag_state);
      request.diag.id = message.id;
      char answer[256];
      // Another's end may have ended it.
      if (send(sock_diag_, &request, sizeof request, 0) < 0 || recv(sock_diag_, answer, sizeof answer, 0) < 0) abort();
    }
  }
}

}  // namespace differential
