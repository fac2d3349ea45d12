#include "lab/service/message_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "lab/service/framing.h"

namespace lab::service {
namespace {

// Beyond any descriptor that a program might guess.
constexpr int kFirstOwnDescriptor = 64;

}  // namespace

MessageOutput::MessageOutput()
    : fd_(fcntl(1, F_DUPFD_CLOEXEC, kFirstOwnDescriptor)), input_(fcntl(0, F_DUPFD_CLOEXEC, kFirstOwnDescriptor)) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, 0);
  dup2(null, 1);
  close(null);
}

void MessageOutput::Write(const duet::internal::WorkerMessage& message) {
  const std::string body = message.SerializeAsString();
  const std::string bytes = Framed(body);
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t count = write(fd_, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) _exit(1);
    written += static_cast<size_t>(count);
  }
}

}  // namespace lab::service
