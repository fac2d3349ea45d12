// A socket of the kernel in a network namespace as an endpoint. What is written to the TUN device has been taken when
// the call returns, and what the kernel answers can then be read: nothing has to be waited for but its timers.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "gtest/gtest.h"
#include "absl/strings/str_cat.h"
#include "lab/sockets/unique_fd.h"
#include "real/addresses.h"
#include "real/file.h"
#include "real/host.h"
#include "real/namespaces.h"
#include "tests/segments/endpoint.h"

namespace segments {
namespace {

constexpr std::chrono::minutes kPatience{1};

// What can't be is the machine's fault, not the kernel's TCP's: there is nothing to go on with.
void Must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

sockaddr_in AddressOf(const lab::Endpoint& endpoint) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(endpoint.port);
  in.sin_addr.s_addr = htonl(endpoint.address.ipv4());
  return in;
}

// A host has an address of each family; the scripts speak IPv4.
real::Addresses AddressesOf(const lab::Endpoint& endpoint) {
  const uint32_t ipv4 = endpoint.address.ipv4();
  return {.ipv4 = ipv4, .ipv6 = lab::IpAddress::V6(0xfd000000, 0, 0, ipv4)};
}

void SetKnob(const char* name, int value) {
  const absl::Status status = real::WriteSmallFile(absl::StrCat("/proc/sys/net/ipv4/", name), absl::StrCat(value));
  Must(status.ok(), name);
}

int64_t OrErrno(int64_t result) { return result < 0 ? -errno : result; }

class RealEndpoint final : public Endpoint {
 public:
  explicit RealEndpoint(const Settings& settings) : settings_(settings) {
    lab::Knobs knobs;
    knobs.tcp_syn_retries = settings.syn_retries;
    knobs.tcp_syn_linear_timeouts = settings.syn_linear_timeouts;
    knobs.tcp_synack_retries = settings.synack_retries;
    knobs.tcp_retries2 = settings.retries2;
    knobs.tcp_fin_timeout = settings.fin_timeout_s;
    auto host = real::Host::Create("endpoint", AddressesOf(kUs), knobs);
    Must(host.ok(), "a host for the endpoint");
    host_ = *std::move(host);
    Must(host_->Enter() == 0, "entering the host");
    Must(host_->SetMtu(AddressesOf(kPeer), settings.mtu).ok(), "setting the MTU");
    SetKnob("tcp_invalid_ratelimit", settings.invalid_ratelimit_ms);
    SetKnob("tcp_early_retrans", settings.tail_loss_probe ? 3 : 0);
    SetKnob("tcp_no_metrics_save", 1);
    socket_ = lab::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    Prepare();
    const sockaddr_in us = AddressOf(kUs);
    Must(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&us), sizeof us) == 0, "bind");
  }

  void Connect(uint32_t iss) override {
    // A number that was set for repair is used for the SYN too.
    Must(SetOption(IPPROTO_TCP, TCP_REPAIR, 1) == 0, "TCP_REPAIR");
    Must(SetOption(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE) == 0, "TCP_REPAIR_QUEUE");
    Must(SetOption(IPPROTO_TCP, TCP_QUEUE_SEQ, static_cast<int>(iss)) == 0, "TCP_QUEUE_SEQ");
    Must(SetOption(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP) == 0, "TCP_REPAIR_OFF_NO_WP");
    const sockaddr_in peer = AddressOf(kPeer);
    const int result = connect(socket_.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer);
    Must(result != 0 && errno == EINPROGRESS, "connect");
  }

  void Listen() override {
    Must(listen(socket_.get(), 5) == 0, "listen");
    listener_ = std::move(socket_);
  }

  void Arrive(const lab::Packet& packet) override {
    const std::vector<uint8_t> bytes = lab::ToBytes(packet);
    Must(write(host_->tun(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "writing a packet");
  }

  std::optional<lab::Packet> Next() override {
    uint8_t bytes[65'536];
    while (true) {
      const ssize_t length = read(host_->tun(), bytes, sizeof bytes);
      if (length < 0) return std::nullopt;
      absl::StatusOr<lab::Packet> packet = lab::FromBytes({bytes, static_cast<size_t>(length)});
      if (packet.ok() && packet->destination == kPeer) return *std::move(packet);
    }
  }

  std::optional<lab::Packet> Await() override {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      if (auto packet = Next()) return packet;
      pollfd tun{host_->tun(), POLLIN, 0};
      poll(&tun, 1, 1'000);
    }
    return std::nullopt;
  }

  bool AwaitState(std::string_view state) override {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (State() != state) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  void Pass(lab::Duration time) override { std::this_thread::sleep_for(time); }

  int64_t Write(std::string_view bytes, int flags) override {
    return OrErrno(send(Socket(), bytes.data(), bytes.size(), flags | MSG_NOSIGNAL));
  }
  int64_t Read(size_t length, int flags, std::string& bytes) override {
    bytes.resize(length);
    const int64_t result = OrErrno(recv(Socket(), bytes.data(), length, flags));
    bytes.resize(result > 0 ? result : 0);
    return result;
  }
  int Shutdown(int how) override { return static_cast<int>(OrErrno(shutdown(Socket(), how))); }
  void Close() override {
    Socket();
    socket_.Reset();
  }
  int SetOption(int level, int option, int value) override {
    const linger at_once{1, value};
    const bool lingers = level == SOL_SOCKET && option == SO_LINGER;
    const void* what = lingers ? static_cast<const void*>(&at_once) : &value;
    return static_cast<int>(
        OrErrno(setsockopt(Socket(), level, option, what, lingers ? sizeof at_once : sizeof value)));
  }
  int TakeError() override {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(Socket(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
  }
  size_t Readable() override { return Ask(FIONREAD); }
  bool AtMark() override { return Ask(SIOCATMARK) != 0; }
  bool UrgentReady() override {
    pollfd socket{Socket(), POLLPRI, 0};
    return poll(&socket, 1, 0) == 1 && (socket.revents & POLLPRI) != 0;
  }
  size_t Unacknowledged() override { return Ask(SIOCOUTQ); }
  tcp_info Info() override {
    tcp_info info{};
    socklen_t length = sizeof info;
    EXPECT_EQ(0, getsockopt(Socket(), IPPROTO_TCP, TCP_INFO, &info, &length));
    return info;
  }

  // From /proc/net/tcp, as an orphan has no descriptor to ask.
  std::string State() override {
    std::ifstream table("/proc/thread-self/net/tcp");
    const std::string remote = absl::StrCat(absl::Hex(htonl(kPeer.address.ipv4()), absl::kZeroPad8), ":",
                                            absl::Hex(kPeer.port, absl::kZeroPad4));
    for (std::string line; std::getline(table, line);) {
      char number[16], local[32], peer[32];
      unsigned state = 0;
      if (std::sscanf(line.c_str(), "%15s %31s %31s %x", number, local, peer, &state) != 4) continue;
      if (strcasecmp(peer, remote.c_str()) == 0) return NameOf(state);
    }
    return "CLOSED";
  }

 private:
  static std::string NameOf(unsigned state) {
    constexpr const char* kNames[] = {"?",          "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1",
                                      "FIN-WAIT-2", "TIME-WAIT",   "CLOSED",   "CLOSE-WAIT",   "LAST-ACK",
                                      "LISTEN",     "CLOSING"};
    return state < std::size(kNames) ? kNames[state] : "?";
  }

  void Prepare() {
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_CONGESTION, settings_.congestion, strlen(settings_.congestion));
    const auto set = [&](int level, int option, int value) {
      if (value != 0) Must(setsockopt(socket_.get(), level, option, &value, sizeof value) == 0, "setsockopt");
    };
    set(SOL_SOCKET, SO_SNDBUF, settings_.send_buffer);
    set(SOL_SOCKET, SO_RCVBUF, settings_.receive_buffer);
    set(IPPROTO_TCP, TCP_MAXSEG, settings_.max_segment);
    set(IPPROTO_TCP, TCP_DEFER_ACCEPT, settings_.defer_accept_s);
  }

  // The connection's, which a listener gives once it has it.
  int Socket() {
    if (!socket_ && listener_) {
      socket_ = lab::UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }
    return socket_.get();
  }

  size_t Ask(unsigned long what) {
    int value = 0;
    Must(ioctl(Socket(), what, &value) == 0, "ioctl");
    return static_cast<size_t>(value);
  }

  Settings settings_;
  std::unique_ptr<real::Host> host_;
  lab::UniqueFd listener_;
  lab::UniqueFd socket_;
};

}  // namespace

std::unique_ptr<Endpoint> MakeEndpoint(const Settings& settings) { return std::make_unique<RealEndpoint>(settings); }

std::string WhyNoEndpoint() {
  if (const absl::Status available = real::Available(); !available.ok()) return std::string(available.message());
  const absl::Status entered = real::EnterNamespaces();
  return entered.ok() ? "" : std::string(entered.message());
}

}  // namespace segments
