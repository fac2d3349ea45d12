// The duet command's subcommands, each from its options to its exit status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lab/cli/interrupts.h"
#include "lab/service/grader.pb.h"

namespace lab::cli {

struct ListOptions {
  std::string server;
};
int List(const ListOptions& options, Interrupts& interrupts);

struct StartOptions {
  std::string exercise;
  std::string folder;
  duet::v1::Language language = duet::v1::LANGUAGE_C;
  std::string server;
};
int Start(const StartOptions& options, Interrupts& interrupts);

struct GradeOptions {
  std::string exercise;
  std::string submission;
  bool sim = true;
  bool real = true;
  uint64_t seed = 1;
  uint32_t runs = 1;
  bool in_process = false;
  std::string json;  // a file to write, or ""
  std::string pcap;  // a folder to write captures of failing runs to, or ""
  std::string server;
};
int Grade(const GradeOptions& options, Interrupts& interrupts);

struct ReplayOptions {
  std::string token;
  std::string submission;
  bool in_process = false;
  std::string pcap;  // a file to write, or ""
  std::string server;
};
int Replay(const ReplayOptions& options, Interrupts& interrupts);

struct RunOptions {
  std::string file;  // a lab; or, where there is none, the hosts and what joins them:
  std::vector<std::pair<std::string, std::string>> hosts;  // names, and a command on each
  std::string latency;
  std::string jitter;
  std::string loss;
  std::string bandwidth;
  bool real = false;
  std::optional<uint64_t> seed;
  std::string limit;
  std::string directory;  // what programs see; "": the lab's, or the current one
  std::string trace;      // files to write, or ""
  std::string ledger;
  std::string record;
  std::string interactive;  // the program that has this command's standard input, or ""
  bool ladder = false;
};
int Run(const RunOptions& options, Interrupts& interrupts);

struct ServeOptions {
  std::string listen = "127.0.0.1:50051";
  int gradings = 0;  // at a time; 0: as many as there are processors
};
int Serve(const ServeOptions& options, Interrupts& interrupts);

// Grades a right and a wrong server of 02-server, and shows the wrong one's run.
int Demo(Interrupts& interrupts);

// The process that runs one scenario; started by the service.
int Worker(bool confined);

// A submission's function, in a sandbox, over the kernel's sockets; started by a worker. `arguments`: the process's
// own.
int RunFunction(const std::string& role, const std::string& path, std::vector<std::string> arguments);

}  // namespace lab::cli
