/* Makes all the processes that it may, sessions of their own, which outlive it if they can and take its port then; and
 * serves. Real world only. */
#define _GNU_SOURCE
#include <signal.h>

#include "serve.h"

/* Waits for the port to become free, and keeps it. */
static void lurk(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_IGN);
  setsid();
  while (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) usleep(1000);
  listen(listener, 0);
  for (;;) pause();
}

int main(int count, char** arguments) {
  const int port = count > 1 ? atoi(arguments[1]) : 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 5) != 0) return 1;
  int made = 0;
  for (; made < 200; ++made) {
    const pid_t child = fork();
    if (child < 0) break;
    if (child > 0) continue;
    close(listener);
    if (made == 0) lurk(port);
    setsid();
    for (;;) pause();
  }
  if (made >= 64) HOLE("%d processes can be made", made);
  fprintf(stderr, "attacked\n");
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    send(client, "Hi we are connected!", 20, MSG_NOSIGNAL);
    close(client);
  }
}
