// UDP.
#include <sys/socket.h>

#include "tests/differential/drawer.h"

namespace differential {

Address Drawer::DatagramAddress(bool to_bind) {
  constexpr uint16_t kPort = kDatagramPort;
  Address address{Host(to_bind), random_.Among<uint16_t>({kPort, kPort, kPort, kPort + 1, kPort + 2}), AF_INET};
  if (to_bind && random_.Chance(20)) address.port = 0;
  if (!to_bind && address.host == INADDR_ANY && random_.Chance(50)) address.host = kLoopback;
  if (random_.Chance(1)) address.port = 0;
  if (random_.Chance(1)) address.family = random_.Among({AF_UNSPEC, 99});
  return address;
}

int64_t Drawer::DatagramLength() { return random_.Among({0, 1, 10, 10, 100, 100, 1'000, 5'000, 60'000, 100'000}); }

// Most are bound as soon as they are there: so somebody gets what is sent.
void Drawer::DrawDatagramSocket() {
  Step& step = Add(Call::kSocket);
  step.a = random_.Chance(ipv6_) ? AF_INET6 : AF_INET;
  step.b = SOCK_DGRAM | (random_.Chance(30) ? SOCK_NONBLOCK : 0);
  const int index = Gives(step, Kind::kDatagram);
  sketch_[index].family = static_cast<int>(step.a);
  sketch_[index].nonblocking = (step.b & SOCK_NONBLOCK) != 0;
  if (!random_.Chance(70)) return;
  Address address = DatagramAddress(/*to_bind=*/true);
  if (address.family == AF_INET && !random_.Chance(3)) address.family = sketch_[index].family;
  Add(Call::kBind, sketch_[index].slot).address = address;
  sketch_[index].address = address;
}

void Drawer::DrawDatagramConnect() {
  int index;
  Step& step = Add(Call::kConnect, PickSlot(index, Kind::kDatagram));
  step.address = DatagramAddress(/*to_bind=*/false);
  if (index >= 0 && step.address.family == AF_INET && !random_.Chance(3)) step.address.family = sketch_[index].family;
  if (random_.Chance(15)) step.address.family = AF_UNSPEC;
  if (index < 0 || sketch_[index].kind != Kind::kDatagram) return;
  sketch_[index].peer = step.address.family == AF_UNSPEC ? -1 : sketch_.DatagramAt(step.address.port);
}

// Sends or receives one.
void Drawer::DrawDatagram() {
  int index;
  const Slot fd = PickSlot(index, Kind::kDatagram);
  if (index < 0 || sketch_[index].kind != Kind::kDatagram) return;
  if (random_.Chance(50)) {
    const Call call = random_.Among({Call::kSendTo, Call::kSendTo, Call::kSendTo, Call::kSend, Call::kSendMsg,
                                     Call::kWrite, Call::kWritev});
    Step& step = Add(call, fd);
    step.a = DatagramLength();
    if (random_.Chance(10)) step.b |= MSG_DONTWAIT;
    if (random_.Chance(2)) step.b |= MSG_OOB;
    if (call == Call::kSendTo) {
      step.address = DatagramAddress(/*to_bind=*/false);
      if (step.address.family == AF_INET && !random_.Chance(3)) step.address.family = sketch_[index].family;
    }
    const int to = call == Call::kSendTo ? sketch_.DatagramAt(step.address.port) : sketch_[index].peer;
    if (to < 0) return;
    ++sketch_[to].waiting;
    Touch(to);
    return;
  }
  int64_t flags = 0;
  if (random_.Chance(15)) flags |= MSG_PEEK;
  if (random_.Chance(20)) flags |= MSG_TRUNC;
  if (random_.Chance(5)) flags |= MSG_WAITALL;
  Known& known = sketch_[index];
  const bool would_wait = known.waiting == 0 && !known.nonblocking;
  if (random_.Chance(would_wait ? 80 : 20)) flags |= MSG_DONTWAIT;
  MayBlock(would_wait && (flags & MSG_DONTWAIT) == 0);
  if ((flags & MSG_PEEK) == 0 && known.waiting > 0) --known.waiting;
  const Call call =
      random_.Among({Call::kRecvFrom, Call::kRecvFrom, Call::kRecvMsg, Call::kRecv, Call::kRead, Call::kReadv});
  const bool takes_flags = call == Call::kRecv || call == Call::kRecvMsg || call == Call::kRecvFrom;
  Step& step = Add(takes_flags || flags == 0 ? call : Call::kRecvFrom, fd);
  step.a = random_.Among({0, 1, 10, 100, 2'000, 100'000});
  step.b = flags;
}

}  // namespace differential
