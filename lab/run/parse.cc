// A lab's text.
#include <string>
#include <vector>

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "absl/strings/str_cat.h"
#include "lab/run/place.h"
#include "lab/run/plan.h"
#include "lab/run/plan_at.h"
#include "lab/trace/printable.h"

namespace lab::run {
namespace {

using duet::v1::Lab;

// The parser's sentence, in the words of who writes a lab.
std::string InWords(const std::string& message) {
  if (message == "Expected identifier, got: ") return "the text ends too early: is a } missing?";
  constexpr char kUnknown[] = " has no field named \"";
  const size_t at = message.find(kUnknown);
  if (at == std::string::npos) return Quotable(message);
  const std::string field = message.substr(at + sizeof kUnknown - 1);
  return absl::StrCat("nothing here is called `", field.substr(0, field.find('"')),
                      "` (lab/run/lab.proto has all names)");
}

// Keeps the first error.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(const std::string& name) : name_(name) {}
  void AddError(int line, int column, const std::string& message) override {
    if (status.ok()) {
      status = absl::InvalidArgumentError(absl::StrCat(name_, ":", line + 1, ":", column + 1, ": ", InWords(message)));
    }
  }

  absl::Status status;

 private:
  const std::string& name_;
};

}  // namespace

absl::StatusOr<Lab> ParseLab(const std::string& text, const std::string& name) {
  google::protobuf::TextFormat::Parser parser;
  google::protobuf::TextFormat::ParseInfoTree tree;
  FirstError error(name);
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&tree);
  parser.AllowPartialMessage(true);
  Lab lab;
  if (!parser.ParseFromString(text, &lab)) {
    return error.status.ok() ? absl::InvalidArgumentError(absl::StrCat(name, " is no lab")) : error.status;
  }
  std::vector<std::string> missing;
  lab.FindInitializationErrors(&missing);
  if (!missing.empty()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", missing[0], " is missing"));
  const absl::StatusOr<Plan> plan = MakePlan(lab, Place(name, tree, *Lab::descriptor()));
  if (!plan.ok()) return plan.status();
  return lab;
}

}  // namespace lab::run
