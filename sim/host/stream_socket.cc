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

int StreamSocket::Bind(const lab::Endpoint& local) {
  // Of two reasons the first is told; the families differ in their order.
  const int error = CheckLocal(host_, local);
  if (error != 0 && domain() == AF_INET) return error;
  if (claim_.held() || flow_ != nullptr) return -EINVAL;
  if (error != 0) return error;
  PrepareClaim();
  port_asked_ = local.port != 0;
  return host_.ports().Bind(claim_, local.address, local.port);
}

int StreamSocket::Listen(int backlog) {
  if (flow_ != nullptr) return -EINVAL;
  if (queue_ != nullptr) {
    queue_->set_backlog(backlog);
    return 0;
  }
  if (!claim_.held()) {
    PrepareClaim();
    if (const int error = host_.ports().Bind(claim_, last_.address, 0)) return error;
  }
  if (const int error = host_.ports().Listen(claim_)) return error;
  ListenQueue::Settings settings;
  settings.socket = &options_;
  settings.on_ready = [this] { waiters().Wake(host_.engine().scheduler(), POLLIN); };
  queue_ = std::make_unique<ListenQueue>(host_, lab::Endpoint{claim_.address(), claim_.port()}, backlog,
                                         std::move(settings));
  return 0;
}

int StreamSocket::Accept(SocketPtr& accepted, lab::Endpoint& from) {
  if (queue_ == nullptr) return -EINVAL;
  if (queue_->empty()) return -EAGAIN;
  auto* const socket = new StreamSocket(host_, domain());
  accepted = socket;
  ListenQueue::Waiting waiting = queue_->Take();
  socket->options_ = std::move(waiting.options);
  socket->flow_ = std::move(waiting.flow);
  socket->flow_->set_owner(socket);
  from = socket->flow_->connection().remote();
  return 0;
}

void StreamSocket::PrepareClaim() {
  claim_.reuse = options_->reuse;
  claim_.ipv6_only = options_->ipv6_only;
}

int StreamSocket::Claim(const lab::Endpoint& remote, lab::Endpoint& local) {
  local.address = claim_.held() ? claim_.address() : last_.address;
  if (local.address.is_any()) local.address = host_.SourceFor(remote.address);
  if (claim_.held()) {
    local.port = claim_.port();
    return host_.Has(local, remote) ? -EADDRNOTAVAIL : 0;
  }
  PrepareClaim();
  const auto unused = [&](uint16_t port) { return !host_.Has({local.address, port}, remote); };
  if (const int error = host_.ports().Connect(claim_, local.address, unused)) return error;
  local.port = claim_.port();
  return 0;
}

int StreamSocket::Connect(const lab::Endpoint& asked) {
  if (queue_ != nullptr) return -EISCONN;
  if (connecting_) return -EALREADY;
  if (flow_ != nullptr) return -EISCONN;
  lab::Endpoint remote = asked;
  const bool ipv4 = remote.address.is_ipv4();
  if (remote.address.is_any()) remote.address = ipv4 ? lab::IpAddress(Network::kLoopback) : lab::kIpv6Loopback;
  if (!Network::Routable(remote.address) || IsBroadcast(remote.address)) return -ENETUNREACH;
  if (ipv4 && options_->ipv6_only) return -ENETUNREACH;

  const bool bound = claim_.held();
  lab::Endpoint local;
  if (const int error = Claim(remote, local)) return error;
  tcp::Options options = host_.OptionsFor(remote.address);
  Apply(*options_, options);
  flow_ = new Flow(host_, tcp::Connection::Connect(host_.now(), local, remote, host_.NextInitialSequence(), options),
                   this);
  host_.ports().Share(flow_->claim(), local.address, local.port, options_->reuse, /*by_connect=*/!bound);
  // From here on the connection's own claim holds the port that was chosen for it.
  if (!bound) claim_.Release();
  host_.Add(flow_);
  error_ = 0;
  connecting_ = true;
  flow_->Settle();
  return -EINPROGRESS;
}

int StreamSocket::FinishConnect() {
  if (!connecting_) return -EISCONN;
  const tcp::State state = flow_->connection().state();
  if (state == tcp::State::kSynSent || state == tcp::State::kSynReceived) return -EAGAIN;
  connecting_ = false;
  const int error = flow_->connection().TakeError();
  if (state != tcp::State::kClosed && error == 0) return 0;
  Disconnect();
  return error != 0 ? -error : -ECONNABORTED;
}

void StreamSocket::Disconnect() {
  connecting_ = false;
  queue_.reset();
  claim_.listening = false;
  if (flow_ != nullptr) {
    const FlowPtr flow = std::exchange(flow_, nullptr);
    tcp::Connection& connection = flow->connection();
    const tcp::State state = connection.state();
    // Linux leaves word where there was something to give up.
    if (!Over(state) && state != tcp::State::kClosing && state != tcp::State::kLastAck) error_ = ECONNRESET;
    if (!claim_.held()) last_.port = connection.local().port;
    flow->set_owner(nullptr);
    connection.Abort(host_.now());
    flow->Settle();
  }
  LosePort();
  waiters().Wake(host_.engine().scheduler(), Ready());
}

// A port that the program didn't choose goes as it came, and the name of the socket still tells of it.
void StreamSocket::LosePort() {
  if (!claim_.held() || port_asked_) return;
  last_ = {claim_.address(), claim_.port()};
  claim_.Release();
}

int StreamSocket::TakeError() {
  if (error_ != 0) return std::exchange(error_, 0);
  return flow_ != nullptr ? flow_->connection().TakeError() : 0;
}

int StreamSocket::Shutdown(int how) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
  if (queue_ != nullptr) {
    // As in Linux: SHUT_WR does nothing to a listener, and SHUT_RD ends it.
    if (how != SHUT_WR) Disconnect();
    return 0;
  }
  if (flow_ == nullptr) return -ENOTCONN;
  tcp::Connection& connection = flow_->connection();
  if (Over(connection.state())) return -ENOTCONN;
  if (connecting_ && connection.state() == tcp::State::kSynSent) {
    Disconnect();
    return 0;
  }
  if (how != SHUT_WR) connection.ShutdownRead(host_.now());
  if (how != SHUT_RD) connection.ShutdownWrite(host_.now());
  flow_->Settle();
  return 0;
}

lab::Endpoint StreamSocket::local() const {
  if (flow_ != nullptr) return flow_->connection().local();
  return claim_.held() ? lab::Endpoint{claim_.address(), claim_.port()} : last_;
}

std::optional<lab::Endpoint> StreamSocket::remote() const {
  if (flow_ == nullptr) return std::nullopt;
  const tcp::State state = flow_->connection().state();
  if (state == tcp::State::kSynSent || Over(state)) return std::nullopt;
  return flow_->connection().remote();
}

void StreamSocket::OnChange(Flow&) {
  if (!waiters().empty()) waiters().Wake(host_.engine().scheduler(), ReadyOfConnection());
}

void StreamSocket::Release() {
  queue_.reset();
  claim_.Release();
  if (flow_ == nullptr) return;
  const FlowPtr flow = std::exchange(flow_, nullptr);
  flow->set_owner(nullptr);
  if (options_->linger_time.l_onoff != 0 && options_->linger_time.l_linger == 0) {
    flow->connection().Abort(host_.now());
  } else {
    flow->connection().Close(host_.now());
  }
  flow->Settle();
}

int StreamSocket::access_mode() const { return O_RDWR; }

}  // namespace sim
