#include "lab/grade/token.h"

#include <charconv>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace lab::grade {
namespace {

// Crockford's base 32: no letter that is easily taken for another or for a digit.
constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t kCheckLength = 3;
constexpr size_t kMostDeviations = 100'000;

// Five bits a character, the first bits first; what remains is filled with zeros.
std::string ToBase32(absl::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(byte);
    for (count += 8; count >= 5; count -= 5) text += kDigits[bits >> (count - 5) & 31];
  }
  if (count > 0) text += kDigits[bits << (5 - count) & 31];
  return text;
}

std::optional<std::string> FromBase32(absl::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 5 | static_cast<uint32_t>(value);
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

// As protobuf's varints: seven bits a byte, the lowest first.
void AppendVarint(uint32_t value, std::string& bytes) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

std::optional<uint32_t> TakeVarint(absl::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      if (value > std::numeric_limits<uint32_t>::max()) return std::nullopt;
      return static_cast<uint32_t>(value);
    }
  }
  return std::nullopt;
}

std::string EncodeDeviations(const std::vector<Deviation>& deviations) {
  std::string bytes;
  AppendVarint(static_cast<uint32_t>(deviations.size()), bytes);
  for (const Deviation& deviation : deviations) {
    AppendVarint(static_cast<uint32_t>(deviation.kind), bytes);
    AppendVarint(deviation.actor, bytes);
    AppendVarint(deviation.ordinal, bytes);
    AppendVarint(deviation.value, bytes);
  }
  return ToBase32(bytes);
}

std::optional<std::vector<Deviation>> DecodeDeviations(absl::string_view text) {
  const std::optional<std::string> decoded = FromBase32(text);
  if (!decoded.has_value()) return std::nullopt;
  absl::string_view bytes = *decoded;
  const std::optional<uint32_t> count = TakeVarint(bytes);
  if (!count.has_value() || *count > kMostDeviations) return std::nullopt;
  std::vector<Deviation> deviations;
  for (uint32_t i = 0; i < *count; ++i) {
    const auto kind = TakeVarint(bytes);
    const auto actor = TakeVarint(bytes);
    const auto ordinal = TakeVarint(bytes);
    const auto value = TakeVarint(bytes);
    if (!value.has_value() || !ordinal.has_value() || !actor.has_value() || !kind.has_value()) return std::nullopt;
    if (*kind > std::numeric_limits<uint8_t>::max()) return std::nullopt;
    deviations.push_back({static_cast<Choice>(*kind), *actor, *ordinal, *value});
  }
  return deviations;
}

// Fifteen bits over the text (FNV-1a, folded): one of 32,768 typos is missed.
std::string CheckOf(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  hash ^= hash >> 32;
  std::string check;
  for (size_t i = 0; i < kCheckLength; ++i) check += kDigits[hash >> (5 * i) & 31];
  return check;
}

absl::Status NotAToken(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("this is not a token: `", text, "` ", why));
}

template <typename Number>
bool ParseNumber(absl::string_view text, int base, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

// The part that says which run it is: "s7", "s7.0g40r2".
bool ParseRun(absl::string_view text, Token& token) {
  if (!absl::ConsumePrefix(&text, "s")) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('.', 1));
  if (!ParseNumber(parts[0], 10, token.seed)) return false;
  if (parts.size() == 1) return true;
  token.deviations = DecodeDeviations(parts[1]);
  return token.deviations.has_value();
}

}  // namespace

Choices Token::MakeChoices() const {
  return deviations.has_value() ? Choices::Replayed(*deviations) : Choices::Seeded(seed);
}

std::string ToString(const Token& token) {
  std::string text = absl::StrCat(token.exercise, "/", token.scenario, ":s", token.seed);
  if (token.deviations.has_value()) absl::StrAppend(&text, ".", EncodeDeviations(*token.deviations));
  absl::StrAppendFormat(&text, ":%08x", token.hash);
  return absl::StrCat(text, ":", CheckOf(text));
}

absl::StatusOr<Token> ParseToken(std::string_view token_text) {
  constexpr absl::string_view kShape = "is not of the form EXERCISE/SCENARIO:sSEED:HASH:CHECK";
  const absl::string_view text = absl::StripAsciiWhitespace({token_text.data(), token_text.size()});
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() != 4) return NotAToken(text, kShape);
  if (CheckOf(text.substr(0, text.rfind(':'))) != parts[3]) {
    return NotAToken(text, "has a typo: its last three characters do not fit the rest");
  }
  const std::vector<absl::string_view> names = absl::StrSplit(parts[0], '/');
  if (names.size() != 2 || names[0].empty() || names[1].empty()) return NotAToken(text, kShape);
  Token token{.exercise = std::string(names[0]), .scenario = std::string(names[1])};
  if (!ParseRun(parts[1], token)) return NotAToken(text, "has no run of the form s7 between its colons");
  if (parts[2].size() != 8 || !ParseNumber(parts[2], 16, token.hash)) {
    return NotAToken(text, "has no hash of eight digits");
  }
  return token;
}

}  // namespace lab::grade
