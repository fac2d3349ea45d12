// Gradings side by side on threads of their own, as the server has them, without a server: for ThreadSanitizer, which
// can't see what the system's gRPC does.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "exercises/all.h"
#include "lab/service/grading.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using duet::v1::GradeEvent;

duet::v1::GradeRequest Request() {
  duet::v1::GradeRequest request;
  request.set_exercise("01-client");
  duet::v1::File& file = *request.mutable_submission()->add_files();
  file.set_path("client.py");
  file.set_content(ReadFile(ExerciseFile("01-client/solution/python/client.py")));
  request.set_sim(true);
  request.set_real(true);
  request.set_seed(1);
  request.set_runs(1);
  return request;
}

TEST(GradingThreadsTest, SideBySideEachGetsItsOwnReportAndACancelledOneEnds) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const std::vector<grade::Exercise> exercises = exercises::All();
  service::Grading grading(exercises, Binary(), 2);
  std::atomic<int> reports = 0;
  std::atomic<bool> cancelled = false;
  std::vector<absl::Status> statuses(4);
  std::vector<std::thread> threads;
  // One more than run at a time, so that one waits for its turn; and one that is cancelled at its first scenario.
  for (size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      const auto emit = [&](const GradeEvent& event) {
        if (event.has_report() && event.report().score() == event.report().max_score()) ++reports;
      };
      statuses[i] = grading.Grade(Request(), emit, [] { return false; });
    });
  }
  threads.emplace_back([&] {
    const auto emit = [&](const GradeEvent& event) { cancelled = cancelled || event.has_scenario_started(); };
    statuses[3] = grading.Grade(Request(), emit, [&] { return cancelled.load(); });
  });
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(statuses[i].ok()) << statuses[i];
  EXPECT_EQ(reports, 3);
  EXPECT_TRUE(absl::IsCancelled(statuses[3])) << statuses[3];
}

}  // namespace
}  // namespace lab::e2e
