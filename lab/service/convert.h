// The lab's own types as the service's messages.
#pragma once

#include "lab/grade/exercise.h"
#include "lab/grade/run.h"
#include "lab/grade/runner.h"
#include "lab/service/grader.pb.h"

namespace lab::service {

duet::v1::Verdict ToProto(grade::Verdict verdict);
grade::Verdict FromProto(duet::v1::Verdict verdict);

// "sim" or "real".
const char* WorldName(WorldKind world);

// Without a token, which needs the exercise, and without a ladder.
duet::v1::ScenarioReport ToReport(const grade::Scenario& scenario, WorldKind world,
                                  const grade::ScenarioResult& result);

}  // namespace lab::service
