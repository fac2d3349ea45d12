/* Tries to reach another network than its host's, and more of that than it should; then serves. Real world only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/un.h>

#include "serve.h"

static int connects(const char* host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct pollfd done = {fd, POLLOUT, 0};
  int error = 1;
  socklen_t length = sizeof error;
  if (connect(fd, (struct sockaddr*)&to, sizeof to) == 0 || (errno == EINPROGRESS && poll(&done, 1, 20) == 1)) {
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  close(fd);
  return error == 0;
}

int main(int count, char** arguments) {
  static const int raw[][3] = {{AF_INET, SOCK_RAW, IPPROTO_TCP}, {AF_INET, SOCK_RAW, IPPROTO_ICMP},
                               {AF_PACKET, SOCK_RAW, 0x0300}, {AF_INET6, SOCK_RAW, IPPROTO_TCP}};
  for (size_t i = 0; i < sizeof raw / sizeof *raw; ++i) {
    const int fd = socket(raw[i][0], raw[i][1], raw[i][2]);
    if (fd >= 0) HOLE("a raw socket of family %d", raw[i][0]);
  }
  const int route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct ifreq device = {.ifr_name = "lo"};
  const int any = socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(any, SIOCSIFFLAGS, &device) == 0) HOLE("a device can be changed");
  close(route), close(any);
  /* The port of the test, which listens on the machine's own loopback, and its abstract socket. */
  FILE* const file = fopen("/submission/port.txt", "r");
  int port = 0;
  if (file == NULL || fscanf(file, "%d", &port) != 1) HOLE("the test's own file is missing");
  if (connects("127.0.0.1", port)) HOLE("the machine's loopback can be reached");
  if (connects("10.0.0.77", 80)) HOLE("something answers outside");
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  const int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "duet-hostile-%d", port);
  const int local = socket(AF_UNIX, SOCK_STREAM, 0);
  const size_t name_length = offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length;
  if (connect(local, (struct sockaddr*)&name, (socklen_t)name_length) == 0) {
    HOLE("the machine's abstract sockets can be reached");
  }
  close(local);
  fprintf(stderr, "attacked\n");
  return serve(count > 1 ? atoi(arguments[1]) : 0);
}
