#include "sim/host/ports.h"

#include <cerrno>

namespace sim {
namespace {

// Whether the two stand for an address in common; of families that differ only a dual-stack :: does.
bool Overlap(const lab::IpAddress& a, bool a_ipv6_only, const lab::IpAddress& b, bool b_ipv6_only) {
  if (a.is_ipv4() == b.is_ipv4()) return a.is_any() || b.is_any() || a == b;
  return a.is_ipv4() ? b.is_any() && !b_ipv6_only : a.is_any() && !a_ipv6_only;
}

bool MayShare(const PortClaim& a, const PortClaim& b) {
  const bool by_address = a.reuse.address && b.reuse.address && !b.listening;
  return by_address || (a.reuse.port && b.reuse.port);
}

}  // namespace

void PortClaim::Release() {
  if (ports_ == nullptr) return;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else if (next_ != nullptr) {
    ports_->first_[port_] = next_;
  } else {
    ports_->first_.erase(port_);
  }
  ports_ = nullptr;
  previous_ = next_ = nullptr;
  listening = false;
}

void Ports::Add(PortClaim& claim, const lab::IpAddress& address, uint16_t port) {
  PortClaim*& first = first_[port];
  claim.ports_ = this;
  claim.address_ = address;
  claim.port_ = port;
  claim.previous_ = nullptr;
  claim.next_ = first;
  if (first != nullptr) first->previous_ = &claim;
  first = &claim;
}

bool Ports::Conflicts(const PortClaim& claim, const lab::IpAddress& address, uint16_t port, Purpose purpose) const {
  const auto found = first_.find(port);
  if (found == first_.end()) return false;
  for (const PortClaim* other = found->second; other != nullptr; other = other->next_) {
    if (other == &claim || !Overlap(address, claim.ipv6_only, other->address_, other->ipv6_only)) continue;
    if (purpose == Purpose::kAnyPort || !MayShare(claim, *other)) return true;
    const bool both_listen = claim.reuse.port && other->reuse.port;
    if (purpose == Purpose::kListen && other->listening && !both_listen) return true;
  }
  return false;
}

bool Ports::Bound(uint16_t port) const {
  const auto found = first_.find(port);
  if (found == first_.end()) return false;
  for (const PortClaim* other = found->second; other != nullptr; other = other->next_) {
    if (!other->by_connect_) return true;
  }
  return false;
}

uint16_t Ports::NextEphemeral() {
  const uint32_t offset = next_;
  next_ = (next_ + 1) % kEphemeralCount;
  return static_cast<uint16_t>(kFirstEphemeral + offset);
}

int Ports::Bind(PortClaim& claim, const lab::IpAddress& address, uint16_t port, PortRange range) {
  claim.by_connect_ = false;
  if (port != 0) {
    if (Conflicts(claim, address, port, Purpose::kBind)) return -EADDRINUSE;
    Add(claim, address, port);
    return 0;
  }
  for (uint32_t tries = 0; tries < kEphemeralCount; ++tries) {
    const uint16_t candidate = NextEphemeral();
    if (!range.Has(candidate) || Conflicts(claim, address, candidate, Purpose::kAnyPort)) continue;
    Add(claim, address, candidate);
    return 0;
  }
  return -EADDRINUSE;
}

int Ports::Listen(PortClaim& claim) {
  if (Conflicts(claim, claim.address_, claim.port_, Purpose::kListen)) return -EADDRINUSE;
  claim.listening = true;
  return 0;
}

int Ports::Connect(PortClaim& claim, const lab::IpAddress& address, PortRange range,
                   const std::function<bool(uint16_t)>& unused) {
  for (uint32_t tries = 0; tries < kEphemeralCount; ++tries) {
    const uint16_t candidate = NextEphemeral();
    if (!range.Has(candidate) || Bound(candidate) || !unused(candidate)) continue;
    Add(claim, address, candidate);
    claim.by_connect_ = true;
    return 0;
  }
  return -EADDRNOTAVAIL;
}

SharedClaimPtr Ports::Share(const lab::Endpoint& local, Reuse reuse, bool by_connect) {
  const auto found = first_.find(local.port);
  for (PortClaim* other = found != first_.end() ? found->second : nullptr; other != nullptr; other = other->next_) {
    const bool alike = other->of_connections_ && other->address_ == local.address && other->reuse == reuse &&
                       other->by_connect_ == by_connect;
    if (alike) return static_cast<SharedClaim*>(other);
  }
  SharedClaimPtr claim(new SharedClaim);
  Add(*claim, local.address, local.port);
  claim->reuse = reuse;
  claim->by_connect_ = by_connect;
  claim->of_connections_ = true;
  return claim;
}

}  // namespace sim
