// All that a process has started, and what that started, through /proc.
#pragma once

#include <sys/types.h>

#include <vector>

namespace real {

// The descendants of a process, without itself.
std::vector<pid_t> DescendantsOf(pid_t ancestor);

// Stops them, also those that appear meanwhile, and returns when every thread of them stands.
void StopDescendants(pid_t ancestor);

// Lets them go on.
void ContinueDescendants(pid_t ancestor);

}  // namespace real
