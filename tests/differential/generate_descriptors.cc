// What calls do to descriptors of all kinds: making, duplicating and waiting for them.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/differential/drawer.h"

namespace differential {

void Drawer::DrawDup() {
  int index;
  const Slot fd = PickSlot(index);
  if (random_.Chance(30)) {
    int target;
    Step& step = Add(random_.Chance(30) ? Call::kDup3 : Call::kDup2, fd);
    step.other = PickSlot(target);
    if (step.call == Call::kDup3) step.a = random_.Among({0, O_CLOEXEC, O_CLOEXEC, O_NONBLOCK});
    if (step.a == O_NONBLOCK) return;
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

void Drawer::DrawPipe() {
  Step& step = Add(Call::kPipe);
  step.a = random_.Chance(30) ? O_NONBLOCK : 0;
  const bool nonblocking = step.a != 0;
  const int reader = Gives(step, Kind::kPipeReader, 0);
  const int writer = Gives(program_.steps.back(), Kind::kPipeWriter, 1);
  sketch_[reader].nonblocking = sketch_[writer].nonblocking = nonblocking;
  sketch_[reader].peer = writer;
  sketch_[writer].peer = reader;
}

// Both ends in one process, as socketpair gives them.
void Drawer::DrawPair() {
  Step& step = Add(Call::kSocketPair);
  step.a = random_.Chance(97) ? AF_UNIX : random_.Among({AF_INET, AF_INET6, 99});
  const int type = random_.Chance(97) ? random_.Among<int>({SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET})
                                      : random_.Among<int>({SOCK_RAW, 0, 77});
  step.b = type | (random_.Chance(30) ? SOCK_NONBLOCK : 0);
  const bool nonblocking = (step.b & SOCK_NONBLOCK) != 0;
  const int one = Gives(step, Kind::kConnected, 0);
  const int other = Gives(program_.steps.back(), Kind::kConnected, 1);
  for (const int end : {one, other}) {
    sketch_[end].nonblocking = nonblocking;
    sketch_[end].pair = true;
  }
  sketch_[one].peer = other;
  sketch_[other].peer = one;
}

void Drawer::DrawFlags() {
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

void Drawer::DrawPoll() {
  const bool select = random_.Chance(30);
  const bool precise = random_.Chance(20);
  Step& step = Add(select ? (precise ? Call::kPselect : Call::kSelect) : precise ? Call::kPpoll : Call::kPoll);
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

void Drawer::DrawEpoll() {
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

}  // namespace differential
