#include "sim/udp/table.h"

#include <algorithm>
#include <cerrno>

namespace sim::udp {
namespace {

// Whether a socket that is bound to `local` takes what comes to the address.
bool Takes(const lab::IpAddress& local, bool ipv6_only, const lab::IpAddress& address) {
  if (!local.is_any()) return local == address;
  return local.is_ipv4() ? address.is_ipv4() : !(ipv6_only && address.is_ipv4());
}

bool Overlap(const Binding& a, const lab::IpAddress& at, const Binding& b) {
  const lab::IpAddress& other = b.local().address;
  return Takes(at, a.ipv6_only, other) || Takes(other, b.ipv6_only, at);
}

// How well a packet fits a socket: the more of the four the socket has fixed, the better. Negative: not at all.
int Score(const Binding& binding, const lab::Endpoint& destination, const lab::Endpoint& source) {
  const lab::IpAddress& local = binding.local().address;
  if (!Takes(local, binding.ipv6_only, destination.address)) return -1;
  int score = (local.is_any() ? 0 : 2) + (local.is_ipv4() ? 1 : 0);  // IPv4 itself comes before IPv6 that takes it too
  if (!binding.connected()) return score;
  const lab::Endpoint& remote = binding.remote();
  if (remote.address != source.address || (remote.port != 0 && remote.port != source.port)) return -1;
  score += 4;
  return remote.port != 0 ? score + 4 : score;
}

uint64_t Mix(uint64_t value) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  value *= kMultiplier;
  value ^= value >> 32;
  return value * kMultiplier;
}

}  // namespace

void Binding::Release() {
  if (table_ == nullptr) return;
  table_->Remove(*this);
  table_ = nullptr;
  connected_ = false;
  local_ = remote_ = {};
}

void Binding::MoveTo(const lab::IpAddress& address) {
  if (local_.address == address) return;
  local_.address = address;
  joined_ = ++table_->joins_;
}

void Binding::Connect(const lab::IpAddress& address, const lab::Endpoint& remote) {
  MoveTo(address);
  remote_ = remote;
  connected_ = true;
}

void Binding::Disconnect(const lab::IpAddress& address) {
  MoveTo(address);
  remote_ = {};
  connected_ = false;
}

bool Table::Conflicts(const Binding& binding, const lab::Endpoint& local) const {
  const auto found = ports_.find(local.port);
  if (found == ports_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const Binding* other) {
    if (!Overlap(binding, local.address, *other)) return false;
    return !(binding.reuse_address && other->reuse_address) && !(binding.reuse_port && other->reuse_port);
  });
}

int Table::Bind(Binding& binding, const lab::Endpoint& local) {
  if (local.port != 0) {
    if (Conflicts(binding, local)) return -EADDRINUSE;
    Add(binding, local);
    return 0;
  }
  for (uint32_t tries = 0; tries < kEphemeralCount; ++tries) {
    const auto port = static_cast<uint16_t>(kFirstEphemeral + next_);
    next_ = (next_ + 1) % kEphemeralCount;
    if (Bound(port)) continue;
    Add(binding, {local.address, port});
    return 0;
  }
  return -EADDRINUSE;
}

bool Table::HasChosenPort() const {
  // In any order: whether there is one does not depend on it.
  return std::any_of(ports_.begin(), ports_.end(), [](const auto& port) { return port.first < kFirstEphemeral; });
}

void Table::Add(Binding& binding, const lab::Endpoint& local) {
  ports_[local.port].push_back(&binding);
  binding.table_ = this;
  binding.local_ = local;
  binding.joined_ = ++joins_;
}

void Table::Remove(Binding& binding) {
  const auto found = ports_.find(binding.local_.port);
  std::erase(found->second, &binding);
  if (found->second.empty()) ports_.erase(found);
}

Binding* Table::Find(const lab::Endpoint& destination, const lab::Endpoint& source) const {
  const auto found = ports_.find(destination.port);
  if (found == ports_.end()) return nullptr;
  Binding* best = nullptr;
  int best_score = -1;
  for (Binding* const binding : found->second) {
    const int score = Score(*binding, destination, source);
    if (score < 0 || score < best_score) continue;
    if (score == best_score && binding->joined_ < best->joined_) continue;
    best = binding;
    best_score = score;
  }
  if (best == nullptr || best->connected() || !best->reuse_port) return best;
  return Share(found->second, *best, destination, source);
}

Binding* Table::Share(const Bindings& bindings, Binding& found, const lab::Endpoint& destination,
                      const lab::Endpoint& source) const {
  Bindings group;
  for (Binding* const binding : bindings) {
    const bool alike = binding->reuse_port && !binding->connected() && binding->local() == found.local();
    if (alike) group.push_back(binding);
  }
  uint64_t hash = start_;
  for (const lab::Endpoint* const end : {&source, &destination}) {
    for (const uint32_t word : end->address.words()) hash = Mix(hash ^ word);
    hash = Mix(hash ^ end->port);
  }
  return group[(hash >> 32) % group.size()];
}

std::vector<Binding*> Table::FindAll(const lab::Endpoint& destination, const lab::Endpoint& source) const {
  Bindings all;
  const auto found = ports_.find(destination.port);
  if (found == ports_.end()) return all;
  std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(all),
               [&](const Binding* binding) { return Score(*binding, destination, source) >= 0; });
  return all;
}

}  // namespace sim::udp
