// What several programs write, line by line, each behind its program's name: "client | hello".
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "lab/cli/status_line.h"

namespace lab::cli {

// Standard output goes to standard output, error output to error output, fit for a terminal. A line is written once it
// is whole; but what the interactive program writes, a prompt say, at once.
class LabelledOutput {
 public:
  // `line` makes room for what is written.
  LabelledOutput(std::vector<std::string> names, std::optional<size_t> interactive, StatusLine& line);

  void Write(size_t program, bool error_output, std::string_view bytes);
  // Somebody has typed a line: the terminal stands at the beginning of another.
  void Typed() { open_.reset(); }
  // Writes what has not ended in a newline.
  void Finish();

 private:
  struct Program {
    std::string name;
    std::string pending[2];  // of standard output and of error output
  };

  struct Stream {
    size_t program;
    bool error_output;
    bool operator==(const Stream&) const = default;
  };

  static std::ostream& Of(Stream stream);
  // Writes what is to stand before the stream's next text.
  void Begin(Stream stream);
  void WriteLine(Stream stream, std::string_view text);

  const std::optional<size_t> interactive_;
  std::optional<Stream> open_;  // whose line the terminal stands in
  StatusLine& line_;
  std::vector<Program> programs_;
  size_t width_ = 0;
};

}  // namespace lab::cli
