#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <cstdlib>

#include "lab/report/report.h"
#include "lab/trace/printable.h"
#include "lab/trace/whole_file.h"

namespace lab::report {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void EscapeStrings(Message& message);

void EscapeStrings(Message& message, const FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const bool is_text = field.type() == FieldDescriptor::TYPE_STRING;
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (!is_text && !is_message) return;
  if (!field.is_repeated()) {
    if (is_message) {
      EscapeStrings(*reflection.MutableMessage(&message, &field));
    } else {
      reflection.SetString(&message, &field, Printable(reflection.GetString(message, &field)));
    }
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (is_message) {
      EscapeStrings(*reflection.MutableRepeatedMessage(&message, &field, i));
    } else {
      const std::string text = Printable(reflection.GetRepeatedString(message, &field, i));
      reflection.SetRepeatedString(&message, &field, i, text);
    }
  }
}

// protobuf writes nothing but an error where a string is not UTF-8.
void EscapeStrings(Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) EscapeStrings(message, *field);
}

}  // namespace

std::string JsonReport(const duet::v1::Report& report) {
  duet::v1::Report clean = report;
  EscapeStrings(clean);
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(clean, &json, options).ok()) std::abort();
  if (json.empty() || json.back() != '\n') json += '\n';
  return json;
}

absl::Status WriteJsonReport(const duet::v1::Report& report, const std::string& path) {
  return WriteWholeFile(path, JsonReport(report));
}

}  // namespace lab::report
