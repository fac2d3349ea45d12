/* The parts of the `sandbox` command (sandbox.c has its arguments). Where something can't be done, they end the
 * process, with a sentence on standard error. */
#ifndef DUET_LAB_PROGRAM_LIBRARY_SANDBOX_H_
#define DUET_LAB_PROGRAM_LIBRARY_SANDBOX_H_

#include "lab/program/library/freestanding.h"

enum {
  kProgramUser = 1000,  /* whom programs and compilers run as, in their namespace */
  kLimits = 5,          /* CPU_SECONDS MEMORY FILE_BYTES OPEN_FILES PROCESSES */
};

struct sandbox_mount {
  const char* from;
  const char* to;
  int writable;
};

struct sandbox {
  int worker;           /* root in its namespaces, and may make further ones */
  int callers_network;
  const char* hostname; /* or NULL */
  const char* tmp_bytes;
  const char* directory;
  struct sandbox_mount* mounts;
  int mount_count;
  char** environment;
  char* const* limits; /* kLimits numbers, or NULL */
  int filtered;         /* no calls that reach beyond a process */
  int carried;          /* the program gets the channel, and the guard */
  int executed;         /* the program gets no descriptor but the standard ones and `ledger` */
  int ledger;
  long parent; /* 0: whichever it is */
  char** command;
};

/* `error`: an errno, negated. */
__attribute__((noreturn)) void sandbox_fail(const char* what, long error);
__attribute__((noreturn)) void sandbox_fail_at(const char* path, long error);

/* Where `result` is an error. Gives it otherwise. */
static inline long sandbox_check(const char* what, long result) {
  if (result < 0) sandbox_fail(what, result);
  return result;
}

/* sandbox_files.c: in new mount and process namespaces, makes the files that the sandbox sees its root, and nothing
 * else reachable. Returns a descriptor of /proc that can be written to. */
int sandbox_make_files(const struct sandbox* sandbox);

/* confine.c: puts limits and filters on this process, and becomes the command. */
__attribute__((noreturn)) void sandbox_execute(const struct sandbox* sandbox);

#endif
