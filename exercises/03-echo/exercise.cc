#include "exercises/03-echo/exercise.h"

#include <iterator>
#include <utility>

#include "exercises/03-echo/reference.h"
#include "exercises/03-echo/scenarios.h"

namespace lab::exercises {

grade::Exercise EchoExercise() {
  grade::Exercise exercise;
  exercise.name = "03-echo";
  exercise.title = "A client and a server that send everything back";
  exercise.roles = {{"client", "client HOST PORT"}, {"server", "server PORT"}};
  for (auto scenarios : {EchoClientScenarios(), EchoServerScenarios(), EchoTogetherScenarios()}) {
    exercise.scenarios.insert(exercise.scenarios.end(), std::make_move_iterator(scenarios.begin()),
                              std::make_move_iterator(scenarios.end()));
  }
  exercise.reference = {{"client", EchoClient}, {"server", EchoServer}};
  return exercise;
}

}  // namespace lab::exercises
