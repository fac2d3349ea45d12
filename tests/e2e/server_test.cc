// `duet serve` as other programs meet it.
#include <signal.h>

#include <memory>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "lab/service/grader.grpc.pb.h"
#include "tests/e2e/background.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Sends the bytes of one message to a method of whatever kind, and gives the bytes of the first that comes back.
std::string Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& message) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  grpc::CompletionQueue queue;
  const auto step = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(step());
  grpc::Slice slice(message);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  EXPECT_TRUE(step());
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  EXPECT_TRUE(step());
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  step();
  queue.Shutdown();
  while (step()) {
  }
  std::vector<grpc::Slice> slices;
  answer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& part : slices) bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  return bytes;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    const std::string line = server_.ReadLine();
    address_ = line.substr(line.rfind(' ') + 1);
    channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
    stub_ = duet::v1::Grader::NewStub(channel_);
  }

  duet::v1::Submission OneFile(const std::string& path, const std::string& content) {
    duet::v1::Submission submission;
    auto* const file = submission.add_files();
    file->set_path(path);
    file->set_content(content);
    return submission;
  }

  grpc::Status Grade(const duet::v1::GradeRequest& request) {
    grpc::ClientContext context;
    const auto reader = stub_->Grade(&context, request);
    duet::v1::GradeEvent event;
    while (reader->Read(&event)) {
    }
    return reader->Finish();
  }

  BackgroundDuet server_{{"serve", "--listen", "127.0.0.1:0"}, {}};
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<duet::v1::Grader::Stub> stub_;
};

TEST_F(ServerTest, HealthIsServing) {
  // HealthCheckRequest{}, and HealthCheckResponse{status: SERVING}.
  EXPECT_EQ(Call(channel_, "/grpc.health.v1.Health/Check", ""), std::string("\x08\x01"));
}

TEST_F(ServerTest, ReflectionListsTheGrader) {
  // ServerReflectionRequest{list_services: "*"}.
  const std::string services =
      Call(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x01*"));
  EXPECT_THAT(services, AllOf(HasSubstr("duet.v1.Grader"), HasSubstr("grpc.health.v1.Health")));
}

TEST_F(ServerTest, APortInUseIsNamed) {
  const Ran ran = Duet({"serve", "--listen", address_});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.output, "");
  EXPECT_EQ(ran.error_output, "duet: cannot listen on " + address_ + ": Address already in use\n");
}

TEST_F(ServerTest, AnAddressThatIsNoneIsNamed) {
  const Ran ran = Duet({"serve", "--listen", "nowhere"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.error_output, "duet: `nowhere` is not of the form HOST:PORT\n");
}

TEST_F(ServerTest, TheCommandsAreClientsOfIt) {
  EXPECT_THAT(Duet({"list", "--server", address_}).output, HasSubstr("02-server"));
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const Ran ran =
      Duet({"grade", "02-server", ExerciseFile("02-server/solution/c"), "--world", "sim", "--server", address_});
  EXPECT_EQ(ran.status, 0) << ran.output << ran.error_output;
}

TEST_F(ServerTest, OneMoreThanItGradesAtATimeWaitsItsTurn) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  BackgroundDuet server{{"serve", "--listen", "127.0.0.1:0", "--gradings", "1"}, {}};
  const std::string line = server.ReadLine();
  const auto stub = duet::v1::Grader::NewStub(
      grpc::CreateChannel(line.substr(line.rfind(' ') + 1), grpc::InsecureChannelCredentials()));
  duet::v1::GradeRequest request;
  request.set_exercise("01-client");
  request.set_sim(true);
  request.set_runs(1'000'000);
  *request.mutable_submission() = OneFile("client.c", "int main(void) { return 1; }");
  grpc::ClientContext first_context;
  const auto first = stub->Grade(&first_context, request);
  duet::v1::GradeEvent event;
  ASSERT_TRUE(first->Read(&event));
  EXPECT_TRUE(event.has_built()) << event.DebugString();

  request.set_runs(1);
  grpc::ClientContext second_context;
  const auto second = stub->Grade(&second_context, request);
  ASSERT_TRUE(second->Read(&event));
  EXPECT_TRUE(event.has_queued()) << event.DebugString();
  EXPECT_EQ(event.queued().before(), 0u);
  first_context.TryCancel();
  ASSERT_TRUE(second->Read(&event));
  EXPECT_TRUE(event.has_built()) << event.DebugString();
  while (second->Read(&event)) {
  }
  EXPECT_TRUE(event.has_report()) << event.DebugString();
  EXPECT_TRUE(second->Finish().ok());
}

TEST_F(ServerTest, AnExerciseComesWithItsHandoutAndStarter) {
  grpc::ClientContext context;
  duet::v1::GetExerciseRequest request;
  request.set_name("02-server");
  request.set_language(duet::v1::LANGUAGE_PYTHON);
  duet::v1::GetExerciseResponse response;
  ASSERT_TRUE(stub_->GetExercise(&context, request, &response).ok());
  EXPECT_THAT(response.handout(), HasSubstr("server PORT"));
  ASSERT_EQ(response.starter_size(), 1);
  EXPECT_EQ(response.starter(0).path(), "server.py");
}

TEST_F(ServerTest, HostileFilesAreRefused) {
  duet::v1::GradeRequest request;
  request.set_exercise("02-server");
  request.set_sim(true);
  *request.mutable_submission() = OneFile("../../etc/passwd", "x");
  EXPECT_EQ(Grade(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  *request.mutable_submission() = OneFile("/tmp/server.c", "x");
  EXPECT_EQ(Grade(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.mutable_submission()->clear_files();
  EXPECT_EQ(Grade(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerTest, RequestsThatAskForNothingAreRefused) {
  duet::v1::GradeRequest request;
  request.set_exercise("99-nothing");
  EXPECT_EQ(Grade(request).error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_exercise("02-server");
  *request.mutable_submission() = OneFile("server.c", "x");
  EXPECT_EQ(Grade(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);  // no world
  grpc::ClientContext context;
  duet::v1::ReplayRequest replay;
  replay.set_token("x");
  duet::v1::ReplayResponse response;
  EXPECT_EQ(stub_->Replay(&context, replay, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace lab::e2e
