/* libc asks the vdso for the time without a system call that could be trapped. Its functions are overwritten with the
 * system calls of their names. */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

struct vdso_symbols {
  const Elf64_Sym* symbols;
  const char* names;
  unsigned long count;
};

static struct vdso_symbols find_symbols(unsigned long base) {
  const Elf64_Ehdr* header = (const Elf64_Ehdr*)base;
  const Elf64_Phdr* segments = (const Elf64_Phdr*)(base + header->e_phoff);
  struct vdso_symbols found = {0};
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type != PT_DYNAMIC) continue;
    for (const Elf64_Dyn* entry = (const Elf64_Dyn*)(base + segments[i].p_offset); entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_SYMTAB) found.symbols = (const Elf64_Sym*)(base + entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRTAB) found.names = (const char*)(base + entry->d_un.d_ptr);
    }
  }
  /* The string table follows the symbols: there is no plainer way to their number. */
  if (found.symbols != NULL && found.names != NULL) {
    found.count = ((unsigned long)found.names - (unsigned long)found.symbols) / sizeof(Elf64_Sym);
  }
  return found;
}

static void overwrite(unsigned char* function, uint32_t number) {
  const unsigned char code[8] = {0xb8,                          /* mov $number, %eax */
                                 (unsigned char)number, (unsigned char)(number >> 8), 0, 0,
                                 0x0f, 0x05,                    /* syscall */
                                 0xc3};                         /* ret */
  const unsigned long page = (unsigned long)function & ~4095ul;
  if (duet_kernel(SYS_mprotect, page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 &&
      duet_kernel(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
    return;
  }
  memcpy(function, code, sizeof(code));
}

void duet_patch_vdso(unsigned long base) {
  static const struct {
    const char* name;
    uint32_t number;
  } functions[] = {{"__vdso_clock_gettime", SYS_clock_gettime},
                   {"__vdso_gettimeofday", SYS_gettimeofday},
                   {"__vdso_time", SYS_time},
                   {"__vdso_getcpu", SYS_getcpu}};
  if (base == 0) return;
  const struct vdso_symbols vdso = find_symbols(base);
  for (unsigned long i = 0; i < vdso.count; ++i) {
    for (size_t j = 0; j < sizeof(functions) / sizeof(functions[0]); ++j) {
      if (strcmp(vdso.names + vdso.symbols[i].st_name, functions[j].name) == 0) {
        overwrite((unsigned char*)(base + vdso.symbols[i].st_value), functions[j].number);
      }
    }
  }
}
