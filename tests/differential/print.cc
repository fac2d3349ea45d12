#include "tests/differential/print.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/differential/words.h"

namespace differential {
namespace {

std::string Name(Slot slot) {
  if (slot.step == Slot::kNumber) return absl::StrCat(slot.which);
  return absl::StrCat("fd", slot.step, slot.which > 0 ? "b" : "");
}

std::string Name(const Address& address) {
  const std::string text = absl::StrCat(HostName(address.host), ":", address.port);
  if (address.family == AF_INET) return text;
  if (address.family == AF_INET6) {
    const bool own = address.host == INADDR_ANY || address.host == INADDR_LOOPBACK;
    const std::string host = address.host == INADDR_ANY ? "::" : own ? "::1" : "::ffff:" + HostName(address.host);
    return absl::StrCat("[", host, "]:", address.port);
  }
  return absl::StrCat(text, " of family ", address.family == AF_UNSPEC ? "AF_UNSPEC" : absl::StrCat(address.family));
}

std::string TypeName(int64_t type) {
  switch (type) {
    case SOCK_STREAM: return "SOCK_STREAM";
    case SOCK_DGRAM: return "SOCK_DGRAM";
    case SOCK_SEQPACKET: return "SOCK_SEQPACKET";
    default: return absl::StrCat(type);
  }
}

std::string FamilyName(int64_t family) {
  switch (family) {
    case AF_INET: return "AF_INET";
    case AF_INET6: return "AF_INET6";
    case AF_UNIX: return "AF_UNIX";
    default: return absl::StrCat(family);
  }
}

std::string SocketArguments(const Step& step) {
  std::string type = TypeName(step.b & 0xf);
  if (step.b < 0) type = absl::StrCat(step.b);
  if (step.b > 0 && (step.b & SOCK_NONBLOCK) != 0) absl::StrAppend(&type, "|SOCK_NONBLOCK");
  if (step.b > 0 && (step.b & SOCK_CLOEXEC) != 0) absl::StrAppend(&type, "|SOCK_CLOEXEC");
  return absl::StrCat(FamilyName(step.a), ", ", type, ", ", step.c);
}

std::string PolledList(const Step& step) {
  std::string text;
  for (const Polled& polled : step.polled) {
    absl::StrAppend(&text, text.empty() ? "{" : ", ", Name(polled.fd), ": ", Events(polled.events));
  }
  return absl::StrCat(text, "}, ", step.a);
}

std::string Arguments(const Step& step) {
  const std::string fd = Name(step.fd);
  switch (step.call) {
    case Call::kSocket: return SocketArguments(step);
    case Call::kBind:
    case Call::kConnect: return absl::StrCat(fd, ", ", Name(step.address));
    case Call::kSend:
    case Call::kSendMsg:
    case Call::kRecv:
    case Call::kRecvFrom:
    case Call::kRecvMsg: return absl::StrCat(fd, ", buffer, ", step.a, ", ", MessageFlags(step.b));
    case Call::kSendTo:
      return absl::StrCat(fd, ", buffer, ", step.a, ", ", MessageFlags(step.b), ", ", Name(step.address));
    case Call::kWrite:
    case Call::kWritev:
    case Call::kRead:
    case Call::kReadv: return absl::StrCat(fd, ", buffer, ", step.a);
    case Call::kAccept: return absl::StrCat(fd, ", &address, &length, ", step.a == 0 ? "0" : "SOCK_NONBLOCK");
    case Call::kShutdown: {
      const char* const names[] = {"SHUT_RD", "SHUT_WR", "SHUT_RDWR"};
      return absl::StrCat(fd, ", ", step.a >= 0 && step.a < 3 ? names[step.a] : absl::StrCat(step.a));
    }
    case Call::kDup2: return absl::StrCat(fd, ", ", Name(step.other));
    case Call::kDup3: return absl::StrCat(fd, ", ", Name(step.other), ", ", step.a);
    case Call::kSocketPair:
      return absl::StrCat(SocketArguments(step), ", {", Name(Slot{step.id, 0}), ", ", Name(Slot{step.id, 1}), "}");
    case Call::kPipe: return absl::StrCat("{", Name(Slot{step.id, 0}), ", ", Name(Slot{step.id, 1}), "}, ", step.a);
    case Call::kEpollCreate: return absl::StrCat(step.a);
    case Call::kEpollCtl: {
      const char* const names[] = {"EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EPOLL_CTL_MOD"};
      const std::string operation = step.a >= 1 && step.a <= 3 ? names[step.a - 1] : absl::StrCat(step.a);
      return absl::StrCat(fd, ", ", operation, ", ", Name(step.other), ", ",
                          EpollEvents(static_cast<uint32_t>(step.b)));
    }
    case Call::kEpollWait: return absl::StrCat(fd, ", events, ", step.b, ", ", step.a);
    case Call::kPoll:
    case Call::kPpoll:
    case Call::kSelect:
    case Call::kPselect: return PolledList(step);
    case Call::kListen: return absl::StrCat(fd, ", ", step.a);
    case Call::kSetFlags: return absl::StrCat(fd, ", ", step.a == O_NONBLOCK ? "O_NONBLOCK" : absl::StrCat(step.a));
    case Call::kSetOption: return absl::StrCat(fd, ", ", OptionName(step.a, step.b), ", ", step.c);
    case Call::kGetOption: return absl::StrCat(fd, ", ", OptionName(step.a, step.b));
    default: return fd;
  }
}

std::string Told(const Seen& seen) {
  if (seen.returned == Seen::kNever) return seen.text.empty() ? "never returns" : seen.text;
  if (seen.returned == seen.step) return seen.text;
  return absl::StrCat(seen.text, " (waits until step ", seen.returned, ")");
}

std::string Told(const Transcript& transcript, size_t i) { return i < transcript.size() ? Told(transcript[i]) : "-"; }

}  // namespace

std::string ToString(const Step& step) {
  const bool gives = step.call == Call::kSocket || step.call == Call::kAccept || step.call == Call::kDup ||
                     step.call == Call::kEpollCreate;
  return absl::StrCat(gives ? absl::StrCat("int ", Name(Slot{step.id, 0}), " = ") : "", NameOf(step.call), "(",
                      Arguments(step), ");");
}

std::string Script(const Program& program, const Comparison& comparison) {
  std::string text;
  const size_t lines = std::max(comparison.kernel.size(), comparison.simulated.size());
  for (size_t i = 0; i < lines; ++i) {
    const bool drawn = i < program.steps.size();
    const std::string who =
        drawn ? absl::StrCat("p", ProcessOf(program.steps[i].actor), ".", program.steps[i].actor % kThreads) : "end";
    const Transcript& longer = i < comparison.kernel.size() ? comparison.kernel : comparison.simulated;
    const std::string call = drawn ? ToString(program.steps[i]) : longer[i].call;
    const std::string kernel = Told(comparison.kernel, i), simulated = Told(comparison.simulated, i);
    const std::string number = absl::StrCat(longer[i].step);
    absl::StrAppendFormat(&text, "  %3s %-4s  %-64s  %s\n", number, who, call,
                          kernel == simulated ? kernel : absl::StrCat("kernel ", kernel));
    if (kernel != simulated) absl::StrAppendFormat(&text, "%78ssimulation %s\n", "", simulated);
  }
  return text;
}

}  // namespace differential
