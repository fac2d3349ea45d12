/* A right server, for attacks that come first, and what attacks are made of. */
#ifndef DUET_TESTS_HOSTILE_SERVE_H_
#define DUET_TESTS_HOSTILE_SERVE_H_

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Says on standard error that the lab's defence has a hole: the test reads the report for it. */
#define HOLE(...) (fprintf(stderr, "HOLE: " __VA_ARGS__), fputc('\n', stderr))

__attribute__((unused)) static int serve(int port) {
  const int on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 5) != 0) return 1;
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    send(client, "Hi we are connected!", 20, MSG_NOSIGNAL);
    close(client);
  }
}

#endif
