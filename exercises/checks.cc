#include "exercises/checks.h"

#include <csignal>

#include "absl/strings/str_cat.h"
#include "exercises/seen.h"

namespace lab::exercises {
namespace {

std::string HintAtOutput(const std::string& output, const std::string& wanted) {
  if (output == wanted + "\n") return "The newline at the end is yours: print the bytes as they came.";
  if (output.size() < wanted.size()) {
    return "One recv() gives what has arrived so far, not everything. Go on until it gives 0, and print all the bytes "
           "that it counted: a zero byte ends a string in C, but not the data.";
  }
  return "Print as many bytes as recv() counted: what follows them in the buffer is not the server's.";
}

std::string HintAtEnd(int status) {
  if (status == 128 + SIGPIPE) {
    return "A send() to somebody who has gone raises SIGPIPE, which ends the program. With MSG_NOSIGNAL it only fails.";
  }
  return "A client that goes is that client's affair: close its connection, and go on with the next.";
}

}  // namespace

bool ExpectPrinted(grade::Run& run, ProcessId client, const std::string& wanted) {
  if (!run.ExpectExit(client, kPatience)) return false;
  const Outcome& outcome = run.world().outcome(client);
  return run.Expect("output", outcome.output == wanted, "the client prints what the server sends, and nothing else",
                    absl::StrCat("it ", Compare("printed", outcome.output, wanted)),
                    HintAtOutput(outcome.output, wanted)) &&
         run.Expect("exit status", outcome.exit_status == 0, "the client exits with status 0",
                    absl::StrCat("it ", grade::DescribeEnd(outcome)));
}

void ExpectFailure(grade::Run& run, ProcessId client, const std::string& what, const std::string& hint) {
  if (!run.ExpectExit(client, kPatience)) return;
  const Outcome& outcome = run.world().outcome(client);
  run.Expect("error message", !outcome.error_output.empty(),
             absl::StrCat("the client says on standard error that ", what), "it wrote nothing there", hint);
  const int status = outcome.exit_status;
  run.Expect("exit status", status > 0 && status < 128, "the client exits with a status other than 0",
             absl::StrCat("it ", grade::DescribeEnd(outcome)), status == 128 + SIGPIPE ? HintAtEnd(status) : hint);
}

bool ExpectStillRuns(grade::Run& run, ProcessId server) {
  World& world = run.world();
  world.RunUntil([&] { return world.outcome(server).exited; }, std::chrono::seconds(1));
  const Outcome& outcome = world.outcome(server);
  return run.Expect("keeps running", !outcome.exited, "the server runs for ever",
                    absl::StrCat("it ", grade::DescribeEnd(outcome)), HintAtEnd(outcome.exit_status));
}

}  // namespace lab::exercises
