// A thread for each client.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void* serve(void* argument) {
  FILE* const client = fdopen((int)(intptr_t)argument, "r+");
  char name[100];
  if (fgets(name, sizeof name, client) != NULL) {
    fflush(client);
    fprintf(client, "hello %s", name);
  }
  fclose(client);
  return NULL;
}

int main(void) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9999)};
  if (bind(listener, (const struct sockaddr*)&at, sizeof at) != 0 || listen(listener, 5) != 0) return 1;
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    pthread_t thread;
    if (client < 0 || pthread_create(&thread, NULL, serve, (void*)(intptr_t)client) != 0) return 1;
    pthread_detach(thread);
  }
}
