#include "lab/world/world.h"

namespace lab {

std::string Outcome::Report(std::string_view key) const {
  for (const auto& [reported, value] : reports) {
    if (reported == key) return value;
  }
  return "";
}

bool Outcome::HasReport(std::string_view key) const {
  for (const auto& [reported, value] : reports) {
    if (reported == key) return true;
  }
  return false;
}

}  // namespace lab
