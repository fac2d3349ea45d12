#include "real/reports.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace real {
namespace {

// Stands before the bytes of the key and of the value.
struct Lengths {
  uint32_t key;
  uint32_t value;
};

constexpr uint32_t kLongest = 64 << 20;

}  // namespace

void WriteReport(int pipe, std::string_view key, std::string_view value) {
  const Lengths lengths{static_cast<uint32_t>(std::min<size_t>(key.size(), kLongest)),
                        static_cast<uint32_t>(std::min<size_t>(value.size(), kLongest))};
  std::string message(reinterpret_cast<const char*>(&lengths), sizeof lengths);
  message.append(key.substr(0, lengths.key)).append(value.substr(0, lengths.value));
  for (size_t written = 0; written < message.size();) {
    const ssize_t result = write(pipe, message.data() + written, message.size() - written);
    if (result < 0 && errno == EINTR) continue;
    if (result <= 0) return;  // the world is gone
    written += result;
  }
}

std::vector<std::pair<std::string, std::string>> ReportReader::Take(std::string_view bytes) {
  partial_.append(bytes);
  std::vector<std::pair<std::string, std::string>> reports;
  size_t at = 0;
  while (partial_.size() - at >= sizeof(Lengths)) {
    Lengths lengths;
    memcpy(&lengths, partial_.data() + at, sizeof lengths);
    const size_t whole = sizeof lengths + size_t{lengths.key} + size_t{lengths.value};
    if (partial_.size() - at < whole) break;
    reports.emplace_back(partial_.substr(at + sizeof lengths, lengths.key),
                         partial_.substr(at + sizeof lengths + lengths.key, lengths.value));
    at += whole;
  }
  partial_.erase(0, at);
  return reports;
}

}  // namespace real
