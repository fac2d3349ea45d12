// A TCP connection inside its host: the sans-I/O connection with a timer, a claim on its port, and whoever owns it.
//
// It lives in its host's table of connections until it is closed, with or without an owner: a connection whose
// process has gone ends by itself.
#pragma once

#include <optional>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "sim/engine/event_queue.h"
#include "sim/host/ports.h"
#include "sim/tcp/connection.h"

namespace sim {

class Host;

class Flow final : public boost::intrusive_ref_counter<Flow, boost::thread_unsafe_counter>, private Event {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Something about the connection may have changed. May give the flow up.
    virtual void OnChange(Flow& flow) = 0;
    // Whether the segment may reach the connection.
    virtual bool Admits(Flow&, const lab::Packet&) { return true; }
  };

  // `owner` may be null, and must outlive the flow or be replaced. The rest is for the connection's constructor. The
  // host adds the flow to its table.
  template <typename... Arguments>
  Flow(Host& host, Owner* owner, const Arguments&... arguments)
      : host_(host), owner_(owner), connection_(arguments...) {}
  ~Flow() override;

  tcp::Connection& connection() { return connection_; }
  const tcp::Connection& connection() const { return connection_; }
  // Claims its port, until ReleasePort. `by_connect`: connect has chosen it.
  void ClaimPort(Reuse reuse, bool by_connect);
  // Of a claim that it has, if it does.
  void SetReuse(Reuse reuse);
  void ReleasePort() { port_.reset(); }
  void set_owner(Owner* owner) { owner_ = owner; }

  // A segment came for it.
  void OnSegment(const lab::Packet& segment);
  // To be called after each call that may have changed the connection: sends what there is to send, sets the
  // timer, tells the owner, and leaves the host's table where all is over. The flow may be gone afterwards, unless the
  // caller has a reference.
  void Settle();
  // Enough after a Write, but for who waits for less to be unsent: there is more to send, and nothing for the owner to
  // learn.
  void Send();
  // Forgets the connection without a word to the peer.
  void Retire();
  // From now on nothing that it sends goes anywhere.
  void Silence() { silent_ = true; }

 private:
  void OnTime() override;
  void SetTimer();
  void SetAwaitsProbe(bool awaits);

  bool awaits_probe_ = false;
  bool silent_ = false;
  Host& host_;
  Owner* owner_;
  SharedClaimPtr port_;
  tcp::Connection connection_;
};

using FlowPtr = boost::intrusive_ptr<Flow>;

}  // namespace sim
