// Text of unknown origin (a program's output, what a check quotes of it) made fit for a terminal and for protobuf.
#pragma once

#include <string>
#include <string_view>

namespace lab {

// Valid UTF-8 without control characters but newline and tab: whatever else is in `text` (escape sequences of
// terminals, NUL, bytes that are not UTF-8, characters that turn the direction of writing) stands as `\x1b`, a
// carriage return ahead of a newline goes. Text that is clean already stays as it is.
std::string Printable(std::string_view text);

// The same on one line, ASCII alone, as inside a string of C: newline as `\n`, tab as `\t`, `"` and `\` escaped.
std::string Quotable(std::string_view text);

}  // namespace lab
