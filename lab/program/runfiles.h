// Where the data files of the build are: the preloaded library, the exercises, the programs of tests.
#pragma once

#include <string>
#include <string_view>

namespace lab {

// The file that stands at `path` in the source tree or the build's output ("lab/program/libduet.so"), if it is
// among the `data` of the running binary's target or of a library in it. Empty where it is not there.
std::string Runfile(std::string_view path);

}  // namespace lab
