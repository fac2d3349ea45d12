#include "tests/differential/generator.h"

#include <sys/socket.h>

#include <utility>

#include "tests/differential/drawer.h"

namespace differential {

const std::array<Drawer::Weighted, Drawer::kKinds> Drawer::kActions{{
    {&Drawer::DrawSocket, 4},          {&Drawer::DrawBind, 4},      {&Drawer::DrawListen, 4},
    {&Drawer::DrawConnect, 8},         {&Drawer::DrawAccept, 8},    {&Drawer::DrawSend, 16},
    {&Drawer::DrawReceive, 16},        {&Drawer::DrawBulk, 1},      {&Drawer::DrawShutdown, 5},
    {&Drawer::DrawClose, 7},           {&Drawer::DrawDup, 3},       {&Drawer::DrawPoll, 12},
    {&Drawer::DrawSetOption, 5},       {&Drawer::DrawGetOption, 6}, {&Drawer::DrawName, 4},
    {&Drawer::DrawFlags, 4},           {&Drawer::DrawPipe, 3},      {&Drawer::DrawConnection, 4},
    {&Drawer::DrawEpoll, 8},           {&Drawer::DrawUrgent, 4},    {&Drawer::DrawPair, 2},
    {&Drawer::DrawDatagramSocket, 3},  {&Drawer::DrawDatagram, 8},  {&Drawer::DrawDatagramConnect, 2},
}};

Program Drawer::Draw() {
  DrawWeights();
  if (random_.Chance(85)) Prologue();
  const size_t length = 4 + random_.Below(30);
  while (program_.steps.size() < length) {
    actor_ = Actor();
    (this->*kActions[Action()].draw)();
  }
  return std::move(program_);
}

// Each program has its own mixture: some kinds of calls much, some not at all.
void Drawer::DrawWeights() {
  for (size_t i = 0; i < kActions.size(); ++i) weights_[i] = kActions[i].weight * random_.Among({0, 1, 1, 1, 3});
  weights_[0] += 1;
  timeouts_ = random_.Chance(4);
  ipv6_ = random_.Chance(20) ? 50 : 0;
}

size_t Drawer::Action() {
  size_t total = 0;
  for (const int weight : weights_) total += static_cast<size_t>(weight);
  size_t drawn = random_.Below(total);
  size_t i = 0;
  while (drawn >= static_cast<size_t>(weights_[i])) drawn -= static_cast<size_t>(weights_[i++]);
  return i;
}

int Drawer::Actor() {
  const int actor = static_cast<int>(random_.Below(kActors));
  // Who is believed to wait is seldom asked; and most happens in the first two processes.
  if ((blocked_[actor] || ProcessOf(actor) == 2) && !random_.Chance(10)) return static_cast<int>(random_.Below(4));
  return actor;
}

Step& Drawer::Add(Call call, Slot fd) {
  Step& step = program_.steps.emplace_back();
  step.id = static_cast<int>(program_.steps.size());
  step.actor = actor_;
  step.call = call;
  step.fd = fd;
  return step;
}

int Drawer::Gives(const Step& step, Kind kind, int which) {
  Known known;
  known.slot = {step.id, which};
  known.process = ProcessOf(step.actor);
  known.kind = kind;
  return sketch_.Add(known);
}

void Drawer::Touch(int index) {
  if (index < 0) return;
  for (int thread = 0; thread < kThreads; ++thread) blocked_[sketch_[index].process * kThreads + thread] = false;
}

uint32_t Drawer::Host(bool to_bind) {
  if (random_.Chance(60)) return kLoopback;
  if (random_.Chance(40)) return INADDR_ANY;
  if (random_.Chance(to_bind ? 10 : 5)) return 0xc0000201;  // 192.0.2.1, which nobody has
  return random_.Among<uint32_t>({kLoopback + 1, 0x0a000001});
}

Address Drawer::ToBind() {
  const uint16_t port = random_.Among<uint16_t>({7001, 7001, 7001, 7002, 7002, 7003, 0, 0, 80});
  return {Host(true), port, random_.Chance(1) ? AF_UNSPEC : AF_INET};
}

int Drawer::NewSocket(int flags) {
  Step& step = Add(Call::kSocket);
  step.a = random_.Chance(ipv6_) ? AF_INET6 : AF_INET;
  step.b = SOCK_STREAM | flags;
  const int index = Gives(step, Kind::kFresh);
  sketch_[index].family = static_cast<int>(step.a);
  sketch_[index].nonblocking = (flags & SOCK_NONBLOCK) != 0;
  return index;
}

int Drawer::NewListener(Address address, int backlog) {
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

void Drawer::ConnectTo(int client, int listener) {
  Address to = sketch_[listener].address;
  if (to.host == INADDR_ANY) to.host = random_.Among<uint32_t>({kLoopback, kLoopback, kLoopback + 1, 0x0a000001, 0});
  to.family = sketch_[client].family;
  Add(Call::kConnect, sketch_[client].slot).address = to;
  if (!sketch_.Connect(client, listener)) MayBlock(!sketch_[client].nonblocking);
  Touch(listener);
}

void Drawer::Prologue() {
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

Program Generate(uint64_t seed) { return Drawer(seed).Draw(); }

}  // namespace differential
