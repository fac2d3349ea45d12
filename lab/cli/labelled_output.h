// What several programs write, line by line, each behind its program's name: "client | hello".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lab/cli/status_line.h"

namespace lab::cli {

// Standard output goes to standard output, error output to error output, fit for a terminal. A line is written once it
// is whole.
class LabelledOutput {
 public:
  // `line` makes room for what is written.
  LabelledOutput(std::vector<std::string> names, StatusLine& line);

  void Write(size_t program, bool error_output, std::string_view bytes);
  // Writes what has not ended in a newline.
  void Finish();

 private:
  struct Program {
    std::string name;
    std::string pending[2];  // of standard output and of error output
  };

  void WriteLine(const Program& program, bool error_output, std::string_view text);

  StatusLine& line_;
  std::vector<Program> programs_;
  size_t width_ = 0;
};

}  // namespace lab::cli
