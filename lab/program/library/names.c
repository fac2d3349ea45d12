/* Names of hosts: the world's, asked of the lab. libc's own way would ask files and servers of another world. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/program/library/library.h"

#define EXPORT __attribute__((visibility("default")))

/* The longest node or service that any resolver takes. */
enum { kLongestName = 1024 };

/* An element of the list that is given out: one block each. */
struct element {
  struct addrinfo info;
  struct sockaddr_storage address;
};

/* The lab takes a port by its number. */
static const char* by_number(const char* service, const struct addrinfo* hints, char number[16]) {
  if (service == NULL || *service == '\0' || strspn(service, "0123456789") == strlen(service)) return service;
  if (hints != NULL && (hints->ai_flags & AI_NUMERICSERV)) return service;
  const int datagrams = hints != NULL && hints->ai_socktype == SOCK_DGRAM;
  const struct servent* known = getservbyname(service, datagrams ? "udp" : "tcp");
  if (known == NULL) return service;
  snprintf(number, 16, "%u", (unsigned)ntohs((uint16_t)known->s_port));
  return number;
}

enum { MOST_ADDRESSES = 64 };

static long ask(const char* node, const char* service, const struct addrinfo* hints,
                struct duet_address found[MOST_ADDRESSES]) {
  uint8_t* data = duet_slot()->data;
  size_t length = 0;
  const char* const texts[2] = {node, service};
  for (int i = 0; i < 2; ++i) {
    const size_t size = texts[i] == NULL ? 1 : strlen(texts[i]) + 1;
    if (size > kLongestName) return EAI_NONAME;
    memcpy(data + length, texts[i] == NULL ? "" : texts[i], size);
    length += size;
  }
  struct duet_address hint = {0};
  if (hints != NULL) {
    hint = (struct duet_address){.flags = hints->ai_flags, .family = hints->ai_family, .type = hints->ai_socktype,
                                 .protocol = hints->ai_protocol};
  }
  memcpy(data + length, &hint, sizeof(hint));
  length += sizeof(hint);
  long count = duet_request(DUET_REQUEST_GETADDRINFO, (uint32_t)length, 0, node != NULL, service != NULL,
                            hints != NULL, 0);
  if (count > MOST_ADDRESSES) count = EAI_FAIL;
  if (count > 0) memcpy(found, duet_slot()->data, (size_t)count * sizeof(found[0]));
  duet_leave();
  return count;
}

static struct element* make_element(const struct duet_address* found) {
  struct element* made = calloc(1, sizeof(*made));
  if (made == NULL) return NULL;
  made->info.ai_flags = found->flags;
  made->info.ai_family = found->family;
  made->info.ai_socktype = found->type;
  made->info.ai_protocol = found->protocol;
  made->info.ai_addrlen = found->length;
  made->info.ai_addr = (struct sockaddr*)&made->address;
  memcpy(&made->address, found->address, sizeof(found->address));
  return made;
}

EXPORT void freeaddrinfo(struct addrinfo* list) {
  while (list != NULL) {
    struct addrinfo* next = list->ai_next;
    free(list->ai_canonname);
    free(list);
    list = next;
  }
}

EXPORT int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** result) {
  char number[16];
  *result = NULL;
  struct duet_address found[MOST_ADDRESSES];
  const long count = ask(node, by_number(service, hints, number), hints, found);
  if (count < 0) return (int)count;
  struct addrinfo** end = result;
  for (long i = 0; i < count; ++i) {
    struct element* made = make_element(&found[i]);
    if (made == NULL) {
      freeaddrinfo(*result);
      return EAI_MEMORY;
    }
    *end = &made->info;
    end = &made->info.ai_next;
  }
  if (count > 0 && node != NULL && hints != NULL && (hints->ai_flags & AI_CANONNAME)) {
    (*result)->ai_canonname = strdup(node);
  }
  return count > 0 ? 0 : EAI_NONAME;
}

/* gethostbyname and its relatives: one name, its addresses of one family. */
enum { kMostAddresses = 8, kLongestHost = 256 };
struct host_buffer {
  struct in6_addr addresses[kMostAddresses]; /* an IPv4 one at the beginning */
  char* list[kMostAddresses + 1];
  char* aliases[1];
  char name[kLongestHost];
};

static int find_host(const char* name, int family, struct hostent* host, struct host_buffer* buffer) {
  const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
  const size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
  struct addrinfo* found;
  if (strlen(name) >= kLongestHost || (family != AF_INET && family != AF_INET6)) return HOST_NOT_FOUND;
  const int error = getaddrinfo(name, NULL, &hints, &found);
  if (error != 0) return error == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND;
  int count = 0;
  for (const struct addrinfo* next = found; next != NULL && count < kMostAddresses; next = next->ai_next, ++count) {
    const void* const address = family == AF_INET ? (void*)&((struct sockaddr_in*)next->ai_addr)->sin_addr
                                                  : (void*)&((struct sockaddr_in6*)next->ai_addr)->sin6_addr;
    memcpy(&buffer->addresses[count], address, size);
    buffer->list[count] = (char*)&buffer->addresses[count];
  }
  freeaddrinfo(found);
  buffer->list[count] = NULL;
  buffer->aliases[0] = NULL;
  strcpy(buffer->name, name);
  *host = (struct hostent){buffer->name, buffer->aliases, family, (int)size, buffer->list};
  return 0;
}

EXPORT struct hostent* gethostbyname2(const char* name, int family) {
  static struct hostent host;
  static struct host_buffer buffer;
  h_errno = find_host(name, family, &host, &buffer);
  return h_errno == 0 ? &host : NULL;
}

EXPORT struct hostent* gethostbyname(const char* name) { return gethostbyname2(name, AF_INET); }

EXPORT int gethostbyname2_r(const char* name, int family, struct hostent* host, char* memory, size_t length,
                            struct hostent** result, int* error) {
  const size_t skip = -(uintptr_t)memory % _Alignof(struct host_buffer);
  *result = NULL;
  if (length < skip + sizeof(struct host_buffer)) return ERANGE;
  *error = find_host(name, family, host, (struct host_buffer*)(memory + skip));
  if (*error == 0) *result = host;
  return 0;
}

EXPORT int gethostbyname_r(const char* name, struct hostent* host, char* memory, size_t length, struct hostent** result,
                           int* error) {
  return gethostbyname2_r(name, AF_INET, host, memory, length, result, error);
}
