// 03-echo: a client and a server that send everything back.
#pragma once

#include "lab/grade/exercise.h"

namespace lab::exercises {

grade::Exercise EchoExercise();

}  // namespace lab::exercises
