// Where in a lab's text something stands, for what is said about it.
#pragma once

#include <string>
#include <utility>

#include <google/protobuf/text_format.h>

#include "absl/status/statusor.h"

namespace lab::run {

class Place {
 public:
  // Of a lab that has no text: what is wrong is said without a place.
  Place() = default;
  // The whole of the text named `name`. All must outlive this.
  Place(const std::string& name, const google::protobuf::TextFormat::ParseInfoTree& tree,
        const google::protobuf::Descriptor& message)
      : name_(&name), tree_(&tree), message_(&message) {}

  // A field of the message here; where it is not given, the message.
  Place At(const char* field, int index = -1) const;
  // The message that the field holds.
  Place In(const char* field, int index = -1) const;

  absl::Status Wrong(const std::string& sentence) const;
  // Sets `value` to what was parsed, or says here what is wrong with it.
  template <typename T>
  absl::Status Take(absl::StatusOr<T> parsed, T& value) const {
    if (!parsed.ok()) return Wrong(std::string(parsed.status().message()));
    value = *std::move(parsed);
    return absl::OkStatus();
  }

 private:
  const std::string* name_ = nullptr;
  const google::protobuf::TextFormat::ParseInfoTree* tree_ = nullptr;
  const google::protobuf::Descriptor* message_ = nullptr;
  int line_ = 0;
  int column_ = 0;
};

}  // namespace lab::run
