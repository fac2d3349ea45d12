// The programs that come with an exercise, graded as a student's are: by the duet binary.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lab/service/grader.pb.h"

namespace lab::exercises {

// A program with one mistake, as exercises/NN-topic/mutants/MUTANTS describes it.
struct Mutant {
  std::string name;
  std::string wrong;            // a sentence
  std::set<std::string> fails;  // "scenario: check"
};

// All of an exercise, in the order of the file. A test fails where the file can't be understood.
std::vector<Mutant> MutantsOf(const std::string& exercise);

// A folder to hand in: the mutant's files, and the C solution's for the roles that it lacks.
std::string SubmissionOf(const std::string& exercise, const Mutant& mutant);

// Grades the folder in one world ("sim", "real").
duet::v1::Report Grade(const std::string& exercise, const std::string& folder, const std::string& world, int runs);

// The checks that failed, as "scenario: check".
std::set<std::string> FailedChecks(const duet::v1::Report& report);

}  // namespace lab::exercises
