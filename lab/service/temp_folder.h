// A private folder that is removed, with everything in it, when its owner is.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lab::service {

class TempFolder {
 public:
  // Under $TMPDIR or /tmp; for this user alone to enter, but readable by every user of a sandbox that it is mounted in.
  static absl::StatusOr<TempFolder> Make();

  TempFolder(TempFolder&& other) noexcept;
  TempFolder& operator=(TempFolder&&) = delete;
  ~TempFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TempFolder(std::string outer) : outer_(std::move(outer)), path_(outer_ + "/files") {}

  std::string outer_;  // empty once moved from
  std::string path_;
};

}  // namespace lab::service
