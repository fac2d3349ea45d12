#include "lab/program/program_testing.h"

namespace lab {
namespace {

class CheckExecutableTest : public ProgramTest {
 protected:
  std::string Check(const std::string& name) {
    return std::string(CheckExecutable(folder() + "/" + name).message());
  }
  void Write(const std::string& name, const std::string& text, bool executable = true) {
    std::ofstream(folder() + "/" + name) << text;
    std::filesystem::permissions(folder() + "/" + name,
                                 executable ? std::filesystem::perms(0755) : std::filesystem::perms(0644));
  }
};

TEST_F(CheckExecutableTest, ProgramsAndScriptsAreFine) {
  CompileMain("program", "return 0;");
  EXPECT_EQ(Check("program"), "");
  Write("script", "#!/usr/bin/env python3\n");
  EXPECT_EQ(Check("script"), "");
  Write("shell", "#!/bin/sh\n");
  EXPECT_EQ(Check("shell"), "");
}

TEST_F(CheckExecutableTest, WhatCannotRunIsSaidInASentence) {
  CompileMain("fixed", "return 0;", "-static");
  EXPECT_EQ(Check("fixed"),
            "fixed is statically linked: link it with the shared C library (without -static), so that Duet can carry "
            "its calls");
  CompileMain("object", "return 0;", "-c");
  std::filesystem::permissions(folder() + "/object", std::filesystem::perms(0755));
  EXPECT_EQ(Check("object"), "object is an object file, not a program: link it");
  Write("other", std::string("\x7f" "ELF\x02\x01\x01", 7) + std::string(11, '\0') + std::string("\xb7\0", 2) +
                     std::string(100, '\0'));
  EXPECT_EQ(Check("other"),
            "other is built for another kind of processor: build it on a machine like this one (x86-64)");
  Write("short", "\x7f" "ELF");
  EXPECT_EQ(Check("short"), "short is cut short: build it again");
  Write("plain", "hello\n", false);
  EXPECT_EQ(Check("plain"), "plain is not executable: chmod +x it");
  Write("text", "hello\n");
  EXPECT_EQ(Check("text"), "text is neither a program nor a script: a script begins with #! and its interpreter");
  Write("ruby", "#!/opt/ruby/bin/ruby -w\n");
  EXPECT_EQ(Check("ruby"),
            "ruby is a script for /opt/ruby/bin/ruby, which is not here: use /usr/bin/python3, or another of /usr/bin");
  EXPECT_EQ(Check("missing"), folder() + "/missing does not exist");
  EXPECT_EQ(Check(""), folder() + "/ is not a file");
}

TEST_F(CheckExecutableTest, OfTheSanitizersOnlyTheOneForUndefinedBehaviourRunsHere) {
  CompileMain("undefined", "return 0;", "-fsanitize=undefined");
  EXPECT_EQ(Check("undefined"), "");
  for (const std::string sanitizer : {"address", "thread", "leak"}) {
    CompileMain("sanitized", "return 0;", "-fsanitize=" + sanitizer);
    EXPECT_EQ(Check("sanitized"), "sanitized is built with -fsanitize=" + sanitizer +
                                      ", which can't run in Duet's sandbox: build it without (-fsanitize=undefined "
                                      "works)");
  }
}

}  // namespace
}  // namespace lab
