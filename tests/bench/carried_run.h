// What carrying costs is measured by whole runs: the same programs once on the kernel as they are, and once carried in
// a simulated world. Each run has a process of its own, all of whose descendants are counted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

// Of one run, in seconds: the time that passed, and what the run and all its processes used of a processor (not
// a number where that can't be had).
struct Cost {
  double wall = 0;
  double cpu = 0;
};

inline Cost operator-(const Cost& a, const Cost& b) { return {a.wall - b.wall, a.cpu - b.cpu}; }

// A folder with compiled C programs, in which programs run; removed in the end.
class ProgramFolder {
 public:
  ProgramFolder();
  ~ProgramFolder();
  ProgramFolder(const ProgramFolder&) = delete;
  ProgramFolder& operator=(const ProgramFolder&) = delete;

  const std::string& path() const { return path_; }
  void Compile(const std::string& name, const std::string& code, const std::string& flags = "") const;

 private:
  std::string path_;
};

// A client, whose end ends the run, and possibly a server, which listens before the client starts and is killed in the
// end. Their words name programs as "./echo" or by absolute paths; "ADDRESS" and "PORT" in them stand for the
// server's.
struct Programs {
  std::vector<std::string> client;
  std::vector<std::string> server = {};
};

// On the kernel's loopback, without any sandbox.
Cost OnKernel(const ProgramFolder& folder, const Programs& programs);
// In a simulated world of so many hosts; with one, over its loopback.
Cost InWorld(const ProgramFolder& folder, const Programs& programs, int hosts);
// The same in a real world, where the library writes the ledger and the packets are traced, as `duet run --world real`
// has it.
Cost InRealWorld(const ProgramFolder& folder, const Programs& programs, int hosts);
// On the kernel, in a sandbox as carried programs have one; the client alone.
Cost InSandbox(const ProgramFolder& folder, const Programs& programs);

}  // namespace bench
