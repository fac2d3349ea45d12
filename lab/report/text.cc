#include "lab/report/text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lab/trace/ladder_canvas.h"
#include "lab/trace/printable.h"

namespace lab::report {
namespace {

std::string_view Code(Paint paint) {
  switch (paint) {
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kFaint:
      return "\x1b[2m";
    case Paint::kGreen:
      return "\x1b[32m";
    case Paint::kRed:
      return "\x1b[31m";
    case Paint::kYellow:
      return "\x1b[33m";
    case Paint::kMagenta:
      return "\x1b[35m";
    case Paint::kNone:
      break;
  }
  return "";
}

bool IsPlainInShell(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || std::string_view("_-./:,@%+=").find(c) != std::string_view::npos;
}

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

std::string Painted(std::string_view text, Paint paint, bool colour) {
  if (!colour || paint == Paint::kNone) return std::string(text);
  return absl::StrCat(std::string(Code(paint)), std::string(text), "\x1b[0m");
}

std::string VerdictName(duet::v1::Verdict verdict) {
  switch (verdict) {
    case duet::v1::PASSED:
      return "PASSED";
    case duet::v1::FAILED:
      return "FAILED";
    case duet::v1::AMBIGUOUS:
      return "AMBIGUOUS";
    case duet::v1::LAB_ERROR:
      return "LAB_ERROR";
    case duet::v1::UNSUPPORTED:
      return "UNSUPPORTED";
    case duet::v1::SKIPPED:
      return "SKIPPED";
    default:
      return "?";
  }
}

Paint VerdictPaint(duet::v1::Verdict verdict) {
  switch (verdict) {
    case duet::v1::PASSED:
      return Paint::kGreen;
    case duet::v1::FAILED:
      return Paint::kRed;
    case duet::v1::LAB_ERROR:
      return Paint::kMagenta;
    default:
      return Paint::kYellow;
  }
}

std::string OneLine(std::string_view text) {
  std::string line = Printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

std::string Padded(std::string_view text, size_t columns) {
  std::string padded(text);
  const size_t length = Columns(text);
  if (length < columns) padded.append(columns - length, ' ');
  return padded;
}

std::string Wrapped(std::string_view head, std::string_view text, size_t width) {
  const size_t indent = Columns(head);
  std::string out(head);
  size_t column = indent;
  const std::string clean = Printable(text);
  bool first_line = true;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(clean, '\n'))) {
    if (!first_line) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    first_line = false;
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(line, ' '))) {
      const size_t length = Columns(word);
      if (column > indent && column + 1 + length > width) {
        out += "\n" + std::string(indent, ' ');
        column = indent;
      } else if (column > indent) {
        out += ' ';
        ++column;
      }
      out += word;
      column += length;
    }
  }
  return out + "\n";
}

std::string ShellArgument(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), IsPlainInShell)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string PaintedLadder(std::string_view ladder, bool colour) {
  std::string out;
  bool is_head = true;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(Printable(ladder), '\n'))) {
    const bool lost = Contains(line, "─x") || Contains(line, "x─");
    const bool failed = Contains(line, "●") && Contains(line, " = -1 E");
    const Paint paint = is_head ? Paint::kBold : lost ? Paint::kRed : failed ? Paint::kYellow : Paint::kNone;
    is_head = false;
    if (!line.empty()) absl::StrAppend(&out, Painted(line, paint, colour), "\n");
  }
  return out;
}

}  // namespace lab::report
