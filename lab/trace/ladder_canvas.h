// One line of a ladder: cells of a terminal, each a character in a style.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

enum class LadderStyle : uint8_t { kPlain, kFaint, kHead, kBad, kWarning };

// How many characters a UTF-8 text has: columns, for the characters that a ladder is made of.
size_t Columns(std::string_view text);

// The first `columns` characters, the last of them "…" where that cuts something off.
std::string Shortened(std::string_view text, size_t columns);

class LadderLine {
 public:
  explicit LadderLine(size_t width) : cells_(width) {}

  size_t width() const { return cells_.size(); }
  // Writes over what is there; what falls outside the line is lost.
  void Put(size_t column, std::string_view text, LadderStyle style = LadderStyle::kPlain);
  void Fill(size_t begin, size_t end, std::string_view character, LadderStyle style = LadderStyle::kPlain);
  // Without spaces at its end, with a newline.
  std::string ToString(bool colour) const;

 private:
  struct Cell {
    std::string character = " ";
    LadderStyle style = LadderStyle::kPlain;
  };
  std::vector<Cell> cells_;
};

}  // namespace lab
