#include "lab/cli/labelled_output.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <utility>

#include "lab/trace/printable.h"

namespace lab::cli {

LabelledOutput::LabelledOutput(std::vector<std::string> names, StatusLine& line) : line_(line) {
  for (std::string& name : names) {
    width_ = std::max(width_, name.size());
    programs_.push_back({std::move(name), {}});
  }
}

void LabelledOutput::Write(size_t program, bool error_output, std::string_view bytes) {
  if (program >= programs_.size()) return;
  std::string& pending = programs_[program].pending[error_output];
  pending += bytes;
  size_t begin = 0;
  for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
    // What network protocols end their lines with has a carriage return ahead.
    const size_t length = end - begin - (end > begin && pending[end - 1] == '\r' ? 1 : 0);
    WriteLine(programs_[program], error_output, std::string_view(pending).substr(begin, length));
  }
  pending.erase(0, begin);
}

void LabelledOutput::Finish() {
  for (Program& program : programs_) {
    for (const bool error_output : {false, true}) {
      std::string& pending = program.pending[error_output];
      if (!pending.empty()) WriteLine(program, error_output, pending);
      pending.clear();
    }
  }
}

void LabelledOutput::WriteLine(const Program& program, bool error_output, std::string_view text) {
  line_.Clear();
  std::ostream& stream = error_output ? std::cerr : std::cout;
  stream << std::left << std::setw(static_cast<int>(width_)) << program.name << " | " << Printable(text) << std::endl;
}

}  // namespace lab::cli
