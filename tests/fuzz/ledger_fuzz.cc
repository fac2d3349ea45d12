// A ledger's entry as text: a hostile program writes its own entries, and the text is printable all the same.

#include <cstring>

#include "lab/trace/trace.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  duet_ledger_entry entry{};
  if (size > 0) std::memcpy(&entry, data, size < sizeof entry ? size : sizeof entry);
  for (const char c : lab::ToString(entry)) fuzz::Check(c >= ' ' && c <= '~');
  return 0;
}
