// Hostile submissions, graded by the duet command as anybody's are, and a look at what they leave behind.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lab/service/grader.pb.h"

namespace lab::hostile {

// A file of tests/hostile/attacks.
std::string Attack(const std::string& name);
// The attack as a submission to 02-server, with what it includes.
std::map<std::string, std::string> AttackingServer(const std::string& name);
// The right solution, in C.
std::map<std::string, std::string> HonestServer();

struct Graded {
  int status = -1;  // the command's
  std::string output;
  std::string error_output;
  duet::v1::Report report;  // empty where there is none

  // What the submission said on standard error, in all runs that are shown.
  std::string Said() const;
  bool Has(duet::v1::Verdict verdict) const;
};

// A test that leaves nothing: no file in its temporary folder, and no process, whatever it has become the child of.
class HostileTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Grades files as a submission to 02-server. `world`: "sim", "real" or "both".
  Graded Grade(const std::map<std::string, std::string>& files, const std::string& world,
               const std::vector<std::string>& more = {});
  // Grades what is in a folder, or is a file.
  Graded GradePath(const std::string& path, const std::string& world, const std::vector<std::string>& more = {});

  // Skips the rest of a test where there is no real world, and says why.
  static std::string WhyNoRealWorld();

  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;     // for the test
  std::string temporary_;  // for what it tests
  int submissions_ = 0;
};

}  // namespace lab::hostile
