// One loop over poll.
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  struct pollfd files[20] = {{.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN}};
  nfds_t count = 1;
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9999)};
  if (bind(files[0].fd, (const struct sockaddr*)&at, sizeof at) != 0 || listen(files[0].fd, 5) != 0) return 1;
  while (poll(files, count, -1) > 0) {
    for (nfds_t i = count; i-- > 1;) {
      if (files[i].revents == 0) continue;
      char name[100];
      char answer[120];
      const ssize_t length = read(files[i].fd, name, sizeof name - 1);
      if (length > 0) {
        name[length] = '\0';
        snprintf(answer, sizeof answer, "hello %s", name);
        if (write(files[i].fd, answer, strlen(answer)) < 0) return 1;
        continue;
      }
      close(files[i].fd);
      files[i] = files[--count];
    }
    if (files[0].revents != 0 && count < 20) {
      files[count++] = (struct pollfd){.fd = accept(files[0].fd, NULL, NULL), .events = POLLIN};
    }
  }
  return 1;
}
