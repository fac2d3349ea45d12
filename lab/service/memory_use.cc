#include "lab/service/memory_use.h"

#include <dirent.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lab::service {
namespace {

struct ProcessStatus {
  pid_t parent = 0;
  uint64_t bytes = 0;
};

// What /proc says; nothing where the process is gone.
std::optional<ProcessStatus> StatusOf(pid_t pid) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(absl::StrCat("/proc/", pid, "/status").c_str(), "re"), fclose);
  if (file == nullptr) return std::nullopt;
  ProcessStatus status;
  char line[256];
  while (fgets(line, sizeof(line), file.get()) != nullptr) {
    unsigned long kilobytes = 0;
    if (sscanf(line, "PPid: %d", &status.parent) == 1) continue;
    if (sscanf(line, "RssAnon: %lu", &kilobytes) == 1 || sscanf(line, "RssShmem: %lu", &kilobytes) == 1) {
      status.bytes += uint64_t{kilobytes} << 10;
    }
  }
  return status;
}

}  // namespace

uint64_t MemoryOfAll(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  std::map<pid_t, uint64_t> bytes;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  if (folder == nullptr) return 0;
  while (const dirent* const entry = readdir(folder.get())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid)) continue;
    const auto status = StatusOf(pid);
    if (!status.has_value()) continue;
    children.emplace(status->parent, pid);
    bytes[pid] = status->bytes;
  }
  uint64_t sum = 0;
  std::vector<pid_t> found = {root};
  while (!found.empty()) {
    const pid_t pid = found.back();
    found.pop_back();
    sum += bytes[pid];
    const auto [first, last] = children.equal_range(pid);
    for (auto child = first; child != last; ++child) found.push_back(child->second);
  }
  return sum;
}

}  // namespace lab::service
