// What the programs of a lab read from this command's standard input, and a lab that has it written down.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "lab/cli/interrupts.h"
#include "lab/run/lab.pb.h"
#include "lab/service/worker.pb.h"

namespace lab::cli {

// As programs are called: by their host where they have no name.
std::string NameOf(const duet::v1::Program& program);

// The program for which somebody types, by its number.
std::optional<size_t> Interactive(const duet::v1::Lab& lab);

// Makes the named program interactive. InvalidArgument where there is none.
absl::Status SetInteractive(duet::v1::Lab& lab, const std::string& name);

// Where standard input is a terminal, gives people more time than programs have. What stands in a file, or comes from a
// pipe until that ends, comes at no time of its own: the interactive program has it from the beginning, as any input,
// and every run is the same. Blocks until then, or until an interrupt: Cancelled.
absl::Status TakeInput(duet::v1::Lab& lab, const Interrupts& interrupts);

// The lab with what has been typed, as text: it runs again without anybody.
std::string Recorded(duet::v1::Lab lab, const duet::internal::LabResult& result);

}  // namespace lab::cli
