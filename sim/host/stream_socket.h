// A TCP socket of a host: unconnected, a listener, or one end of a connection.
//
// What each call gives is Linux's: tests/conformance holds it. Nothing here waits (see file.h); results are 0, a count
// or a negative errno.
#pragma once

#include <memory>
#include <optional>

#include "sim/host/file.h"
#include "sim/host/host.h"
#include "sim/host/listen_queue.h"
#include "sim/host/socket_options.h"

namespace sim {

class StreamSocket final : public File, private Flow::Owner {
 public:
  // The host must outlive it.
  explicit StreamSocket(Host& host) : host_(host) {}
  ~StreamSocket() override;

  int Bind(const lab::Endpoint& local);
  int Listen(int backlog);
  // Sets `accepted` to a new socket for the connection that has waited longest. -EAGAIN where none waits.
  int Accept(boost::intrusive_ptr<StreamSocket>& accepted);
  // Begins to connect: 0 where that is done at once, otherwise -EINPROGRESS, and FinishConnect tells.
  int Connect(const lab::Endpoint& remote);
  // Once Connect was in progress: 0, what it failed with, or -EAGAIN where it goes on.
  int FinishConnect();
  // Back to an unconnected socket; a connection is reset.
  void Disconnect();
  int Shutdown(int how);
  int SetOption(int level, int option, const void* value, socklen_t length);
  int GetOption(int level, int option, void* value, socklen_t* length);

  // Address 0 and port 0 where it has none.
  lab::Endpoint local() const;
  // Nothing where it isn't connected.
  std::optional<lab::Endpoint> remote() const;
  const SocketOptions& options() const { return options_; }
  bool listening() const { return queue_ != nullptr; }
  // The connection, or null.
  const FlowPtr& flow() const { return flow_; }

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers buffers, size_t offset, size_t length) override;
  size_t readable() const override;
  void Release() override;
  StreamSocket* AsSocket() override { return this; }
  int access_mode() const override;

 private:
  void OnChange(Flow& flow) override;
  int Claim(const lab::Endpoint& remote, lab::Endpoint& local);
  short ReadyOfConnection() const;

  Host& host_;
  SocketOptions options_;
  PortClaim claim_;                    // from bind
  std::unique_ptr<ListenQueue> queue_;  // a listener's
  FlowPtr flow_;                       // a connection's, from connect's beginning on
  bool connecting_ = false;
};

}  // namespace sim
