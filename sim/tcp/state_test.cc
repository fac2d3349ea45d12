#include "sim/tcp/state.h"

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

TEST(State, IsNamedAsTheRfcSpellsIt) {
  EXPECT_EQ("FIN-WAIT-1", ToString(State::kFinWait1));
  EXPECT_EQ("TIME-WAIT", ToString(State::kTimeWait));
  EXPECT_EQ("FIN and ACK of FIN", ToString(Cause::kFinAndAck));
}

TEST(State, LeadsOnlyWhereTheRfcLeads) {
  EXPECT_TRUE(IsLegal(State::kSynSent, State::kEstablished, Cause::kSynAck));
  EXPECT_FALSE(IsLegal(State::kSynSent, State::kEstablished, Cause::kAckOfSyn));
  EXPECT_FALSE(IsLegal(State::kEstablished, State::kTimeWait, Cause::kFin));
  EXPECT_TRUE(IsLegal(State::kCloseWait, State::kClosed, Cause::kReset));
  EXPECT_FALSE(IsLegal(State::kClosed, State::kClosed, Cause::kReset));
  EXPECT_FALSE(IsLegal(State::kEstablished, State::kFinWait1, Cause::kReset));
}

}  // namespace
}  // namespace sim::tcp
