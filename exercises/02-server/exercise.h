// 02-server: a server that greets each client.
#pragma once

#include "lab/grade/exercise.h"

namespace lab::exercises {

grade::Exercise ServerExercise();

}  // namespace lab::exercises
