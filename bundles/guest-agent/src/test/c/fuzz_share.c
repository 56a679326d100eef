/*
 * Gives the server of a share requests that begin well and are changed at random, from two threads
 * at once, under the sanitizers. Each request lies in memory of exactly its size, and so does the
 * room for its answer. A tree beside the shared one must stay as it was, none of its bytes may be in
 * an answer, and no descriptor may be left once the host has forgotten everything.
 * usage: fuzz_share SECONDS SEED
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "any_lane.h"
#include "share.h"
#include "tree.h"

#define THREADS 2
#define REQUESTS 20000 /* of each thread, before the tree is a new one */
#define CHOSEN 8 /* handles, so that threads open and close the same ones */
#define FILE_MAX (4u << 20)

static const char *const names[] = {"a", "b", "c", "d", "link", "way", "deep", "..", ".", "a/b", "",
                                    "../outside/secret"};
static const uint32_t opcodes[] = {
    FUSE_LOOKUP, FUSE_LOOKUP, FUSE_FORGET, FUSE_GETATTR, FUSE_SETATTR, FUSE_READLINK, FUSE_SYMLINK,
    FUSE_MKNOD, FUSE_MKDIR, FUSE_UNLINK, FUSE_RMDIR, FUSE_LINK, FUSE_OPEN, FUSE_OPEN, FUSE_READ,
    FUSE_WRITE, FUSE_STATFS, FUSE_RELEASE, FUSE_SETXATTR, FUSE_GETXATTR, FUSE_LISTXATTR,
    FUSE_REMOVEXATTR, FUSE_OPENDIR, FUSE_OPENDIR, FUSE_READDIR, FUSE_READDIRPLUS, FUSE_RELEASEDIR,
    FUSE_CREATE, FUSE_CREATE, FUSE_FALLOCATE, FUSE_RENAME2, FUSE_LSEEK, FUSE_COPY_FILE_RANGE,
    FUSE_TMPFILE, FUSE_LOOKUP, SHARE_LANE_READ, SHARE_LANE_WRITE, SHARE_LANE_PROBE};

static char place[64];
static _Atomic uint64_t last_handle = 1;
static atomic_ulong runs;
static atomic_ulong understood;

struct random {
  uint64_t state;
};

static uint32_t next(struct random *random, uint32_t bound) {
  uint64_t state = random->state;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  random->state = state;
  return (uint32_t)(state >> 32) % bound;
}

static void plant(void) {
  nftw(place, drop, 16, FTW_DEPTH | FTW_PHYS);
  if (mkdir(place, 0700) != 0 || chdir(place) != 0 || mkdir("outside", 0700) != 0 ||
      mkdir("shared", 0700) != 0 || mkdir("shared/deep", 0700) != 0 ||
      symlink("../outside", "shared/way") != 0 || symlink("../../outside", "shared/deep/link") != 0) {
    fail(place);
  }
  put_file("outside/secret", SECRET);
  put_file("shared/a", "inside");
}

/* Of everything in the tree outside, so that any change of it shows. */
static uint64_t outside(void) {
  struct stat folder;
  struct stat secret;
  if (stat("outside", &folder) != 0 || stat("outside/secret", &secret) != 0) {
    fail("what lies outside is gone");
  }
  return (uint64_t)folder.st_mtim.tv_nsec ^ (uint64_t)folder.st_ctim.tv_nsec << 1 ^
         (uint64_t)secret.st_ctim.tv_nsec << 2 ^ (uint64_t)secret.st_size << 40;
}

struct body {
  uint8_t bytes[8192];
  size_t length;
};

static void put(struct body *body, const void *from, size_t length) {
  memcpy(body->bytes + body->length, from, length);
  body->length += length;
}

static void put_number(struct body *body, uint64_t value, size_t size) { put(body, &value, size); }

static void put_name(struct random *random, struct body *body) {
  if (next(random, 60) == 0) {
    memset(body->bytes + body->length, 'n', 256);
    body->length += 254 + next(random, 3);
    put_number(body, 0, 1);
    return;
  }
  const char *name = names[next(random, next(random, 8) == 0 ? 12 : 7)];
  put(body, name, strlen(name) + 1);
}

static uint64_t some_handle(struct random *random) {
  uint64_t last = last_handle;
  if (next(random, 6) == 0) {
    return SHARE_HANDLE_CHOSEN | next(random, CHOSEN);
  }
  return next(random, 20) == 0 ? next(random, 100)
                               : (last & ~0xffffffffull) | (1 + next(random, (last & 0xfff) + 2));
}

static uint64_t some_offset(struct random *random) {
  static const uint64_t edges[] = {0, 1, 4096, FILE_MAX, INT64_MAX, INT64_MAX - 5, ~0ull, 1ull << 63};
  return next(random, 3) == 0 ? edges[next(random, 8)] : next(random, 100000);
}

static uint32_t some_size(struct random *random) {
  static const uint32_t edges[] = {0, 1, 4096, SHARE_DATA_MAX, SHARE_DATA_MAX + 1, ~0u};
  return next(random, 4) == 0 ? edges[next(random, 6)] : next(random, 9000);
}

static uint32_t some_mode(struct random *random) {
  static const uint32_t types[] = {S_IFREG, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFDIR, 0};
  return types[next(random, 8)] | next(random, 010000);
}

static uint32_t seed(struct random *random, struct body *body) {
  uint32_t opcode = opcodes[next(random, sizeof opcodes / sizeof *opcodes)];
  body->length = 0;
  switch (opcode) {
    case FUSE_FORGET:
      put_number(body, 1 + next(random, 3), 8);
      break;
    case FUSE_SETATTR:
      put_number(body, next(random, 4096), 8);
      put_number(body, some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      while (body->length < 68) {
        put_number(body, next(random, 2000000000), 4);
      }
      put_number(body, some_mode(random), 4);
      put_number(body, 0, 4);
      put_number(body, next(random, 3) * 1000, 4);
      put_number(body, next(random, 3) * 1000, 8);
      break;
    case FUSE_SYMLINK:
      put_name(random, body);
      put_name(random, body);
      break;
    case FUSE_MKNOD:
    case FUSE_CREATE:
    case FUSE_TMPFILE: {
      uint32_t flags = next(random, 4) | (next(random, 2) ? O_EXCL : 0) | (next(random, 8) ? 0 : O_TRUNC);
      put_number(body, opcode == FUSE_MKNOD ? some_mode(random) : flags, 4);
      put_number(body, some_mode(random) & 07777, 4);
      put_number(body, 0, 8);
      put_name(random, body);
      break;
    }
    case FUSE_MKDIR:
      put_number(body, 0777, 8);
      put_name(random, body);
      break;
    case FUSE_LINK:
      put_number(body, 1 + next(random, 12), 8);
      put_name(random, body);
      break;
    case FUSE_RENAME2:
      put_number(body, 1 + next(random, 12), 8);
      put_number(body, next(random, 8), 8);
      put_name(random, body);
      put_name(random, body);
      break;
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      put_number(body, next(random, 4) | (next(random, 6) ? 0 : O_APPEND), 8);
      break;
    case FUSE_READ:
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
      put_number(body, next(random, 4) == 0 ? SHARE_NO_HANDLE : some_handle(random), 8);
      put_number(body, opcode == FUSE_READ ? some_offset(random) : 0, 8);
      put_number(body, some_size(random), 4);
      put_number(body, next(random, 2) == 0 ? 0 : some_size(random), 4);
      put_number(body, 0, 8);
      put_number(body, 0, 8);
      break;
    case SHARE_LANE_READ:
    case SHARE_LANE_WRITE:
      put_number(body, next(random, 4) == 0 ? SHARE_NO_HANDLE : some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, some_size(random), 4);
      put_number(body, next(random, 8), 4);
      put_number(body, 0, 8);
      put_number(body, 0, 8);
      put_number(body, next(random, 1000), 8);
      break;
    case FUSE_WRITE: {
      uint32_t data = next(random, 5000);
      put_number(body, some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, next(random, 8) == 0 ? some_size(random) : data, 4);
      put_number(body, next(random, 8), 4);
      memset(body->bytes + body->length, 'w', 16 + data);
      body->length += 16 + data;
      break;
    }
    case FUSE_SETXATTR:
    case FUSE_GETXATTR: {
      put_number(body, next(random, 50), 4);
      put_number(body, next(random, 3), 4);
      put(body, "user.one", 9);
      memset(body->bytes + body->length, 'x', 60);
      body->length += next(random, 60);
      break;
    }
    case FUSE_REMOVEXATTR:
      put(body, "user.one", 9);
      break;
    case FUSE_FALLOCATE:
      put_number(body, some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, next(random, 128), 8);
      break;
    case FUSE_LSEEK:
      put_number(body, some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, next(random, 6), 8);
      break;
    case FUSE_COPY_FILE_RANGE:
      put_number(body, some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, 0, 8);
      put_number(body, some_handle(random), 8);
      put_number(body, some_offset(random), 8);
      put_number(body, some_size(random), 8);
      put_number(body, 0, 8);
      break;
    case FUSE_LOOKUP:
    case FUSE_UNLINK:
    case FUSE_RMDIR:
      put_name(random, body);
      break;
    default: /* a handle, or anything */
      put_number(body, some_handle(random), 8);
      put_number(body, 0, 8);
  }
  return opcode;
}

static void change(struct random *random, struct body *body, uint32_t *opcode) {
  for (uint32_t changes = next(random, 12) == 0 ? next(random, 4) : 0; changes > 0 && body->length > 0;
       changes--) {
    body->bytes[next(random, (uint32_t)body->length)] =
        (uint8_t)(next(random, 3) == 0 ? 0xff : next(random, 256));
  }
  if (next(random, 20) == 0) {
    body->length = next(random, (uint32_t)body->length + 1);
  }
  if (next(random, 200) == 0) {
    *opcode = next(random, 4) == 0 ? SHARE_LANE_PROBE + next(random, 4) : next(random, 64);
  }
  if (*opcode == FUSE_SYNCFS || *opcode == FUSE_FSYNC || *opcode == FUSE_FSYNCDIR) {
    *opcode = FUSE_LOOKUP; /* they wait for the disk, and decode nothing of their own */
  }
}

/* Of the handles that the host may choose those few that are closed in the end. */
static void choose_few(struct body *body, uint32_t opcode) {
  uint64_t handle;
  bool named = opcode == FUSE_LOOKUP || opcode == FUSE_UNLINK || opcode == FUSE_RMDIR ||
               opcode == FUSE_SYMLINK || opcode == FUSE_REMOVEXATTR;
  memcpy(&handle, body->bytes, sizeof handle);
  if (!named && (handle & SHARE_HANDLE_CHOSEN) != 0) {
    handle = SHARE_HANDLE_CHOSEN | handle % CHOSEN;
    memcpy(body->bytes, &handle, sizeof handle);
  }
}

static void check(const struct exchange *x, long answer) {
  if (answer > (long)SHARE_DATA_MAX || answer < -4095) {
    fail("an answer that can't be");
  }
  if (answer > 0 && memmem(x->out, (size_t)answer, SECRET, strlen(SECRET)) != NULL) {
    fail("an answer from outside");
  }
  if (answer == sizeof(struct fuse_opened) &&
      (x->in->opcode == FUSE_OPEN || x->in->opcode == FUSE_OPENDIR)) {
    last_handle = ((const struct fuse_opened *)x->out)->fh;
  }
  bool tells = (x->in->extensions & SHARE_TELLS) != 0;
  if (answer >= 0 && x->in->opcode == FUSE_UNLINK &&
      (answer != (tells ? (long)sizeof(struct fuse_attr) : 0) ||
       (tells && !S_ISDIR(((const struct fuse_attr *)x->out)->mode)))) {
    fail("an answer without its directory");
  }
  if (answer >= (long)sizeof(struct fuse_entry) &&
      (x->in->opcode == FUSE_LOOKUP || x->in->opcode == FUSE_CREATE)) {
    const struct fuse_entry *entry = (const struct fuse_entry *)x->out;
    if (entry->nodeid == 0 || entry->nodeid > 400000 || entry->attr.mode == 0) {
      fail("an entry that can't be");
    }
  }
}

static long ask(uint32_t opcode, uint64_t node, const void *body, size_t length) {
  struct fuse_in *in = malloc(sizeof *in + length + 1);
  static _Thread_local uint8_t *out;
  if (out == NULL) {
    out = aligned_alloc(LODGE_SECTOR_BYTES, SHARE_DATA_MAX);
  }
  *in = (struct fuse_in){(uint32_t)(sizeof *in + length), opcode, 1, node, 0, 0, 0,
                         length % 2 != 0 ? SHARE_TELLS : 0};
  memcpy(in + 1, body, length);
  ((uint8_t *)(in + 1))[length] = 0;
  struct exchange exchange = {in, (const uint8_t *)(in + 1), length, out};
  share_is_quick(in);
  long answer = share_execute(&exchange);
  check(&exchange, answer);
  free(in);
  return answer;
}

static void *thread(void *of) {
  struct random random = {(uint64_t)(uintptr_t)of * 0x9e3779b97f4a7c15u + 1};
  static _Thread_local struct body body;
  for (int i = 0; i < REQUESTS; i++) {
    uint32_t opcode = seed(&random, &body);
    change(&random, &body, &opcode);
    choose_few(&body, opcode);
    uint64_t node = next(&random, 30) == 0 ? next(&random, 1u << 31) : 1 + next(&random, 12);
    runs++;
    understood += ask(opcode, next(&random, 3) == 0 ? FUSE_ROOT : node, body.bytes, body.length) >= 0;
  }
  return NULL;
}

static int count_descriptors(void) {
  int count = 0;
  DIR *all = opendir("/proc/self/fd");
  while (readdir(all) != NULL) {
    count++;
  }
  closedir(all);
  return count;
}

static void forget_all(void) {
  uint64_t uses = ~0ull;
  for (uint64_t node = 2; node < 5000; node++) {
    ask(FUSE_FORGET, node, &uses, sizeof uses);
  }
  for (uint64_t number = 0; number < CHOSEN; number++) {
    held_close(SHARE_HANDLE_CHOSEN | number, false);
  }
  for (uint64_t slot = 1; slot < 3u * REQUESTS; slot++) {
    for (uint64_t count = 0; count < 3; count++) {
      held_close(count << 32 | slot, false);
      held_close(count << 32 | slot, true);
    }
  }
}

/* One process with a tree of its own; what it leaves behind is found by its parent. */
static void round_of(uint64_t seed_of) {
  pthread_t threads[THREADS];
  plant();
  uint64_t before = outside();
  int root = open("shared", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int proc_fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  share_ops_begin(proc_fds);
  if (root < 0 || proc_fds < 0 || !nodes_begin(root)) {
    fail("begin");
  }
  int descriptors = count_descriptors();
  for (uint64_t i = 0; i < THREADS; i++) {
    pthread_create(&threads[i], NULL, thread, (void *)(uintptr_t)(seed_of * THREADS + i));
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  forget_all();
  if (count_descriptors() != descriptors) {
    fail("descriptors are left");
  }
  if (outside() != before) {
    fail("what lies outside has changed");
  }
  printf("%lu requests, %lu understood\n", runs, understood);
  fflush(stdout);
  _exit(understood > 0 && understood < runs ? 0 : 1);
}

int main(int count, char **arguments) {
  struct rlimit file = {FILE_MAX, FILE_MAX};
  time_t end = time(NULL) + (count > 1 ? atoi(arguments[1]) : 1);
  uint64_t seed_of = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
  snprintf(place, sizeof place, "/tmp/lodge-fuzz-share-%d", (int)getpid());
  setrlimit(RLIMIT_FSIZE, &file);
  signal(SIGXFSZ, SIG_IGN);
  umask(0);
  int status = 0;
  do {
    pid_t child = fork();
    if (child == 0) {
      round_of(seed_of);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
      fail("fork");
    }
    if (status != 0) {
      fprintf(stderr, "seed %llu\n", (unsigned long long)seed_of);
      break;
    }
    seed_of++;
  } while (time(NULL) < end);
  nftw(place, drop, 16, FTW_DEPTH | FTW_PHYS);
  return status == 0 ? 0 : 1;
}
