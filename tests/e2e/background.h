// A duet binary that runs beside the test, and what of it is still there.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace lab::e2e {

class BackgroundDuet {
 public:
  // Its standard output is kept, its standard error is the test's.
  BackgroundDuet(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment);
  // Kills it where it still runs.
  ~BackgroundDuet();

  BackgroundDuet(const BackgroundDuet&) = delete;
  BackgroundDuet& operator=(const BackgroundDuet&) = delete;

  // Blocks for the next line of its standard output; "" at the end.
  std::string ReadLine();
  void Signal(int signal);
  // Blocks until it has ended; 128 + n where signal n ended it.
  int Wait();

 private:
  pid_t pid_ = -1;  // -1 once waited for
  int output_ = -1;
};

// A TMPDIR by which processes are found again: it is in the mounts of every sandbox that belongs to a grading.
class MarkedFolder {
 public:
  MarkedFolder();

  const std::string& path() const { return path_; }
  // How many processes see a folder in it as a mount.
  int Processes() const;
  // Blocks until there are some, or none; false after half a minute.
  bool WaitForProcesses() const;
  bool WaitForNone() const;
  // Whether nothing is left in it.
  bool Empty() const;

 private:
  std::string name_;
  std::string path_;
};

}  // namespace lab::e2e
