// Words on a terminal: colours, columns, wrapping.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lab/service/grader.pb.h"

namespace lab::report {

enum class Paint { kNone, kBold, kFaint, kGreen, kRed, kYellow, kMagenta };

// `text` between the codes of a colour, or as it is where `colour` is false.
std::string Painted(std::string_view text, Paint paint, bool colour);

std::string VerdictName(duet::v1::Verdict verdict);  // "PASSED"
Paint VerdictPaint(duet::v1::Verdict verdict);

// Untrusted words on one line.
std::string OneLine(std::string_view text);

// `text` with spaces after it up to that many columns.
std::string Padded(std::string_view text, size_t columns);

// `head` and then `text`, broken between words so that it stays within `width`; further lines stand below the text's
// first. Ends with a newline.
std::string Wrapped(std::string_view head, std::string_view text, size_t width);

// An argument of a shell, quoted where it has to be.
std::string ShellArgument(std::string_view text);

// A ladder's text in the colours that lab::Ladder gives: what was lost red, calls that failed yellow.
std::string PaintedLadder(std::string_view ladder, bool colour);

}  // namespace lab::report
