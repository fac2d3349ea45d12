// A process for each client, reaped by a handler.
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(int signal) {
  (void)signal;
  const int error = errno;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
  errno = error;
}

int main(void) {
  struct sigaction action = {.sa_handler = reap};
  sigaction(SIGCHLD, &action, NULL);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9999)};
  if (bind(listener, (const struct sockaddr*)&at, sizeof at) != 0 || listen(listener, 5) != 0) return 1;
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0 && errno == EINTR) continue;
    if (client < 0) return 1;
    if (fork() == 0) {
      char name[100];
      char answer[120];
      const ssize_t length = read(client, name, sizeof name - 1);
      name[length > 0 ? length : 0] = '\0';
      snprintf(answer, sizeof answer, "hello %s", name);
      return write(client, answer, strlen(answer)) < 0;
    }
    close(client);
  }
}
