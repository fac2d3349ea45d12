#include "sim/host/socket_options.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sim/host/option_table.h"

namespace sim {
namespace {

// As the kernel reads a number. IPPROTO_IP takes a byte for one, and nothing at all for zero.
int LoadNumber(int level, const void* value, socklen_t length, int& number) {
  number = 0;
  size_t size = sizeof number;
  if (length < size) {
    if (level != IPPROTO_IP) return -EINVAL;
    size = std::min<size_t>(length, 1);
  }
  if (size == 0) return 0;
  if (value == nullptr) return -EFAULT;
  std::memcpy(&number, value, size);
  return 0;
}

}  // namespace

const OptionValues SocketOptions::kDefaults;

// A bound that is not one of the host's ports is none.
PortRange OptionValues::LocalPorts() const {
  PortRange range;
  const PortRange whole;
  const auto first = static_cast<uint16_t>(local_ports);
  const auto last = static_cast<uint16_t>(local_ports >> 16);
  if (whole.Has(first)) range.first = first;
  if (whole.Has(last)) range.last = last;
  return range;
}

int OptionRoom::Store(const void* value, size_t size) const {
  if (length_ == nullptr) return -EFAULT;
  if (static_cast<int>(*length_) < 0) return -EINVAL;
  const size_t stored = std::min<size_t>(size, *length_);
  if (stored > 0 && value_ == nullptr) return -EFAULT;
  if (stored > 0) std::memcpy(value_, value, stored);
  *length_ = static_cast<socklen_t>(stored);
  return 0;
}

int OptionRoom::Store(int number) const {
  const bool as_byte = level_ == IPPROTO_IP && number >= 0 && number <= UINT8_MAX && length_ != nullptr &&
                       *length_ > 0 && *length_ < sizeof number;
  return Store(&number, as_byte ? 1 : sizeof number);
}

OptionValues& SocketOptions::Change() {
  if (values_ == nullptr) values_ = new Shared();
  if (values_->use_count() > 1) values_ = new Shared(*values_);
  return *values_;
}

void SocketOptions::ShareWith(SocketOptions& recent) {
  if (recent.values_ != nullptr && **this == *recent) {
    values_ = recent.values_;
  } else {
    recent = *this;
  }
}

int SocketOptions::Set(const SocketKind& kind, int level, int option, const void* value, socklen_t length) {
  if (static_cast<int>(length) < 0) return -EINVAL;
  const OptionEntry* const entry = FindOption(kind, level, option);
  OptionArgument argument{kind, value, length, 0};
  if (entry == nullptr || !entry->bytes) {
    const bool known_level = level == SOL_SOCKET || level == kind.protocol;
    if (entry == nullptr && !known_level) return -ENOPROTOOPT;
    if (const int error = LoadNumber(level, value, length, argument.number)) return error;
  }
  if (entry == nullptr || entry->set == nullptr) return -ENOPROTOOPT;
  // A value that is refused leaves the others as they were, and shared.
  OptionValues changed = **this;
  if (const int error = entry->set(changed, argument)) return error;
  Change() = changed;
  return 0;
}

int SocketOptions::Get(const SocketKind& kind, int level, int option, void* value, socklen_t* length) const {
  if (length == nullptr) return -EFAULT;
  // As Linux: a level of another protocol is one thing, an unknown option of this one's another.
  const bool known_level = level == SOL_SOCKET || level == IPPROTO_IP || level == kind.protocol ||
                           (level == IPPROTO_IPV6 && kind.domain == AF_INET6);
  if (!known_level) return kind.domain == AF_INET6 ? -ENOPROTOOPT : -EOPNOTSUPP;
  if (static_cast<int>(*length) < 0) return -EINVAL;
  const OptionEntry* const entry = FindOption(kind, level, option);
  if (entry == nullptr || entry->get == nullptr) return -ENOPROTOOPT;
  return entry->get(**this, kind, OptionRoom(level, value, length));
}

SocketOptions SocketOptions::Inherited() const {
  const OptionValues& own = **this;
  SocketOptions inherited = *this;
  if (own.priority != 0 || own.defer_accept != 0 || own.fast_open != 0) {
    OptionValues& values = inherited.Change();
    values.priority = 0;
    values.defer_accept = 0;
    values.fast_open = 0;
  }
  return inherited;
}

}  // namespace sim
