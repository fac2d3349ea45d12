// 01-client: a client that prints what a server sends.
#pragma once

#include "lab/grade/exercise.h"

namespace lab::exercises {

grade::Exercise ClientExercise();

}  // namespace lab::exercises
