// Serves the requests of a thread of a carried program that concern descriptors, names, time and chance, from its
// thread of the world.
//
// The program is hostile: descriptors, lengths, addresses and texts are checked before they reach Sockets. A request
// that makes no sense gets an error, as a system call would.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "lab/program/carried_channel.h"
#include "lab/program/descriptor_kinds.h"
#include "lab/sockets/thread.h"

namespace lab {

class CallServer {
 public:
  // `written` counts the bytes that go to descriptors that are no sockets: the program's output, most of all. All must
  // outlive it.
  CallServer(Thread& thread, DescriptorKinds& kinds, uint64_t& written)
      : process_(thread), kinds_(kinds), written_(written) {}

  // Blocks as the request does. `answer` is overwritten.
  void Serve(const CarriedRequest& request, CarriedAnswer& answer);

  // Fills in what the program may do without asking once it has the answer, until it asks again: send to the
  // descriptors that this thread has sent to, take what has arrived at those from which it has received, and change
  // what epoll descriptors have of those that it has changed there.
  void Lease(const CarriedRequest& request, CarriedAnswer& answer);
  // Does what the program says to have done on a lease; nothing where no lease can have allowed that. Takes no time and
  // never blocks: the caller holds a Thread::AtOnce.
  void ServeLeased(const CarriedRequest& request, CarriedAnswer& answer);

 private:
  // Memory for a call to write to, at most DUET_CHANNEL_DATA: not cleared each time, as a vector's would be.
  uint8_t* Room();
  // The program has sent to that descriptor, or received from it: one of `numbers`.
  static void NoteUse(std::vector<int>& numbers, int fd);
  // It has changed what the epoll descriptor has of the other.
  void NoteChange(int epfd, int fd);
  void LeaseArrivals(const CarriedRequest& request, CarriedAnswer& answer);
  void SendLeased(const CarriedRequest& request, CarriedAnswer& answer);
  void TakeLeased(const CarriedRequest& request);
  void ChangeLeased(const CarriedRequest& request);
  // DUET_EPOLL_: what the program may know.
  uint32_t StateOnList(int epfd, int fd) const;

  using Handler = int64_t (CallServer::*)(const CarriedRequest&, CarriedAnswer&);
  static Handler Find(int64_t number);
  // A call's result as a request has it.
  static int64_t ResultOf(int64_t returned);
  // How many bytes a request may have back at once.
  static size_t Wanted(int64_t length);
  // An int of the program's: what the kernel makes of a register.
  static int Int(int64_t argument);

  // What came of sending on the socket.
  int64_t SentOn(int fd, ssize_t sent, CarriedAnswer& answer);
  // Has `make` make descriptors of the numbers that the program has reserved for them, of the kind `made`. What it
  // gives, or a negative errno.
  int64_t Make(int64_t number, const DescriptorKinds::Kind& made, absl::FunctionRef<int()> make);
  int64_t MakeBoth(int64_t first, int64_t second, const DescriptorKinds::Kind& made, absl::FunctionRef<int()> make);

  int64_t Socket(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t SocketPair(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Accept(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Bind(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Connect(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Listen(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Shutdown(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Close(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Dup(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t DupOnto(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Pipe(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Fcntl(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Ioctl(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t GetOption(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t SetOption(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t LocalName(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t PeerName(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t SendTo(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t ReceiveFrom(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Read(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Write(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Poll(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Select(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t EpollCreate(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t EpollControl(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t EpollWait(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t MakeEvent(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t MakeTimer(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t SetTimer(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t RandomFile(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t RandomBytes(int64_t length, CarriedAnswer& answer);
  int64_t Random(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Sleep(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t HostName(const CarriedRequest& request, CarriedAnswer& answer);
  int64_t Names(const CarriedRequest& request, CarriedAnswer& answer);

  Thread& process_;
  DescriptorKinds& kinds_;
  std::unique_ptr<uint8_t[]> room_;
  std::vector<int> sent_to_;  // whose leases are kept up; no two are equal modulo DUET_CHANNEL_LEASES
  std::vector<int> received_from_;  // the same of what arrives
  std::vector<const void*> leased_;  // whose room the last leases gave
  std::vector<std::pair<int, int>> changed_;  // epoll descriptors and others, no two of these equal modulo the same
  uint64_t& written_;
};

}  // namespace lab
