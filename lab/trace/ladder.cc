#include "lab/trace/ladder.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/trace/ladder_canvas.h"
#include "lab/trace/ladder_rows.h"
#include "lab/trace/printable.h"

namespace lab {
namespace {

constexpr size_t kTimeWidth = 12;
constexpr size_t kNarrowest = 40;   // of a whole ladder
constexpr size_t kShaftEnds = 4;   // what an arrow needs besides its words: tail, spaces, head
constexpr size_t kWidestSpan = 48;  // between two hosts: further apart, the eye loses the line

// Untrusted words on one line.
std::string OneLine(std::string_view text) {
  std::string line = Printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

class Drawing {
 public:
  Drawing(const Trace& trace, const LadderOptions& options, const std::vector<LadderRow>& rows)
      : options_(options), width_(std::max(options.width, kNarrowest)) {
    std::set<HostId> hosts;
    Time last{0};
    for (const LadderRow& row : rows) {
      hosts.insert({row.host, row.to});
      last = std::max(last, row.time);
    }
    hosts.erase(-1);
    in_seconds_ = last >= std::chrono::seconds(10);
    span_ = (width_ - kTimeWidth) / std::max<size_t>(hosts.size(), 1);
    span_ = std::min(span_, kWidestSpan);
    size_t column = kTimeWidth;
    for (const HostId host : hosts) {
      lifelines_[host] = column;
      column += span_;
    }
    DrawHeads(trace);
  }

  void Draw(const LadderRow& row) {
    LadderLine line = Lifelines();
    PutTime(row.time, line);
    if (row.kind == LadderRow::Kind::kCall) {
      DrawCall(row, line);
    } else if (row.kind == LadderRow::Kind::kNote) {
      DrawNote(row, line);
    } else {
      DrawPacket(row, line);
    }
    out_ += line.ToString(options_.colour);
  }

  void DrawGap(const std::string& text) {
    LadderLine line(width_);
    for (const auto& [host, column] : lifelines_) line.Put(column, "⋮", LadderStyle::kFaint);
    line.Put(kTimeWidth + 2, Shortened(text, width_ - kTimeWidth - 2), LadderStyle::kFaint);
    out_ += line.ToString(options_.colour);
    last_time_.clear();
  }

  const std::string& text() const { return out_; }

 private:
  void DrawHeads(const Trace& trace) {
    LadderLine names(width_), processes(width_);
    names.Put(kTimeWidth - (in_seconds_ ? 3 : 4), in_seconds_ ? "s" : "ms", LadderStyle::kFaint);
    bool has_processes = false;
    for (const auto& [host, column] : lifelines_) {
      const std::string& name = trace.hosts()[static_cast<size_t>(host)].name;
      names.Put(column, Shortened(OneLine(name), span_ - 1), LadderStyle::kHead);
      std::vector<std::string> running;
      for (const Trace::TracedProcess& process : trace.processes()) {
        if (process.host == host && process.name != name) running.push_back(OneLine(process.name));
      }
      if (running.empty()) continue;
      has_processes = true;
      processes.Put(column, Shortened(absl::StrJoin(running, ", "), span_ - 1), LadderStyle::kFaint);
    }
    out_ += names.ToString(options_.colour);
    if (has_processes) out_ += processes.ToString(options_.colour);
  }

  LadderLine Lifelines() const {
    LadderLine line(width_);
    for (const auto& [host, column] : lifelines_) line.Put(column, "│", LadderStyle::kFaint);
    return line;
  }

  // Only where it differs from the line before.
  void PutTime(Time time, LadderLine& line) {
    char text[32];
    const double unit = in_seconds_ ? 1e9 : 1e6;
    std::snprintf(text, sizeof(text), "%*.*f", static_cast<int>(kTimeWidth) - 2, in_seconds_ ? 6 : 3,
                  static_cast<double>(time.count()) / unit);
    if (text == last_time_) return;
    last_time_ = text;
    line.Put(0, text, LadderStyle::kFaint);
  }

  // Text that belongs to the lifeline at `column`: to its right, or to its left where the line ends too early.
  void PutBeside(size_t column, std::string_view text, LadderStyle style, LadderLine& line) {
    const size_t right = width_ - column - 2;
    const size_t left = column > kTimeWidth + 2 ? column - kTimeWidth - 2 : 0;
    const std::string shown = Shortened(text, std::max(right, left));
    const size_t length = Columns(shown);
    line.Put(length <= right ? column + 2 : column - 1 - length, shown, style);
  }

  void DrawCall(const LadderRow& row, LadderLine& line) {
    const auto found = lifelines_.find(row.host);
    if (found == lifelines_.end()) return;
    std::string text = OneLine(row.text);
    // What was moved fills the place that is left before the next lifeline.
    const size_t room = span_ - 3;
    if (!row.aside.empty() && Columns(text) + 8 <= room) {
      absl::StrAppend(&text, " ", Shortened(row.aside, room - Columns(text) - 1));
    }
    const LadderStyle style = row.failed ? LadderStyle::kWarning : LadderStyle::kPlain;
    line.Put(found->second, "●", style);
    PutBeside(found->second, text, style, line);
  }

  void DrawNote(const LadderRow& row, LadderLine& line) {
    const auto found = lifelines_.find(row.host);
    if (found != lifelines_.end()) {
      line.Put(found->second, "○");
      PutBeside(found->second, OneLine(row.text), LadderStyle::kPlain, line);
      return;
    }
    const size_t end = lifelines_.empty() ? width_ : lifelines_.rbegin()->second + 1;
    line.Fill(kTimeWidth, end, "╌");
    line.Put(kTimeWidth + 2, absl::StrCat(" ", OneLine(row.text), " "));
  }

  void DrawPacket(const LadderRow& row, LadderLine& line) {
    if (row.host == row.to) return DrawLoopback(row, line);
    const size_t from = ColumnOf(row.host, row.to), to = ColumnOf(row.to, row.host);
    const bool lost = row.kind == LadderRow::Kind::kLost;
    const LadderStyle style = lost ? LadderStyle::kBad : LadderStyle::kPlain;
    Shaft shaft{std::min(from, to) + 1, std::max(from, to), from < to};
    if (lost) {
      const size_t reach = (shaft.length() + 1) * 2 / 3;
      shaft.rightward ? shaft.end = from + reach : shaft.begin = from - reach + 1;
    }
    line.Fill(shaft.begin, shaft.end, "─", style);
    if (row.kind == LadderRow::Kind::kDeparts) FillHalf(shaft, shaft.rightward, line);
    if (row.kind == LadderRow::Kind::kArrives) FillHalf(shaft, !shaft.rightward, line);
    if (row.kind != LadderRow::Kind::kArrives) line.Put(from, shaft.rightward ? "├" : "┤", style);
    if (lost) {
      line.Put(shaft.rightward ? shaft.end : shaft.begin - 1, "x", style);
    } else if (row.kind != LadderRow::Kind::kDeparts) {
      line.Put(shaft.rightward ? shaft.end - 1 : shaft.begin, shaft.rightward ? "▶" : "◀", style);
    }
    lost ? PutLostWords(row, shaft, line) : PutWords(row, shaft, line);
  }

  // What a host sends to itself.
  void DrawLoopback(const LadderRow& row, LadderLine& line) {
    const auto found = lifelines_.find(row.host);
    if (found == lifelines_.end()) return;
    const bool lost = row.kind == LadderRow::Kind::kLost;
    const LadderStyle style = lost ? LadderStyle::kBad : LadderStyle::kPlain;
    line.Put(found->second, "↺", style);
    const std::string aside = row.aside.empty() ? "" : absl::StrCat(" (", OneLine(row.aside), ")");
    PutBeside(found->second, OneLine(row.text) + aside, style, line);
  }

  // The columns between two lifelines that an arrow takes: [begin, end).
  struct Shaft {
    size_t begin;
    size_t end;
    bool rightward;
    size_t length() const { return end - begin; }
  };

  // The part of the way that a packet has not gone yet, or has gone before.
  static void FillHalf(const Shaft& shaft, bool right_half, LadderLine& line) {
    const size_t middle = shaft.begin + shaft.length() / 2;
    line.Fill(right_half ? middle : shaft.begin, right_half ? shaft.end : middle, "╌", LadderStyle::kFaint);
  }

  // On the shaft, near its tail, or near its head for the second half of the way; beyond it where it is too short.
  void PutWords(const LadderRow& row, const Shaft& shaft, LadderLine& line) {
    std::string text = OneLine(row.text);
    if (!row.aside.empty()) absl::StrAppend(&text, " (", OneLine(row.aside), ")");
    const size_t room = shaft.length() > kShaftEnds ? shaft.length() - kShaftEnds : 0;
    if (Columns(text) > room && Columns(row.text) + kShaftEnds <= room) text = Shortened(text, room);
    const size_t length = Columns(text);
    const bool at_left = shaft.rightward == (row.kind != LadderRow::Kind::kArrives);
    if (length <= room) {
      const size_t inset = length + 2 <= room ? 2 : 1;
      line.Put(at_left ? shaft.begin + inset : shaft.end - inset - length - 2, absl::StrCat(" ", text, " "));
    } else if (length + 1 <= shaft.length()) {
      line.Put(shaft.rightward ? shaft.begin : shaft.end - length, text);
    } else {
      PutBeyond(shaft, text, LadderStyle::kPlain, line);
    }
  }

  // Its words on the shaft, and the cause behind the x.
  void PutLostWords(const LadderRow& row, const Shaft& shaft, LadderLine& line) {
    const std::string text = OneLine(row.text), cause = OneLine(row.aside);
    const size_t length = Columns(text);
    if (length > shaft.length()) return PutBeyond(shaft, absl::StrCat(text, ": ", cause), LadderStyle::kBad, line);
    const bool roomy = length + 4 <= shaft.length();
    const std::string padded = roomy ? absl::StrCat(" ", text, " ") : text;
    const size_t inset = roomy ? 2 : 0;
    line.Put(shaft.rightward ? shaft.begin + inset : shaft.end - inset - Columns(padded), padded, LadderStyle::kBad);
    const size_t ahead = shaft.begin - kTimeWidth;  // columns between the time and the x
    if (!shaft.rightward && Columns(cause) + 3 <= ahead) {
      line.Put(shaft.begin - 2 - Columns(cause), cause, LadderStyle::kBad);
    } else {
      PutBeyond(shaft, cause, LadderStyle::kBad, line);
    }
  }

  // To the right of an arrow, or where the line ends, to its left.
  void PutBeyond(const Shaft& shaft, std::string_view text, LadderStyle style, LadderLine& line) {
    const std::string shown = Shortened(text, width_ - kTimeWidth);
    const size_t length = Columns(shown);
    if (shaft.end + 2 + length <= width_) {
      line.Put(shaft.end + 2, shown, style);
    } else {
      line.Put(shaft.begin > kTimeWidth + length + 2 ? shaft.begin - length - 2 : kTimeWidth, shown, style);
    }
  }

  // A packet to nowhere goes to the right, or from the last host to the left.
  size_t ColumnOf(HostId host, HostId other) const {
    const auto found = lifelines_.find(host);
    if (found != lifelines_.end()) return found->second;
    const auto beside = lifelines_.find(other);
    const size_t column = beside == lifelines_.end() ? kTimeWidth : beside->second;
    return column + span_ < width_ ? column + span_ : column - std::min(span_, column - kTimeWidth);
  }

  const LadderOptions& options_;
  size_t width_;
  size_t span_ = 0;
  bool in_seconds_ = false;
  std::map<HostId, size_t> lifelines_;
  std::string last_time_;
  std::string out_;
};

}  // namespace

std::string Ladder(const Trace& trace, const LadderOptions& options) {
  if (trace.events().empty()) return "Nothing happened: no call and no packet.\n";
  const std::vector<LadderRow> rows = FoldRows(LadderRows(trace));
  Drawing drawing(trace, options, rows);
  const size_t most = std::max<size_t>(options.most_lines, 4);
  // The end is what explains a failure; the beginning says where one is.
  const size_t head = rows.size() > most ? most / 3 : rows.size();
  const size_t tail = rows.size() > most ? rows.size() - (most - head - 1) : rows.size();
  for (size_t i = 0; i < head; ++i) drawing.Draw(rows[i]);
  const uint64_t left_out = trace.events().left_out();
  const std::string and_more =
      left_out > 0 ? absl::StrCat(", and ", left_out, left_out == 1 ? " event" : " events") : "";
  if (head < tail) drawing.DrawGap(absl::StrCat(tail - head, " lines", and_more, " are left out here"));
  for (size_t i = tail; i < rows.size(); ++i) drawing.Draw(rows[i]);
  return drawing.text();
}

}  // namespace lab
