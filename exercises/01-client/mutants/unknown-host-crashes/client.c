/* A mutant: it does not look at getaddrinfo()'s result. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Returns a connection to the first of the host's addresses that takes one. */
static int connect_to(const char *host, const char *port) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  getaddrinfo(host, port, &hints, &found);
  int connection = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (connection < 0) die("socket");
  if (connect(connection, found->ai_addr, found->ai_addrlen) < 0) die(host);
  freeaddrinfo(found);
  return connection;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: client HOST PORT\n");
    return 2;
  }
  int connection = connect_to(argv[1], argv[2]);

  char buffer[4096];
  for (;;) {
    ssize_t received = recv(connection, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) die("recv");
    if (received == 0) break;
    fwrite(buffer, 1, (size_t)received, stdout);
  }
  close(connection);
  if (fflush(stdout) != 0 || ferror(stdout)) die("standard output");
  return 0;
}
