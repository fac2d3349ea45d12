// An honest submission gets its grade while hostile ones are graded beside it by the same server.
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "lab/service/command.h"
#include "tests/e2e/duet.h"
#include "tests/hostile/hostile.h"

namespace lab::hostile {
namespace {

// `duet serve` on a free port, until it is destroyed.
class Server {
 public:
  Server() : thread_([this] { Run(); }) {
    while (address_ready_.load() == false && ended_.load() == false) std::this_thread::yield();
  }
  ~Server() {
    stop_ = true;
    thread_.join();
  }
  const std::string& address() const { return address_; }

 private:
  void Run() {
    service::CommandOptions options;
    options.most_silence = std::chrono::seconds(600);
    options.cancelled = [this] { return stop_.load(); };
    options.on_output = [this](std::string_view bytes) {
      said_ += bytes;
      const size_t begin = said_.find("127.0.0.1:");
      const size_t end = said_.find_first_of(" \n", begin);
      if (address_ready_ || begin == std::string::npos || end == std::string::npos) return;
      address_ = said_.substr(begin, end - begin);
      address_ready_ = true;
    };
    e2e::DuetWith({"serve", "--listen", "127.0.0.1:0"}, {}, options);
    ended_ = true;
  }

  std::string said_;
  std::string address_;
  std::atomic<bool> address_ready_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class NeighboursTest : public HostileTest {};

TEST_F(NeighboursTest, AnHonestSubmissionKeepsItsGrade) {
  Server server;
  ASSERT_NE(server.address(), "");
  std::vector<std::thread> attackers;
  int number = 0;
  for (const char* const attack : {"stub_forks.c", "fills.c", "scribbles.c"}) {
    const std::string path = folder() + "/attacker-" + std::to_string(++number);
    for (const auto& [name, content] : AttackingServer(attack)) {
      std::filesystem::create_directories(path);
      e2e::WriteFile(path + "/" + name, content);
    }
    attackers.emplace_back([path, &server] {
      e2e::Duet({"grade", "02-server", path, "--world", "sim", "--runs", "2", "--server", server.address()});
    });
  }
  for (int i = 0; i < 3; ++i) {
    const Graded graded = Grade(HonestServer(), "sim", {"--server", server.address()});
    EXPECT_EQ(graded.report.score(), 10) << graded.output << graded.error_output;
    EXPECT_EQ(graded.status, 0);
  }
  for (std::thread& attacker : attackers) attacker.join();
}

}  // namespace
}  // namespace lab::hostile
