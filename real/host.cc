#include "real/host.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "real/file.h"
#include "real/netlink.h"

namespace real {
namespace {

constexpr char kDevice[] = "duet0";
constexpr int kMtu = 65535;
constexpr uint8_t kIpv6PrefixLength = 64;
// Packets that wait while the world does not move them; the device's own default of 500 loses some then.
constexpr int kTxQueueLength = 10'000;

// While it lives the process is in fresh network and host name namespaces, then back in its own.
class FreshNamespaces {
 public:
  FreshNamespaces()
      : network_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)),
        names_(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC)) {
    if (unshare(CLONE_NEWNET | CLONE_NEWUTS) != 0) error_ = errno;
  }
  ~FreshNamespaces() {
    // To go on elsewhere than in the worker's own namespaces would mix up worlds.
    if (setns(network_.get(), CLONE_NEWNET) != 0 || setns(names_.get(), CLONE_NEWUTS) != 0) abort();
  }
  FreshNamespaces(const FreshNamespaces&) = delete;
  FreshNamespaces& operator=(const FreshNamespaces&) = delete;

  int error() const { return error_; }

 private:
  UniqueFd network_;
  UniqueFd names_;
  int error_ = 0;
};

// A knob whose file is missing, or can't be written, counts as set where it has that value anyway.
absl::Status SetKnob(const std::string& name, int value, int usual) {
  const std::string path = absl::StrCat("/proc/sys/net/", name);
  const std::string wanted = absl::StrCat(value);
  const absl::StatusOr<std::string> current = ReadSmallFile(path);
  if (!current.ok()) {
    if (value == usual) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("this kernel has no net.", name, ": a newer one is needed to set it"));
  }
  if (absl::StripAsciiWhitespace(*current) == wanted) return absl::OkStatus();
  const absl::Status written = WriteSmallFile(path, wanted);
  if (absl::IsInvalidArgument(written)) {
    return absl::InvalidArgumentError(absl::StrCat(value, " is not a value that net.", name, " can have"));
  }
  if (!written.ok()) {
    return absl::UnavailableError(absl::StrCat("net.", name, " can't be set (", written.message(),
                                               "): /proc/sys must be writable where the worker runs"));
  }
  return absl::OkStatus();
}

absl::Status SetKnobs(const lab::Knobs& knobs) {
  const lab::Knobs usual;
  absl::Status status;
  const auto set = [&](const char* name, int lab::Knobs::*knob) {
    status.Update(SetKnob(name, knobs.*knob, usual.*knob));
  };
  set("core/somaxconn", &lab::Knobs::somaxconn);
  set("ipv4/tcp_max_syn_backlog", &lab::Knobs::tcp_max_syn_backlog);
  set("ipv4/tcp_syn_retries", &lab::Knobs::tcp_syn_retries);
  set("ipv4/tcp_synack_retries", &lab::Knobs::tcp_synack_retries);
  set("ipv4/tcp_syn_linear_timeouts", &lab::Knobs::tcp_syn_linear_timeouts);
  set("ipv4/tcp_syncookies", &lab::Knobs::tcp_syncookies);
  set("ipv4/tcp_abort_on_overflow", &lab::Knobs::tcp_abort_on_overflow);
  set("ipv4/tcp_fin_timeout", &lab::Knobs::tcp_fin_timeout);
  set("ipv4/tcp_retries2", &lab::Knobs::tcp_retries2);
  return status;
}

// A device is to have the addresses that it is given and no others, and to say nothing by itself: no search for
// routers, no test for duplicates, no link-local address. False where the kernel has no IPv6.
bool PrepareIpv6() {
  const UniqueFd any(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any) return false;
  for (const char* devices : {"all", "default"}) {
    const auto set = [devices](const char* knob, const char* value) {
      return WriteSmallFile(absl::StrCat("/proc/sys/net/ipv6/conf/", devices, "/", knob), value).ok();
    };
    if (!set("disable_ipv6", "0")) return false;
    set("accept_ra", "0");
    set("router_solicitations", "0");
    set("accept_dad", "0");
    set("addr_gen_mode", "1");  // none
  }
  return true;
}

// Machines differ in their default; a kernel that keeps cubic from network namespaces gives them reno.
void ChooseCongestionControl() {
  const std::string path = "/proc/sys/net/ipv4/tcp_congestion_control";
  if (!WriteSmallFile(path, "cubic").ok()) (void)WriteSmallFile(path, "reno");
}

// One of the calls that `man netdevice` describes, on the device that `request` names.
absl::Status Configure(int any_socket, unsigned long call, ifreq& request, const char* what) {
  if (ioctl(any_socket, call, &request) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " of ", request.ifr_name));
}

ifreq RequestFor(const char* device) {
  ifreq request{};
  strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  return request;
}

absl::Status Up(int any_socket, const char* device) {
  ifreq request = RequestFor(device);
  if (absl::Status status = Configure(any_socket, SIOCGIFFLAGS, request, "reading the flags"); !status.ok())
    return status;
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  return Configure(any_socket, SIOCSIFFLAGS, request, "setting the flags");
}

ifreq WithAddress(ifreq request, uint32_t address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  memcpy(&request.ifr_addr, &in, sizeof in);
  return request;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Host>> Host::Create(const std::string& name, const Addresses& addresses,
                                                   const lab::Knobs& knobs) {
  std::unique_ptr<Host> host(new Host(addresses));
  const FreshNamespaces fresh;
  if (fresh.error() != 0) {
    return absl::UnavailableError(absl::StrCat("no network namespace can be made (", strerror(fresh.error()),
                                               "): `sysctl user.max_net_namespaces=10000` allows more"));
  }
  if (absl::Status status = host->Prepare(name, knobs); !status.ok()) return status;
  return host;
}

absl::Status Host::Prepare(const std::string& name, const lab::Knobs& knobs) {
  network_ = UniqueFd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  names_ = UniqueFd(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
  sock_diag_ = UniqueFd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  route_ = UniqueFd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!network_ || !names_ || !sock_diag_ || !route_) return absl::ErrnoToStatus(errno, "opening a host's namespaces");
  if (name.empty() || sethostname(name.data(), name.size()) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" can't be the name of a host"));
  }
  has_ipv6_ = PrepareIpv6();
  ChooseCongestionControl();
  if (absl::Status status = SetKnobs(knobs); !status.ok()) return status;
  return AddTun();
}

absl::Status Host::AddTun() {
  tun_ = UniqueFd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tun_) {
    const char* remedy = errno == EACCES ? "`chmod 666 /dev/net/tun` opens it to ordinary users"
                                         : "`modprobe tun` makes it, and a container has to be given it";
    return absl::UnavailableError(absl::StrCat("/dev/net/tun can't be opened (", strerror(errno), "): ", remedy));
  }
  ifreq request = RequestFor(kDevice);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (absl::Status status = Configure(tun_.get(), TUNSETIFF, request, "making the device"); !status.ok()) return status;

  const UniqueFd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  tun_index_ = static_cast<int>(if_nametoindex(kDevice));
  absl::Status status = SetQueueLength(route_.get(), tun_index_, kTxQueueLength);
  request = RequestFor(kDevice);
  request.ifr_mtu = kMtu;
  status.Update(Configure(any.get(), SIOCSIFMTU, request, "setting the MTU"));
  request = WithAddress(RequestFor(kDevice), addresses_.ipv4);
  status.Update(Configure(any.get(), SIOCSIFADDR, request, "setting the address"));
  request = WithAddress(RequestFor(kDevice), 0xff000000);
  status.Update(Configure(any.get(), SIOCSIFNETMASK, request, "setting the netmask"));
  status.Update(Up(any.get(), kDevice));
  status.Update(Up(any.get(), "lo"));
  if (has_ipv6_) status.Update(AddIpv6Address(route_.get(), tun_index_, addresses_.ipv6, kIpv6PrefixLength));
  return status;
}

int Host::Enter() const {
  if (setns(network_.get(), CLONE_NEWNET) != 0) return -1;
  return setns(names_.get(), CLONE_NEWUTS);
}

bool Host::Listening(uint16_t port) const { return ListensOn(sock_diag_.get(), port); }

bool Host::Bound(uint16_t port) const { return BoundTo(sock_diag_.get(), port); }

bool Host::Serves() {
  constexpr std::chrono::milliseconds kCounts(10);
  const auto now = std::chrono::steady_clock::now();
  if (now >= serves_until_) {
    serves_ = real::Serves(sock_diag_.get());
    serves_until_ = now + kCounts;
  }
  return serves_;
}

absl::Status Host::SetMtu(const Addresses& destination, uint32_t mtu) {
  constexpr uint32_t kLeastIpv6 = 1'280;
  absl::Status status = RouteWithMtu(route_.get(), tun_index_, destination.ipv4, mtu);
  if (has_ipv6_) {
    status.Update(RouteWithMtu(route_.get(), tun_index_, destination.ipv6, std::max(mtu, kLeastIpv6)));
  }
  return status;
}

}  // namespace real
