// A grading that is ended leaves no process and no file, whoever ends it.
#include <signal.h>

#include <memory>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "lab/service/grader.grpc.pb.h"
#include "tests/e2e/background.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

// A server for which every scenario waits as long as it waits at all.
constexpr char kNeverListens[] = "import time\ntime.sleep(1000)\n";

class CancelTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
    program_ = Folder("cancel") + "/server.py";
    WriteFile(program_, kNeverListens);
  }

  std::vector<std::string> Grade() { return {"grade", "02-server", program_, "--world", "real"}; }

  std::string program_;
};

TEST_F(CancelTest, AnInterruptedGradingLeavesNothing) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const MarkedFolder folder;
    BackgroundDuet duet(Grade(), {{"TMPDIR", folder.path()}});
    ASSERT_TRUE(folder.WaitForProcesses());
    duet.Signal(signal);
    EXPECT_EQ(duet.Wait(), 128 + signal);
    EXPECT_TRUE(folder.WaitForNone());
    EXPECT_TRUE(folder.Empty());
  }
}

TEST_F(CancelTest, AKilledGradingLeavesNoProcess) {
  const MarkedFolder folder;
  BackgroundDuet duet(Grade(), {{"TMPDIR", folder.path()}});
  ASSERT_TRUE(folder.WaitForProcesses());
  duet.Signal(SIGKILL);
  duet.Wait();
  EXPECT_TRUE(folder.WaitForNone());
}

// A server of its own, and a client of it.
class CancelOnServerTest : public CancelTest {
 protected:
  void SetUp() override {
    CancelTest::SetUp();
    if (IsSkipped()) return;
    server_ = std::make_unique<BackgroundDuet>(std::vector<std::string>{"serve", "--listen", "127.0.0.1:0"},
                                               std::map<std::string, std::string>{{"TMPDIR", folder_.path()}});
    const std::string line = server_->ReadLine();
    address_ = line.substr(line.rfind(' ') + 1);
    stub_ = duet::v1::Grader::NewStub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  }

  duet::v1::GradeRequest Request() {
    duet::v1::GradeRequest request;
    request.set_exercise("02-server");
    auto* const file = request.mutable_submission()->add_files();
    file->set_path("server.py");
    file->set_content(kNeverListens);
    request.set_real(true);
    return request;
  }

  MarkedFolder folder_;
  std::unique_ptr<BackgroundDuet> server_;
  std::string address_;
  std::unique_ptr<duet::v1::Grader::Stub> stub_;
};

TEST_F(CancelOnServerTest, ACancelledCallLeavesNothingAndTheServerGoesOn) {
  grpc::ClientContext context;
  const auto reader = stub_->Grade(&context, Request());
  ASSERT_TRUE(folder_.WaitForProcesses());
  context.TryCancel();
  duet::v1::GradeEvent event;
  while (reader->Read(&event)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(folder_.WaitForNone());

  grpc::ClientContext again;
  duet::v1::ListExercisesResponse response;
  EXPECT_TRUE(stub_->ListExercises(&again, {}, &response).ok());
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->Wait(), 0);
  EXPECT_TRUE(folder_.Empty());
}

TEST_F(CancelOnServerTest, AClientThatDiesLeavesNothing) {
  BackgroundDuet client({"grade", "02-server", program_, "--world", "real", "--server", address_}, {});
  ASSERT_TRUE(folder_.WaitForProcesses());
  client.Signal(SIGKILL);
  client.Wait();
  EXPECT_TRUE(folder_.WaitForNone());
}

TEST_F(CancelOnServerTest, AServerThatIsStoppedEndsItsGradings) {
  grpc::ClientContext context;
  const auto reader = stub_->Grade(&context, Request());
  ASSERT_TRUE(folder_.WaitForProcesses());
  server_->Signal(SIGINT);
  EXPECT_EQ(server_->Wait(), 0);
  EXPECT_TRUE(folder_.WaitForNone());
  EXPECT_TRUE(folder_.Empty());
  duet::v1::GradeEvent event;
  while (reader->Read(&event)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

}  // namespace
}  // namespace lab::e2e
