#include "sim/host/stream_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "sim/host/stream_options.h"

namespace sim {
namespace {

// Whether the socket has lost its connection: TIME-WAIT is the host's alone, as in Linux.
bool Over(tcp::State state) { return state == tcp::State::kClosed || state == tcp::State::kTimeWait; }

// All hosts of a network that has a way: 10.0.0.0/8, and the loopback's.
bool IsBroadcast(const lab::IpAddress& address) { return address.is_ipv4() && (address.ipv4() & 0xffffff) == 0xffffff; }

}  // namespace

StreamSocket::~StreamSocket() {
  if (flow_ != nullptr) flow_->set_owner(nullptr);
}

bool StreamSocket::Over() const { return flow_ != nullptr && sim::Over(flow_->connection().state()); }

int StreamSocket::Bind(const lab::Endpoint& local) {
  // Of two reasons the first is told; the families differ in their order.
  const int error = CheckLocal(host_, local);
  if (error == -EACCES || (error != 0 && domain() == AF_INET)) return error;
  if (Over() && !bound_again_) LosePort();
  if (has_claim() || (flow_ != nullptr && !Over())) return -EINVAL;
  if (error != 0) return error;
  PortClaim& claim = own().claim;
  Prepare(claim);
  const int refused = host_.ports().Bind(claim, local.address, local.port, options_->LocalPorts());
  if (refused != 0 && flow_ != nullptr) {
    // The attempt has cost it its address.
    own().last = {any(), flow_->connection().local().port};
    bound_again_ = true;
  }
  if (refused != 0) return refused;
  // An address of IPv6's own is taken as a wish for it alone.
  if (domain() == AF_INET6 && !local.address.is_any() && !local.address.is_ipv4()) options_.Change().ipv6_only = true;
  port_asked_ = local.port != 0;
  bound_again_ = flow_ != nullptr;
  return 0;
}

int StreamSocket::Listen(int backlog) {
  if (flow_ != nullptr) return -EINVAL;
  if (listening()) {
    queue().set_backlog(backlog);
    return 0;
  }
  PortClaim& claim = own().claim;
  if (!claim.held()) {
    Prepare(claim);
    if (const int error = host_.ports().Bind(claim, own().last.address, 0, options_->LocalPorts())) return error;
  }
  if (const int error = host_.ports().Listen(claim)) return error;
  ListenQueue::Settings settings;
  settings.socket = &options_;
  settings.on_ready = [this] { waiters().Wake(host_.engine().scheduler(), WaitQueue::kReadable); };
  settings.read_shut = (shut_ & (SHUT_RD + 1)) != 0;
  settings.write_shut = (shut_ & (SHUT_WR + 1)) != 0;
  own().queue = std::make_unique<ListenQueue>(host_, own_name(), backlog, std::move(settings));
  return 0;
}

int StreamSocket::Accept(SocketPtr& accepted, lab::Endpoint& from) {
  if (!listening()) return -EINVAL;
  if (queue().empty()) return -EAGAIN;
  auto* const socket = new StreamSocket(host_, domain());
  accepted = socket;
  ListenQueue::Waiting waiting = queue().Take();
  socket->options_ = std::move(waiting.options);
  socket->flow_ = std::move(waiting.flow);
  socket->flow_->set_owner(socket);
  socket->told_ = Told(socket->flow_->connection());
  // The listener's address is its own, also without a connection.
  if (const lab::IpAddress own = own_name().address; own != any()) socket->own().last.address = own;
  from = socket->flow_->connection().remote();
  return 0;
}

void StreamSocket::Prepare(PortClaim& claim) const {
  claim.reuse = options_->reuse;
  claim.ipv6_only = options_->ipv6_only;
}

int StreamSocket::Claim(const lab::Endpoint& remote, PortClaim& chosen, lab::Endpoint& local,
                        std::optional<uint32_t>& iss) {
  local = own_name();
  if (local.address.is_any()) local.address = host_.SourceFor(remote.address);
  if (has_claim()) return host_.MakeWay(local, remote, iss);
  Prepare(chosen);
  const auto unused = [&](uint16_t port) { return !host_.Has({local.address, port}, remote); };
  if (const int error = host_.ports().Connect(chosen, local.address, options_->LocalPorts(), unused)) return error;
  local.port = chosen.port();
  return 0;
}

int StreamSocket::MayConnect() const {
  if (listening()) return -EISCONN;
  if (given_up_) return -EINVAL;
  if (connecting_) return -EALREADY;
  return flow_ != nullptr ? -EISCONN : 0;
}

int StreamSocket::Connect(const lab::Endpoint& asked) {
  if (const int refused = MayConnect()) return refused;
  lab::Endpoint remote = asked;
  const lab::IpAddress source = own_name().address;
  // As in Linux: the host itself, by the name that the socket has.
  if (remote.address.is_any() && has_claim() && remote.address.is_ipv4()) remote.address = source;
  const bool ipv4 = remote.address.is_ipv4() || (remote.address.is_any() && source.is_ipv4());
  if (remote.address.is_any()) remote.address = ipv4 ? lab::IpAddress(Network::kLoopback) : lab::kIpv6Loopback;
  if (ipv4 && options_->ipv6_only) return -ENETUNREACH;
  // As in Linux: an AF_INET6 socket that has once connected over IPv4 sends by IPv4 from then on, which no host of IPv6
  // gets; only an attempt over IPv4 that fails at once mends that.
  const bool silent = !ipv4 && spoke_ipv4_;
  if (ipv4) spoke_ipv4_ = false;
  if (!Network::Routable(remote.address) || IsBroadcast(remote.address)) return -ENETUNREACH;
  if (!ipv4 && source.is_ipv4()) return -EAFNOSUPPORT;

  const bool bound = has_claim();
  PortClaim chosen;  // until the connection has its own
  lab::Endpoint local;
  std::optional<uint32_t> iss;
  if (const int error = Claim(remote, chosen, local, iss)) return error;
  if (!iss) iss = host_.NextInitialSequence();
  tcp::Options options = host_.OptionsFor(remote.address);
  Apply(*options_, remote.address.is_ipv4(), options);
  error_ = 0;
  flow_ = new Flow(host_, this, local, remote, *iss, options);
  flow_->ClaimPort(options_->reuse, /*by_connect=*/!bound);
  chosen.Release();
  if (bound && source.is_any()) {
    all_addresses_ = true;
    own().claim.StandFor(local.address);
  }
  host_.Add(flow_);
  if ((shut_ & (SHUT_RD + 1)) != 0) flow_->connection().ShutdownRead(host_.now());
  connecting_ = true;
  spoke_ipv4_ = spoke_ipv4_ || ipv4;
  if (silent) flow_->Silence();
  told_ = Told(flow_->connection());
  flow_->Settle();
  return -EINPROGRESS;
}

int StreamSocket::FinishConnect() {
  // Another thread has been told already.
  if (!connecting_ && flow_ == nullptr) return error_ != 0 ? -TakeError() : -ECONNABORTED;
  if (!connecting_) return 0;
  const tcp::State state = flow_->connection().state();
  if (state == tcp::State::kSynSent || state == tcp::State::kSynReceived) return -EAGAIN;
  // As in Linux: who sends no more and has connected to itself is at the end of that before it looks.
  const bool ends_itself = (shut_ & (SHUT_WR + 1)) != 0 && local() == remote();
  if (ends_itself && !Over()) return -EAGAIN;
  connecting_ = false;
  const int error = flow_->connection().TakeError();
  if (!sim::Over(state) && error == 0) return 0;
  LoseConnection();
  return error != 0 ? -error : -ECONNABORTED;
}

void StreamSocket::Disconnect() {
  ++disconnects_;
  LoseConnection();
}

void StreamSocket::LoseConnection() {
  // The port goes with the connection's end: one that was bound since, or without one, stays.
  const bool keeps_port = Over() ? bound_again_ : flow_ == nullptr && !listening();
  connecting_ = false;
  given_up_ = false;
  bound_again_ = false;
  shut_ = 0;
  if (own_ != nullptr) {
    own_->queue.reset();
    own_->claim.listening = false;
  }
  if (flow_ != nullptr) {
    const FlowPtr flow = std::exchange(flow_, nullptr);
    tcp::Connection& connection = flow->connection();
    const tcp::State state = connection.state();
    // Linux leaves word where there was something to give up.
    if (!sim::Over(state) && state != tcp::State::kClosing && state != tcp::State::kLastAck) error_ = ECONNRESET;
    // What it had failed with is still to be told.
    if (connection.error() != 0) error_ = connection.TakeError();
    if (!has_claim()) own().last.port = connection.local().port;
    flow->set_owner(nullptr);
    connection.Abort(host_.now());
    flow->Settle();
  }
  if (std::exchange(all_addresses_, false)) own().claim.StandFor(any());
  if (!keeps_port) LosePort();
  waiters().Wake(host_.engine().scheduler(), WaitQueue::kAnything);
}

// A port that the program didn't choose goes as it came, and the name of the socket still tells of it.
void StreamSocket::LosePort() {
  if (!has_claim() || port_asked_) return;
  own().last = own_name();
  all_addresses_ = false;
  own().claim.Release();
}

bool StreamSocket::HasPort() const {
  if (flow_ == nullptr || bound_again_) return has_claim();
  return !Over() || (has_claim() && port_asked_);
}

int StreamSocket::TakeError() {
  if (error_ != 0) return std::exchange(error_, 0);
  return flow_ != nullptr ? flow_->connection().TakeError() : 0;
}

int StreamSocket::Shutdown(int how) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
  if (listening()) {
    // As in Linux: SHUT_WR does nothing to a listener, and SHUT_RD ends it.
    if (how != SHUT_WR) LoseConnection();
    waiters().Wake(host_.engine().scheduler(), WaitQueue::kAnything);
    return 0;
  }
  if (flow_ == nullptr) {
    // An error, and it has its effect all the same, as in Linux.
    shut_ |= how + 1;
    waiters().Wake(host_.engine().scheduler(), WaitQueue::kAnything);
    return -ENOTCONN;
  }
  // A non-blocking connect has come to its end, which nobody need ask for any more; a failed one is not tried again.
  if (connecting_ && flow_->connection().state() != tcp::State::kSynSent) {
    connecting_ = false;
    given_up_ = Over();
  }
  if (Over()) return -ENOTCONN;
  tcp::Connection& connection = flow_->connection();
  if (connecting_ && connection.state() == tcp::State::kSynSent) {
    LoseConnection();
    waiters().Wake(host_.engine().scheduler(), WaitQueue::kAnything);
    return 0;
  }
  if (how != SHUT_WR) connection.ShutdownRead(host_.now());
  if (how != SHUT_RD) connection.ShutdownWrite(host_.now());
  flow_->Settle();
  waiters().Wake(host_.engine().scheduler(), WaitQueue::kAnything);
  return 0;
}

lab::Endpoint StreamSocket::local() const {
  if (flow_ != nullptr && !bound_again_) return flow_->connection().local();
  return own_name();
}

std::optional<lab::Endpoint> StreamSocket::remote() const {
  if (flow_ == nullptr) return std::nullopt;
  const tcp::State state = flow_->connection().state();
  if (state == tcp::State::kSynSent || Over()) return std::nullopt;
  return flow_->connection().remote();
}

void StreamSocket::Release() {
  own_.reset();
  if (flow_ == nullptr) return;
  const FlowPtr flow = std::exchange(flow_, nullptr);
  flow->set_owner(nullptr);
  if (options_->lingers && options_->linger_seconds == 0) {
    flow->connection().Abort(host_.now());
  } else {
    flow->connection().Close(host_.now());
  }
  flow->Settle();
}

int StreamSocket::access_mode() const { return O_RDWR; }

}  // namespace sim
