// A run's token from text: what is taken for one is written as one that says the same.

#include "lab/grade/token.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = fuzz::Input(data, size).Rest();
  const auto token = lab::grade::ParseToken(text);
  if (!token.ok()) {
    fuzz::Check(!token.status().message().empty());
    return 0;
  }
  const auto again = lab::grade::ParseToken(ToString(*token));
  fuzz::Check(again.ok() && *again == *token);
  return 0;
}
