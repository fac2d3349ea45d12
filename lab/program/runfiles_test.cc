#include "lab/program/runfiles.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace lab {
namespace {

TEST(Runfiles, FindsADataFileOfTheBuild) {
  std::ifstream file(Runfile("lab/program/etc/hosts"));
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("localhost"), std::string::npos);
}

TEST(Runfiles, AFileThatIsNotThereGivesAnEmptyPath) { EXPECT_EQ(Runfile("lab/program/no-such-file"), ""); }

}  // namespace
}  // namespace lab
