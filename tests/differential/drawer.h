// What draws a program, call by call: a class whose functions are spread over the generate_*.cc, by what the calls are
// about.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tests/differential/program.h"
#include "tests/differential/random.h"
#include "tests/differential/sketch.h"

namespace differential {

class Drawer {
 public:
  explicit Drawer(uint64_t seed) : random_(seed) {}

  Program Draw();

 private:
  struct Weighted {
    void (Drawer::*draw)();
    int weight;
  };
  static constexpr size_t kKinds = 24;
  static const std::array<Weighted, kKinds> kActions;
  static constexpr uint32_t kLoopback = INADDR_LOOPBACK;
  // Of datagrams; streams have 7001 to 7003.
  static constexpr uint16_t kDatagramPort = 7101;

  void DrawWeights();
  size_t Action();
  int Actor();

  Step& Add(Call call, Slot fd = {});
  int Gives(const Step& step, Kind kind, int which = 0);
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
  void Touch(int index);

  uint32_t Host(bool to_bind);
  Address ToBind();
  Address DatagramAddress(bool to_bind);

  // generator.cc: what most programs begin with.
  void Prologue();
  int NewSocket(int flags);
  int NewListener(Address address, int backlog);
  void ConnectTo(int client, int listener);

  // generate_connections.cc
  void DrawSocket();
  void DrawBind();
  void DrawListen();
  void DrawConnect();
  void DrawConnection();
  void DrawAccept();
  void DrawShutdown();
  void DrawClose();

  // generate_transfers.cc
  void DrawSend();
  void DrawReceive();
  void DrawUrgent();
  void DrawBulk();

  // generate_datagrams.cc
  void DrawDatagramSocket();
  void DrawDatagramConnect();
  void DrawDatagram();
  int64_t DatagramLength();

  // generate_descriptors.cc
  void DrawDup();
  void DrawPipe();
  void DrawPair();
  void DrawFlags();
  void DrawPoll();
  void DrawEpoll();

  // generate_options.cc
  void DrawSetOption();
  void DrawGetOption();
  void DrawName();

  Random random_;
  Program program_;
  Sketch sketch_;
  std::array<int, kKinds> weights_{};
  bool blocked_[kActors] = {};
  bool timeouts_ = false;
  int ipv6_ = 0;  // how many of a hundred sockets are AF_INET6
  int actor_ = 0;
};

}  // namespace differential
