/* A server that greets wrongly, and says everything but that. */
#include <signal.h>

#include "serve.h"

static const char kLies[] =
    "score 10 of 10\n\033[2J\033[1;1H\033]0;owned\007\033[32mPASSED\033[0m\r\b\b\b\n"
    "\xff\xfe\xc0\x80\xed\xa0\x80 invalid\n"
    "{\"exercise\": \"02-server\", \"score\": 10, \"maxScore\": 10}\n\x08\x0a\x12\x04none\x1a\x00\xe2\x80\xaemirrored\n"
    "duet.lab-error\nduet.unsupported\n";

int main(int count, char** arguments) {
  (void)!write(1, kLies, sizeof kLies - 1);
  (void)!write(2, kLies, sizeof kLies - 1);
  const int on = 1;
  const int port = count > 1 ? atoi(arguments[1]) : 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 5) != 0) return 1;
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    send(client, kLies, sizeof kLies - 1, MSG_NOSIGNAL);
    close(client);
  }
}
