#include "sim/host/datagram_socket.h"

#include <fcntl.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "lab/wire/fragments.h"
#include "lab/wire/link.h"
#include "sim/udp/errors.h"

namespace sim {
namespace {

// A host's devices by their numbers.
constexpr int kLoopbackDevice = 1;
constexpr int kWorldDevice = 2;
constexpr uint32_t kMostAsked = 65'535;

// Of a message to an IPv4 address. IPv6 minds no urgency, and finds what is too long on its way.
int CheckIpv4Message(size_t length, int flags) {
  if (length > kMostAsked) return -EMSGSIZE;
  return (flags & MSG_OOB) != 0 ? -EOPNOTSUPP : 0;
}

}  // namespace

int DatagramSocket::Bind(const lab::Endpoint& local) {
  // Unlike streams, datagrams can be bound to what stands for many hosts.
  const lab::IpAddress& address = local.address;
  const bool group = Host::IsBroadcast(address) || address.is_multicast();
  const int error = CheckLocal(host_, {group ? any() : address, local.port});
  // Of two reasons the first is told; the families differ in their order.
  if (error == -EACCES || (error != 0 && domain() == AF_INET)) return error;
  if (binding_.held()) return -EINVAL;
  if (error != 0) return error;
  binding_.ipv6_only = options_->ipv6_only;
  if (const int taken = host_.datagrams().Bind(binding_, local)) return taken;
  // As with streams: an address of IPv6's own is taken as a wish for it alone.
  if (domain() == AF_INET6 && !address.is_any() && !address.is_ipv4()) options_.Change().ipv6_only = true;
  bound_address_ = address;
  bound_port_ = local.port != 0;
  return 0;
}

int DatagramSocket::BindAnywhere() {
  if (binding_.held()) return 0;
  binding_.ipv6_only = options_->ipv6_only;
  return host_.datagrams().Bind(binding_, {bound_address_, 0}) == 0 ? 0 : -EAGAIN;
}

// The address that bind was told outlives the port that connect chose.
lab::Endpoint DatagramSocket::local() const {
  return binding_.held() ? binding_.local() : lab::Endpoint{bound_address_, 0};
}

int DatagramSocket::Route(lab::IpAddress& to, lab::IpAddress& source) const {
  if (source.is_any()) source = local().address;
  if (Host::IsBroadcast(source) || source.is_multicast()) source = {};
  // What only connect chose is no source of IPv4's packets.
  if (to.is_ipv4() && !source.is_ipv4() && bound_address_.is_any()) source = {};
  if (!source.is_any() && !host_.IsLocal(source)) return -ENETUNREACH;
  if (to.is_any() && !source.is_any()) to = source;
  if (to.is_any()) to = to.is_ipv4() ? lab::IpAddress(Network::kLoopback) : lab::kIpv6Loopback;
  // An address of one family is no source of packets of the other, and no way leads there.
  if (to.is_ipv4() && options_->ipv6_only) return -ENETUNREACH;
  if (!source.is_any() && source.is_ipv4() != to.is_ipv4()) return source.is_ipv4() ? -EAFNOSUPPORT : -ENETUNREACH;
  if (!Network::Routable(to)) return -ENETUNREACH;
  if (source.is_loopback() && !host_.IsLocal(to)) return -EINVAL;
  if (Host::IsBroadcast(to) && !options_->broadcast) return -EACCES;
  if (source.is_any()) source = host_.SourceFor(to);
  return 0;
}

int DatagramSocket::CheckSize(const lab::Packet& packet) {
  const size_t size = packet.wire_size();
  const uint32_t mtu = host_.mtu(packet.destination.address);
  const bool whole = options_->mtu_discover == IP_PMTUDISC_DO;
  if (size > lab::LinkOptions{}.mtu || (whole && size > mtu)) {
    const uint16_t port = remote() ? remote()->port : 0;
    if (options_->receive_errors) {
      sent_errors().Add(udp::TooLarge({packet.destination.address, port}, size > kMostAsked ? kMostAsked : mtu));
    }
    return -EMSGSIZE;
  }
  if (size <= mtu || options_->send_buffer == 0) return 0;
  const size_t pieces = lab::FragmentSizes(size, mtu).size();
  const uint32_t most = 2 * static_cast<uint32_t>(options_->send_buffer);
  return (pieces - 1) * udp::MemoryFor(mtu, false) > most ? -ENOBUFS : 0;
}

int DatagramSocket::Connect(const lab::Endpoint& asked) {
  lab::Endpoint to = asked;
  lab::IpAddress source;
  if (const int error = Route(to.address, source)) return error;
  const lab::IpAddress own = binding_.local().address;
  binding_.Connect(own.is_any() ? source : own, to);
  return 0;
}

void DatagramSocket::Disconnect() {
  if (!binding_.held()) return;
  binding_.Disconnect(bound_address_);
  if (!bound_port_) binding_.Release();
}

std::optional<lab::Endpoint> DatagramSocket::remote() const {
  if (!binding_.connected() || binding_.remote().port == 0) return std::nullopt;
  return binding_.remote();
}

int DatagramSocket::Shutdown(int how) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
  // Linux does it even where it then says that there is nothing to shut down.
  read_shut_ |= how != SHUT_WR;
  write_shut_ |= how != SHUT_RD;
  Wake(POLLHUP);
  return binding_.connected() ? 0 : -ENOTCONN;
}

int DatagramSocket::SetOption(int level, int option, const void* value, socklen_t length) {
  const bool only = level == IPPROTO_IPV6 && option == IPV6_V6ONLY && domain() == AF_INET6;
  if (only && binding_.held()) return -EINVAL;
  if (const int error = options_.Set({domain(), SOCK_DGRAM, IPPROTO_UDP}, level, option, value, length)) return error;
  binding_.reuse_address = options_->reuse.address;
  binding_.reuse_port = options_->reuse.port;
  if (options_->receive_buffer > 0) inbox_.set_limit(static_cast<uint32_t>(options_->receive_buffer));
  return 0;
}

int DatagramSocket::GetOption(int level, int option, void* value, socklen_t* length) {
  const OptionRoom room(level, value, length);
  if (level == SOL_SOCKET && option == SO_ERROR) return room.Store(TakeError());
  if (level == SOL_SOCKET && option == SO_ACCEPTCONN) return room.Store(0);
  return options_.Get({domain(), SOCK_DGRAM, IPPROTO_UDP}, level, option, value, length);
}

// As in Linux IPv6 asks for the destination first.
int DatagramSocket::CheckMessage(size_t length, int flags) const {
  return domain() == AF_INET ? CheckIpv4Message(length, flags) : 0;
}

int64_t DatagramSocket::SendMessage(Buffers buffers, const Dispatch& dispatch, int flags) {
  const size_t length = TotalSize(buffers);
  const lab::IpAddress peer = binding_.connected() ? binding_.remote().address : any();
  const bool ipv4 = (dispatch.to ? dispatch.to->address : peer).is_ipv4();
  if (ipv4 && options_->ipv6_only) return -ENETUNREACH;
  if (const int error = ipv4 ? CheckIpv4Message(length, flags) : 0) return error;
  if (!dispatch.to && !binding_.connected()) return -EDESTADDRREQ;
  lab::Packet& packet = host_.network().NextParcel().packet;
  packet = {};
  packet.protocol = lab::Protocol::kUdp;
  packet.source = {dispatch.source.value_or(lab::IpAddress()), binding_.local().port};
  packet.destination = dispatch.to.value_or(binding_.remote());
  // To IPv4 a socket of IPv6 sends as if each time it were told where to.
  const bool told = dispatch.to || (ipv4 && domain() == AF_INET6);
  if (told && packet.destination.port == 0) return -EINVAL;
  if (const int error = Route(packet.destination.address, packet.source.address)) return error;
  packet.hops = static_cast<uint8_t>(dispatch.hops.value_or(options_->ttl >= 0 ? options_->ttl : packet.hops));
  packet.type_of_service = static_cast<uint8_t>(dispatch.type_of_service.value_or(options_->tos));
  packet.payload = Gather(buffers, 0, length);
  const int unfit = CheckSize(packet);
  if (unfit == -EMSGSIZE) return unfit;
  if (const int error = TakeError()) return -error;
  if (write_shut_) return -EPIPE;
  if (unfit != 0) return unfit;
  host_.SendNextDatagram();
  return static_cast<int64_t>(length);
}

int64_t DatagramSocket::ReceiveMessage(Buffers buffers, int flags, Message& message) {
  if ((flags & MSG_ERRQUEUE) != 0) return TakeSentError(buffers, message);
  if (const int error = TakeError()) return -error;
  if (inbox_.empty()) return -EAGAIN;
  const udp::Datagram& datagram = inbox_.front();
  const size_t length = datagram.payload.size();
  const size_t copied = std::min(length, TotalSize(buffers));
  Scatter(datagram.payload, buffers, 0);
  message.from = datagram.source;
  message.flags = copied < length ? MSG_TRUNC : 0;
  Describe(datagram, message.ancillary);
  if ((flags & MSG_PEEK) == 0) inbox_.Pop();
  return static_cast<int64_t>((flags & MSG_TRUNC) != 0 ? length : copied);
}

void DatagramSocket::Describe(const udp::Datagram& datagram, AncillaryRoom& room) const {
  if (options_->packet_info && datagram.destination.address.is_ipv4()) {
    const lab::IpAddress& to = datagram.destination.address;
    const lab::IpAddress own = Host::IsBroadcast(to) ? host_.SourceFor(datagram.source.address) : to;
    in_pktinfo info{};
    info.ipi_ifindex = to.is_loopback() ? kLoopbackDevice : kWorldDevice;
    info.ipi_spec_dst.s_addr = htonl(own.ipv4());
    info.ipi_addr.s_addr = htonl(to.ipv4());
    room.Put(IPPROTO_IP, IP_PKTINFO, info);
  }
  if (options_->receive_ttl) room.Put(IPPROTO_IP, IP_TTL, int{datagram.hops});
  if (options_->receive_tos) room.Put(IPPROTO_IP, IP_TOS, datagram.type_of_service);
}

udp::ErrorQueue& DatagramSocket::sent_errors() {
  if (sent_errors_ == nullptr) sent_errors_ = std::make_unique<udp::ErrorQueue>();
  return *sent_errors_;
}

int64_t DatagramSocket::TakeSentError(Buffers buffers, Message& message) {
  if (sent_errors_ == nullptr || sent_errors_->empty()) return -EAGAIN;
  const udp::SentError taken = sent_errors_->Take(error_);
  const size_t copied = std::min(taken.payload.size(), TotalSize(buffers));
  Scatter(taken.payload, buffers, 0);
  message.from = taken.to;
  message.flags = MSG_ERRQUEUE | (copied < taken.payload.size() ? MSG_TRUNC : 0);
  struct {
    sock_extended_err error;
    sockaddr_in offender;
  } told{taken.error, {}};
  if (taken.error.ee_origin == SO_EE_ORIGIN_ICMP) {
    told.offender.sin_family = AF_INET;
    told.offender.sin_addr.s_addr = htonl(taken.offender.ipv4());
  }
  message.ancillary.Put(IPPROTO_IP, IP_RECVERR, told);
  return static_cast<int64_t>(copied);
}

// datagram_poll of Linux: there is always room to send.
short DatagramSocket::Ready() const {
  short events = POLLOUT | POLLWRNORM | POLLWRBAND;
  if (error_ != 0 || (sent_errors_ != nullptr && !sent_errors_->empty())) events |= POLLERR;
  if (read_shut_) events |= POLLIN | POLLRDNORM | POLLRDHUP;
  if (read_shut_ && write_shut_) events |= POLLHUP;
  if (!inbox_.empty()) events |= POLLIN | POLLRDNORM;
  return events;
}

int64_t DatagramSocket::Read(Buffers buffers, size_t, size_t, int flags) {
  Message ignored;
  return ReceiveMessage(buffers, flags, ignored);
}

int64_t DatagramSocket::Write(Buffers buffers, size_t, size_t, int flags) { return SendMessage(buffers, {}, flags); }

void DatagramSocket::Release() { binding_.Release(); }

int DatagramSocket::access_mode() const { return O_RDWR; }

void DatagramSocket::OnDatagram(const lab::Packet& packet) {
  udp::Datagram datagram;
  datagram.source = packet.source;
  datagram.destination = packet.destination;
  datagram.hops = packet.hops;
  datagram.type_of_service = packet.type_of_service;
  datagram.memory = udp::MemoryFor(packet.payload.size(), host_.IsLocal(packet.source.address));
  datagram.payload = packet.payload;
  if (inbox_.Add(std::move(datagram))) Wake(WaitQueue::kReadable);
}

void DatagramSocket::OnError(const lab::Packet& icmp, const lab::Quoted& quoted) {
  const udp::Meaning meaning = udp::MeaningOf(icmp);
  if (meaning.error == 0) return;
  if (options_->receive_errors) {
    sent_errors().Add(udp::FromIcmp(icmp, quoted, meaning.error));
  } else if (!meaning.fatal || !binding_.connected()) {
    return;
  }
  error_ = meaning.error;
  Wake(POLLERR);
}

}  // namespace sim
