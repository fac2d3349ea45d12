#include "lab/program/carried_channel.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lab {
namespace {

// Whether the word has another value than `value` now, or gets one within the limit.
bool WaitWhile(uint32_t* word, uint32_t value, std::chrono::milliseconds limit) {
  const timespec timeout = {limit.count() / 1000, limit.count() % 1000 * 1'000'000};
  const auto changed = [=] { return __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; };
  if (changed()) return true;
  syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, nullptr, 0);
  return changed();
}

}  // namespace

absl::StatusOr<std::unique_ptr<CarriedChannel>> CarriedChannel::Make() {
  const int fd = memfd_create("duet-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return absl::ErrnoToStatus(errno, "making the memory shared with a program");
  void* memory = MAP_FAILED;
  // Sealed: a program that cut the memory short would end the lab by SIGBUS.
  if (ftruncate(fd, sizeof(duet_channel)) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    memory = mmap(nullptr, sizeof(duet_channel), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (memory == MAP_FAILED) {
    const int error = errno;
    close(fd);
    return absl::ErrnoToStatus(error, "making the memory shared with a program");
  }
  return std::unique_ptr<CarriedChannel>(new CarriedChannel(fd, static_cast<duet_channel*>(memory)));
}

CarriedChannel::~CarriedChannel() {
  munmap(memory_, sizeof(duet_channel));
  close(fd_);
}

void CarriedChannel::Prepare(int slot) {
  duet_slot& shared = At(slot);
  last_ = std::max(last_, static_cast<uint32_t>(slot));
  memory_->last = last_;
  shared.thread = 0;
  shared.blocked = shared.ignored = shared.awaited = 0;
  shared.queue_length = shared.expired = 0;
  for (duet_lease& lease : shared.leases) lease = {};
  for (duet_epoll_lease& lease : shared.epoll_leases) lease = {};
  for (duet_arrival& arrival : shared.arrivals) arrival = {};
  __atomic_store_n(&shared.alive, 1, __ATOMIC_RELEASE);
  __atomic_store_n(&shared.turn, DUET_TURN_PROGRAM, __ATOMIC_RELEASE);
}

bool CarriedChannel::WaitForTurn(int slot, std::chrono::milliseconds limit) {
  return WaitWhile(&At(slot).turn, DUET_TURN_PROGRAM, limit);
}

bool CarriedChannel::WaitForEnd(int slot, std::chrono::milliseconds limit) {
  return WaitWhile(&At(slot).alive, 1, limit);
}

void CarriedChannel::Read(int slot, CarriedRequest& request) const {
  // Each length is read once: the program could change it meanwhile.
  const volatile duet_slot& shared = At(slot);
  const size_t data_length = std::min<size_t>(shared.data_length, DUET_CHANNEL_DATA);
  const size_t address_length = std::min<size_t>(shared.address_length, DUET_CHANNEL_ADDRESS);
  request.number = shared.number;
  request.begins_call = shared.begins_call != 0;
  for (int i = 0; i < 6; ++i) request.arguments[i] = shared.arguments[i];
  request.data.assign(At(slot).data, At(slot).data + data_length);
  request.address.assign(At(slot).address, At(slot).address + address_length);
}

bool CarriedChannel::ReadQueued(int slot, size_t& position, CarriedRequest& request) const {
  const volatile duet_slot& shared = At(slot);
  const size_t end = std::min<size_t>(shared.queue_length, DUET_CHANNEL_QUEUE);
  duet_queued head;
  if (position > end || end - position < sizeof(head)) return false;
  std::memcpy(&head, At(slot).queue + position, sizeof(head));
  position += sizeof(head);
  const size_t length = std::min<size_t>(head.length, end - position);
  request.number = head.number;
  request.arguments[0] = head.fd;
  request.arguments[1] = head.flags;
  request.data.assign(At(slot).queue + position, At(slot).queue + position + length);
  request.address.clear();
  position += (length + 7) / 8 * 8;
  return true;
}

void CarriedChannel::EmptyQueue(int slot) { At(slot).queue_length = 0; }

void CarriedChannel::Answer(int slot, const CarriedAnswer& answer, Time world_time) {
  duet_slot& shared = At(slot);
  const size_t data_length = std::min<size_t>(answer.data.size(), DUET_CHANNEL_DATA);
  const size_t address_length = std::min<size_t>(answer.address.size(), DUET_CHANNEL_ADDRESS);
  if (data_length > 0) std::memcpy(shared.data, answer.data.data(), data_length);
  if (address_length > 0) std::memcpy(shared.address, answer.address.data(), address_length);
  shared.data_length = static_cast<uint32_t>(data_length);
  shared.address_length = static_cast<uint32_t>(address_length);
  for (const duet_lease& lease : answer.leases) shared.leases[lease.fd % DUET_CHANNEL_LEASES] = lease;
  for (const duet_epoll_lease& lease : answer.epoll_leases) shared.epoll_leases[lease.fd % DUET_CHANNEL_LEASES] = lease;
  for (const duet_arrival& arrival : answer.arrivals) shared.arrivals[arrival.fd % DUET_CHANNEL_LEASES] = arrival;
  std::copy(answer.arrived.begin(), answer.arrived.end(), shared.arrived);
  std::copy(answer.expiries.begin(), answer.expiries.end(), shared.expiries);
  shared.expired = static_cast<uint32_t>(answer.expiries.size());
  shared.arguments[0] = answer.argument;
  shared.result = answer.result;
  memory_->world_ns = world_time.count();
  __atomic_store_n(&shared.turn, DUET_TURN_PROGRAM, __ATOMIC_RELEASE);
  syscall(SYS_futex, &shared.turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool CarriedChannel::WouldTake(int slot, int64_t signal) const {
  if (signal < 1 || signal > 64) return false;
  const volatile duet_slot& shared = At(slot);
  const uint64_t bit = uint64_t{1} << (signal - 1);
  return ((shared.blocked | shared.ignored) & bit) == 0;
}

bool CarriedChannel::Awaits(int slot, int64_t signal) const {
  const volatile duet_slot& shared = At(slot);
  return signal >= 1 && signal <= 64 && (shared.awaited & uint64_t{1} << (signal - 1)) != 0;
}

}  // namespace lab
