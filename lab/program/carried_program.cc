// A program as a process of a simulated world.
#include <utility>

#include "lab/program/carrier.h"
#include "lab/program/program.h"
#include "lab/world/world.h"

namespace lab {

Function CarriedProgram(ProgramOptions options) {
  return [options = std::move(options)](Process& process) {
    auto* const thread = dynamic_cast<Thread*>(&process);
    if (thread == nullptr) {
      process.report(kLabErrorReport, "programs are carried in simulated worlds alone");
      return 127;
    }
    return Carrier(*thread, options).Run();
  };
}

}  // namespace lab
