// Descriptors: making, duplicating and closing them; pipes.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DescriptorTest : public ConformanceTest {};

TEST_F(DescriptorTest, ANewOneIsTheLowestThatIsFree) {
  Alone([](Self& self) {
    const int first = self.Socket();
    self.Gives(self.Socket(), first + 1);
    self.Gives(self.Socket(), first + 2);
    self.Close(first);
    self.Close(first + 1);
    self.Gives(self.Socket(), first);
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Equal(ends[0], first + 1);
    self.Equal(ends[1], first + 3);
    self.Close(first);
    self.Gives(self->dup(ends[0]), first);
  });
}

TEST_F(DescriptorTest, TheFirstOneIsThree) {
  Alone([](Self& self) { self.Gives(self.Socket(), 3); });
}

TEST_F(DescriptorTest, ANewSocketHasTheFlagsOfItsType) {
  Alone([](Self& self) {
    const int plain = self.Socket();
    self.Gives(self->fcntl(plain, F_GETFL, 0), O_RDWR);
    self.Gives(self->fcntl(plain, F_GETFD, 0), 0);
    const int fd = self.Socket(SOCK_NONBLOCK | SOCK_CLOEXEC);
    self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    self.Gives(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
  });
}

TEST_F(DescriptorTest, SocketsThatDoNotExist) {
  Alone([](Self& self) {
    self.Fails(self->socket(999, SOCK_STREAM, 0), EAFNOSUPPORT);
    self.Fails(self->socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
    self.Fails(self->socket(AF_INET, 99, 0), EINVAL);
    self.Fails(self->socket(AF_INET, SOCK_STREAM | 0x100, 0), EINVAL);
    self.Fails(self->socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    self.Fails(self->socket(AF_INET, SOCK_STREAM, 99), EPROTONOSUPPORT);
    self.Fails(self->socket(AF_INET, SOCK_STREAM, 9999), EINVAL);
    self.Fails(self->socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    self.Ok(self->socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
  });
}

TEST_F(DescriptorTest, HasAnOwner) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Gives(self->fcntl(fd, F_GETOWN, 0), 0);
    self.Gives(self->fcntl(fd, F_SETOWN, getpid()), 0);
    self.Gives(self->fcntl(fd, F_GETOWN, 0), getpid());
  });
}

TEST_F(DescriptorTest, SettingFlags) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Gives(self->fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    self.Gives(self->fcntl(fd, F_SETFL, 0), 0);
    self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR);
    self.Gives(self->fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    self.Gives(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    self.Gives(self->fcntl(fd, F_SETFD, 0), 0);
    self.Gives(self->fcntl(fd, F_GETFD, 0), 0);
    self.Fails(self->fcntl(fd, 9999, 0), EINVAL);
    for (int command : {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD}) self.Fails(self->fcntl(77, command, 0), EBADF);
  });
}

TEST_F(DescriptorTest, DuplicatesShareTheFlagsOfTheSocketAndNotTheirOwn) {
  Alone([](Self& self) {
    const int fd = self.Socket(SOCK_CLOEXEC);
    const int duplicate = self.Ok(self->dup(fd));
    self.Gives(self->fcntl(duplicate, F_GETFD, 0), 0);
    self.SetNonBlocking(fd);
    self.Gives(self->fcntl(duplicate, F_GETFL, 0), O_RDWR | O_NONBLOCK);
  });
}

TEST_F(DescriptorTest, DupfdTakesTheLowestFromItsArgumentOn) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Gives(self->fcntl(fd, F_DUPFD, 50), 50);
    self.Gives(self->fcntl(fd, F_DUPFD, 50), 51);
    self.Gives(self->fcntl(fd, F_DUPFD_CLOEXEC, 50), 52);
    self.Gives(self->fcntl(51, F_GETFD, 0), 0);
    self.Gives(self->fcntl(52, F_GETFD, 0), FD_CLOEXEC);
    self.Fails(self->fcntl(fd, F_DUPFD, -1), EINVAL);
  });
}

TEST_F(DescriptorTest, Dup2ClosesItsTargetFirst) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const auto [other_client, other_server] = self.Pair();
    self.Gives(self->dup2(client, other_client), other_client);
    self.ExpectEnd(other_server);
    self.Send(other_client, "hello");
    self.Equal(self.Receive(server, 5), "hello");
    self.Gives(self->dup2(client, client), client);
    self.Gives(self->dup2(client, 60), 60);
    self.Send(60, "again");
    self.Equal(self.Receive(server, 5), "again");
  });
}

TEST_F(DescriptorTest, DuplicatingWhatIsNotOpenIsMisuse) {
  Alone([](Self& self) {
    self.Fails(self->dup(77), EBADF);
    self.Fails(self->dup(-1), EBADF);
    self.Fails(self->dup2(77, 5), EBADF);
    self.Fails(self->dup2(77, 77), EBADF);
    self.Fails(self->dup2(self.Socket(), -1), EBADF);
    self.Fails(self->dup2(self.Socket(), 100'000'000), EBADF);
  });
}

TEST_F(DescriptorTest, Dup3SetsItsFlagAndRefusesItself) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->dup3(client, 60, 0), 60);
    self.Gives(self->fcntl(60, F_GETFD, 0), 0);
    self.Gives(self->dup3(client, 60, O_CLOEXEC), 60);
    self.Gives(self->fcntl(60, F_GETFD, 0), FD_CLOEXEC);
    self.Send(60, "hello");
    self.Equal(self.Receive(server, 5), "hello");
    self.Fails(self->dup3(client, client, 0), EINVAL);
    self.Fails(self->dup3(77, 77, 0), EINVAL);
    self.Fails(self->dup3(client, 60, O_NONBLOCK), EINVAL);
    self.Fails(self->dup3(client, -1, 0), EBADF);
    self.Fails(self->dup3(client, 100'000'000, 0), EBADF);
    self.Fails(self->dup3(77, 60, 0), EBADF);
    self.Send(60, "again");
    self.Equal(self.Receive(server, 5), "again");
  });
}

class PipeTest : public ConformanceTest {
 protected:
  struct Pipe {
    int out;
    int in;
  };
  static Pipe Make(Self& self, int flags = 0) {
    int ends[2];
    self.Gives(self->pipe2(ends, flags), 0);
    return {ends[0], ends[1]};
  }
};

TEST_F(PipeTest, CarriesBytesInOrder) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    self.Gives(self->write(pipe.in, "hello", 5), 5);
    self.Gives(self->write(pipe.in, "world", 5), 5);
    char bytes[20];
    self.Gives(self->read(pipe.out, bytes, 7), 7);
    self.Equal(std::string_view(bytes, 7), "hellowo");
    self.Gives(self->read(pipe.out, bytes, 20), 3);
  });
}

TEST_F(PipeTest, SeveralBuffersWorkToo) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    std::string a = "hello";
    std::string b = "world";
    iovec buffers[] = {{a.data(), 5}, {b.data(), 5}};
    self.Gives(self->writev(pipe.in, buffers, 2), 10);
    self.Gives(self->readv(pipe.out, buffers, 2), 10);
    self.Equal(a + b, "helloworld");
  });
}

TEST_F(PipeTest, EndsWhereTheLastWriterCloses) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    const int duplicate = self.Ok(self->dup(pipe.in));
    self.Gives(self->write(pipe.in, "x", 1), 1);
    self.Close(pipe.in);
    char byte;
    self.Gives(self->read(pipe.out, &byte, 1), 1);
    self.SetNonBlocking(pipe.out);
    self.Fails(self->read(pipe.out, &byte, 1), EAGAIN);
    self.Close(duplicate);
    self.Gives(self->read(pipe.out, &byte, 1), 0);
  });
}

TEST_F(PipeTest, ItsEndsGoOneWay) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    char byte = 'x';
    self.Fails(self->write(pipe.out, &byte, 1), EBADF);
    self.Fails(self->read(pipe.in, &byte, 1), EBADF);
    self.Gives(self->fcntl(pipe.out, F_GETFL, 0), O_RDONLY);
    self.Gives(self->fcntl(pipe.in, F_GETFL, 0), O_WRONLY);
  });
}

TEST_F(PipeTest, HasItsFlags) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self, O_NONBLOCK | O_CLOEXEC);
    for (int fd : {pipe.in, pipe.out}) {
      self.Gives(self->fcntl(fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
      self.Gives(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    }
    char byte;
    self.Fails(self->read(pipe.out, &byte, 1), EAGAIN);
    int ends[2];
    self.Fails(self->pipe2(ends, 0x1), EINVAL);
  });
}

TEST_F(PipeTest, HoldsSixtyFourKilobytes) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self, O_NONBLOCK);
    const std::string bytes(100'000, 'x');
    self.Gives(self->write(pipe.in, bytes.data(), bytes.size()), 65'536);
    self.Fails(self->write(pipe.in, bytes.data(), 1), EAGAIN);
    self.Equal(self.Poll(pipe.in, POLLOUT, 0), 0);
  });
}

TEST_F(PipeTest, WithoutReadersWritingGivesEpipe) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    self.Close(pipe.out);
    self.Fails(self->write(pipe.in, "x", 1), EPIPE);
  });
}

TEST_F(PipeTest, WritingNothingAsksNobody) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    self.Gives(self->write(pipe.in, "", 0), 0);
    char byte;
    self.Gives(self->read(pipe.out, &byte, 0), 0);
    self.Fails(self->read(pipe.in, &byte, 0), EBADF);
    self.Fails(self->write(pipe.out, &byte, 0), EBADF);
    self.Close(pipe.out);
    self.Gives(self->write(pipe.in, "", 0), 0);
  });
}

TEST_F(PipeTest, RoomIsCountedInPages) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self, O_NONBLOCK);
    std::string bytes(9'000, 'x');
    for (int i = 0; i < 16; ++i) self.Gives(self->write(pipe.in, bytes.data(), 3'000), 3'000);
    self.Equal(self.Poll(pipe.in, POLLOUT, 0), 0);
    // The last page has room for 1,096, and takes them although there is no room by poll.
    self.Gives(self->write(pipe.in, bytes.data(), 1'000), 1'000);
    self.Fails(self->write(pipe.in, bytes.data(), 97), EAGAIN);
    self.Gives(self->write(pipe.in, bytes.data(), 96), 96);
    self.Fails(self->write(pipe.in, bytes.data(), 1), EAGAIN);
    self.Gives(self->read(pipe.out, bytes.data(), 2'999), 2'999);
    self.Equal(self.Poll(pipe.in, POLLOUT, 0), 0);
    self.Fails(self->write(pipe.in, bytes.data(), 1), EAGAIN);
    self.Gives(self->read(pipe.out, bytes.data(), 1), 1);
    self.Equal(self.Poll(pipe.in, POLLOUT, 0), POLLOUT);
    self.Gives(self->write(pipe.in, bytes.data(), 5'000), 4'096);
  });
}

TEST_F(PipeTest, WhatFillsNoPageGoesFirstIntoTheLastOne) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self, O_NONBLOCK);
    const std::string bytes(65'536, 'x');
    self.Gives(self->write(pipe.in, bytes.data(), 100), 100);
    self.Gives(self->write(pipe.in, bytes.data(), 15 * 4'096 + 3'000), 15 * 4'096 + 3'000);
    self.Fails(self->write(pipe.in, bytes.data(), 996), EAGAIN);
  });
}

TEST_F(PipeTest, UpToAPageGoesInOnePiece) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self, O_NONBLOCK);
    std::string bytes(65'536, 'x');
    self.Gives(self->write(pipe.in, bytes.data(), 65'000), 65'000);
    self.Fails(self->write(pipe.in, bytes.data(), 4'096), EAGAIN);
    self.Gives(self->read(pipe.out, bytes.data(), 4'095), 4'095);
    self.Fails(self->write(pipe.in, bytes.data(), 4'096), EAGAIN);
    self.Gives(self->read(pipe.out, bytes.data(), 1), 1);
    self.Gives(self->write(pipe.in, bytes.data(), 4'096), 4'096);
  });
}

TEST_F(PipeTest, TellsHowMuchWaits) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self);
    self.Gives(self->write(pipe.in, "hello", 5), 5);
    for (const int fd : {pipe.in, pipe.out}) {
      int waiting = 0;
      self.Gives(self->ioctl(fd, FIONREAD, &waiting), 0);
      self.Equal(waiting, 5);
    }
  });
}

TEST_F(PipeTest, HasASizeThatCanBeChanged) {
  Alone([](Self& self) {
    const Pipe pipe = Make(self, O_NONBLOCK);
    self.Gives(self->fcntl(pipe.in, F_GETPIPE_SZ, 0), 65'536);
    self.Gives(self->fcntl(pipe.in, F_SETPIPE_SZ, 4'097), 8'192);
    self.Gives(self->fcntl(pipe.out, F_GETPIPE_SZ, 0), 8'192);
    const std::string bytes(20'000, 'x');
    self.Gives(self->write(pipe.in, bytes.data(), bytes.size()), 8'192);
    self.Fails(self->fcntl(pipe.out, F_SETPIPE_SZ, 0), EBUSY);
    self.Gives(self->fcntl(pipe.out, F_SETPIPE_SZ, 1 << 20), 1 << 20);
    self.Gives(self->write(pipe.in, bytes.data(), bytes.size()), 20'000);
    self.Fails(self->fcntl(pipe.in, F_SETPIPE_SZ, -1), EINVAL);
    self.Gives(self->fcntl(Make(self).in, F_SETPIPE_SZ, 0), 4'096);
    self.Fails(self->fcntl(self.Socket(), F_GETPIPE_SZ, 0), EBADF);
  });
}

TEST_F(PipeTest, AWriterWaitsForItsReader) {
  Start(server_, "one", [](Self& self) {
    const Pipe to = Make(self);
    self.Equal(to.out, 3);
    const std::string bytes(65'536, 'x');
    self.Gives(self->write(to.in, bytes.data(), bytes.size()), 65'536);
    self.Equal(self.Poll(to.in, POLLOUT, 20), 0);
    std::string some(10'000, '\0');
    self.Gives(self->read(to.out, some.data(), some.size()), 10'000);
    self.Gives(self->write(to.in, bytes.data(), 8'192), 8'192);
    self.Close(to.in);
    std::string all;
    for (long got; (got = self.Ok(self->read(to.out, some.data(), some.size()))) > 0;) all.append(some, 0, got);
    self.Equal(static_cast<long>(all.size()), 65'536 - 10'000 + 8'192);
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
