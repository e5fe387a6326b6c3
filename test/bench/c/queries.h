// What the generators share: a file of queries, each behind two octets of its length as over TCP
// (RFC 1035 4.2.2), read whole so that nothing is encoded while the clock runs; and the clock.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct query { const uint8_t *octets; uint16_t length; };

static struct query *queries;
static size_t query_count, query_next;

static inline void fail(const char *what) { perror(what); exit(1); }

static inline void load_queries(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fail(path);
  size_t size = ftell(file), at = 0, room = 0;
  uint8_t *octets = malloc(size);
  rewind(file);
  if (!octets || fread(octets, 1, size, file) != size) fail(path);
  fclose(file);
  while (at + 2 <= size) {
    uint16_t length = octets[at] << 8 | octets[at + 1];
    if (query_count == room) queries = realloc(queries, (room = room ? room * 2 : 65536) * sizeof *queries);
    queries[query_count++] = (struct query){octets + at + 2, length};
    at += 2 + length;
  }
  if (!query_count) { fprintf(stderr, "Cannot use %s as it holds no query\n", path); exit(1); }
}

static inline const struct query *next_query(void) {
  const struct query *query = &queries[query_next];
  if (++query_next == query_count) query_next = 0;
  return query;
}

// Nanoseconds on a clock that never goes back.
static inline uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// Seconds of processor that this generator has used: the meter takes them off what others used meanwhile.
static inline double own_cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}
