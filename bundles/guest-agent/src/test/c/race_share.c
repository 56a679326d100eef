/*
 * Lets the server of a share look for files whose names and folders become links out of it meanwhile,
 * pipes, and files again, as fast as two attackers can: a client of the share, and a program of the
 * guest that keeps it. Nothing from outside may be in an answer, and nothing outside may change.
 * usage: race_share SECONDS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "any_lane.h"
#include "share.h"
#include "tree.h"

#define VICTIMS 2
#define EXCHANGE 2u
#define INSIDE "what-lies-inside"

static char place[64];
static atomic_bool over;
static atomic_ulong swaps;
static atomic_ulong reads;
static atomic_ulong refused;

static void plant(void) {
  if (mkdir(place, 0700) != 0 || chdir(place) != 0 || mkdir("outside", 0700) != 0 ||
      mkdir("shared", 0700) != 0 || mkdir("shared/in", 0700) != 0 ||
      symlink("../outside", "shared/way") != 0 || symlink("../../outside/file", "shared/in/way") != 0 ||
      symlink("/etc", "shared/etc") != 0 || mkfifo("shared/in/pipe", 0600) != 0) {
    fail(place);
  }
  put_file("outside/file", SECRET);
  put_file("outside/only-outside", SECRET);
  put_file("shared/in/file", INSIDE);
}

/* Of everything outside, so that any change of it shows. */
static uint64_t outside(void) {
  static const char *const all[] = {"outside", "outside/file", "outside/only-outside"};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    struct stat status;
    if (stat(all[i], &status) != 0) {
      fail("what lies outside is gone");
    }
    sum = sum * 31 + (uint64_t)status.st_ctim.tv_sec;
    sum = sum * 31 + (uint64_t)status.st_ctim.tv_nsec;
    sum = sum * 31 + (uint64_t)status.st_size;
  }
  return sum;
}

/* The body is numbers and then names; the answer lies at `out`. */
static long ask(uint8_t *out, uint32_t opcode, uint64_t node, const uint64_t *numbers, size_t count,
                const char *names, size_t names_length) {
  uint8_t bytes[512] = {0};
  struct fuse_in *in = (struct fuse_in *)(void *)bytes;
  size_t length = 8 * count + names_length;
  *in = (struct fuse_in){(uint32_t)(sizeof *in + length), opcode, 1, node, 0, 0, 0, 0};
  if (count > 0) {
    memcpy(in + 1, numbers, 8 * count);
  }
  memcpy(bytes + sizeof *in + 8 * count, names, names_length);
  struct exchange exchange = {in, bytes + sizeof *in, length, out};
  long answer = share_execute(&exchange);
  if (answer > 0 && memmem(out, (size_t)answer, "outside", 7) != NULL && opcode != FUSE_READLINK) {
    fail("an answer from outside");
  }
  refused += answer == -ELOOP || answer == -ENOTDIR || answer == -EACCES;
  return answer;
}

static uint64_t look(uint8_t *out, uint64_t folder, const char *name) {
  long answer = ask(out, FUSE_LOOKUP, folder, NULL, 0, name, strlen(name) + 1);
  return answer < 0 ? 0 : ((const struct fuse_entry *)(void *)out)->nodeid;
}

static void forget(uint8_t *out, uint64_t node) {
  uint64_t once = 1;
  if (node != 0) {
    ask(out, FUSE_FORGET, node, &once, 1, "", 0);
  }
}

static void use_handle(uint8_t *out, uint64_t node, uint64_t handle, bool writes) {
  uint64_t read_in[] = {handle, 0, 4096, 0, 0};
  uint64_t write_in[] = {handle, 0, sizeof INSIDE - 1, 0, 0};
  if (writes) {
    ask(out, FUSE_WRITE, node, write_in, 5, INSIDE, sizeof INSIDE - 1);
  }
  reads += ask(out, FUSE_READ, node, read_in, 5, "", 0) == sizeof INSIDE - 1;
  ask(out, FUSE_RELEASE, node, read_in, 3, "", 0);
}

/* What a client does with whatever has a name just then. */
static void use(uint8_t *out, uint64_t folder, unsigned turn) {
  static const char new_names[] = "new";
  uint64_t node = look(out, folder, "file");
  uint64_t open_in = turn % 3 == 0 ? O_RDWR : turn % 3 == 1 ? O_RDONLY : O_RDWR | O_TRUNC;
  if (node != 0) {
    uint64_t attribute = 1;
    if (ask(out, FUSE_OPEN, node, &open_in, 1, "", 0) > 0) {
      use_handle(out, node, ((const struct fuse_opened *)(void *)out)->fh, turn % 3 != 1);
    }
    ask(out, FUSE_SETXATTR, node, &attribute, 1, "user.one\0x", 10);
    ask(out, FUSE_READLINK, node, NULL, 0, "", 0);
    uint64_t mode_and_size[11] = {1 | 8, 0, sizeof INSIDE - 1, 0, 0, 0, 0, 0, (uint64_t)0600 << 32};
    if (turn % 5 == 0) {
      ask(out, FUSE_SETATTR, node, mode_and_size, 11, "", 0);
    }
  }
  uint64_t create_in[] = {O_RDWR | (uint64_t)0600 << 32, 0};
  if (turn % 4 == 0) {
    const char *name = turn % 8 == 0 ? "file" : new_names;
    if (ask(out, FUSE_CREATE, folder, create_in, 2, name, strlen(name) + 1) > 0) {
      uint64_t made = ((const struct fuse_entry *)(void *)out)->nodeid;
      uint64_t handle =
          ((const struct fuse_opened *)(void *)(out + sizeof(struct fuse_entry)))->fh;
      use_handle(out, made, handle, true);
      forget(out, made);
    }
    ask(out, FUSE_UNLINK, folder, NULL, 0, new_names, sizeof new_names);
  }
  uint64_t flags = 0;
  if (turn % 6 == 0 && ask(out, FUSE_OPENDIR, folder, &flags, 1, "", 0) > 0) {
    uint64_t list_in[] = {((const struct fuse_opened *)(void *)out)->fh, 0, 4096, 0, 0};
    ask(out, FUSE_READDIR, folder, list_in, 5, "", 0);
    ask(out, FUSE_RELEASEDIR, folder, list_in, 3, "", 0);
  }
  forget(out, node);
}

static void *victim(void *of) {
  static const char *const ways[] = {"in", "in", "in", "way", "etc"};
  uint8_t *out = aligned_alloc(LODGE_SECTOR_BYTES, SHARE_DATA_MAX);
  for (unsigned turn = (unsigned)(uintptr_t)of; !over; turn++) {
    uint64_t folder = look(out, FUSE_ROOT, ways[turn % 5]);
    if (folder != 0) {
      use(out, folder, turn);
      forget(out, folder);
    }
  }
  free(out);
  return NULL;
}

/* A client of the same share. */
static void *other_client(void *unused) {
  uint8_t *out = aligned_alloc(LODGE_SECTOR_BYTES, SHARE_DATA_MAX);
  uint64_t in = look(out, FUSE_ROOT, "in");
  for (unsigned turn = 0; !over; turn++) {
    static const char root_names[] = "in\0way";
    static const char pipe_names[] = "file\0pipe";
    uint64_t folder = turn % 2 == 0 ? FUSE_ROOT : in;
    uint64_t rename_in[] = {folder, EXCHANGE};
    const char *names = turn % 2 == 0 ? root_names : pipe_names;
    size_t length = turn % 2 == 0 ? sizeof root_names : sizeof pipe_names;
    swaps += ask(out, FUSE_RENAME2, folder, rename_in, 2, names, length) == 0;
  }
  free(out);
  return unused;
}

/* A program where the share is kept. */
static void *program(void *unused) {
  int shared = open("shared", O_PATH | O_DIRECTORY);
  int in = openat(shared, "in", O_PATH | O_DIRECTORY | O_NOFOLLOW);
  while (in < 0 && errno != ENOENT) {
    in = openat(shared, "way", O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }
  while (!over) {
    swaps += syscall(SYS_renameat2, shared, "in", shared, "way", EXCHANGE) == 0;
    swaps += syscall(SYS_renameat2, in, "file", in, "way", EXCHANGE) == 0;
    if (renameat(in, "file", in, "was") == 0) {
      if (symlinkat("../../outside/file", in, "file") == 0) {
        swaps++;
        unlinkat(in, "file", 0);
      }
      renameat(in, "was", in, "file");
    }
  }
  close(in);
  close(shared);
  return unused;
}

int main(int count, char **arguments) {
  pthread_t threads[VICTIMS + 2];
  struct timespec rest = {count > 1 ? atoi(arguments[1]) : 5, 0};
  snprintf(place, sizeof place, "/tmp/lodge-race-share-%d", (int)getpid());
  umask(0);
  plant();
  uint64_t before = outside();
  int root = open("shared", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int proc_fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  share_ops_begin(proc_fds);
  if (root < 0 || proc_fds < 0 || !nodes_begin(root)) {
    fail("begin");
  }
  pthread_create(&threads[0], NULL, other_client, NULL);
  pthread_create(&threads[1], NULL, program, NULL);
  for (uintptr_t i = 0; i < VICTIMS; i++) {
    pthread_create(&threads[2 + i], NULL, victim, (void *)(i * 7));
  }
  nanosleep(&rest, NULL);
  over = true;
  for (int i = 0; i < VICTIMS + 2; i++) {
    pthread_join(threads[i], NULL);
  }
  if (outside() != before) {
    fail("what lies outside has changed");
  }
  printf("%lu swaps, %lu reads of what lies inside, %lu refused\n", swaps, reads, refused);
  if (chdir("/") != 0) {
    fail("/");
  }
  nftw(place, drop, 16, FTW_DEPTH | FTW_PHYS);
  return swaps > 10 && reads > 10 && refused > 10 ? 0 : 1;
}
