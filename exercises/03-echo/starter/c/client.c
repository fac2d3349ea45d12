/* client HOST PORT: sends its standard input, ends its direction, and prints what comes back, all at the same time.
 *
 * Four steps are missing, each marked "Step". Until they are there, the program says so and exits. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Prints what went wrong ("connect: Connection refused") and exits. */
static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Returns a connection to the server. */
static int connect_to(const char *host, const char *port) {
  /* Step 1: as in 01-client. */
  (void)host;
  (void)port;
  errno = ENOSYS;
  die("step 1");
  return -1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: client HOST PORT\n");
    return 2;
  }
  int connection = connect_to(argv[1], argv[2]);

  int input_open = 1, stream_open = 1;
  while (stream_open) {
    /* Waits for whichever comes first: something from the server, or something on standard input. */
    struct pollfd fds[2] = {
        {.fd = connection, .events = POLLIN},
        {.fd = input_open ? STDIN_FILENO : -1, .events = POLLIN},
    };
    if (poll(fds, 2, -1) < 0) die("poll");
    if (fds[1].revents != 0) {
      /* Step 2: read() some of standard input and send() it. At its end, tell the server: shutdown(). */
      input_open = 0;
    }
    if (fds[0].revents != 0) {
      /* Step 3: recv() some and print it. At the end of the stream, leave the loop. */
      stream_open = 0;
    }
    /* Step 4, once the rest works: send() may have to wait for room, and nobody reads meanwhile. If the server waits
     * for you to read, that is for ever. MSG_DONTWAIT makes send() take what there is room for, and POLLOUT tells
     * when there is room again; keep the rest until then, and read no more input before it is sent. */
  }
  close(connection);
  return 0;
}
