#include "tests/differential/sim_stage.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "sim/engine/engine.h"
#include "sim/host/host.h"
#include "sim/host/network.h"
#include "sim/host/pipe.h"
#include "sim/host/sim_sockets.h"
#include "sim/host/stream_socket.h"

namespace differential {
namespace {

using namespace std::chrono_literals;

// In which the effects of a call arrive, where nothing holds them up; so short that no timer of TCP runs out.
constexpr sim::Duration kSettling = 500us;
// Longer than an acknowledgement is delayed.
constexpr sim::Duration kMostSettling = 60ms;

sim::Duration TimeFor(Patience patience) {
  switch (patience) {
    case Patience::kNone: return sim::Duration::zero();
    case Patience::kTimeouts: return 2 * std::chrono::milliseconds(kMostTimeoutMs);
    case Patience::kLong: return kMostSettling;
  }
  return sim::Duration::zero();
}

}  // namespace

// The simulated kernel of one program, with its processes and their threads.
class SimStage::Kernel {
 public:
  Kernel() {
    for (int i = 0; i < kProcesses; ++i) {
      tables_.push_back(std::make_shared<sim::DescriptorTable>());
      for (int fd = 0; fd < 3; ++fd) {
        tables_.back()->Add(sim::FilePtr(new sim::OutputCollector(&output_, 0)), false);
      }
    }
    for (int i = 0; i < kAllActors; ++i) {
      const auto process = static_cast<uint32_t>(ProcessOfAny(i));
      threads_.push_back(std::make_unique<Thread>(engine_, host_, process, tables_[process]));
    }
  }

  void Run(int actor, Job job, Patience patience) {
    Thread& thread = *threads_[static_cast<size_t>(actor)];
    thread.Give(std::move(job));
    engine_.RunTo(engine_.now() + kSettling);
    if (thread.busy() && patience != Patience::kNone) {
      engine_.RunUntil([&] { return !thread.busy(); }, engine_.now() + TimeFor(patience));
      engine_.RunTo(engine_.now() + kSettling);
    }
    const sim::Time limit = engine_.now() + kMostSettling;
    while (InMotion() && engine_.now() < limit) engine_.RunTo(engine_.now() + kSettling);
  }

  bool Busy(int actor) const { return threads_[static_cast<size_t>(actor)]->busy(); }

 private:
  class Thread {
   public:
    Thread(sim::Engine& engine, sim::Host& host, uint32_t process, std::shared_ptr<sim::DescriptorTable> table)
        : engine_(engine),
          sockets_(host, process, /*short_transfers=*/false, std::move(table)),
          task_(engine.scheduler(), [this] { Loop(); }) {}

    bool busy() const { return job_ != nullptr; }
    void Give(Job job) {
      job_ = std::move(job);
      engine_.scheduler().Wake(task_);
    }

   private:
    void Loop() {
      for (;;) {
        job_(sockets_);
        job_ = nullptr;
        engine_.Wait(std::nullopt);
      }
    }

    sim::Engine& engine_;
    sim::SimSockets sockets_;
    Job job_;
    sim::Task task_;
  };

  // Some connection has bytes to send that wait for an acknowledgement (Nagle's algorithm).
  bool InMotion() const {
    for (const auto& table : tables_) {
      for (int fd = 3; fd < 64; ++fd) {
        sim::File* const file = table->Get(fd);
        sim::Socket* const any = file != nullptr ? file->AsSocket() : nullptr;
        const sim::StreamSocket* const socket = any != nullptr ? any->AsStream() : nullptr;
        if (socket == nullptr || socket->flow() == nullptr) continue;
        const sim::tcp::Connection& connection = socket->flow()->connection();
        const size_t in_flight = connection.snd_nxt() - connection.snd_una();
        if (in_flight > 0 && connection.unacknowledged() > in_flight) return true;
      }
    }
    return false;
  }

  std::string output_;
  lab::Trace trace_;
  sim::Engine engine_{lab::Choices::Benign()};
  sim::Network network_{engine_, trace_};
  sim::Host host_{engine_, network_, trace_, {.name = "host", .knobs = {}}, 1};
  std::vector<std::shared_ptr<sim::DescriptorTable>> tables_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

SimStage::SimStage() = default;

SimStage::~SimStage() = default;

void SimStage::Begin() { kernel_ = std::make_unique<Kernel>(); }

void SimStage::Run(int actor, Job job, Patience patience) { kernel_->Run(actor, std::move(job), patience); }

bool SimStage::Busy(int actor) const { return kernel_->Busy(actor); }

void SimStage::End() { kernel_.reset(); }

}  // namespace differential
