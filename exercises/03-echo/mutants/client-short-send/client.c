/* A mutant: it takes for granted that send() took everything. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int connect_to(const char *host, const char *port) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", host, gai_strerror(error));
    exit(1);
  }
  int connection = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (connection < 0) die("socket");
  if (connect(connection, found->ai_addr, found->ai_addrlen) < 0) die(host);
  freeaddrinfo(found);
  return connection;
}

/* What was read from standard input and is not sent yet. */
static char pending[16384];
static size_t pending_begin, pending_end;

/* Returns 0 at the end of standard input. */
static int fill_pending(void) {
  ssize_t count = read(STDIN_FILENO, pending, sizeof pending);
  if (count < 0) die("standard input");
  pending_begin = 0;
  pending_end = (size_t)count;
  return count > 0;
}

/* Sends what the connection takes now. If it waited for more room, nobody would read what comes back. */
static void send_pending(int connection) {
  ssize_t sent = send(connection, pending + pending_begin, pending_end - pending_begin, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    pending_begin = pending_end;
  } else if (errno != EAGAIN && errno != EINTR) {
    die("send");
  }
}

/* Returns 0 at the end of the stream. */
static int print_received(int connection) {
  char buffer[16384];
  ssize_t received = recv(connection, buffer, sizeof buffer, MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (received < 0) die("recv");
  fwrite(buffer, 1, (size_t)received, stdout);
  return received > 0;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: client HOST PORT\n");
    return 2;
  }
  int connection = connect_to(argv[1], argv[2]);

  int input_open = 1, stream_open = 1;
  while (stream_open) {
    int to_send = pending_begin < pending_end;
    struct pollfd fds[2] = {
        {.fd = connection, .events = (short)(POLLIN | (to_send ? POLLOUT : 0))},
        {.fd = input_open && !to_send ? STDIN_FILENO : -1, .events = POLLIN},
    };
    if (poll(fds, 2, -1) < 0 && errno != EINTR) die("poll");
    if (fds[1].revents != 0 && !fill_pending()) {
      input_open = 0;
      if (shutdown(connection, SHUT_WR) < 0) die("shutdown");
    }
    if (fds[0].revents & POLLOUT) send_pending(connection);
    if (fds[0].revents & ~POLLOUT) stream_open = print_received(connection);
  }
  close(connection);
  if (fflush(stdout) != 0 || ferror(stdout)) die("standard output");
  if (input_open) {
    fprintf(stderr, "the server ended the stream before it had everything\n");
    return 1;
  }
  return 0;
}
