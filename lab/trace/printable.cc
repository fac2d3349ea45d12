#include "lab/trace/printable.h"

#include <cstdint>

namespace lab {
namespace {

void AppendEscaped(unsigned char byte, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The length of the well-formed UTF-8 character that `text` begins with, and the character; 0 where there is none
// (overlong forms, surrogates and what lies beyond Unicode are none).
size_t Decode(std::string_view text, uint32_t& character) {
  const auto first = static_cast<unsigned char>(text[0]);
  size_t length = 0;
  uint32_t smallest = 0;
  if (first < 0x80) {
    character = first;
    return 1;
  } else if ((first & 0xe0) == 0xc0) {
    length = 2, smallest = 0x80, character = first & 0x1f;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, smallest = 0x800, character = first & 0x0f;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, smallest = 0x10000, character = first & 0x07;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
    character = (character << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  return character < smallest || surrogate || character > 0x10ffff ? 0 : length;
}

// C1 controls are escape sequences to some terminals; the rest changes what the text around it looks like: a
// program could make its output read as another verdict.
bool IsHarmful(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    uint32_t character = 0;
    size_t length = Decode(text, character);
    if (text.substr(0, 2) == "\r\n") {
      length = 1;
    } else if (length == 0) {
      length = 1;
      AppendEscaped(static_cast<unsigned char>(text[0]), out);
    } else if (character != '\n' && character != '\t' && IsHarmful(character)) {
      for (const char c : text.substr(0, length)) AppendEscaped(static_cast<unsigned char>(c), out);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string Quotable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c < 0x20 || c > 0x7e) {
      AppendEscaped(static_cast<unsigned char>(c), out);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace lab
