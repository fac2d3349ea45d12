// The sentence for a call that isn't carried.
#pragma once

#include <cstdint>
#include <string>

namespace lab {

// "server calls inotify_init, which Duet does not carry yet". `program` is what its author calls it; `number` is a
// system call's, `detail` what the library added to it: for clone its flags.
std::string UnsupportedSentence(const std::string& program, int64_t number, int64_t detail);

// "epoll_wait", or "system call 441".
std::string SystemCallName(int64_t number);

}  // namespace lab
