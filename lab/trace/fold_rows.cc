// Folding what only repeats in a ladder.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lab/trace/ladder_rows.h"

namespace lab {
namespace {

constexpr size_t kLongestUnfolded = 10;  // rows of a stretch
constexpr size_t kKept = 4;              // of a longer one
constexpr uint64_t kFewestFolded = 3;    // of a group

// Whether a row may join a stretch. A failed call is news, unless it only repeats what stands beside it.
bool MayFold(const std::vector<LadderRow>& rows, size_t i) {
  if (rows[i].group.empty()) return false;
  if (!rows[i].failed) return true;
  const bool repeats = i > 0 && rows[i - 1].group == rows[i].group;
  const bool repeated = i + 1 < rows.size() && rows[i + 1].group == rows[i].group;
  return repeats || repeated;
}

std::string FoldedText(const LadderRow& first, uint64_t count, uint64_t bytes) {
  const std::string moved = bytes > 0 ? absl::StrCat(", ", bytes, " bytes") : "";
  if (first.kind == LadderRow::Kind::kCall) return absl::StrCat(first.fold, " ", count, " times", moved);
  return absl::StrCat(count, " ", first.fold, moved);
}

// One row for each group of [begin, end), where its first row stood; groups of few rows stay as they are.
void AppendFolded(const std::vector<LadderRow>& rows, size_t begin, size_t end, std::vector<LadderRow>& out) {
  struct Total {
    uint64_t count = 0;
    uint64_t bytes = 0;
    bool told = false;
  };
  std::map<std::string, Total> totals;
  for (size_t i = begin; i < end; ++i) {
    Total& total = totals[rows[i].group];
    if (rows[i].kind == LadderRow::Kind::kArrives) continue;  // counted when it departed
    total.count += 1;
    total.bytes += rows[i].bytes;
  }
  for (size_t i = begin; i < end; ++i) {
    Total& total = totals[rows[i].group];
    if (total.count < kFewestFolded) {
      out.push_back(rows[i]);
    } else if (!total.told) {
      total.told = true;
      out.push_back(rows[i]);
      LadderRow& row = out.back();
      if (row.kind != LadderRow::Kind::kCall) row.kind = LadderRow::Kind::kArrow;
      row.text = FoldedText(row, total.count, total.bytes);
      row.aside.clear();
    }
  }
}

}  // namespace

std::vector<LadderRow> FoldRows(const std::vector<LadderRow>& rows) {
  std::vector<LadderRow> folded;
  size_t begin = 0;
  while (begin < rows.size()) {
    size_t end = begin;
    while (end < rows.size() && MayFold(rows, end)) ++end;
    const size_t as_is = end - begin > kLongestUnfolded ? begin + kKept : end;
    for (size_t i = begin; i < as_is; ++i) folded.push_back(rows[i]);
    if (as_is < end) AppendFolded(rows, as_is, end, folded);
    if (end < rows.size()) folded.push_back(rows[end]);
    begin = end + 1;
  }
  return folded;
}

}  // namespace lab
