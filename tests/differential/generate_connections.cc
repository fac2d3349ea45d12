// Streams: how they begin and end.
#include <sys/socket.h>

#include "tests/differential/drawer.h"

namespace differential {

void Drawer::DrawSocket() {
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

void Drawer::DrawBind() {
  int index;
  Step& step = Add(Call::kBind, PickSlot(index, Kind::kFresh));
  step.address = ToBind();
  if (index >= 0 && step.address.family == AF_INET && !random_.Chance(3)) step.address.family = sketch_[index].family;
  if (index < 0 || sketch_[index].kind != Kind::kFresh) return;
  sketch_[index].kind = Kind::kBound;
  sketch_[index].address = step.address;
}

void Drawer::DrawListen() {
  int index;
  Step& step = Add(Call::kListen, PickSlot(index, Kind::kBound, Kind::kListener));
  step.a = random_.Among({0, 0, 1, 1, 2, 5, -1, 100'000});
  if (index < 0 || sketch_[index].kind != Kind::kBound) return;
  sketch_[index].kind = Kind::kListener;
  sketch_[index].room = step.a < 0 ? 4'096 : static_cast<int>(step.a) + 1;
}

void Drawer::DrawConnect() {
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

void Drawer::DrawConnection() {
  const std::vector<int> listeners = sketch_.Listeners();
  if (listeners.empty()) {
    NewListener({Host(true), random_.Among<uint16_t>({7001, 7002})}, random_.Among({0, 1, 5}));
    return;
  }
  ConnectTo(NewSocket(random_.Chance(30) ? SOCK_NONBLOCK : 0), random_.Among(listeners));
}

void Drawer::DrawAccept() {
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

void Drawer::DrawShutdown() {
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

void Drawer::DrawClose() {
  int index;
  Add(Call::kClose, PickSlot(index));
  if (index < 0) return;
  Touch(sketch_[index].peer);
  sketch_.Close(index);
}

}  // namespace differential
