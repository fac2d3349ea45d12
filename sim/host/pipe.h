// One-way pipes inside a host, and the ends of a process's standard input and output.
//
// A pipe's room is counted in pages, as Linux does: a page holds the end of one write and the beginning of the next
// only where that fits into it, so that many writes of 3,000 bytes fill a pipe of 65,536 with 48,000.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "lab/wire/payload.h"
#include "sim/host/file.h"

namespace sim {

// What the two ends of a pipe share.
struct PipeBuffer {
  static constexpr size_t kPage = 4'096;
  static constexpr size_t kMostPages = 256;  // fs.pipe-max-size, what a user may ask for

  struct Page {
    size_t length;  // bytes that are still to be read
    size_t end;     // where the next would go
  };

  lab::Payload bytes;       // of all pages
  std::deque<Page> pages;
  size_t most_pages = 16;
  WaitQueue* readers_queue = nullptr;  // of the end, while it is open
  WaitQueue* writers_queue = nullptr;

  bool full() const { return pages.size() >= most_pages; }
  // Makes the pages for the beginning of `length` bytes; gives how many bytes they have room for.
  size_t MakeRoom(size_t length);
  // Takes `length` bytes off the front; gives whether a page became free while all were in use.
  bool Consume(size_t length);
  // F_SETPIPE_SZ: the new size in bytes, or -EINVAL, -EPERM, -EBUSY.
  int Resize(int64_t size);
  int size() const { return static_cast<int>(most_pages * kPage); }
};

class PipeReader final : public File {
 public:
  PipeReader(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer);

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers, size_t, size_t, int) override { return -EBADF; }
  size_t readable() const override { return buffer_->bytes.size(); }
  void Release() override;
  PipeBuffer* AsPipe() override { return buffer_.get(); }
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
  // From outside: of any length, whatever the pipe's room.
  void WriteAll(std::string_view bytes);
  size_t readable() const override { return buffer_->bytes.size(); }
  void Release() override;
  PipeBuffer* AsPipe() override { return buffer_.get(); }
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
  size_t write_room() const override { return SIZE_MAX; }
  void Release() override {}
  int access_mode() const override;

 private:
  std::string* kept_;
  size_t most_;
};

}  // namespace sim
