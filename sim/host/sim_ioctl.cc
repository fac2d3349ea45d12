// ioctl of SimSockets.
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "sim/host/epoll.h"
#include "sim/host/sim_sockets.h"
#include "sim/host/stream_socket.h"

namespace sim {
namespace {

// What a request about bytes on their way gives, for a socket: a count, or a negative errno.
int Count(Socket& socket, unsigned long request) {
  const StreamSocket* const stream = socket.AsStream();
  if (request == SIOCATMARK) return stream != nullptr ? stream->AtMark() : -ENOTTY;
  if (socket.listening()) return -EINVAL;
  if (request == FIONREAD && stream == nullptr) return static_cast<int>(socket.readable());
  if (stream == nullptr || stream->flow() == nullptr) return 0;
  const tcp::Connection& connection = stream->flow()->connection();
  if (request == FIONREAD) return static_cast<int>(connection.before_mark());
  const bool unsent = request == SIOCOUTQNSD;
  return static_cast<int>(unsent ? connection.unsent() : connection.unacknowledged());
}

}  // namespace

int SimSockets::Ioctl(int fd, unsigned long request, int* argument) {
  FilePtr file;
  if (const int error = Find(fd, file)) return error;
  Socket* const socket = file->AsSocket();
  switch (request) {
    case FIOCLEX:
    case FIONCLEX: table_->set_close_on_exec(fd, request == FIOCLEX); return 0;
    case FIONBIO:
      if (argument == nullptr) return -EFAULT;
      file->set_nonblocking(*argument != 0);
      return 0;
    // Nobody is sent a signal here.
    case FIOASYNC: return argument == nullptr ? -EFAULT : 0;
    case FIONREAD:
    case SIOCATMARK:
    case SIOCOUTQ:
    case SIOCOUTQNSD: break;
    default: return file->AsEpoll() != nullptr ? -EINVAL : -ENOTTY;
  }
  if (file->AsEpoll() != nullptr) return -EINVAL;
  if (socket == nullptr && request != FIONREAD) return -ENOTTY;
  const int count = socket != nullptr ? Count(*socket, request) : static_cast<int>(file->readable());
  if (count < 0) return count;
  if (argument == nullptr) return -EFAULT;
  *argument = count;
  return 0;
}

int SimSockets::ioctl(int fd, unsigned long request, int* argument) {
  if (const int error = Enter()) return Finish(error);
  return Finish(Ioctl(fd, request, argument));
}

}  // namespace sim
