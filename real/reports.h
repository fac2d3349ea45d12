// A process's reports (Process::report) on their way to the world through a pipe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace real {

// Writes one report to the pipe whole; blocks while the pipe is full.
void WriteReport(int pipe, std::string_view key, std::string_view value);

// The world's side: takes the pipe's bytes in whatever pieces they come.
class ReportReader {
 public:
  // Returns the reports that these bytes complete.
  std::vector<std::pair<std::string, std::string>> Take(std::string_view bytes);

 private:
  std::string partial_;
};

}  // namespace real
