#include <algorithm>
#include <iostream>
#include <thread>

#include "exercises/all.h"
#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/session.h"
#include "lab/service/server.h"

namespace lab::cli {

int Serve(const ServeOptions& options, Interrupts& interrupts) {
  const int processors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int gradings = options.gradings > 0 ? options.gradings : processors;
  const auto server = service::Server::Listen(options.listen, exercises::All(), OwnBinary(), gradings);
  if (!server.ok()) {
    // Where to listen is the caller's to say.
    return Fail(absl::InvalidArgumentError(server.status().message()));
  }
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  std::cout << "Listening on " << host << ":" << (*server)->port() << std::endl;
  interrupts.OnInterrupt([&] { (*server)->Shutdown(); });
  (*server)->Wait();
  interrupts.OnInterrupt(nullptr);
  return kFullScore;
}

}  // namespace lab::cli
