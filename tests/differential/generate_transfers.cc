// Bytes of streams and pipes.
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "tests/differential/drawer.h"

namespace differential {

void Drawer::DrawSend() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected, Kind::kConnected, Kind::kPipeWriter);
  const Call call = random_.Among({Call::kSend, Call::kSend, Call::kSend, Call::kWrite, Call::kWrite, Call::kWritev,
                                   Call::kSendMsg, Call::kSendTo});
  Step& step = Add(call, fd);
  step.a = random_.Among({0, 1, 2, 10, 10, 100, 100, 1'000, 5'000});
  if (random_.Chance(20)) step.b |= MSG_DONTWAIT;
  if (random_.Chance(20)) step.b |= MSG_NOSIGNAL;
  // Datagrams are not joined in the simulation. What is held back goes with the next send: whether something else has
  // it sent before is a matter of the kernel's memory.
  const bool stream = index >= 0 && sketch_[index].kind != Kind::kDatagram;
  const bool more = random_.Chance(5) && stream && call != Call::kWrite && call != Call::kWritev;
  if (more) step.b |= MSG_MORE;
  if (call == Call::kSendTo) step.address = {kLoopback, 7001, AF_INET};
  int64_t sent = step.a;
  if (more) sent += (Add(Call::kSend, fd).a = random_.Among({1, 10, 100}));
  if (index < 0 || sketch_[index].peer < 0) return;
  sketch_[sketch_[index].peer].waiting += static_cast<int>(sent);
  Touch(sketch_[index].peer);
}

void Drawer::DrawReceive() {
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

// MSG_OOB. Pairs of AF_UNIX have it in Linux, and not in the simulation.
void Drawer::DrawUrgent() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected);
  if (index < 0 || sketch_[index].kind != Kind::kConnected || sketch_[index].pair) return;
  if (random_.Chance(20)) {
    Add(Call::kAtMark, fd);
    return;
  }
  if (random_.Chance(20)) {
    Step& step = Add(Call::kSetOption, fd);
    step.a = SOL_SOCKET;
    step.b = SO_OOBINLINE;
    step.c = random_.Among({0, 1});
    return;
  }
  const bool receives = random_.Chance(50);
  Step& step = Add(receives ? random_.Among({Call::kRecv, Call::kRecvMsg, Call::kRecvFrom})
                            : random_.Among({Call::kSend, Call::kSendMsg}), fd);
  step.a = random_.Among({0, 1, 1, 1, 2, 10});
  step.b = MSG_OOB | (random_.Chance(receives ? 20 : 0) ? MSG_PEEK : 0);
  const int peer = sketch_[index].peer;
  if (receives || peer < 0) return;
  sketch_[peer].waiting += static_cast<int>(step.a) - 1;
  Touch(peer);
}

void Drawer::DrawBulk() {
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

}  // namespace differential
