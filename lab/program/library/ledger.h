/* The other preloaded library's parts: in a real world calls go to the kernel, and are written into a ledger.
 *
 * It changes nothing that a program could notice, threads and fork included, but for the lengths of transfers where
 * it is asked to cut them. A call is written when it returns. What it executes writes into the same ledger, which it
 * finds by the descriptor's number in its environment; but not where the program has closed that. */
#ifndef DUET_LAB_PROGRAM_LIBRARY_LEDGER_H_
#define DUET_LAB_PROGRAM_LIBRARY_LEDGER_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lab/trace/ledger_entry.h"

#pragma GCC visibility push(hidden)

/* ledger.c. Harmless where there is no ledger. They keep errno. */
struct duet_ledger_entry duet_begin(enum duet_call call, int64_t a, int64_t b, int64_t c, int64_t d);
void duet_note_address(struct duet_ledger_entry* entry, const struct sockaddr* address, socklen_t length);
void duet_note_data(struct duet_ledger_entry* entry, const void* data, size_t length);
/* `result` is what the call gave; gives it back. */
long duet_end(struct duet_ledger_entry* entry, long result);

/* short_transfers.c: the length to ask for instead, at least 1 where `length` is. */
size_t duet_cut(int fd, size_t length);

#pragma GCC visibility pop

#endif
