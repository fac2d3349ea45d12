#include "lab/trace/printable.h"

#include <gtest/gtest.h>

namespace lab {
namespace {

TEST(PrintableTest, CleanTextStaysAsItIs) {
  const std::string text = "Grüße, 世界 🎉\n\tnext line – \\ \"";
  EXPECT_EQ(Printable(text), text);
  EXPECT_EQ(Printable(""), "");
}

TEST(PrintableTest, WhatSteersATerminalIsEscaped) {
  EXPECT_EQ(Printable("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(Printable("\xc2\x9b\x31m"), "\\xc2\\x9b1m");  // CSI as one character
  EXPECT_EQ(Printable("\x7f"), "\\x7f");
  EXPECT_EQ(Printable("over\rwritten"), "over\\x0dwritten");
}

TEST(PrintableTest, LineEndsOfOtherSystemsBecomeNewlines) { EXPECT_EQ(Printable("one\r\ntwo\r\n"), "one\ntwo\n"); }

TEST(PrintableTest, WhatIsNoUtf8IsEscapedByteByByte) {
  EXPECT_EQ(Printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");                  // cut off
  EXPECT_EQ(Printable("\xc3(x"), "\\xc3(x");              // no continuation
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");         // overlong
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(Printable("\x80"), "\\x80");
}

TEST(PrintableTest, WhatTurnsOrHidesTheTextAroundItIsEscaped) {
  EXPECT_EQ(Printable("\u202e" "DELIAF"), "\\xe2\\x80\\xaeDELIAF");
  EXPECT_EQ(Printable("\u200b"), "\\xe2\\x80\\x8b");
  EXPECT_EQ(Printable("\u2028"), "\\xe2\\x80\\xa8");
}

TEST(QuotableTest, IsOneLineOfAscii) {
  EXPECT_EQ(Quotable("a\n\t\r\"\\\x01\xc3\xbc"), "a\\n\\t\\r\\\"\\\\\\x01\\xc3\\xbc");
}

}  // namespace
}  // namespace lab
