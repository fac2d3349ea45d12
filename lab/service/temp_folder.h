// A private folder that is removed, with everything in it, when its owner is.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lab::service {

class TempFolder {
 public:
  // Under $TMPDIR or /tmp; readable by this user alone.
  static absl::StatusOr<TempFolder> Make();

  TempFolder(TempFolder&& other) noexcept;
  TempFolder& operator=(TempFolder&&) = delete;
  ~TempFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TempFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty once moved from
};

}  // namespace lab::service
