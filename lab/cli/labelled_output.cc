#include "lab/cli/labelled_output.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <utility>

#include "lab/trace/printable.h"

namespace lab::cli {

LabelledOutput::LabelledOutput(std::vector<std::string> names, std::optional<size_t> interactive, StatusLine& line)
    : interactive_(interactive), line_(line) {
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
    WriteLine({program, error_output}, std::string_view(pending).substr(begin, length));
  }
  pending.erase(0, begin);
  if (program != interactive_ || pending.empty()) return;
  Begin({program, error_output});
  Of({program, error_output}) << Printable(pending) << std::flush;
  open_ = {program, error_output};
  pending.clear();
}

void LabelledOutput::Finish() {
  for (size_t program = 0; program < programs_.size(); ++program) {
    for (const bool error_output : {false, true}) {
      std::string& pending = programs_[program].pending[error_output];
      if (!pending.empty()) WriteLine({program, error_output}, pending);
      pending.clear();
    }
  }
  if (open_.has_value()) Of(*open_) << std::endl;
  open_.reset();
}

std::ostream& LabelledOutput::Of(Stream stream) { return stream.error_output ? std::cerr : std::cout; }

void LabelledOutput::Begin(Stream stream) {
  if (open_ == stream) return;
  if (open_.has_value()) Of(*open_) << std::endl;
  line_.Clear();
  Of(stream) << std::left << std::setw(static_cast<int>(width_)) << programs_[stream.program].name << " | ";
}

void LabelledOutput::WriteLine(Stream stream, std::string_view text) {
  Begin(stream);
  Of(stream) << Printable(text) << std::endl;
  open_.reset();
}

}  // namespace lab::cli
