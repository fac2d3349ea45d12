#include "lab/service/grader_service.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"

namespace lab::service {
namespace {

namespace fs = std::filesystem;

// gRPC's codes are Abseil's.
grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

std::string ReadFile(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

const char* FolderOf(duet::v1::Language language) {
  switch (language) {
    case duet::v1::LANGUAGE_CPP: return "cpp";
    case duet::v1::LANGUAGE_PYTHON: return "python";
    default: return "c";
  }
}

// The regular files of a folder, by path.
std::vector<duet::v1::File> FilesIn(const fs::path& folder) {
  std::vector<duet::v1::File> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file(error)) continue;  // follows Bazel's links
    duet::v1::File file;
    file.set_path(fs::path(entry.path()).lexically_relative(folder));
    file.set_content(ReadFile(entry.path()));
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path() < b.path(); });
  return files;
}

}  // namespace

GraderService::GraderService(const std::vector<grade::Exercise>& exercises, std::string worker_binary,
                             int most_at_once)
    : exercises_(exercises), grading_(exercises, std::move(worker_binary), most_at_once) {}

grpc::Status GraderService::ListExercises(grpc::ServerContext*, const duet::v1::ListExercisesRequest*,
                                          duet::v1::ListExercisesResponse* response) {
  for (const grade::Exercise& exercise : exercises_) {
    auto* const summary = response->add_exercises();
    summary->set_name(exercise.name);
    summary->set_title(exercise.title);
    summary->set_max_score(exercise.max_points());
    for (const grade::Role& role : exercise.roles) summary->add_roles(role.usage);
  }
  return grpc::Status::OK;
}

grpc::Status GraderService::GetExercise(grpc::ServerContext*, const duet::v1::GetExerciseRequest* request,
                                        duet::v1::GetExerciseResponse* response) {
  const auto exercise = grading_.Find(request->name());
  if (!exercise.ok()) return ToGrpc(exercise.status());
  response->set_name((*exercise)->name);
  response->set_title((*exercise)->title);
  for (const grade::Role& role : (*exercise)->roles) response->add_roles(role.usage);
  for (const grade::Scenario& scenario : (*exercise)->scenarios) response->add_scenarios(scenario.name);
  const std::string files = Runfile(absl::StrCat("exercises/", (*exercise)->name));
  response->set_handout(ReadFile(fs::path(files) / "README.md"));
  for (duet::v1::File& file : FilesIn(fs::path(files) / "starter" / FolderOf(request->language()))) {
    *response->add_starter() = std::move(file);
  }
  return grpc::Status::OK;
}

grpc::Status GraderService::Grade(grpc::ServerContext* context, const duet::v1::GradeRequest* request,
                                  grpc::ServerWriter<duet::v1::GradeEvent>* writer) {
  std::atomic<bool> gone = false;  // the client
  const auto emit = [&](const duet::v1::GradeEvent& event) {
    if (!writer->Write(event)) gone = true;
  };
  const auto cancelled = [&] { return gone || context->IsCancelled(); };
  return ToGrpc(grading_.Grade(*request, emit, cancelled));
}

grpc::Status GraderService::Replay(grpc::ServerContext* context, const duet::v1::ReplayRequest* request,
                                   duet::v1::ReplayResponse* response) {
  auto replayed = grading_.Replay(*request, [&] { return context->IsCancelled(); });
  if (!replayed.ok()) return ToGrpc(replayed.status());
  *response = *std::move(replayed);
  return grpc::Status::OK;
}

}  // namespace lab::service
