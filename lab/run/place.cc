#include "lab/run/place.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"

namespace lab::run {

Place Place::At(const char* field, int index) const {
  Place place = *this;
  if (tree_ == nullptr) return place;
  const auto location = tree_->GetLocation(message_->FindFieldByName(field), index);
  if (location.line < 0) return place;
  place.line_ = location.line;
  place.column_ = location.column;
  return place;
}

Place Place::In(const char* field, int index) const {
  Place place = At(field, index);
  if (tree_ == nullptr) return place;
  const google::protobuf::FieldDescriptor* const descriptor = message_->FindFieldByName(field);
  place.tree_ = tree_->GetTreeForNested(descriptor, index);
  place.message_ = descriptor->message_type();
  return place;
}

absl::Status Place::Wrong(const std::string& sentence) const {
  if (name_ == nullptr) return absl::InvalidArgumentError(sentence);
  return absl::InvalidArgumentError(absl::StrCat(*name_, ":", line_ + 1, ":", column_ + 1, ": ", sentence));
}

}  // namespace lab::run
