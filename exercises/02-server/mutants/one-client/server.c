/* A mutant: it serves one client and ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 5 };

static const char greeting[] = "Hi we are connected!";

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int listen_on(unsigned short port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) die("socket");

  /* Without this, the port stays taken for a minute after the last connection that we closed (TIME-WAIT). */
  int on = 1;
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) die("setsockopt");

  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(port);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(listener, BACKLOG) < 0) die("listen");
  return listener;
}

/* 0, or -1 where the client has gone. MSG_NOSIGNAL: that must not end the server by SIGPIPE. */
static int send_all(int client, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(client, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return -1;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}

int main(int argc, char **argv) {
  char *end;
  long port = argc == 2 ? strtol(argv[1], &end, 10) : 0;
  if (port < 1 || port > 65535 || *end != '\0') {
    fprintf(stderr, "usage: server PORT\n");
    return 2;
  }

  int listener = listen_on((unsigned short)port);
  int client = accept(listener, NULL, NULL);
  if (client < 0) die("accept");
  if (send_all(client, greeting, strlen(greeting)) < 0) perror("send");
  close(client);
  return 0;
}
