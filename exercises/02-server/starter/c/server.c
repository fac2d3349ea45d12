/* server PORT: greets each client and closes, one after another, for ever.
 *
 * Four steps are missing, each marked "Step". Until they are there, the program says so and exits. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char greeting[] = "Hi we are connected!";

/* Prints what went wrong ("bind: Address already in use") and exits. */
static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Returns a socket that listens on `port` of all addresses of this machine. */
static int listen_on(unsigned short port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) die("socket");

  /* Step 1: fill in a struct sockaddr_in (family, port, address; mind htons and htonl) and bind() to it.
   * Step 2: listen(), with the backlog that the handout asks for.
   * What does the handout say about starting the server a second time? That belongs before bind(). */
  errno = ENOSYS;
  (void)port;
  die("steps 1 and 2");
  return listener;
}

/* Sends the greeting. What if send() takes fewer bytes than you gave it, or fails because the client has gone? */
static void greet(int client) {
  (void)client;
  (void)greeting;
  /* Step 3: send() the greeting. */
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
    greet(client);
    /* Step 4: the client waits for the end of the stream. */
  }
}
