#include "lab/wire/fragments.h"

#include <gtest/gtest.h>

namespace lab {
namespace {

using Sizes = absl::InlinedVector<size_t, 1>;

TEST(FragmentsTest, APacketThatFitsStaysWhole) {
  EXPECT_EQ(FragmentSizes(1500, 1500), Sizes{1500});
  EXPECT_EQ(FragmentSizes(28, 1500), Sizes{28});
}

// Seen on Linux 6.18: 4,000 bytes over a route with an MTU of 1,500.
TEST(FragmentsTest, ALargerOneIsCutAsTheKernelCutsIt) {
  EXPECT_EQ(FragmentSizes(20 + 8 + 4000, 1500), (Sizes{1500, 1500, 1068}));
}

TEST(FragmentsTest, PiecesAreWholeUnits) {
  EXPECT_EQ(FragmentSizes(20 + 100, 90), (Sizes{84, 56}));
  EXPECT_EQ(FragmentSizes(20 + 128, 84), (Sizes{84, 84}));
}

TEST(FragmentsTest, ATinyLinkStillCarriesSomething) { EXPECT_EQ(FragmentSizes(20 + 17, 1), (Sizes{28, 28, 21})); }

}  // namespace
}  // namespace lab
