// The duet binary as a user runs it, for tests of the whole.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lab/service/command.h"

namespace lab::e2e {

// The binary among the test's runfiles, an absolute path.
std::string Binary();

// A file of the exercises: "02-server/solution/c".
std::string ExerciseFile(const std::string& path);

struct Ran {
  int status = -1;
  std::string output;
  std::string error_output;
};

// Runs the binary to its end. `environment` is added to this process's.
Ran Duet(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment = {});

// The same with `options`, which say what is done with its output and when it is killed.
service::CommandResult DuetWith(const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment,
                                const service::CommandOptions& options);

// Runs the binary and expects what wrong use gets: one line of ours with `sentence` in it on standard error, nothing on
// standard output, and the exit status that says so.
void ExpectSentence(const std::vector<std::string>& arguments, const std::string& sentence);

// A new empty folder of this test.
std::string Folder(const std::string& name);
void WriteFile(const std::string& path, const std::string& content);
std::string ReadFile(const std::string& path);
bool Exists(const std::string& path);

// Why this machine can't have a world of that kind, or "".
std::string WhyNoPrograms();
std::string WhyNoRealWorld();

}  // namespace lab::e2e
