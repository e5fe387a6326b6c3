/*
 * A disk that fails, for test/store/true-disk.integration.ts: put before libc by LD_PRELOAD, it counts the calls
 * that write to a file named data.mdb, and lets the FAIL_AT-th fail (and all after it, where FAIL_ON is set):
 *
 *     FAIL_KIND=error   with the errno FAIL_ERRNO, nothing written
 *     FAIL_KIND=kill    the process ends instead of writing
 *     FAIL_KIND=torn    half of it is written, then the process ends
 *
 * At the end of a process that made such calls their number is written to the file that FAIL_COUNT names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;

static int isOurs(int fd) {
  char link[64], path[512];
  if (fd < 3) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 8) return 0;
  path[length] = 0;
  return strcmp(path + length - 8, "data.mdb") == 0;
}

static int kindIs(const char *kind) {
  const char *wanted = getenv("FAIL_KIND");
  return wanted != NULL && strcmp(wanted, kind) == 0;
}

/* Whether this call fails; then errno is set. Does not come back where the process is to end without writing. */
static int fails(int fd) {
  const char *at = getenv("FAIL_AT");
  if (!isOurs(fd)) return 0;
  long call = __sync_add_and_fetch(&calls, 1);
  if (at == NULL || call < atol(at) || (call > atol(at) && getenv("FAIL_ON") == NULL)) return 0;
  if (kindIs("kill")) kill(getpid(), SIGKILL);
  errno = getenv("FAIL_ERRNO") ? atoi(getenv("FAIL_ERRNO")) : EIO;
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("FAIL_COUNT");
  FILE *file = path && calls > 0 ? fopen(path, "w") : NULL;
  if (file == NULL) return;
  fprintf(file, "%ld\n", calls);
  fclose(file);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define END_TORN() do { if (kindIs("torn")) kill(getpid(), SIGKILL); } while (0)

ssize_t pwrite64(int fd, const void *octets, size_t count, off64_t at) {
  if (!fails(fd)) return REAL(pwrite64)(fd, octets, count, at);
  if (kindIs("torn")) REAL(pwrite64)(fd, octets, count / 2, at);
  END_TORN();
  return -1;
}

ssize_t pwrite(int fd, const void *octets, size_t count, off_t at) {
  return pwrite64(fd, octets, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  if (!fails(fd)) return REAL(pwritev64)(fd, parts, count, at);
  if (kindIs("torn")) REAL(pwritev64)(fd, parts, (count + 1) / 2, at);
  END_TORN();
  return -1;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!fails(fd)) return REAL(writev)(fd, parts, count);
  if (kindIs("torn")) REAL(writev)(fd, parts, (count + 1) / 2);
  END_TORN();
  return -1;
}

ssize_t write(int fd, const void *octets, size_t count) {
  if (!fails(fd)) return REAL(write)(fd, octets, count);
  if (kindIs("torn")) REAL(write)(fd, octets, count / 2);
  END_TORN();
  return -1;
}

int fdatasync(int fd) {
  if (!fails(fd)) return REAL(fdatasync)(fd);
  END_TORN();
  return -1;
}

int fsync(int fd) {
  if (!fails(fd)) return REAL(fsync)(fd);
  END_TORN();
  return -1;
}
