// What is being done right now, in one line of a terminal that the next replaces; nothing where there is no terminal.
#pragma once

#include <string>

namespace lab::cli {

class StatusLine {
 public:
  // On standard error, if that is a terminal.
  StatusLine();
  ~StatusLine() { Clear(); }

  void Show(const std::string& text);
  void Clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

// Whether standard output is a terminal that wants colours (see no-color.org).
bool WantsColour();

// Of standard output, where that is a terminal, and 100 otherwise.
size_t TerminalWidth();

}  // namespace lab::cli
