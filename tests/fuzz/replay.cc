// Runs a target over the files and folders that it is given: the corpus, or an input that a fuzzer has found. For the
// ordinary build, with any compiler and sanitizer.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/input.h"

namespace {

int Replay(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    int inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) inputs += Replay(entry.path());
    return inputs;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // The last line that stands here names the input that crashed.
  std::fprintf(stderr, "%s\n", path.c_str());
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  int inputs = 0;
  for (int i = 1; i < argc; ++i) inputs += Replay(argv[i]);
  std::printf("%d inputs replayed\n", inputs);
  return inputs > 0 ? 0 : 1;
}
