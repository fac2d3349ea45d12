#include "sim/host/ancillary.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sim {
namespace {

// A host's devices by their numbers: its loopback, and the one to the world.
constexpr int kMostDevices = 2;

size_t DataLength(const cmsghdr& header) { return header.cmsg_len - CMSG_LEN(0); }

int LoadPacketInfo(const cmsghdr& header, Dispatch& dispatch) {
  in_pktinfo info;
  if (header.cmsg_len != CMSG_LEN(sizeof info)) return -EINVAL;
  std::memcpy(&info, CMSG_DATA(&header), sizeof info);
  if (info.ipi_ifindex < 0 || info.ipi_ifindex > kMostDevices) return -ENODEV;
  if (info.ipi_spec_dst.s_addr != 0) dispatch.source = lab::IpAddress(ntohl(info.ipi_spec_dst.s_addr));
  return 0;
}

// A number that may come as a byte (only IP_TOS's may) or as an int.
int LoadNumber(const cmsghdr& header, bool may_be_byte, int least, std::optional<int>& out) {
  int number = 0;
  if (DataLength(header) == sizeof number) {
    std::memcpy(&number, CMSG_DATA(&header), sizeof number);
  } else if (may_be_byte && DataLength(header) == 1) {
    number = *CMSG_DATA(&header);
  } else {
    return -EINVAL;
  }
  if (number < least || number > UINT8_MAX) return -EINVAL;
  out = number;
  return 0;
}

int LoadOne(const cmsghdr& header, Dispatch& dispatch) {
  if (header.cmsg_level != IPPROTO_IP) return 0;
  switch (header.cmsg_type) {
    case IP_PKTINFO: return LoadPacketInfo(header, dispatch);
    case IP_TTL: return LoadNumber(header, /*may_be_byte=*/false, 1, dispatch.hops);
    case IP_TOS: return LoadNumber(header, /*may_be_byte=*/true, 0, dispatch.type_of_service);
    default: return -EINVAL;
  }
}

}  // namespace

void AncillaryRoom::Put(int level, int type, const void* data, size_t length) {
  const size_t left = length_ - used_;
  if (space_ == nullptr || left < sizeof(cmsghdr)) {
    cut_ = true;
    return;
  }
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(length);
  header.cmsg_level = level;
  header.cmsg_type = type;
  if (left < header.cmsg_len) {
    cut_ = true;
    header.cmsg_len = left;
  }
  char* const at = space_ + used_;
  std::memcpy(at, &header, sizeof header);
  std::memcpy(at + CMSG_LEN(0), data, header.cmsg_len - CMSG_LEN(0));
  used_ += std::min(CMSG_SPACE(length), left);
}

int LoadAncillary(const msghdr& message, Dispatch& dispatch) {
  if (message.msg_control == nullptr) return 0;
  auto* const begin = static_cast<char*>(message.msg_control);
  size_t at = 0;
  while (at < message.msg_controllen && message.msg_controllen - at >= sizeof(cmsghdr)) {
    // It need not stand where a cmsghdr may: copied where it may.
    alignas(cmsghdr) char one[CMSG_SPACE(sizeof(in_pktinfo))] = {};
    cmsghdr header;
    std::memcpy(&header, begin + at, sizeof header);
    std::memcpy(one, begin + at, std::min(header.cmsg_len, sizeof one));
    if (const int error = LoadOne(*reinterpret_cast<const cmsghdr*>(one), dispatch)) return error;
    at += CMSG_ALIGN(header.cmsg_len);
  }
  return 0;
}

}  // namespace sim
