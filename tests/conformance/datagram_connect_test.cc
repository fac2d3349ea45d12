// Connected datagram sockets: one peer, what ICMP says of it, and the ends of both directions.

#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DatagramConnectTest : public ConformanceTest {};

constexpr uint16_t kNobody = 9998;

int Connect(Self& self, int fd, uint32_t address, uint16_t port) {
  return self->connect(fd, At(address, port), At::kLength);
}

int Disconnect(Self& self, int fd) {
  sockaddr unspecified{};
  unspecified.sa_family = AF_UNSPEC;
  return self->connect(fd, &unspecified, sizeof unspecified);
}

int Connected(Self& self, uint32_t address, uint16_t port) {
  const int fd = self.Datagram();
  self.Gives(Connect(self, fd, address, port), 0);
  return fd;
}

TEST_F(DatagramConnectTest, ConnectBindsAndNamesThePeer) {
  Alone([this](Self& self) {
    const int fd = self.Datagram();
    self.Equal(self.Name(fd), "0.0.0.0:0");
    sockaddr_in in;
    socklen_t length = sizeof in;
    self.Fails(self->getpeername(fd, reinterpret_cast<sockaddr*>(&in), &length), ENOTCONN);
    self.Gives(Connect(self, fd, address(client_), kPort), 0);
    self.Equal(self.PeerName(fd), Text(address(client_), kPort));
    self.Equal(self.Name(fd), Text(address(server_), self.LocalPort(fd)));
    self.True(self.LocalPort(fd) >= 32'768, "the port is an ephemeral one");
  });
}

TEST_F(DatagramConnectTest, OnlyThePeerIsHeard) {
  Alone([](Self& self) {
    const int peer = self.Bind(kPort, kLoopback);
    const int other = self.Bind(0, kLoopback);
    const int fd = Connected(self, kLoopback, kPort);
    self.SendTo(other, "no", kLoopback, self.LocalPort(fd));
    self.SendTo(peer, "yes", kLoopback, self.LocalPort(fd));
    self.ExpectDatagram(fd, "yes");
    self.ExpectNone(fd);
  });
}

TEST_F(DatagramConnectTest, PortZeroIsEveryPortOfThePeer) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort, kLoopback);
    self.Gives(Connect(self, fd, kLoopback, 0), 0);
    self.SendTo(self.Bind(0, kLoopback), "yes", kLoopback, kPort);
    self.ExpectDatagram(fd, "yes");
    self.SendTo(fd, "x", kLoopback, kNobody);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
  });
}

TEST_F(DatagramConnectTest, WhatHadArrivedBeforeStays) {
  Alone([](Self& self) {
    const int other = self.Bind(0, kLoopback);
    const int fd = self.Bind(kPort, kLoopback);
    self.SendTo(other, "early", kLoopback, kPort);
    const int peer = self.Bind(0, kLoopback);
    self.Gives(Connect(self, fd, kLoopback, self.LocalPort(peer)), 0);
    self.SendTo(other, "late", kLoopback, kPort);
    self.ExpectDatagram(fd, "early");
    self.ExpectNone(fd);
  });
}

TEST_F(DatagramConnectTest, SendtoGoesElsewhereAllTheSame) {
  Alone([](Self& self) {
    const int peer = self.Bind(kPort, kLoopback);
    const int other = self.Bind(0, kLoopback);
    const int fd = Connected(self, kLoopback, kPort);
    self.SendTo(fd, "other", kLoopback, self.LocalPort(other));
    self.Send(fd, "peer");
    self.ExpectDatagram(other, "other");
    self.ExpectDatagram(peer, "peer");
    self.SendTo(other, "answer", kLoopback, self.LocalPort(fd));
    self.ExpectNone(fd);
  });
}

TEST_F(DatagramConnectTest, AnotherConnectChangesThePeer) {
  Alone([](Self& self) {
    const int first = self.Bind(0, kLoopback);
    const int second = self.Bind(0, kLoopback);
    const int fd = Connected(self, kLoopback, self.LocalPort(first));
    const uint16_t port = self.LocalPort(fd);
    self.Gives(Connect(self, fd, kLoopback, self.LocalPort(second)), 0);
    self.Equal(self.LocalPort(fd), port);
    self.Equal(self.PeerName(fd), self.Name(second));
    self.SendTo(first, "no", kLoopback, port);
    self.SendTo(second, "yes", kLoopback, port);
    self.ExpectDatagram(fd, "yes");
  });
}

TEST_F(DatagramConnectTest, TheAddressOfTheFirstConnectStays) {
  Alone([this](Self& self) {
    const int fd = Connected(self, kLoopback, kPort);
    self.Fails(Connect(self, fd, address(client_), kPort), EINVAL);
    self.Equal(self.PeerName(fd), Text(kLoopback, kPort));
    const int other = Connected(self, address(client_), kPort);
    self.Gives(Connect(self, other, kLoopback, kPort), 0);
    self.Equal(self.Name(other), Text(address(server_), self.LocalPort(other)));
  });
}

TEST_F(DatagramConnectTest, UnspecDissolvesTheAssociation) {
  Alone([](Self& self) {
    const int peer = self.Bind(kPort, kLoopback);
    const int fd = Connected(self, kLoopback, kPort);
    self.Gives(Disconnect(self, fd), 0);
    self.Equal(self.Name(fd), "0.0.0.0:0");
    sockaddr_in in;
    socklen_t length = sizeof in;
    self.Fails(self->getpeername(fd, reinterpret_cast<sockaddr*>(&in), &length), ENOTCONN);
    self.Fails(self->send(fd, "x", 1, 0), EDESTADDRREQ);
    self.SendTo(fd, "x", kLoopback, kPort);
    self.ExpectDatagram(peer, "x");
    self.Gives(Disconnect(self, self.Datagram()), 0);
  });
}

TEST_F(DatagramConnectTest, UnspecLeavesWhatBindWasTold) {
  Alone([](Self& self) {
    const int by_port = self.Bind(kPort);
    self.Gives(Connect(self, by_port, kLoopback, kNobody), 0);
    self.Equal(self.Name(by_port), Text(kLoopback, kPort));
    self.Gives(Disconnect(self, by_port), 0);
    self.Equal(self.Name(by_port), Text(0, kPort));
    const int by_address = self.Bind(0, kLoopback);
    self.Gives(Connect(self, by_address, kLoopback, kNobody), 0);
    self.Gives(Disconnect(self, by_address), 0);
    self.Equal(self.Name(by_address), "127.0.0.1:0");
    const int other = self.Datagram();
    self.SendTo(other, "x", kLoopback, kPort);
    self.ExpectDatagram(by_port, "x");
  });
}

TEST_F(DatagramConnectTest, AnAssociationLeavesThePortOfOtherAddressesFree) {
  Alone([this](Self& self) {
    const int fd = self.Bind(kPort);
    self.Fails(self->bind(self.Datagram(), At(address(server_), kPort), At::kLength), EADDRINUSE);
    self.Gives(Connect(self, fd, kLoopback, kNobody), 0);
    self.Fails(self->bind(self.Datagram(), At(kLoopback, kPort), At::kLength), EADDRINUSE);
    const int other = self.Datagram();
    self.Gives(self->bind(other, At(address(server_), kPort), At::kLength), 0);
    self.Close(other);
    self.Gives(Disconnect(self, fd), 0);
    self.Fails(self->bind(self.Datagram(), At(address(server_), kPort), At::kLength), EADDRINUSE);
  });
}

TEST_F(DatagramConnectTest, AnAttemptTakesAPortWhateverTheAddressIs) {
  Alone([](Self& self) {
    sockaddr_in in{};
    in.sin_family = AF_PACKET;
    const auto* const address = reinterpret_cast<const sockaddr*>(&in);
    const int fd = self.Datagram();
    self.Fails(self->connect(fd, address, 1), EINVAL);
    self.Fails(self->connect(fd, address, 129), EINVAL);
    self.Equal(self.LocalPort(fd), 0);
    self.Fails(self->connect(fd, address, sizeof in), EAFNOSUPPORT);
    self.True(self.LocalPort(fd) != 0, "it has a port");
    self.Fails(self->bind(fd, At(kLoopback, kPort), At::kLength), EINVAL);
    const int other = self.Datagram();
    self.Fails(self->connect(other, address, 2), EINVAL);
    self.True(self.LocalPort(other) != 0, "it has a port");
    in.sin_family = AF_UNSPEC;
    self.Fails(self->connect(other, address, 129), EINVAL);
    self.True(self.LocalPort(other) != 0, "it still has one");
  });
}

TEST_F(DatagramConnectTest, AnyAddressIsThisHost) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    const int fd = Connected(self, INADDR_ANY, kPort);
    self.Equal(self.PeerName(fd), Text(kLoopback, kPort));
    self.Send(fd, "hello");
    self.ExpectDatagram(server, "hello");
    const int other = self.Datagram();
    self.SendTo(other, "again", INADDR_ANY, kPort);
    self.Equal(self.ReceiveFrom(server).address, Text(kLoopback, self.LocalPort(other)));
  });
}

TEST_F(DatagramConnectTest, PortZeroIsNoPeer) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.Gives(Connect(self, fd, kLoopback, 0), 0);
    sockaddr_in in;
    socklen_t length = sizeof in;
    self.Fails(self->getpeername(fd, reinterpret_cast<sockaddr*>(&in), &length), ENOTCONN);
    self.Gives(self->send(fd, "x", 1, 0), 1);
  });
}

TEST_F(DatagramConnectTest, ASocketOfTheLoopbackDoesNotReachOthers) {
  Alone([this](Self& self) {
    const int fd = self.Bind(0, kLoopback);
    self.Fails(self->sendto(fd, "x", 1, 0, At(address(client_), kPort), At::kLength), EINVAL);
    self.Fails(Connect(self, fd, address(client_), kPort), EINVAL);
    const int server = self.Bind(kPort);
    self.SendTo(fd, "x", address(server_), kPort);
    self.Equal(self.ReceiveFrom(server).address, self.Name(fd));
  });
}

TEST_F(DatagramConnectTest, TheHostsOwnAddressStaysInside) {
  Alone([this](Self& self) {
    const int server = self.Bind(kPort);
    const int fd = self.Datagram();
    self.SendTo(fd, "x", address(server_), kPort);
    self.Equal(self.ReceiveFrom(server).address, Text(address(server_), self.LocalPort(fd)));
  });
}

TEST_F(DatagramConnectTest, NobodyAtThePortIsToldOnce) {
  Alone([](Self& self) {
    const int fd = Connected(self, kLoopback, kNobody);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Fails(self->send(fd, "x", 1, 0), ECONNREFUSED);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNREFUSED);
    self.Fails(self->recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), POLLERR | POLLOUT);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.Equal(self.TakeError(fd), 0);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), POLLOUT);
    self.Gives(self->send(fd, "x", 1, 0), 1);
  });
}

TEST_F(DatagramConnectTest, NobodyAtThePortOfAnotherHostIsToldToo) {
  Start(client_, "client", [this](Self& self) {
    const int fd = Connected(self, address(server_), kNobody);
    char byte;
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNREFUSED);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Equal(self.Poll(fd, POLLIN, -1), POLLERR);
    self.Fails(self->send(fd, "x", 1, 0), ECONNREFUSED);
    self.Gives(self->write(fd, "x", 1), 1);
    self.WaitForEvents(fd, 0, POLLERR);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramConnectTest, TheErrorComesBeforeWhatArrived) {
  Alone([](Self& self) {
    const int peer = self.Bind(kPort, kLoopback);
    const int fd = Connected(self, kLoopback, kPort);
    self.SendTo(peer, "hello", kLoopback, self.LocalPort(fd));
    self.Close(peer);
    self.Send(fd, "x");
    self.Equal(self.Poll(fd, POLLIN, 0), POLLIN | POLLERR);
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNREFUSED);
    self.ExpectDatagram(fd, "hello");
  });
}

TEST_F(DatagramConnectTest, MisuseComesBeforeTheError) {
  Alone([](Self& self) {
    const int fd = Connected(self, kLoopback, kNobody);
    self.Send(fd, "x");
    const std::string large(70'000, 'x');
    self.Fails(self->send(fd, large.data(), large.size(), 0), EMSGSIZE);
    self.Fails(self->send(fd, large.data(), 65'508, 0), EMSGSIZE);
    self.Fails(self->sendto(fd, "x", 1, 0, At(kLoopback, 0), At::kLength), EINVAL);
    self.Fails(self->send(fd, "x", 1, 0), ECONNREFUSED);
  });
}

TEST_F(DatagramConnectTest, AnUnconnectedSocketIsNotTold) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.SendTo(fd, "x", kLoopback, kNobody);
    self.SendTo(fd, "x", kLoopback, kNobody);
    self.ExpectNone(fd);
    self.Equal(self.TakeError(fd), 0);
  });
}

TEST_F(DatagramConnectTest, AConnectedSocketIsToldOfItsPeerOnly) {
  Alone([](Self& self) {
    const int peer = self.Bind(kPort, kLoopback);
    const int fd = Connected(self, kLoopback, kPort);
    self.SendTo(fd, "x", kLoopback, kNobody);
    self.Equal(self.TakeError(fd), 0);
    self.Close(peer);
  });
}

TEST_F(DatagramConnectTest, TheErrorOutlivesTheAssociation) {
  Alone([](Self& self) {
    const int fd = Connected(self, kLoopback, kNobody);
    self.Send(fd, "x");
    self.Gives(Disconnect(self, fd), 0);
    self.Fails(self->sendto(fd, "x", 1, 0, At(kLoopback, kNobody), At::kLength), ECONNREFUSED);
    self.SendTo(fd, "x", kLoopback, kNobody);
  });
}

TEST_F(DatagramConnectTest, ShutdownNeedsAPeerButWorksAllTheSame) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    self.Fails(self->shutdown(server, SHUT_RD), ENOTCONN);
    self.Fails(self->shutdown(server, 3), EINVAL);
    self.Fails(self->shutdown(server, -1), EINVAL);
    self.Equal(self.Poll(server, POLLIN | POLLRDHUP | POLLOUT, 0), POLLIN | POLLRDHUP | POLLOUT);
    char byte;
    self.Gives(self->recv(server, &byte, 1, 0), 0);
    self.Fails(self->recv(server, &byte, 1, MSG_DONTWAIT), EAGAIN);
    const int other = self.Datagram();
    self.SendTo(other, "x", kLoopback, kPort);
    self.ExpectDatagram(server, "x");
    self.Fails(self->shutdown(other, SHUT_WR), ENOTCONN);
    self.Fails(self->sendto(other, "x", 1, MSG_NOSIGNAL, At(kLoopback, kPort), At::kLength), EPIPE);
  });
}

TEST_F(DatagramConnectTest, AfterShutdownForSendingNothingIsSent) {
  Alone([](Self& self) {
    const int peer = self.Bind(kPort, kLoopback);
    const int fd = Connected(self, kLoopback, kPort);
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    self.Fails(self->send(fd, "x", 1, 0), EPIPE);
    self.Fails(self->write(fd, "x", 1), EPIPE);
    self.SendTo(peer, "still", kLoopback, self.LocalPort(fd));
    self.ExpectDatagram(fd, "still");
    self.ExpectNone(fd);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT | POLLRDHUP, 0), POLLOUT);
    self.Gives(self->shutdown(fd, SHUT_RD), 0);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT | POLLRDHUP, 0), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    self.Gives(self->shutdown(fd, SHUT_RDWR), 0);
  });
}

TEST_F(DatagramConnectTest, AfterShutdownForReceivingNobodyWaits) {
  Alone([](Self& self) {
    const int fd = Connected(self, kLoopback, kPort);
    self.Gives(self->shutdown(fd, SHUT_RD), 0);
    char byte;
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
    self.Gives(self->recv(fd, &byte, 1, MSG_WAITALL), 0);
    self.Gives(self->read(fd, &byte, 1), 0);
    self.ExpectNone(fd);
  });
}

}  // namespace
}  // namespace conformance
