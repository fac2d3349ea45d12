// What setsockopt stores and getsockopt reads, option by option.
#pragma once

#include <cstddef>

#include "sim/host/socket_options.h"

namespace sim {

// What setsockopt was given. `number` is its value as an int, where the level's options are numbers.
struct OptionArgument {
  const SocketKind& kind;
  const void* value;
  socklen_t length;
  int number;
};

struct OptionEntry {
  int level;
  int name;
  // 0, or a negative errno. Null: the option can't be set (-ENOPROTOOPT).
  int (*set)(OptionValues& values, const OptionArgument& argument);
  // Null: it can't be read (-ENOPROTOOPT).
  int (*get)(const OptionValues& values, const SocketKind& kind, const OptionRoom& room);
  // Its value is no number: the table's functions look at its bytes and length themselves.
  bool bytes = false;
};

// Null where there is no such option for sockets of the kind.
const OptionEntry* FindOption(const SocketKind& kind, int level, int name);

}  // namespace sim
