/* Preloaded into a process, makes its Nth change to files under a folder fail, or kills the process there.

   Counted are: creating, writing, truncating, syncing, linking, renaming and removing files, and making folders.
   fault_arm(folder, n, mode): mode 0 counts only, 1 kills before the nth, 2 disk full from the nth on (ENOSPC),
   3 one failed operation (EIO). fault_count() returns how many there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char under[4096];
static size_t under_length;
static atomic_long count, target;
static int mode;

void fault_arm(const char *folder, long n, int how) {
  strncpy(under, folder, sizeof under - 1);
  atomic_store(&count, 0);
  atomic_store(&target, n);
  mode = how;
  under_length = strlen(under);
}
long fault_count(void) { return atomic_load(&count); }

static int at_path(int folder, const char *path) {
  if (!under_length || !path) return 0;
  if (path[0] == '/') return !strncmp(path, under, under_length);
  return folder == AT_FDCWD ? 0 : 1;
}
static int at_fd(int fd) {
  char link[64], path[4096];
  if (!under_length || fd <= 2) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  return n >= (ssize_t)under_length && !strncmp(path, under, under_length);
}
/* space: whether a full disk makes this operation fail */
static int fails(int space) {
  long now = atomic_fetch_add(&count, 1) + 1, n = atomic_load(&target);
  if (mode == 1 && now == n) kill(getpid(), SIGKILL);
  if (mode == 2 && now >= n && space) { errno = ENOSPC; return 1; }
  if (mode == 3 && now == n) { errno = EIO; return 1; }
  return 0;
}
#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })
#define ON_FD(type, name, declared, passed, space) \
  type name declared { return at_fd(fd) && fails(space) ? -1 : REAL(name) passed; }
#define ON_PATH(type, name, declared, passed, space) \
  type name declared { return at_path(AT_FDCWD, path) && fails(space) ? -1 : REAL(name) passed; }

ON_FD(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), 1)
ON_FD(ssize_t, writev, (int fd, const struct iovec *parts, int n), (fd, parts, n), 1)
ON_FD(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), 1)
ON_FD(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), 1)
ON_FD(int, ftruncate, (int fd, off_t size), (fd, size), 1)
ON_FD(int, ftruncate64, (int fd, off64_t size), (fd, size), 1)
ON_FD(int, fsync, (int fd), (fd), 0)
ON_FD(int, fdatasync, (int fd), (fd), 0)
ON_PATH(int, rename, (const char *path, const char *to), (path, to), 1)
ON_PATH(int, link, (const char *path, const char *to), (path, to), 1)
ON_PATH(int, unlink, (const char *path), (path), 0)
ON_PATH(int, mkdir, (const char *path, mode_t how), (path, how), 1)

static int opens(int folder, const char *path, int flags) {
  return (flags & O_CREAT) && at_path(folder, path) && fails(1);
}
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); mode_t how = va_arg(more, mode_t); va_end(more); \
    return opens(AT_FDCWD, path, flags) ? -1 : REAL(name)(path, flags, how); }
#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    va_list more; va_start(more, flags); mode_t how = va_arg(more, mode_t); va_end(more); \
    return opens(folder, path, flags) ? -1 : REAL(name)(folder, path, flags, how); }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int renameat(int folder, const char *path, int other, const char *to) {
  return at_path(folder, path) && fails(1) ? -1 : REAL(renameat)(folder, path, other, to);
}
int linkat(int folder, const char *path, int other, const char *to, int flags) {
  return at_path(folder, path) && fails(1) ? -1 : REAL(linkat)(folder, path, other, to, flags);
}
int unlinkat(int folder, const char *path, int flags) {
  return at_path(folder, path) && fails(0) ? -1 : REAL(unlinkat)(folder, path, flags);
}
