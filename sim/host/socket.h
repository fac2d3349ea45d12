// A socket of a host, of whichever type: what the calls on sockets ask of it beside what File has.
//
// Results are 0, a count or a negative errno; -EAGAIN where the caller would have to wait. What a type doesn't know it
// refuses as Linux does. An AF_INET6 socket knows IPv4 addresses as those that map them; reading addresses and storing
// them is the caller's.
#pragma once

#include <optional>

#include "lab/wire/packet.h"
#include "sim/host/ancillary.h"
#include "sim/host/file.h"
#include "sim/host/socket_options.h"

namespace sim {

class Host;
class Socket;
class StreamSocket;
using SocketPtr = boost::intrusive_ptr<Socket>;

// What is told of a message beside its bytes.
struct Message {
  std::optional<lab::Endpoint> from;
  int domain = AF_INET;  // of the socket
  int flags = 0;  // MSG_TRUNC: it was longer than what there was room for
  AncillaryRoom ancillary;
};

class Socket : public File {
 public:
  // `domain`: AF_INET, AF_INET6 or AF_UNIX.
  explicit Socket(int domain) : domain_(static_cast<sa_family_t>(domain)) {}

  int domain() const { return domain_; }
  // SOCK_STREAM, SOCK_DGRAM or, of AF_UNIX, SOCK_SEQPACKET.
  virtual int type() const = 0;

  virtual int Bind(const lab::Endpoint& local) = 0;
  virtual int Listen(int backlog) = 0;
  // Sets `accepted` to a new socket for the connection that has waited longest, and `from` to its other end. -EAGAIN
  // where none waits.
  virtual int Accept(SocketPtr& accepted, lab::Endpoint& from) = 0;
  // Begins to connect: 0 where that is done at once, otherwise -EINPROGRESS or -EALREADY, and FinishConnect tells.
  virtual int Connect(const lab::Endpoint& remote) = 0;
  // Once Connect was in progress: 0, what it failed with, or -EAGAIN where it goes on.
  virtual int FinishConnect() = 0;
  // Back to an unconnected socket.
  virtual void Disconnect() = 0;
  // How often Disconnect was called on a stream: connect and receives that wait then fail with EPIPE, as in Linux.
  virtual uint32_t disconnects() const { return 0; }
  virtual int Shutdown(int how) = 0;
  virtual int SetOption(int level, int option, const void* value, socklen_t length) = 0;
  virtual int GetOption(int level, int option, void* value, socklen_t* length) = 0;

  // What sends and connect do to the socket before anything else is looked at: one of datagrams gets a port, where it
  // has none. 0 or -EAGAIN.
  virtual int BindAnywhere() { return 0; }

  // What can be said of a message before anybody looks where it is to go. 0, or a negative errno.
  virtual int CheckMessage(size_t /*length*/, int /*flags*/) const { return 0; }
  // Moves a whole message, for sockets that keep their boundaries; streams have Read and Write. `flags`: MSG_ of the
  // call.
  virtual int64_t SendMessage(Buffers, const Dispatch&, int /*flags*/) { return -EOPNOTSUPP; }
  virtual int64_t ReceiveMessage(Buffers, int /*flags*/, Message&) { return -EOPNOTSUPP; }

  // The family's address for all and port 0 where it has none.
  virtual lab::Endpoint local() const = 0;
  // Nothing where it isn't connected.
  virtual std::optional<lab::Endpoint> remote() const = 0;
  const SocketOptions& options() const { return options_; }
  virtual bool listening() const { return false; }

  // Whether bytes go by SendMessage and ReceiveMessage, rather than by Read and Write.
  virtual bool keeps_messages() const { return false; }

  Socket* AsSocket() override { return this; }
  // Itself, where it is one.
  virtual StreamSocket* AsStream() { return nullptr; }

 protected:
  // What every address of the host is called in this family.
  lab::IpAddress any() const { return domain_ == AF_INET6 ? lab::kIpv6Any : lab::IpAddress(); }
  // Whether `local` may be bound, by its address and port alone. 0, -EADDRNOTAVAIL, -EACCES, -EINVAL.
  int CheckLocal(const Host& host, const lab::Endpoint& local) const;

 private:
  const sa_family_t domain_;  // before the options: File's last word has space for it

 protected:
  SocketOptions options_;
};

}  // namespace sim
