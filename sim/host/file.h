// What a descriptor stands for: an open file description, shared by all descriptors that dup made of it.
//
// Results are a kernel's: a count, 0, or a negative errno; -EAGAIN where the caller would have to wait. Nothing here
// waits: calls that do ask again when `waiters()` are woken.
#pragma once

#include <cerrno>
#include <cstdint>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "sim/host/buffers.h"
#include "sim/host/wait_queue.h"

namespace sim {

class Epoll;
struct PipeBuffer;
class Socket;
class TimerFile;

class File {
 public:
  File() = default;
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // What poll would say now: POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLRDHUP, POLLRDNORM, POLLWRNORM.
  virtual short Ready() const = 0;
  WaitQueue& waiters() { return waiters_; }

  // Moves up to `length` bytes into, or out of, `buffers` from `offset` on. `flags`: MSG_PEEK, MSG_TRUNC; MSG_MORE,
  // MSG_OOB.
  virtual int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) = 0;
  virtual int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) = 0;
  // How many bytes one Read would give.
  virtual size_t readable() const = 0;
  // How many bytes Write would take; 0 where it might fail, or nobody has needed to know.
  virtual size_t write_room() const { return 0; }

  // The last descriptor is gone, and no call uses it any more: a call that waits on a descriptor that another thread
  // closes goes on, as in Linux. The file is destroyed next.
  virtual void Release() = 0;
  // Whether nobody else has it: no other descriptor and no other call.
  bool unique() const { return references_ == 1; }

  // Itself, where it is a socket.
  virtual Socket* AsSocket() { return nullptr; }
  // What it is an end of, where it is a pipe's.
  virtual PipeBuffer* AsPipe() { return nullptr; }
  // Itself, where it is an epoll descriptor.
  virtual Epoll* AsEpoll() { return nullptr; }
  // Itself, where it is a timer's.
  virtual TimerFile* AsTimer() { return nullptr; }

  bool nonblocking() const { return nonblocking_; }
  void set_nonblocking(bool nonblocking) { nonblocking_ = nonblocking; }
  // F_SETOWN's process, which is sent no signal here.
  int owner() const { return owner_; }
  void set_owner(int owner) { owner_ = owner; }
  // O_RDONLY, O_WRONLY or O_RDWR.
  virtual int access_mode() const = 0;

 private:
  friend void intrusive_ptr_add_ref(File* file) { ++file->references_; }
  friend void intrusive_ptr_release(File* file) {
    if (file->references_ > 1) {
      --file->references_;
      return;
    }
    // Still counted: what happens here may look at it.
    file->waiters_.Release();
    file->Release();
    delete file;
  }

  WaitQueue waiters_;
  int references_ = 0;
  int owner_ = 0;
  bool nonblocking_ = false;
};

using FilePtr = boost::intrusive_ptr<File>;

}  // namespace sim
