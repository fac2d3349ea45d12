// The duet command line.
#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/interrupts.h"

namespace lab::cli {
namespace {

constexpr char kDescription[] =
    "Duet: a lab for socket programs. It runs a program on the kernel's network and on a simulated one, and shows "
    "which situations the program survives.";
constexpr char kServerHelp[] = "ask the server there instead of starting one inside this process";
constexpr char kSubmissionHelp[] = "the directory with the programs, or the one program's file";

// CLI11 itself takes -3 for an unsigned number.
std::string WrongSeed(const std::string& text) {
  uint64_t seed = 0;
  return absl::SimpleAtoi(text, &seed) ? "" : "`" + text + "` is not a number from 0 to 2^64 - 1";
}

// Everything that the command line can say.
struct Options {
  ListOptions list;
  StartOptions start;
  GradeOptions grade;
  ReplayOptions replay;
  RunOptions run;
  ServeOptions serve;
  std::string language = "c";
  std::string world = "both";
  std::string run_world = "sim";
};

const std::map<std::string, duet::v1::Language> kLanguages = {
    {"c", duet::v1::LANGUAGE_C}, {"cpp", duet::v1::LANGUAGE_CPP}, {"python", duet::v1::LANGUAGE_PYTHON}};

using Action = std::function<int(Interrupts&)>;

void AddRun(CLI::App& app, Options& options, std::map<CLI::App*, Action>& commands) {
  CLI::App* const run = app.add_subcommand(
      "run", "Run programs on hosts of a network, without any exercise; exit with 0 where all went well, 1 otherwise.");
  RunOptions& given = options.run;
  run->add_option("lab", given.file, "a file that describes the lab (see docs/run.md), instead of --host and links")
      ->type_name("FILE");
  run->add_option("--host", given.hosts, "a host, and the command that runs on it; may be repeated")
      ->type_name("NAME 'COMMAND'");
  const auto of_links = [&](const char* name, std::string& value, const char* help, const char* type) {
    run->add_option(name, value, help)->type_name(type);
  };
  of_links("--latency", given.latency, "of every link, one way: 20ms, 1.5s; 10us where not given", "TIME");
  of_links("--jitter", given.jitter, "how much longer a packet may take, as drawn", "TIME");
  of_links("--loss", given.loss, "the part of all packets that is lost, as drawn: 1%", "PART");
  of_links("--bandwidth", given.bandwidth, "of every link: 10Mbit/s, 2MB/s; no limit where not given", "RATE");
  run->add_option("--world", options.run_world, "the network: sim or real; sim where not given")
      ->check(CLI::IsMember({"sim", "real"}))
      ->option_text("WORLD");
  run->add_option("--seed", given.seed, "of what is drawn; 1 where not given")->check(WrongSeed)->option_text("N");
  run->add_option("--limit", given.limit, "ends the run after so much of its world's time; 60s where not given")
      ->type_name("TIME");
  run->add_option("--directory", given.directory, "what the programs see; the lab's own or this one where not given")
      ->type_name("DIRECTORY");
  run->add_option("--trace", given.trace, "write the packets to this file, for Wireshark")->type_name("FILE.pcapng");
  run->add_option("--ledger", given.ledger, "write every call to this file: JSON lines where it ends in .jsonl")
      ->type_name("FILE");
  run->add_option("--interactive", given.interactive, "the program that this terminal's input, or a file's, is for")
      ->type_name("NAME");
  run->add_option("--record", given.record, "write the lab to this file, with all that was typed: it runs again so")
      ->type_name("FILE.textproto");
  run->add_flag("--ladder", given.ladder, "show the run as a picture at the end");
  commands[run] = [&](Interrupts& interrupts) {
    options.run.real = options.run_world == "real";
    return Run(options.run, interrupts);
  };
}

// The subcommands, and what each does.
std::map<CLI::App*, Action> AddCommands(CLI::App& app, Options& options) {
  std::map<CLI::App*, Action> commands;

  CLI::App* const list = app.add_subcommand("list", "List the exercises.");
  list->add_option("--server", options.list.server, kServerHelp)->type_name("HOST:PORT");
  commands[list] = [&](Interrupts& interrupts) { return List(options.list, interrupts); };

  CLI::App* const start = app.add_subcommand("start", "Write an exercise's handout and starter code into a directory.");
  start->add_option("exercise", options.start.exercise, "as `duet list` names it")->required();
  start->add_option("directory", options.start.folder, "made where it does not exist; no file is overwritten")
      ->required();
  start->add_option("--language", options.language, "of the starter code: c, cpp or python; c where not given")
      ->check(CLI::IsMember({"c", "cpp", "python"}))
      ->option_text("LANGUAGE");
  start->add_option("--server", options.start.server, kServerHelp)->type_name("HOST:PORT");
  commands[start] = [&](Interrupts& interrupts) {
    options.start.language = kLanguages.at(options.language);
    return Start(options.start, interrupts);
  };

  CLI::App* const grade = app.add_subcommand("grade", "Grade a submission; exit with 0 for full score, 1 for less.");
  grade->add_option("exercise", options.grade.exercise, "as `duet list` names it")->required();
  grade->add_option("submission", options.grade.submission, kSubmissionHelp)->required();
  grade->add_option("--world", options.world, "the networks to grade on: sim, real or both")
      ->check(CLI::IsMember({"sim", "real", "both"}))
      ->option_text("WORLD");
  grade->add_option("--seed", options.grade.seed, "of the first simulated run; 1 where not given")
      ->check(WrongSeed)
      ->option_text("N");
  grade->add_option("--runs", options.grade.runs, "how many seeds to try in the simulated world; 1 where not given")
      ->check(CLI::Range(1u, 1'000'000u))
      ->option_text("N");
  grade->add_option("--json", options.grade.json, "write the report to this file, in protobuf's JSON form")
      ->type_name("FILE");
  grade->add_option("--pcap", options.grade.pcap, "write a capture of every run that did not pass into this directory")
      ->type_name("DIRECTORY");
  grade->add_flag("--in-process", options.grade.in_process,
                  "the submission is a C++ function over lab::Sockets (see lab/sockets/function.h)");
  grade->add_option("--server", options.grade.server, kServerHelp)->type_name("HOST:PORT");
  commands[grade] = [&](Interrupts& interrupts) {
    options.grade.sim = options.world != "real";
    options.grade.real = options.world != "sim";
    return Grade(options.grade, interrupts);
  };

  CLI::App* const replay = app.add_subcommand("replay", "Run a simulated run again, exactly, and show it.");
  replay->add_option("token", options.replay.token, "as a report names it")->required();
  replay->add_option("submission", options.replay.submission, kSubmissionHelp)->required();
  replay->add_option("--pcap", options.replay.pcap, "write the run's packets to this file, for Wireshark")
      ->type_name("FILE");
  replay->add_flag("--in-process", options.replay.in_process, "as for grade");
  replay->add_option("--server", options.replay.server, kServerHelp)->type_name("HOST:PORT");
  commands[replay] = [&](Interrupts& interrupts) { return Replay(options.replay, interrupts); };

  AddRun(app, options, commands);

  CLI::App* const serve = app.add_subcommand("serve", "Be a grading server, until interrupted.");
  serve->add_option("--listen", options.serve.listen, "127.0.0.1:50051 where not given; port 0 for any")
      ->type_name("HOST:PORT");
  serve->add_option("--gradings", options.serve.gradings,
                    "how many submissions to grade at a time, the others waiting; one a processor where not given")
      ->check(CLI::Range(1, 1'000))
      ->option_text("N");
  commands[serve] = [&](Interrupts& interrupts) { return Serve(options.serve, interrupts); };

  CLI::App* const demo =
      app.add_subcommand("demo", "Grade a right and a wrong server on both networks, and show the wrong one's run.");
  commands[demo] = [](Interrupts& interrupts) { return Demo(interrupts); };

  app.add_subcommand("help", "Print this, or what a command's --help does.");
  return commands;
}

// The arguments in the order in which CLI11 takes them, the last first; `help grade` stands for `grade --help`.
std::vector<std::string> Arguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.resize(std::min<size_t>(arguments.size(), 1));
    arguments.push_back("--help");
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

// A sentence about a first argument that is no command, or "".
std::string WrongCommand(const CLI::App& app, const std::vector<std::string>& reversed) {
  if (reversed.empty()) return "a command is missing";
  const std::string& command = reversed.back();
  const auto named = [&](const CLI::App* each) { return each->get_name() == command; };
  const bool option = !command.empty() && command.front() == '-';
  if (option || !app.get_subcommands(named).empty()) return "";
  return "there is no command `" + command + "`";
}

int Main(int argc, char** argv) {
  // Not commands for people, and they must have one thread.
  if (argc >= 2 && std::string(argv[1]) == "worker") return Worker(argc == 3 && std::string(argv[2]) == "confined");
  if (argc >= 4 && std::string(argv[1]) == "function") {
    std::vector<std::string> arguments(argv + 4, argv + argc);
    arguments.insert(arguments.begin(), argv[2]);
    return RunFunction(argv[2], argv[3], std::move(arguments));
  }

  CLI::App app(kDescription, "duet");
  app.require_subcommand(1);
  app.footer("`./duet test` runs the project's tests. `duet COMMAND --help` says more about a command.");
  app.failure_message([](const CLI::App* at, const CLI::Error& error) {
    std::string name = at->get_name();
    for (const CLI::App* sub : at->get_subcommands()) name += " " + sub->get_name();
    return "duet: " + std::string(error.what()) + "; see " + name + " --help\n";
  });
  Options options;
  const std::map<CLI::App*, Action> commands = AddCommands(app, options);
  const std::vector<std::string> arguments = Arguments(argc, argv);
  if (const std::string wrong = WrongCommand(app, arguments); !wrong.empty()) {
    std::cerr << "duet: " << wrong << "; see duet --help\n";
    return kWrongUse;
  }
  try {
    app.parse(std::vector<std::string>(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kFullScore : kWrongUse;
  }
  Interrupts interrupts;
  const int status = commands.at(app.get_subcommands().front())(interrupts);
  return interrupts.signal() != 0 && app.get_subcommands().front()->get_name() != "serve" ? 128 + interrupts.signal()
                                                                                         : status;
}

// What is opened later must not be taken for standard input, or an output. Libraries open before main() does.
__attribute__((constructor(101))) void OpenMissingStreams() {
  for (int fd = 0; fd < 3; ++fd) {
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDWR);
  }
}

}  // namespace
}  // namespace lab::cli

int main(int argc, char** argv) { return lab::cli::Main(argc, argv); }
