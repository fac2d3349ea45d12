/* server PORT: sends back what each client sends until its end of file, one client after another, for ever.
 *
 * Two steps are missing, each marked "Step". Until they are there, the program says so and exits. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Prints what went wrong ("bind: Address already in use") and exits. */
static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Returns a socket that listens on `port` of all addresses of this machine. */
static int listen_on(unsigned short port) {
  /* Step 1: as in 02-server. */
  (void)port;
  errno = ENOSYS;
  die("step 1");
  return -1;
}

/* Sends back what comes, until the client's end of file or until the connection breaks. */
static void echo(int client) {
  char buffer[4096];
  (void)client;
  (void)buffer;
  /* Step 2: recv() some, send() all of it, and again. How many are there to send, and how many did send() take? */
}

int main(int argc, char **argv) {
  int port = argc == 2 ? atoi(argv[1]) : 0;
  if (port < 1 || port > 65535) {
    fprintf(stderr, "usage: server PORT\n");
    return 2;
  }

  int listener = listen_on((unsigned short)port);
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) die("accept");
    echo(client);
    close(client);
  }
}
