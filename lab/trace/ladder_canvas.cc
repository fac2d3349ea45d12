#include "lab/trace/ladder_canvas.h"

#include <algorithm>

namespace lab {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The first character of a text that is not empty.
std::string_view First(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && IsContinuation(text[length])) ++length;
  return text.substr(0, length);
}

std::string_view Begin(LadderStyle style) {
  switch (style) {
    case LadderStyle::kFaint:
      return "\x1b[2m";
    case LadderStyle::kHead:
      return "\x1b[1m";
    case LadderStyle::kBad:
      return "\x1b[31m";
    case LadderStyle::kWarning:
      return "\x1b[33m";
    case LadderStyle::kPlain:
      break;
  }
  return "";
}

}  // namespace

size_t Columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string Shortened(std::string_view text, size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  std::string out;
  for (size_t taken = 1; taken < columns; ++taken) {
    const std::string_view character = First(text);
    out += character;
    text.remove_prefix(character.size());
  }
  return columns == 0 ? "" : out + "…";
}

void LadderLine::Put(size_t column, std::string_view text, LadderStyle style) {
  while (!text.empty() && column < cells_.size()) {
    const std::string_view character = First(text);
    cells_[column++] = {std::string(character), style};
    text.remove_prefix(character.size());
  }
}

void LadderLine::Fill(size_t begin, size_t end, std::string_view character, LadderStyle style) {
  for (size_t column = begin; column < std::min(end, cells_.size()); ++column) {
    cells_[column] = {std::string(character), style};
  }
}

std::string LadderLine::ToString(bool colour) const {
  size_t end = cells_.size();
  while (end > 0 && cells_[end - 1].character == " ") --end;
  std::string out;
  LadderStyle style = LadderStyle::kPlain;
  for (size_t column = 0; column < end; ++column) {
    const Cell& cell = cells_[column];
    // A space looks the same in every style.
    if (colour && cell.style != style && cell.character != " ") {
      if (style != LadderStyle::kPlain) out += "\x1b[0m";
      out += Begin(cell.style);
      style = cell.style;
    }
    out += cell.character;
  }
  if (style != LadderStyle::kPlain) out += "\x1b[0m";
  return out + "\n";
}

}  // namespace lab
