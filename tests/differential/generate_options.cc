// Options and names.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/differential/drawer.h"

namespace differential {

void Drawer::DrawSetOption() {
  int index;
  Step& step = Add(Call::kSetOption, PickSlot(index, Kind::kFresh, Kind::kConnected, Kind::kListener, Kind::kBound));
  struct Option {
    int level, name, value;
  };
  const Option option = random_.Among<Option>({
      {SOL_SOCKET, SO_REUSEADDR, 1}, {SOL_SOCKET, SO_REUSEADDR, 1}, {SOL_SOCKET, SO_REUSEADDR, 0},
      {SOL_SOCKET, SO_REUSEPORT, 1}, {SOL_SOCKET, SO_LINGER, 0},    {SOL_SOCKET, SO_LINGER, 0},
      {SOL_SOCKET, SO_LINGER, -1},   {SOL_SOCKET, SO_LINGER, 1},    {IPPROTO_TCP, TCP_NODELAY, 1},
      {IPPROTO_TCP, TCP_NODELAY, 0}, {IPPROTO_TCP, TCP_CORK, 1},    {SOL_SOCKET, SO_OOBINLINE, 0},
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

void Drawer::DrawGetOption() {
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

void Drawer::DrawName() {
  int index;
  const Slot fd = PickSlot(index, Kind::kConnected, Kind::kBound, Kind::kListener, Kind::kFresh);
  Add(random_.Chance(50) ? Call::kGetSockName : Call::kGetPeerName, fd);
}

}  // namespace differential
