/*
 * resolve KIND NAME: asks the C library, and prints one line (see README.md).
 * Kinds: any (both families at once), v4, v6, ptr (NAME is an address), aaaa and srv (one query, without the search list).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 256

static char found[FOUND_MAX][NI_MAXHOST + 32];
static int count;

static int by_text(const void *one, const void *other) { return strcmp(one, other); }

static int print_found(void) {
  qsort(found, count, sizeof found[0], by_text);
  for (int i = 0; i < count; i++) printf("%s%s", i == 0 ? "" : " ", found[i]);
  puts(count == 0 ? "none" : "");
  return 0;
}

static int print_eai(int code) {
  if (code == EAI_AGAIN) puts("again");
  else if (code == EAI_NONAME || code == EAI_NODATA || code == EAI_ADDRFAMILY) puts("none");
  else puts(gai_strerror(code));
  return 0;
}

static int addresses(const char *name, int family) {
  struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list;
  int code = getaddrinfo(name, NULL, &hints, &list);
  if (code != 0) return print_eai(code);
  for (struct addrinfo *at = list; at != NULL && count < FOUND_MAX; at = at->ai_next)
    getnameinfo(at->ai_addr, at->ai_addrlen, found[count++], NI_MAXHOST, NULL, 0, NI_NUMERICHOST);
  return print_found();
}

static int name_of(const char *address) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *list;
  int code = getaddrinfo(address, NULL, &hints, &list);
  if (code == 0) code = getnameinfo(list->ai_addr, list->ai_addrlen, found[0], NI_MAXHOST, NULL, 0, NI_NAMEREQD);
  if (code != 0) return print_eai(code);
  count = 1;
  return print_found();
}

static void add_record(ns_msg *message, ns_rr *record, int type) {
  const unsigned char *data = ns_rr_rdata(*record);
  if (ns_rr_type(*record) != type) return;
  if (type == ns_t_aaaa) inet_ntop(AF_INET6, data, found[count++], NI_MAXHOST);
  if (type == ns_t_srv) {
    char target[NI_MAXHOST];
    dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + 6, target, sizeof target);
    snprintf(found[count++], sizeof found[0], "%s:%d", target, ns_get16(data + 4));
  }
}

static int records(const char *name, int type) {
  static unsigned char answer[65536];
  int size = res_query(name, ns_c_in, type, answer, sizeof answer);
  if (size < 0) {
    puts(h_errno == NO_DATA ? "no-data" : h_errno == HOST_NOT_FOUND ? "not-found" : "again");
    return 0;
  }
  ns_msg message;
  ns_rr record;
  if (ns_initparse(answer, size, &message) != 0) return 1;
  for (int i = 0; i < ns_msg_count(message, ns_s_an) && count < FOUND_MAX; i++)
    if (ns_parserr(&message, ns_s_an, i, &record) == 0) add_record(&message, &record, type);
  return print_found();
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const char *kind = argv[1], *name = argv[2];
  if (strcmp(kind, "any") == 0) return addresses(name, AF_UNSPEC);
  if (strcmp(kind, "v4") == 0) return addresses(name, AF_INET);
  if (strcmp(kind, "v6") == 0) return addresses(name, AF_INET6);
  if (strcmp(kind, "ptr") == 0) return name_of(name);
  if (strcmp(kind, "aaaa") == 0) return records(name, ns_t_aaaa);
  if (strcmp(kind, "srv") == 0) return records(name, ns_t_srv);
  return 2;
}
