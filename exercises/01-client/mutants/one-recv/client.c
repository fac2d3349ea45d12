/* A mutant: it takes what one recv() gives for everything. */
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
  struct addrinfo *found;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", host, gai_strerror(error));
    exit(1);
  }

  int connection = -1;
  for (struct addrinfo *each = found; each != NULL; each = each->ai_next) {
    connection = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
    if (connection < 0) die("socket");
    if (connect(connection, each->ai_addr, each->ai_addrlen) == 0) break;
    if (each->ai_next == NULL) die(host);
    close(connection);
  }
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
  ssize_t received = recv(connection, buffer, sizeof buffer, 0);
  if (received < 0) die("recv");
  fwrite(buffer, 1, (size_t)received, stdout);
  close(connection);
  if (fflush(stdout) != 0 || ferror(stdout)) die("standard output");
  return 0;
}
