// One-way pipes inside a host, and the ends of a process's standard input and output.
#pragma once

#include <memory>
#include <string>

#include "lab/wire/payload.h"
#include "sim/host/file.h"

namespace sim {

// What the two ends of a pipe share.
struct PipeBuffer {
  static constexpr size_t kCapacity = 65'536;

  lab::Payload bytes;
  WaitQueue* readers_queue = nullptr;  // of the end, while it is open
  WaitQueue* writers_queue = nullptr;
};

class PipeReader final : public File {
 public:
  PipeReader(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer);
  // One whose writer has written `bytes`, of any length, and gone.
  static FilePtr Ended(Scheduler& scheduler, std::string_view bytes);

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers, size_t, size_t, int) override { return -EBADF; }
  size_t readable() const override { return buffer_->bytes.size(); }
  void Release() override;
  int access_mode() const override;

 private:
  Scheduler& scheduler_;
  std::shared_ptr<PipeBuffer> buffer_;
};

class PipeWriter final : public File {
 public:
  PipeWriter(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer);

  short Ready() const override;
  int64_t Read(Buffers, size_t, size_t, int) override { return -EBADF; }
  // Up to 4,096 bytes (PIPE_BUF) go in one piece or not at all. -EPIPE: nobody will read.
  int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) override;
  size_t readable() const override { return buffer_->bytes.size(); }
  void Release() override;
  int access_mode() const override;

 private:
  Scheduler& scheduler_;
  std::shared_ptr<PipeBuffer> buffer_;
};

// The writing end of a pipe whose reader takes everything at once and keeps the first `most` bytes in `*kept`, which
// must outlive it.
class OutputCollector final : public File {
 public:
  OutputCollector(std::string* kept, size_t most) : kept_(kept), most_(most) {}

  short Ready() const override { return POLLOUT | POLLWRNORM; }
  int64_t Read(Buffers, size_t, size_t, int) override { return -EBADF; }
  int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) override;
  size_t readable() const override { return 0; }
  void Release() override {}
  int access_mode() const override;

 private:
  std::string* kept_;
  size_t most_;
};

}  // namespace sim
