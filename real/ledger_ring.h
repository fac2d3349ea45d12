// The ledger of one process: memory that the process writes and the world reads.
//
// The reader trusts nothing that it finds there: a program can write what it likes, but can't make the reader fail.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/sockets/unique_fd.h"
#include "lab/trace/ledger_entry.h"

namespace real {

using lab::UniqueFd;

// The world's side.
class LedgerRing {
 public:
  static absl::StatusOr<LedgerRing> Create();

  // The memory, of the size of a duet_ledger_ring, for the process to map.
  int fd() const { return memory_.get(); }

  // The entries written since the last call, oldest first, without those that were overwritten meanwhile. Those
  // that make no sense are left out.
  std::vector<duet_ledger_entry> TakeNew();

 private:
  explicit LedgerRing(UniqueFd memory) : memory_(std::move(memory)) {}

  UniqueFd memory_;
  uint64_t taken_ = 0;
};

// The process's side. Mapped until the process ends.
class LedgerWriter {
 public:
  // Writes nowhere where `fd` can't be mapped.
  explicit LedgerWriter(int fd);

  void Write(const duet_ledger_entry& entry);

 private:
  duet_ledger_ring* ring_;
};

}  // namespace real
