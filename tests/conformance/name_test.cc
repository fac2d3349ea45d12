// Names of hosts, and what getaddrinfo makes of them.

#include <cstring>
#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class NameTest : public ConformanceTest {};

addrinfo Hints(int flags = 0) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  return hints;
}

// "10.0.0.1:9999" for each result, or the error's name.
std::string Resolve(Self& self, const char* node, const char* service, const addrinfo& hints = Hints()) {
  addrinfo* list = nullptr;
  const int error = self->getaddrinfo(node, service, &hints, &list);
  if (error == EAI_NONAME) return "EAI_NONAME";
  if (error == EAI_SERVICE) return "EAI_SERVICE";
  if (error == EAI_FAMILY) return "EAI_FAMILY";
  if (error == EAI_BADFLAGS) return "EAI_BADFLAGS";
  self.Equal(error, 0);
  std::string text;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    self.Equal(entry->ai_family, AF_INET);
    self.Equal(entry->ai_addrlen, sizeof(sockaddr_in));
    const auto* in = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
    text += (text.empty() ? "" : " ") + Text(ntohl(in->sin_addr.s_addr), ntohs(in->sin_port));
  }
  self->freeaddrinfo(list);
  return text;
}

TEST_F(NameTest, HostsResolveOnEveryHost) {
  const std::string server = lab::ToString(address(server_)) + ":80";
  const std::string client = lab::ToString(address(client_)) + ":80";
  for (HostId host : {server_, client_}) {
    Start(host, "asks", [=](Self& self) {
      self.Equal(Resolve(self, "server", "80"), server);
      self.Equal(Resolve(self, "client", "80"), client);
    });
  }
  ASSERT_TRUE(Finish());
}

TEST_F(NameTest, AHostThatIsAddedLaterResolvesToo) {
  const HostId late = AddHost("late");
  Start(client_, "asks", [this, late](Self& self) {
    self.Equal(Resolve(self, "late", "80"), lab::ToString(address(late)) + ":80");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(NameTest, UnknownHostsHaveNoAddress) {
  Alone([](Self& self) {
    self.Equal(Resolve(self, "nobody", "80"), "EAI_NONAME");
    self.Equal(Resolve(self, "nobody.example", "80"), "EAI_NONAME");
    self.Equal(Resolve(self, "", "80"), "EAI_NONAME");
  });
}

TEST_F(NameTest, LocalhostIsLoopback) {
  Alone([](Self& self) { self.Equal(Resolve(self, "localhost", "80"), "127.0.0.1:80"); });
}

TEST_F(NameTest, NumbersStandForThemselves) {
  Alone([](Self& self) {
    self.Equal(Resolve(self, "10.1.2.3", "65535"), "10.1.2.3:65535");
    self.Equal(Resolve(self, "10.1.2.3", nullptr), "10.1.2.3:0");
    self.Equal(Resolve(self, "10.1.2.3", "80", Hints(AI_NUMERICHOST | AI_NUMERICSERV)), "10.1.2.3:80");
    self.Equal(Resolve(self, "server", "80", Hints(AI_NUMERICHOST)), "EAI_NONAME");
    self.Equal(Resolve(self, "10.1.2.300", "80"), "EAI_NONAME");
  });
}

TEST_F(NameTest, WithoutANodeItIsThisHost) {
  Alone([](Self& self) {
    self.Equal(Resolve(self, nullptr, "80"), "127.0.0.1:80");
    self.Equal(Resolve(self, nullptr, "80", Hints(AI_PASSIVE)), "0.0.0.0:80");
    self.Equal(Resolve(self, nullptr, nullptr), "EAI_NONAME");
  });
}

TEST_F(NameTest, ServicesThatAreNoNumbers) {
  Alone([](Self& self) {
    self.Equal(Resolve(self, "10.1.2.3", "no-such-service"), "EAI_SERVICE");
    self.Equal(Resolve(self, "10.1.2.3", "80x", Hints(AI_NUMERICSERV)), "EAI_NONAME");
  });
}

TEST_F(NameTest, WithoutHintsEveryTypeOfSocketIsListed) {
  Alone([](Self& self) {
    addrinfo* list = nullptr;
    self.Gives(self->getaddrinfo("10.1.2.3", "80", nullptr, &list), 0);
    int types = 0;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) types |= 1 << entry->ai_socktype;
    self.Equal(types, 1 << SOCK_STREAM | 1 << SOCK_DGRAM | 1 << SOCK_RAW);
    self.Equal(list->ai_socktype, SOCK_STREAM);
    self.Equal(list->ai_protocol, IPPROTO_TCP);
    self->freeaddrinfo(list);
  });
}

TEST_F(NameTest, AResolvedAddressCanBeConnectedTo) {
  Start(server_, "server", [](Self& self) { self.Send(self.Accept(self.Listen(kPort, 5)), "welcome"); });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [](Self& self) {
    addrinfo* list = nullptr;
    const addrinfo hints = Hints();
    self.Gives(self->getaddrinfo("server", "9999", &hints, &list), 0);
    const int fd = self.Ok(self->socket(list->ai_family, list->ai_socktype, list->ai_protocol));
    self.Gives(self->connect(fd, list->ai_addr, list->ai_addrlen), 0);
    self->freeaddrinfo(list);
    self.Equal(self.ReceiveAll(fd), "welcome");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(NameTest, AHostKnowsItsName) {
  Alone([](Self& self) {
    char name[65] = {};
    self.Gives(self->gethostname(name, sizeof name), 0);
    self.Equal(name, "server");
    char cut[4] = {};
    self.Fails(self->gethostname(cut, sizeof cut), ENAMETOOLONG);
  });
}

}  // namespace
}  // namespace conformance
