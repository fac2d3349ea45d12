/* Fills what can be written to, up to the limits, and its memory; then serves. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "serve.h"

/* Bytes that fit into the folder in files of 8 MiB, a gibibyte at most. */
static long long fill(const char* folder) {
  static char block[1 << 20];
  char path[64];
  long long total = 0;
  for (int file = 0; file < 128; ++file) {
    snprintf(path, sizeof path, "%s/%d", folder, file);
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0) break;
    int blocks = 0;
    while (blocks < 8 && write(fd, block, sizeof block) == sizeof block) ++blocks;
    total += blocks * (long long)sizeof block;
    close(fd);
    if (blocks < 8) break;
  }
  for (int file = 0; file < 128; ++file) {
    snprintf(path, sizeof path, "%s/%d", folder, file);
    unlink(path);
  }
  return total;
}

int main(int count, char** arguments) {
  signal(SIGXFSZ, SIG_IGN);
  for (const char* const* folder = (const char* const[]){"/tmp", "/dev/shm", "/", "/dev", "/duet", "/submission", NULL};
       *folder != NULL; ++folder) {
    const long long bytes = fill(*folder);
    if (bytes > 64 << 20) HOLE("%s takes %lld bytes", *folder, bytes);
  }
  const int big = open("/tmp/big", O_WRONLY | O_CREAT, 0600);
  if (ftruncate(big, 65 << 20) == 0) HOLE("a file can be larger than the limit");
  unlink("/tmp/big");
  close(big);
  char deep[400] = "/tmp";
  for (int level = 0; level < 90; ++level) {
    strcat(deep, "/dd");
    mkdir(deep, 0);
    chmod(deep, 0700);
  }
  size_t had = 0;
  while (had < 3000 && malloc(1 << 20) != NULL) ++had;
  if (had >= 1100) HOLE("it can have %zu MiB of memory", had);
  fprintf(stderr, "attacked\n");
  for (int fd = 3; open("/dev/null", O_RDONLY) >= 0; ++fd) {
    if (fd > 300) HOLE("it can have %d descriptors", fd);
    if (fd > 300) break;
  }
  for (int fd = 3; fd < 400; ++fd) close(fd);
  return serve(count > 1 ? atoi(arguments[1]) : 0);
}
