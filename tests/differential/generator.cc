#include "tests/differential/generator.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/differential/random.h"
#include "tests/differential/sketch.h"

namespace differential {
namespace {

constexpr uint32_t kLoopback = INADDR_LOOPBACK;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Program Draw() {
    DrawWeights();
    if (random_.Chance(85)) Prologue();
    const size_t length = 4 + random_.Below(30);
    while (program_.steps.size() < length) {
      actor_ = Actor();
      (this->*kActions[Action()].draw)();
    }
    return std::move(program_);
  }

 private:
  struct Weighted {
    void (Generator::*draw)();
    int weight;
  };
  static constexpr size_t kKinds = 19;
  static const std::array<Weighted, kKinds> kActions;

  // Each program has its own mixture: some kinds of calls much, some not at all.
  void DrawWeights() {
    for (size_t i = 0; i < kActions.size(); ++i) weights_[i] = kActions[i].weight * random_.Among({0, 1, 1, 1, 3});
    weights_[0] += 1;
    timeouts_ = random_.Chance(4);
    ipv6_ = random_.Chance(20) ? 50 : 0;
  }
  size_t Action() {
    size_t total = 0;
    for (const int weight : weights_) total += static_cast<size_t>(weight);
    size_t drawn = random_.Below(total);
    size_t i = 0;
    while (drawn >= static_cast<size_t>(weights_[i])) drawn -= static_cast<size_t>(weights_[i++]);
    return i;
  }
  int Actor() {
    const int actor = static_cast<int>(random_.Below(kActors));
    // Who is believed to wait is seldom asked; and most happens in the first two processes.
    if ((blocked_[actor] || ProcessOf(actor) == 2) && !random_.Chance(10)) return static_cast<int>(random_.Below(4));
    return actor;
  }

  Step& Add(Call call, Slot fd = {}) {
    Step& step = program_.steps.emplace_back();
    step.id = static_cast<int>(program_.steps.size());
    step.actor = actor_;
    step.call = call;
    step.fd = fd;
    return step;
  }
  int Gives(const Step& step, Kind kind, int which = 0) {
    Known known;
    known.slot = {step.id, which};
    known.process = ProcessOf(step.actor);
    known.kind = kind;
    return sketch_.Add(known);
  }
  template <typename... Kinds>
  int Pick(Kinds... kinds) {
    const std::vector<int> found = sketch_.Of(ProcessOf(actor_), kinds...);
    return found.empty() ? -1 : random_.Among(found);
  }
  // Any descriptor of the actor's process, with luck of those kinds; seldom one that was never open.
  template <typename... Kinds>
  Slot PickSlot(int& index, Kinds... kinds) {
    index = Pick(kinds...);
    if (index < 0 || random_.Chance(3)) index = Pick();
    if (random_.Chance(2)) index = Pick(Kind::kClosed);
    if (index >= 0) return sketch_[index].slot;
    return {Slot::kNumber, random_.Among({-1, 3, 4, 5, 99})};
  }
  void MayBlock(bool blocks) {
    if (blocks) blocked_[actor_] = true;
  }
  // Something happened to the descriptor: whoever waits for it may go on.
  void Touch(int index) {
    if (index < 0) return;
    for (int thread = 0; thread < kThreads; ++thread) blocked_[sketch_[index].process * kThreads + thread] = false;
  }

  uint32_t Host(bool to_bind) {
    if (random_.Chance(60)) return kLoopback;
    if (random_.Chance(40)) return INADDR_ANY;
    if (random_.Chance(to_bind ? 10 : 5)) return 0xc0000201;  // 192.0.2.1, which nobody has
    return random_.Among<uint32_t>({kLoopback + 1, 0x0a000001});
  }
  Address ToBind() {
    const uint16_t port = random_.Among<uint16_t>({7001, 7001, 7001, 7002, 7002, 7003, 0, 0, 80});
    return {Host(true), port, random_.Chance(1) ? AF_UNSPEC : AF_INET};
  }

  void DrawSocket();
  void DrawBind();
  void DrawListen();
  void DrawConnect();
  void DrawAccept();
  void DrawSend();
  void DrawReceive();
  void DrawBulk();
  void DrawShutdown();
  void DrawClose();
  void DrawDup();
  void DrawPoll();
  void DrawSetOption();
  void DrawGetOption();
  void DrawName();
  void DrawFlags();
  void DrawPipe();
  void DrawConnection();
  void DrawEpoll();

  int NewSocket(int flags);
  int NewListener(Address address, int backlog);
  void ConnectTo(int client, int listener);
  void Prologue();

  Random random_;
  Program program_;
  Sketch sketch_;
  std::array<int, kKinds> weights_{};
  bool blocked_[kActors] = {};
  bool timeouts_ = false;
  int ipv6_ = 0;  // how many of a hundred sockets are AF_INET6
  int actor_ = 0;
};

const std::array<Generator::Weighted, Generator::kKinds> Generator::kActions{{
    {&Generator::DrawSocket, 4},     {&Generator::DrawBind, 4},      {&Generator::DrawListen, 4},
    {&Generator::DrawConnect, 8},    {&Generator::DrawAccept, 8},    {&Generator::DrawSend, 16},
    {&Generator::DrawReceive, 16},   {&Generator::DrawBulk, 1},      {&Generator::DrawShutdown, 5},
    {&Generator::DrawClose, 7},      {&Generator::DrawDup, 3},       {&Generator::DrawPoll, 12},
    {&Generator::DrawSetOption, 5},  {&Generator::DrawGetOption, 6}, {&Generator::DrawName, 4},
    {&Generator::DrawFlags, 4},      {&Generator::DrawPipe, 3},      {&Generator::DrawConnection, 4},
    {&Generator::DrawEpoll, 8},
}};

int Generator::NewSocket(int flags) {
  Step& step = Add(Call::kSocket);
  step.a = random_.Chance(ipv6_) ? AF_INET6 : AF_INET;
  step.b = SOCK_STREAM | flags;
  const int index = Gives(step, Kind::kFresh);
  sketch_[index].family = static_cast<int>(step.a);
  sketch_[index].nonblocking = (flags & SOCK_NONBLOCK) != 0;
  return index;
}

int Generator::NewListener(Address address, int backlog) {
  const int index = NewSocket(random_.Chance(20) ? SOCK_NONBLOCK : 0);
  const Slot fd = sketch_[index].slot;
  address.family = sketch_[index].family;
  Add(Call::kBind, fd).address = address;
  Add(Call::kListen, fd).a = backlog;
  sketch_[index].kind = Kind::kListener;
  sketch_[index].address = address;
  sketch_[index].room = backlog + 1;
  return index;
}

void Generator::ConnectTo(int client, int listener) {
  Address to = sketch_[listener].address;
  if (to.host == INADDR_ANY) to.host = random_.Among<uint32_t>({kLoopback, kLoopback, kLoopback + 1, 0x0a000001, 0});
  to.family = sketch_[client].family;
  Add(Call::kConnect, sketch_[client].slot).address = to;
  if (!sketch_.Connect(client, listener)) MayBlock(!sketch_[client].nonblocking);
  Touch(listener);
}

void Generator::Prologue() {
  actor_ = 0;
  const int listener = NewListener({Host(true), 7001}, random_.Among({0, 1, 5, 5}));
  const size_t connections = random_.Below(3);
  for (size_t i = 0; i < connections; ++i) {
    actor_ = random_.Among({0, 2, 2, 2, 3});
    ConnectTo(NewSocket(random_.Chance(30) ? SOCK_NONBLOCK : 0), listener);
    actor_ = random_.Among({0, 0, 1});
    const int accepted = Gives(Add(Call::kAccept, sketch_[listener].slot), Kind::kConnected);
    sketch_.Accept(listener, accepted);
  }
}

void Generator::DrawSocket() {
  Step& step = Add(Call::kSocket);
  step.a = random_.Chance(ipv6_) ? AF_INET6 : AF_INET;
  step.b = SOCK_STREAM | (random_.Chance(30) ? SOCK_NONBLOCK : 0) | (random_.Chance(10) ? SOCK_CLOEXEC : 0);
  if (random_.Chance(4)) {
    step.b = random_.Among({0, 7, 77, 4'096 + 1, -1});
    return;
  }
  if (random_.Chance(6)) step.c = random_.Among<int>({IPPROTO_TCP, IPPROTO_UDP, 255, 1'000, -1});
  if (random_.Chance(2)) step.a = random_.Among({AF_UNSPEC, 99, -1});
  const int index = Gives(step, Kind::kFresh);
  sketch_[index].nonblocking = (step.b & SOCK_NONBLOCK) != 0;
  sketch_[index].family = static_cast<int>(step.a);
}

void Generator::DrawBind() {
  int index;
  Step& step = Add(Call::kBind, PickSlot(index, Kind::kFresh));
  step.address = ToBind();
  if (index >= 0 && step.address.family == AF_INET && !random_.Chance(3)) step.address.family = sketch_[index].family;
  if (index < 0 || sketch_[index].kind != Kind::kFresh) return;
  sketch_[index].kind = Kind::kBound;
  sketch_[index].address = step.address;
}

void Generator::DrawListen() {
  int index;
  Step& step = Add(Call::kListen, PickSlot(index, Kind::kBound, Kind::kListener));
  step.a = random_.Among({0, 0, 1, 1, 2, 5, -1, 100'000});
  if (index < 0 || sketch_[index].kind != Kind::kBound) return;
  sketch_[index].kind = Kind::kListener;
  sketch_[index].room = step.a < 0 ? 4'096 : static_cast<int>(step.a) + 1;
}

void Generator::DrawConnect() {
  int index;
  const std::vector<int> listeners = sketch_.Listeners();
  if (random_.Chance(50) && Pick(Kind::kFresh, Kind::kBound) < 0) NewSocket(random_.Chance(40) ? SOCK_NONBLOCK : 0);
  const Slot fd = PickSlot(index, Kind::kFresh, Kind::kFresh, Kind::kBound);
  const bool sensible = index >= 0 && (sketch_[index].kind == Kind::kFresh || sketch_[index].kind == Kind::kBound);
  if (sensible && !listeners.empty() && random_.Chance(80)) return ConnectTo(index, random_.Among(listeners));
  Step& step = Add(Call::kConnect, fd);
  step.address = {Host(false), random_.Among<uint16_t>({7001, 7002, 7003}), AF_INET};
  if (sensible && !random_.Chance(3)) step.address.family = sketch_[index].family;
  if (random_.Chance(5)) step.address.family = random_.Among({AF_UNSPEC, AF_UNSPEC, 99});
  if (random_.Chance(2)) step.address.port = 0;
}

void Generator::DrawConnection() {
  const std::vector<int> listeners = sketch_.Listeners();
  if (listeners.empty()) {
    NewListener({Host(true), random_.Among<uint16_t>({7001, 7002})}, random_.Among({0, 1, 5}));
    return;
  }
  ConnectTo(NewSocket(random_.Chance(30) ? SOCK_NONBLOCK : 0), random_.Among(listeners));
}

void Generator::DrawAccept() {
  int index;
  const Slot fd = PickSlot(index, Kind::kListener);
  const bool listens = index >= 0 && sketch_[index].kind == Kind::kListener;
  const bool would_wait = listens && sketch_[index].queue.empty() && !sketch_[index].nonblocking;
  if (would_wait && !random_.Chance(25)) return;
  Step& step = Add(Call::kAccept, fd);
  step.a = random_.Chance(25) ? SOCK_NONBLOCK : random_.Chance(2) ? 1 : 0;
  if (!listens || step.a == 1) return;
  const int accepted = Gives(step, Kind::kConnected);
  sketch_[accepted].nonblocking = step.a != 0;
  sketch_.Accept(index, accepted);
  MayBlock(would_wait);
}

void Generator::DrawSend() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected, Kind::kConnected, Kind::kPipeWriter);
  const Call call = random_.Among({Call::kSend, Call::kSend, Call::kSend, Call::kWrite, Call::kWrite, Call::kWritev,
                                   Call::kSendMsg, Call::kSendTo});
  Step& step = Add(call, fd);
  step.a = random_.Among({0, 1, 2, 10, 10, 100, 100, 1'000, 5'000});
  if (random_.Chance(20)) step.b |= MSG_DONTWAIT;
  if (random_.Chance(20)) step.b |= MSG_NOSIGNAL;
  if (call == Call::kSendTo) step.address = {kLoopback, 7001, AF_INET};
  if (index < 0 || sketch_[index].peer < 0) return;
  sketch_[sketch_[index].peer].waiting += static_cast<int>(step.a);
  Touch(sketch_[index].peer);
}

void Generator::DrawReceive() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected, Kind::kConnected, Kind::kPipeReader);
  const Call call = random_.Among({Call::kRecv, Call::kRecv, Call::kRecv, Call::kRead, Call::kRead, Call::kReadv,
                                   Call::kRecvMsg, Call::kRecvFrom});
  int64_t flags = 0;
  if (random_.Chance(25)) flags |= MSG_DONTWAIT;
  if (random_.Chance(12)) flags |= MSG_PEEK;
  if (random_.Chance(12)) flags |= MSG_WAITALL;
  if (random_.Chance(4)) flags |= MSG_TRUNC;
  const int64_t length = random_.Among({0, 1, 5, 10, 100, 100, 2'000, 10'000, 10'000});
  if (index >= 0) {
    Known& known = sketch_[index];
    const bool enough = known.waiting >= ((flags & MSG_WAITALL) != 0 ? length : 1) || known.ended;
    const bool would_wait = !enough && !known.nonblocking && (flags & MSG_DONTWAIT) == 0;
    if (would_wait && !random_.Chance(20)) flags |= MSG_DONTWAIT;
    MayBlock(would_wait && (flags & MSG_DONTWAIT) == 0);
    if ((flags & MSG_PEEK) == 0) known.waiting = std::max(0, known.waiting - static_cast<int>(length));
  }
  const bool takes_flags = call == Call::kRecv || call == Call::kRecvMsg || call == Call::kRecvFrom;
  Step& step = Add(takes_flags || flags == 0 ? call : Call::kRecv, fd);
  step.a = length;
  step.b = flags;
}

void Generator::DrawBulk() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected);
  if (index < 0) return;
  Known& known = sketch_[index];
  if (known.peer < 0) return;
  Add(Call::kFill, fd);
  const int process = std::exchange(actor_, sketch_[known.peer].process * kThreads) / kThreads;
  Add(Call::kDrain, sketch_[known.peer].slot);
  actor_ = process * kThreads;
}

void Generator::DrawShutdown() {
  int index;
  Step& step = Add(Call::kShutdown, PickSlot(index, Kind::kConnected, Kind::kConnected, Kind::kListener));
  step.a = random_.Among<int>({SHUT_RD, SHUT_WR, SHUT_WR, SHUT_WR, SHUT_RDWR, SHUT_RDWR});
  if (random_.Chance(2)) step.a = random_.Among({3, -1});
  if (index < 0) return;
  if (step.a != SHUT_WR) sketch_[index].ended = true;
  if (step.a != SHUT_RD && sketch_[index].peer >= 0) sketch_[sketch_[index].peer].ended = true;
  Touch(index);
  Touch(sketch_[index].peer);
}

void Generator::DrawClose() {
  int index;
  Add(Call::kClose, PickSlot(index));
  if (index < 0) return;
  Touch(sketch_[index].peer);
  sketch_.Close(index);
}

void Generator::DrawDup() {
  int index;
  const Slot fd = PickSlot(index);
  if (random_.Chance(30)) {
    int target;
    Add(Call::kDup2, fd).other = PickSlot(target);
    if (target >= 0 && index >= 0 && target != index) {
      sketch_.Close(target);
      const Slot slot = sketch_[target].slot;
      sketch_[target] = sketch_[index];
      sketch_[target].slot = slot;
    }
    return;
  }
  const int copy = Gives(Add(Call::kDup, fd), Kind::kFresh);
  if (index < 0) return;
  const Slot slot = sketch_[copy].slot;
  sketch_[copy] = sketch_[index];
  sketch_[copy].slot = slot;
}

void Generator::DrawPoll() {
  const bool select = random_.Chance(30);
  Step& step = Add(select ? Call::kSelect : Call::kPoll);
  const size_t count = 1 + random_.Below(4);
  bool ready = false;
  for (size_t i = 0; i < count; ++i) {
    int index;
    const Slot fd = PickSlot(index);
    short events = random_.Among<short>({POLLIN, POLLIN, POLLOUT, POLLIN | POLLOUT, POLLRDHUP | POLLIN, POLLPRI, 0});
    if (!select && random_.Chance(10)) events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM;
    ready = ready || index < 0 || sketch_[index].waiting > 0 || sketch_[index].ended || (events & POLLOUT) != 0;
    step.polled.push_back({fd, events});
  }
  if (random_.Chance(ready ? 30 : 15)) {
    step.a = -1;
    MayBlock(!ready);
  } else if (timeouts_) {
    step.a = static_cast<int64_t>(random_.Below(kMostTimeoutMs));
  }
}

void Generator::DrawSetOption() {
  int index;
  Step& step = Add(Call::kSetOption, PickSlot(index, Kind::kFresh, Kind::kConnected, Kind::kListener, Kind::kBound));
  struct Option {
    int level, name, value;
  };
  const Option option = random_.Among<Option>({
      {SOL_SOCKET, SO_REUSEADDR, 1}, {SOL_SOCKET, SO_REUSEADDR, 1}, {SOL_SOCKET, SO_REUSEADDR, 0},
      {SOL_SOCKET, SO_REUSEPORT, 1}, {SOL_SOCKET, SO_LINGER, 0},    {SOL_SOCKET, SO_LINGER, 0},
      {SOL_SOCKET, SO_LINGER, -1},   {SOL_SOCKET, SO_LINGER, 1},    {IPPROTO_TCP, TCP_NODELAY, 1},
      {SOL_SOCKET, SO_KEEPALIVE, 1}, {SOL_SOCKET, SO_TYPE, 1},      {SOL_SOCKET, SO_RCVTIMEO, 3},
      {SOL_SOCKET, SO_SNDTIMEO, 3},    {SOL_SOCKET, SO_OOBINLINE, 1}, {SOL_SOCKET, SO_BROADCAST, 1},
      {SOL_SOCKET, SO_PRIORITY, 3},    {SOL_SOCKET, SO_RCVLOWAT, 5},  {IPPROTO_TCP, TCP_MAXSEG, 1'000},
      {IPPROTO_TCP, TCP_KEEPIDLE, 7},  {IPPROTO_TCP, TCP_KEEPCNT, 3}, {IPPROTO_TCP, TCP_SYNCNT, 2},
      {IPPROTO_TCP, TCP_LINGER2, 5},   {IPPROTO_TCP, TCP_CORK, 0},    {IPPROTO_TCP, TCP_USER_TIMEOUT, 9'000},
      {IPPROTO_TCP, TCP_QUICKACK, 1},  {IPPROTO_IP, IP_TTL, 9},       {IPPROTO_IP, IP_TTL, 0},
      {IPPROTO_TCP, 999, 1},           {IPPROTO_IPV6, IPV6_V6ONLY, 1},
  });
  const bool is_timeout = option.level == SOL_SOCKET && (option.name == SO_RCVTIMEO || option.name == SO_SNDTIMEO);
  step.a = option.level;
  step.b = option.name;
  step.c = is_timeout && !timeouts_ ? 0 : option.value;
}

void Generator::DrawGetOption() {
  int index;
  Step& step = Add(Call::kGetOption, PickSlot(index));
  struct Option {
    int level, name;
  };
  const Option option = random_.Among<Option>({{SOL_SOCKET, SO_ERROR},
                                               {SOL_SOCKET, SO_ERROR},
                                               {SOL_SOCKET, SO_ERROR},
                                               {SOL_SOCKET, SO_ACCEPTCONN},
                                               {SOL_SOCKET, SO_TYPE},
                                               {SOL_SOCKET, SO_DOMAIN},
                                               {SOL_SOCKET, SO_PROTOCOL},
                                               {SOL_SOCKET, SO_LINGER},
                                               {SOL_SOCKET, SO_REUSEADDR},
                                               {SOL_SOCKET, SO_KEEPALIVE},
                                               {IPPROTO_TCP, TCP_NODELAY},
                                               {SOL_SOCKET, SO_RCVLOWAT},
                                               {SOL_SOCKET, SO_PRIORITY},
                                               {IPPROTO_TCP, TCP_KEEPIDLE},
                                               {IPPROTO_TCP, TCP_SYNCNT},
                                               {IPPROTO_TCP, TCP_LINGER2},
                                               {IPPROTO_TCP, TCP_USER_TIMEOUT},
                                               {IPPROTO_TCP, TCP_INFO},
                                               {IPPROTO_IP, IP_TTL},
                                               {IPPROTO_IPV6, IPV6_V6ONLY},
                                               {SOL_SOCKET, SO_RCVTIMEO}});
  step.a = option.level;
  step.b = option.name;
}

void Generator::DrawName() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected, Kind::kBound, Kind::kListener, Kind::kFresh);
  Add(random_.Chance(50) ? Call::kGetSockName : Call::kGetPeerName, fd);
}

void Generator::DrawFlags() {
  int index;
  const Slot fd = PickSlot(index);
  if (random_.Chance(30)) {
    Add(random_.Chance(50) ? Call::kGetFlags : Call::kFionread, fd);
    return;
  }
  if (random_.Chance(30)) {
    Add(Call::kFionread, fd);
    return;
  }
  Step& step = Add(Call::kSetFlags, fd);
  step.a = random_.Among({0, O_NONBLOCK, O_NONBLOCK});
  if (index >= 0) sketch_[index].nonblocking = step.a != 0;
}

void Generator::DrawPipe() {
  Step& step = Add(Call::kPipe);
  step.a = random_.Chance(30) ? O_NONBLOCK : 0;
  const bool nonblocking = step.a != 0;
  const int reader = Gives(step, Kind::kPipeReader, 0);
  const int writer = Gives(program_.steps.back(), Kind::kPipeWriter, 1);
  sketch_[reader].nonblocking = sketch_[writer].nonblocking = nonblocking;
  sketch_[reader].peer = writer;
  sketch_[writer].peer = reader;
}

void Generator::DrawEpoll() {
  const int epoll = Pick(Kind::kEpoll);
  if (epoll < 0) {
    Gives(Add(Call::kEpollCreate), Kind::kEpoll);
    return;
  }
  int index;
  const Slot fd = random_.Chance(97) ? sketch_[epoll].slot : PickSlot(index);
  if (random_.Chance(50)) {
    Step& step = Add(Call::kEpollCtl, fd);
    step.other = PickSlot(index, Kind::kConnected, Kind::kListener, Kind::kPipeReader, Kind::kPipeWriter, Kind::kFresh);
    step.a = random_.Among({EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL});
    step.b = random_.Among<int64_t>({EPOLLIN, EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLRDHUP, 0});
    if (random_.Chance(25)) step.b |= EPOLLET;
    if (random_.Chance(15)) step.b |= EPOLLONESHOT;
    return;
  }
  Step& step = Add(Call::kEpollWait, fd);
  step.b = random_.Among({1, 2, 8, 8, 8, 0});
  if (random_.Chance(15)) step.a = -1;
  MayBlock(step.a < 0);
}

}  // namespace

Program Generate(uint64_t seed) { return Generator(seed).Draw(); }

}  // namespace differential
