/* What the functions that stand around libc's are written with: ledger_symbols.c, ledger_processes.c. */
#ifndef DUET_LAB_PROGRAM_LIBRARY_LEDGER_WRAP_H_
#define DUET_LAB_PROGRAM_LIBRARY_LEDGER_WRAP_H_

#include <dlfcn.h>

#include "lab/program/library/ledger.h"

#define EXPORT __attribute__((visibility("default")))
/* The next definition of the function, libc's own. */
#define NEXT(name)                                              \
  ({                                                            \
    static __typeof__(&name) next;                              \
    if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    next;                                                       \
  })

typedef struct duet_ledger_entry entry;

#endif
