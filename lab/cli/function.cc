// A submission's function as a program of a real world.
#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

#include "lab/cli/commands.h"
#include "lab/service/worker.h"
#include "real/kernel_process.h"

namespace lab::cli {

int RunFunction(const std::string& role, const std::string& path, std::vector<std::string> arguments) {
  const auto function = service::LoadFunction(role, path);
  if (!function.ok()) {
    std::cerr << function.status().message() << "\n";
    return 127;
  }
  signal(SIGPIPE, SIG_IGN);
  real::KernelProcess::Options options;
  options.arguments = std::move(arguments);
  options.sockets = std::make_unique<real::KernelSockets>();
  options.world_start = real::MonotonicTime();
  real::KernelProcess process(std::move(options));
  return (*function)(process) & 255;
}

}  // namespace lab::cli
