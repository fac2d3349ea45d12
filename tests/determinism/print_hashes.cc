// Prints the hashes of a few runs, so that those of two processes can be compared.
#include <cinttypes>
#include <cstdio>

#include "tests/determinism/worlds.h"

int main() {
  for (const determinism::NamedWorld& world : determinism::Worlds()) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const determinism::Result result = world.run(lab::Choices::Seeded(seed), seed);
      std::printf("%s %" PRIu64 " %016" PRIx64 "\n", world.name, seed, result.hash);
    }
  }
}
