// What /proc says of a process or a thread.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace lab {

// Of "/proc/12" or "/proc/12/task/13", its stat behind the name: ") S 12 …"; empty where it is gone.
inline std::string StatusLine(const std::string& folder) {
  char text[1024] = {};
  FILE* file = fopen(absl::StrCat(folder, "/stat").c_str(), "re");
  if (file == nullptr) return "";
  const size_t length = fread(text, 1, sizeof(text) - 1, file);
  fclose(file);
  // The name, in brackets, may hold anything.
  const char* after_name = length > 0 ? std::strrchr(text, ')') : nullptr;
  return after_name == nullptr ? "" : after_name;
}

}  // namespace lab
