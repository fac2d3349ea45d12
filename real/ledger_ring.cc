#include "real/ledger_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>

namespace real {
namespace {

bool MakesSense(const duet_ledger_entry& entry) {
  return entry.call < DUET_CALL_COUNT && entry.data_length <= DUET_LEDGER_DATA && entry.begin_ns >= 0 &&
         entry.end_ns >= entry.begin_ns - 1;
}

}  // namespace

absl::StatusOr<LedgerRing> LedgerRing::Create() {
  UniqueFd memory(memfd_create(DUET_LEDGER_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  // Of a fixed size for good, so that no reader of a mapping can be made to fault.
  if (!memory || ftruncate(memory.get(), sizeof(duet_ledger_ring)) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return absl::ErrnoToStatus(errno, "making a ledger");
  }
  return LedgerRing(std::move(memory));
}

std::vector<duet_ledger_entry> LedgerRing::TakeNew() {
  uint64_t written = 0;
  if (pread(memory_.get(), &written, sizeof written, 0) != sizeof written || written <= taken_) return {};
  uint64_t next = std::max(taken_, written > DUET_LEDGER_RING_ENTRIES ? written - DUET_LEDGER_RING_ENTRIES : 0);
  taken_ = written;

  std::vector<duet_ledger_entry> entries;
  for (; next < written; ++next) {
    duet_ledger_entry entry;
    const off_t at = offsetof(duet_ledger_ring, entries) + (next % DUET_LEDGER_RING_ENTRIES) * sizeof entry;
    if (pread(memory_.get(), &entry, sizeof entry, at) == sizeof entry && MakesSense(entry)) entries.push_back(entry);
  }
  return entries;
}

LedgerWriter::LedgerWriter(int fd) {
  void* mapped = mmap(nullptr, sizeof(duet_ledger_ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ring_ = mapped == MAP_FAILED ? nullptr : static_cast<duet_ledger_ring*>(mapped);
}

void LedgerWriter::Write(const duet_ledger_entry& entry) {
  if (ring_ == nullptr) return;
  std::atomic_ref<uint64_t> written(ring_->written);
  const uint64_t number = written.load(std::memory_order_relaxed);
  ring_->entries[number % DUET_LEDGER_RING_ENTRIES] = entry;
  written.store(number + 1, std::memory_order_release);
}

}  // namespace real
