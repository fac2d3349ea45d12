#include "lab/program/unsupported.h"

#include <sys/syscall.h>

#include <map>

#include "absl/strings/str_cat.h"

namespace lab {
namespace {

const std::map<int64_t, const char*>& Names() {
  static const auto* names = new std::map<int64_t, const char*>{
      {SYS_accept, "accept"},
      {SYS_accept4, "accept4"},
      {SYS_bind, "bind"},
      {SYS_clone, "clone"},
      {SYS_clone3, "clone3"},
      {SYS_connect, "connect"},
      {SYS_epoll_ctl, "epoll_ctl"},
      {SYS_epoll_pwait, "epoll_pwait"},
      {SYS_epoll_pwait2, "epoll_pwait2"},
      {SYS_epoll_wait, "epoll_wait"},
      {SYS_fcntl, "fcntl"},
      {SYS_flock, "flock"},
      {SYS_inotify_init, "inotify_init"},
      {SYS_inotify_init1, "inotify_init1"},
      {SYS_io_uring_setup, "io_uring_setup"},
      {SYS_kill, "kill"},
      {SYS_listen, "listen"},
      {SYS_open, "open"},
      {SYS_openat, "openat"},
      {SYS_read, "read"},
      {SYS_recvfrom, "recvfrom"},
      {SYS_recvmmsg, "recvmmsg"},
      {SYS_recvmsg, "recvmsg"},
      {SYS_sendmmsg, "sendmmsg"},
      {SYS_sendmsg, "sendmsg"},
      {SYS_sendto, "sendto"},
      {SYS_setitimer, "setitimer"},
      {SYS_signalfd, "signalfd"},
      {SYS_signalfd4, "signalfd"},
      {SYS_socket, "socket"},
      {SYS_socketpair, "socketpair"},
      {SYS_splice, "splice"},
      {SYS_tee, "tee"},
      {SYS_tgkill, "tgkill"},
      {SYS_timer_create, "timer_create"},
      {SYS_vmsplice, "vmsplice"},
      {SYS_write, "write"},
  };
  return *names;
}

}  // namespace

std::string SystemCallName(int64_t number) {
  const auto found = Names().find(number);
  return found == Names().end() ? absl::StrCat("system call ", number) : found->second;
}

std::string UnsupportedSentence(const std::string& program, int64_t number, int64_t detail) {
  const std::string name = SystemCallName(number);
  if (number == SYS_clone || number == SYS_clone3) {
    return absl::StrCat(program, " calls ", name, " with flags 0x", absl::Hex(detail),
                        ", which Duet does not carry yet");
  }
  if (number == SYS_sendmsg) {
    return absl::StrCat(program, " passes a descriptor (sendmsg with SCM_RIGHTS), which Duet does not carry yet");
  }
  if (number == SYS_kill || number == SYS_tgkill) {
    return absl::StrCat(program, " stops a process (", name, "), which Duet does not carry yet");
  }
  if (number == SYS_flock) {
    return absl::StrCat(program, " locks a file that it shares with everybody (flock), which Duet does not carry: what "
                        "it locks has to be in /tmp");
  }
  return absl::StrCat(program, " calls ", name, ", which Duet does not carry yet");
}

}  // namespace lab
