/* Where the stub page is: the guard filter (confine.c) and the library agree on it. Below 2 GiB and below the
 * sanitizers' shadows; far from where programs and their heaps are put. */
#ifndef DUET_LAB_PROGRAM_LIBRARY_STUB_H_
#define DUET_LAB_PROGRAM_LIBRARY_STUB_H_

#define DUET_STUB_ADDRESS 0x7d0e7000ul
#define DUET_STUB_LENGTH 4096ul

#endif
