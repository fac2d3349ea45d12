// Addresses of other families, connect to AF_UNSPEC, and what a socket is called after a connection that failed.

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class FamilyTest : public ConformanceTest {};
class DisconnectTest : public ConformanceTest {};

// An address of whichever family, with the rest as AF_INET has it.
class Of {
 public:
  Of(sa_family_t family, uint32_t address, uint16_t port) {
    in_.sin_family = family;
    in_.sin_addr.s_addr = htonl(address);
    in_.sin_port = htons(port);
  }
  operator const sockaddr*() const { return reinterpret_cast<const sockaddr*>(&in_); }

 private:
  sockaddr_in in_{};
};

void Disconnect(Self& self, int fd) {
  self.Gives(self->connect(fd, Of(AF_UNSPEC, 0, 0), At::kLength), 0);
}

uint32_t BoundTo(Self& self, int fd) {
  sockaddr_in in{};
  socklen_t length = sizeof in;
  self.Gives(self->getsockname(fd, reinterpret_cast<sockaddr*>(&in), &length), 0);
  return ntohl(in.sin_addr.s_addr);
}

TEST_F(FamilyTest, BindTakesNoFamilyForAllAddressesAlone) {
  Alone([](Self& self) {
    self.Gives(self->bind(self.Socket(), Of(AF_UNSPEC, INADDR_ANY, kPort), At::kLength), 0);
    const int fd = self.Socket();
    self.Fails(self->bind(fd, Of(AF_UNSPEC, kLoopback, kPort), At::kLength), EAFNOSUPPORT);
    for (sa_family_t family : {AF_UNIX, AF_INET6, AF_PACKET}) {
      self.Fails(self->bind(fd, Of(family, 0, kPort), At::kLength), EAFNOSUPPORT);
    }
    for (socklen_t length : {0, 1, 2, 8, 15, 129}) {
      self.Fails(self->bind(fd, Of(AF_UNSPEC, INADDR_ANY, kPort), length), EINVAL);
    }
  });
}

TEST_F(FamilyTest, SocketsThatDoNotExistForTheInternet) {
  Alone([](Self& self) {
    for (int type : {0, 4, 5, 7}) self.Fails(self->socket(AF_INET, type, 0), ESOCKTNOSUPPORT);
    self.Fails(self->socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
    self.Fails(self->socket(AF_INET, 11, 0), EINVAL);
    self.Fails(self->socket(AF_INET, -1, 0), EINVAL);
    self.Fails(self->socket(AF_INET, SOCK_STREAM, -1), EINVAL);
    self.Fails(self->socket(AF_UNSPEC, SOCK_STREAM, 0), EAFNOSUPPORT);
    self.Fails(self->socket(99, 99, 0), EINVAL);
  });
}

TEST_F(FamilyTest, AStreamGoesToOneHostAlone) {
  Alone([](Self& self) {
    for (uint32_t all : {0xffffffffu, 0xe0000001u, 0x7fffffffu, 0x0affffffu}) {
      self.Fails(self->connect(self.Socket(), At(all, kPort), At::kLength), ENETUNREACH);
    }
  });
}

TEST_F(DisconnectTest, AnUnconnectedSocketStaysWhatItIs) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    Disconnect(self, fd);
    self.Gives(self->connect(fd, Of(AF_UNSPEC, 0, 0), sizeof(sa_family_t)), 0);
    self.Fails(self->connect(fd, Of(AF_UNSPEC, 0, 0), 1), EINVAL);
    self.Equal(self.Name(fd), "0.0.0.0:0");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ENOTCONN);
  });
}

TEST_F(DisconnectTest, AConnectionIsResetAndTheSocketCanConnectAgain) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int fd = self.Connect(kLoopback, kPort);
    const int server = self.Accept(listener);
    Disconnect(self, fd);
    char byte;
    self.Fails(self->recv(server, &byte, 1, 0), ECONNRESET);
    sockaddr_in in{};
    socklen_t length = sizeof in;
    self.Fails(self->getpeername(fd, reinterpret_cast<sockaddr*>(&in), &length), ENOTCONN);
    self.Gives(self.Poll(fd, POLLIN | POLLOUT, 0), POLLOUT | POLLHUP | POLLERR);
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
    self.Fails(self->recv(fd, &byte, 1, 0), ENOTCONN);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    const int again = self.Accept(listener);
    self.Send(again, "hello");
    self.Equal(self.Receive(fd, 5), "hello");
  });
}

TEST_F(DisconnectTest, WhatIsLeftOfTheErrorEndsWithTheNextConnect) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int fd = self.Connect(kLoopback, kPort);
    Disconnect(self, fd);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Equal(self.TakeError(fd), 0);
    self.Close(listener);
  });
}

TEST_F(DisconnectTest, APortThatWasAskedForStays) {
  Alone([](Self& self) {
    self.Listen(kPort, 5);
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(INADDR_ANY, 7000), At::kLength), 0);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Equal(self.Name(fd), Text(kLoopback, 7000));
    Disconnect(self, fd);
    self.Equal(self.Name(fd), Text(INADDR_ANY, 7000));
    self.Fails(self->bind(fd, At(INADDR_ANY, 7001), At::kLength), EINVAL);
    self.Fails(self->bind(self.Socket(), At(INADDR_ANY, 7000), At::kLength), EADDRINUSE);
  });
}

// Whatever it was bound to: what is connected stands for the one address that it has.
TEST_F(DisconnectTest, AConnectionLeavesThePortOfOtherAddressesFree) {
  Alone([this](Self& self) {
    self.Listen(kPort, 5);
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(INADDR_ANY, 7000), At::kLength), 0);
    self.Fails(self->bind(self.Socket(), At(address(server_), 7000), At::kLength), EADDRINUSE);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Fails(self->bind(self.Socket(), At(kLoopback, 7000), At::kLength), EADDRINUSE);
    const int other = self.Socket();
    self.Gives(self->bind(other, At(address(server_), 7000), At::kLength), 0);
    self.Close(other);
    Disconnect(self, fd);
    self.Fails(self->bind(self.Socket(), At(address(server_), 7000), At::kLength), EADDRINUSE);
  });
}

TEST_F(DisconnectTest, ARefusedAttemptLeavesThePortOfAllAddressesBound) {
  Alone([this](Self& self) {
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(INADDR_ANY, 7000), At::kLength), 0);
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Fails(self->bind(self.Socket(), At(address(server_), 7000), At::kLength), EADDRINUSE);
  });
}

TEST_F(DisconnectTest, AResetConnectionStandsForItsAddressUntilItIsGivenUp) {
  Alone([this](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(INADDR_ANY, 7000), At::kLength), 0);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    const int server = self.Accept(listener);
    self.SetLinger(server, 0);
    self.Close(server);
    self.WaitForEvents(fd, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Fails(self->bind(self.Socket(), At(kLoopback, 7000), At::kLength), EADDRINUSE);
    const int other = self.Socket();
    self.Gives(self->bind(other, At(address(server_), 7000), At::kLength), 0);
  });
}

TEST_F(DisconnectTest, APortThatWasChosenIsFreeAndStillInTheName) {
  Alone([](Self& self) {
    self.Listen(kPort, 5);
    const int fd = self.Connect(kLoopback, kPort);
    const uint16_t port = self.LocalPort(fd);
    Disconnect(self, fd);
    self.Equal(self.Name(fd), Text(INADDR_ANY, port));
    self.Gives(self->bind(self.Socket(), At(INADDR_ANY, port), At::kLength), 0);
    self.Gives(self->bind(fd, At(INADDR_ANY, 7000), At::kLength), 0);
    self.Equal(self.Name(fd), Text(INADDR_ANY, 7000));
  });
}

TEST_F(DisconnectTest, AnAddressThatWasAskedForStays) {
  Alone([](Self& self) {
    self.Listen(kPort, 5);
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(kLoopback, 0), At::kLength), 0);
    const uint16_t port = self.LocalPort(fd);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    Disconnect(self, fd);
    self.Equal(self.Name(fd), Text(kLoopback, port));
  });
}

TEST_F(DisconnectTest, ARefusedSocketKeepsItsNamesPortAndCanBeBound) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.True(self.LocalPort(fd) != 0, "it still has the port in its name");
    self.Equal(BoundTo(self, fd), INADDR_ANY);
    self.Gives(self->bind(fd, At(kLoopback, 7000), At::kLength), 0);
    self.Gives(self->listen(fd, 1), 0);
  });
}

TEST_F(DisconnectTest, WithoutBlockingARefusedSocketKeepsItsNameUntilItIsToldSo) {
  Alone([](Self& self) {
    const int fd = self.BeginConnect(kLoopback, kPort);
    const uint16_t port = self.LocalPort(fd);
    self.Poll(fd, POLLOUT, -1);
    self.Equal(self.Name(fd), Text(kLoopback, port));
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.Equal(self.Name(fd), Text(kLoopback, port));
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNABORTED);
    self.Equal(self.Name(fd), Text(INADDR_ANY, port));
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), EINPROGRESS);
  });
}

TEST_F(DisconnectTest, APortThatWasBoundAfterTheRefusalStays) {
  Alone([](Self& self) {
    const int fd = self.BeginConnect(kLoopback, kPort);
    self.Poll(fd, POLLOUT, -1);
    self.Gives(self->bind(fd, At(INADDR_ANY, 0), At::kLength), 0);
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Fails(self->bind(fd, At(kLoopback, 7000), At::kLength), EINVAL);
    Disconnect(self, fd);
    self.Fails(self->bind(fd, At(kLoopback, 7000), At::kLength), EINVAL);
  });
}

TEST_F(DisconnectTest, AListenerListensNoMore) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int client = self.Connect(kLoopback, kPort);
    self.Fails(self->connect(listener, At(kLoopback, kPort), At::kLength), EISCONN);
    Disconnect(self, listener);
    self.Equal(self.Option(listener, SOL_SOCKET, SO_ACCEPTCONN), 0);
    char byte;
    self.Fails(self->recv(client, &byte, 1, 0), ECONNRESET);
    self.Fails(self->accept(listener, nullptr, nullptr), EINVAL);
    self.Gives(self->listen(listener, 5), 0);
    self.Connect(kLoopback, kPort);
    self.Accept(listener);
  });
}

TEST_F(DisconnectTest, AConnectionThatEndedLeavesAConnectedSocket) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int finished = self.Connect(kLoopback, kPort);
    const int server = self.Accept(listener);
    self.Gives(self->shutdown(finished, SHUT_WR), 0);
    self.Gives(self->shutdown(server, SHUT_WR), 0);
    self.ExpectEnd(finished);
    const int reset = self.Connect(kLoopback, kPort);
    const int resets = self.Accept(listener);
    self.SetLinger(resets, 0);
    self.Close(resets);
    self.WaitForEvents(reset, POLLERR, POLLERR | POLLHUP);
    for (int fd : {finished, reset}) {
      self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), EISCONN);
      self.Fails(self->listen(fd, 1), EINVAL);
    }
    Disconnect(self, reset);
    self.Gives(self->connect(reset, At(kLoopback, kPort), At::kLength), 0);
  });
}

TEST_F(DisconnectTest, AConnectThatIsShutDownIsGivenUp) {
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, client_, down);
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    self.Gives(self->shutdown(fd, SHUT_RDWR), 0);
    self.Equal(self.TakeError(fd), ECONNRESET);
    self.Fails(self->shutdown(fd, SHUT_RDWR), ENOTCONN);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DisconnectTest, ShuttingDownWithoutAConnectionFailsAndCounts) {
  Alone([](Self& self) {
    const int reader = self.Socket();
    self.Fails(self->shutdown(reader, SHUT_RD), ENOTCONN);
    char byte;
    self.Gives(self->recv(reader, &byte, 1, 0), 0);
    self.Equal(self.Poll(reader, POLLIN | POLLOUT | POLLRDHUP, 0), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    self.Listen(kPort, 5);
    const int writer = self.Socket();
    self.Fails(self->shutdown(writer, SHUT_WR), ENOTCONN);
    self.Gives(self->connect(writer, At(kLoopback, kPort), At::kLength), 0);
    self.Fails(self->send(writer, &byte, 1, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(DisconnectTest, ASocketThatSendsNoMoreEndsItsConnectionToItself) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Fails(self->shutdown(fd, SHUT_WR), ENOTCONN);
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNABORTED);
  });
}

TEST_F(DisconnectTest, ShuttingDownWrongly) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    for (int how : {-1, 3, 99}) {
      self.Fails(self->shutdown(self.Socket(), how), EINVAL);
      self.Fails(self->shutdown(listener, how), EINVAL);
      self.Fails(self->shutdown(77, how), EBADF);
    }
    self.Fails(self->shutdown(self.Socket(), SHUT_RD), ENOTCONN);
    self.Gives(self->shutdown(listener, SHUT_RD), 0);
    self.Fails(self->shutdown(listener, SHUT_RD), ENOTCONN);
  });
}

// What was shut down before it listened its connections are from their beginning.
TEST_F(DisconnectTest, AListenerThatWasShutDownBeforeGivesThatToItsConnections) {
  Alone([](Self& self) {
    for (const int how : {SHUT_WR, SHUT_RD}) {
      const int listener = self.Socket();
      const uint16_t port = static_cast<uint16_t>(kPort + how);
      self.Gives(self->bind(listener, At(kLoopback, port), At::kLength), 0);
      self.Fails(self->shutdown(listener, how), ENOTCONN);
      self.Gives(self->listen(listener, 5), 0);
      const int client = self.Connect(kLoopback, port);
      const int server = self.Accept(listener);
      char byte;
      if (how == SHUT_WR) {
        self.ExpectEnd(client);
        self.Fails(self->send(server, "x", 1, MSG_NOSIGNAL), EPIPE);
      } else {
        self.Gives(self->recv(server, &byte, 1, 0), 0);
      }
    }
  });
}

}  // namespace
}  // namespace conformance
