// What people write for a duration, a part of all packets, a rate or a size. InvalidArgument, with a sentence, for
// anything else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/sockets/process.h"

namespace lab::run {

// "20ms", "1.5s", "2m", "1h30m"; not negative, at most a thousand hours.
absl::StatusOr<Duration> ParseTime(const std::string& text);
// "1%", "0.01%": of a million.
absl::StatusOr<uint32_t> ParsePart(const std::string& text);
// "10Mbit/s", "56kbit/s", "2MB/s": bytes a second, at least one.
absl::StatusOr<uint64_t> ParseRate(const std::string& text);
// "1500B", "64KiB", "1MB": bytes.
absl::StatusOr<uint64_t> ParseSize(const std::string& text);

// A command's words, as a shell takes them apart: at spaces, but for those in '' and "" and behind a backslash. An
// error for what only a shell could do (pipes, redirections, variables, patterns), and for no words at all.
absl::StatusOr<std::vector<std::string>> SplitCommand(const std::string& command);

}  // namespace lab::run
