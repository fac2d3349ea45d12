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

// "stream 80 datagram 53", or the error's number.
std::string Types(Self& self, const char* service, int type, int protocol = 0) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = type;
  hints.ai_protocol = protocol;
  addrinfo* list = nullptr;
  if (const int error = self->getaddrinfo("127.0.0.1", service, &hints, &list)) {
    return error == EAI_SERVICE ? "EAI_SERVICE" : error == EAI_SOCKTYPE ? "EAI_SOCKTYPE" : std::to_string(error);
  }
  std::string text;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    const int port = ntohs(reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_port);
    const char* const kind = entry->ai_socktype == SOCK_STREAM ? "stream " : "datagram ";
    text += (text.empty() ? "" : " ") + (kind + std::to_string(port));
  }
  self->freeaddrinfo(list);
  return text;
}

TEST_F(NameTest, ServicesHaveNamesByProtocol) {
  Alone([](Self& self) {
    // Not every machine has /etc/services.
    if (getservbyname("http", "tcp") == nullptr) return;
    self.Equal(Types(self, "http", 0), "stream 80");
    self.Equal(Types(self, "www", SOCK_STREAM), "stream 80");
    self.Equal(Types(self, "ssh", SOCK_STREAM), "stream 22");
    self.Equal(Types(self, "http", SOCK_DGRAM), "EAI_SERVICE");
    self.Equal(Types(self, "http", 0, IPPROTO_UDP), "EAI_SERVICE");
    self.Equal(Types(self, "domain", 0), "stream 53 datagram 53");
    self.Equal(Types(self, "domain", 0, IPPROTO_UDP), "datagram 53");
    self.Equal(Types(self, "ntp", 0), "datagram 123");
    self.Equal(Types(self, "HTTP", SOCK_STREAM), "EAI_SERVICE");
    self.Equal(Types(self, "http", SOCK_RAW), "EAI_SERVICE");
    self.Equal(Resolve(self, "127.0.0.1", "http", Hints(AI_NUMERICSERV)), "EAI_NONAME");
  });
}

TEST_F(NameTest, ATypeOrAProtocolGivesOneEntry) {
  Alone([](Self& self) {
    self.Equal(Types(self, "80", 0, IPPROTO_TCP), "stream 80");
    self.Equal(Types(self, "80", 0, IPPROTO_UDP), "datagram 80");
    self.Equal(Types(self, "80", SOCK_STREAM, IPPROTO_UDP), "EAI_SOCKTYPE");
    self.Equal(Types(self, "80", SOCK_RDM), "EAI_SOCKTYPE");
    self.Equal(Types(self, "80", SOCK_RAW), "EAI_SERVICE");
  });
}

TEST_F(NameTest, NumbersOfServicesAreCutToSixteenBits) {
  Alone([](Self& self) {
    self.Equal(Types(self, "70000", SOCK_STREAM), "stream 4464");
    self.Equal(Types(self, " 80", SOCK_STREAM), "stream 80");
    self.Equal(Types(self, "-1", SOCK_STREAM), "EAI_SERVICE");
    self.Equal(Types(self, "", SOCK_STREAM), "stream 0");
    self.Equal(Types(self, "*", SOCK_STREAM), "stream 0");
  });
}

TEST_F(NameTest, BadHints) {
  Alone([](Self& self) {
    self.Equal(Resolve(self, "127.0.0.1", "80", Hints(0x100000)), "EAI_BADFLAGS");
    self.Equal(Resolve(self, nullptr, "80", Hints(AI_CANONNAME)), "EAI_BADFLAGS");
    addrinfo hints = Hints();
    hints.ai_family = 99;
    self.Equal(Resolve(self, "127.0.0.1", "80", hints), "EAI_FAMILY");
    self.Equal(Resolve(self, "*", "80"), "127.0.0.1:80");
  });
}

TEST_F(NameTest, TheCanonicalNameIsTheFirstEntrys) {
  Alone([](Self& self) {
    addrinfo hints = Hints(AI_CANONNAME);
    hints.ai_socktype = 0;
    addrinfo* list = nullptr;
    self.Gives(self->getaddrinfo("client", "80", &hints, &list), 0);
    self.Equal(list->ai_canonname, "client");
    self.True(list->ai_next != nullptr && list->ai_next->ai_canonname == nullptr, "the first entry's alone");
    self->freeaddrinfo(list);
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
