// A process of the real world, as its Function sees it: the kernel's sockets, and a ledger around them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lab/sockets/process.h"
#include "lab/trace/traced_sockets.h"
#include "real/kernel_sockets.h"
#include "real/ledger_ring.h"

namespace real {

class KernelProcess : public lab::Process {
 public:
  struct Options {
    std::vector<std::string> arguments;
    std::unique_ptr<KernelSockets> sockets;
    lab::Time world_start;  // on the clock that MonotonicTime reads
    int ledger = -1;        // the memory of a LedgerRing
    int reports = -1;       // the pipe for WriteReport
  };

  explicit KernelProcess(Options options);

  lab::Sockets& sockets() override { return traced_; }
  const std::vector<std::string>& arguments() const override { return options_.arguments; }
  lab::Time now() override;
  void sleep(lab::Duration duration) override;
  void random(void* buffer, size_t length) override;
  void report(std::string_view key, std::string_view value) override;

 private:
  Options options_;
  LedgerWriter ledger_;
  lab::TracedSockets traced_;
};

// CLOCK_MONOTONIC, which is the same in all processes of a machine.
lab::Time MonotonicTime();

}  // namespace real
