#include "exercises/all.h"

#include "exercises/01-client/exercise.h"
#include "exercises/02-server/exercise.h"
#include "exercises/03-echo/exercise.h"

namespace lab::exercises {

const std::vector<grade::Exercise>& All() {
  static const auto* const all = new std::vector<grade::Exercise>{ClientExercise(), ServerExercise(), EchoExercise()};
  return *all;
}

}  // namespace lab::exercises
