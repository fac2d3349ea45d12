// What a scenario's body is given: a world, the submission's programs to start in it, and a place for checks.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lab/world/world.h"

namespace lab::grade {

enum class Verdict { kPassed, kSkipped, kAmbiguous, kUnsupported, kFailed, kLabError };

std::string_view ToString(Verdict verdict);  // "PASSED"

struct Check {
  std::string name;  // "greeting": a mutant is known by the check that it fails
  bool passed = false;
  std::string expected;  // "each client reads `Hi we are connected!`, then end of file"
  std::string happened;  // "client 2 read 19 of 20 bytes"; empty where it passed
  std::string hint;      // what to look at; may be empty
};

// "ended with status 1", "was ended by SIGPIPE (Broken pipe)", "is still running": for what happened.
std::string DescribeEnd(const Outcome& outcome);

// A submission, ready to run: a function for each role (see lab/program for how programs become functions).
using Submission = std::map<std::string, Function>;

class Run {
 public:
  // `reference` and `submission` have a function for every role of the exercise. All must outlive the run.
  Run(World& world, const Submission& submission, const Submission& reference);

  World& world() { return world_; }

  // Starts the submission's program for `role` as a process named `name`.
  ProcessId StartSubmission(const std::string& role, HostId host, StartOptions options);
  // Starts the reference's instead.
  ProcessId StartReference(const std::string& role, HostId host, StartOptions options);

  // Records a check; returns `passed`, so that a body can stop where nothing further makes sense. A check that has
  // the name of an earlier one counts as the same: it fails if either did.
  bool Expect(std::string name, bool passed, std::string expected, std::string happened, std::string hint = "");

  // Waits until the server listens, and checks that as "listens": false where it ended or never does. A body stops
  // then.
  bool ExpectListening(ProcessId server, HostId host, uint16_t port);

  // Waits until the process has ended, and checks that as "ends" ("no hang").
  bool ExpectExit(ProcessId process, Duration limit);

  // Checks that the process has not ended by itself, as "keeps running": a server runs for ever.
  bool ExpectRunning(ProcessId process);

  const std::vector<Check>& checks() const { return checks_; }
  // From the checks, and from what the lab reported about the submission's processes: its own errors come first, then
  // what can't be carried (checks that fail after that say nothing), then failed checks.
  Verdict verdict() const;
  // The sentence with it, where no check says it: "the server calls fork, which …".
  const std::string& remark() const { return remark_; }
  // What the submission's processes wrote to standard error, under their names where there are several.
  std::string ErrorOutput() const;
  // Must be called once the body has ended, before verdict().
  void Finish();

 private:
  struct Started {
    ProcessId process;
    std::string name;
  };

  // Who waits for whom, in one line; empty unless nothing can happen any more.
  std::string Waiting() const;

  World& world_;
  const Submission& submission_;
  const Submission& reference_;
  std::vector<Started> submitted_;
  std::vector<Check> checks_;
  std::string remark_;
  bool unsupported_ = false;
  bool lab_error_ = false;
};

}  // namespace lab::grade
