/* client HOST PORT: prints everything that the server sends until it closes.
 *
 * Three steps are missing, each marked "Step". Until they are there, the program says so and exits. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Prints what went wrong ("connect: Connection refused") and exits. */
static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Returns the first address of the host, ready for socket() and connect(). */
static struct addrinfo *resolve(const char *host, const char *port) {
  struct addrinfo hints, *found = NULL;
  memset(&hints, 0, sizeof hints);
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(host, port, &hints, &found);
  /* Step 1: what if it gives something other than 0? perror() doesn't know this kind of error, gai_strerror() does. */
  (void)error;
  return found;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: client HOST PORT\n");
    return 2;
  }
  struct addrinfo *address = resolve(argv[1], argv[2]);
  (void)address;

  /* Step 2: make a socket() and connect() it to address->ai_addr, which is address->ai_addrlen bytes long.
   * Step 3: recv() and print, until recv() says that the stream has ended. What are its three kinds of results?
   * fwrite() prints as many bytes as it is told, whatever they are. */
  errno = ENOSYS;
  die("steps 1 to 3");
  return 0;
}
