/*
 * A file that is gone while the server of a share holds no descriptor of it, and another one made
 * with its inode: that one is a file of its own, and of the former one is said that it is stale.
 * What the host itself removes or replaces can still be read, by whoever has it open there.
 * Where the file system uses no inode again, or handles need privileges, there is nothing to see.
 * usage: stale_share
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "any_lane.h"
#include "share.h"
#include "tree.h"

#define OTHERS 20 /* more than descriptors are held of */
#define TRIES 200

static char place[64];

/* A name, or the 16 bytes of GETATTR. */
static long ask(uint8_t *out, uint32_t opcode, uint64_t node, const char *body, size_t length) {
  uint8_t bytes[128] = {0};
  struct fuse_in *in = (struct fuse_in *)(void *)bytes;
  *in = (struct fuse_in){(uint32_t)(sizeof *in + length), opcode, 1, node, 0, 0, 0, 0};
  memcpy(bytes + sizeof *in, body, length);
  struct exchange exchange = {in, bytes + sizeof *in, length, out};
  return share_execute(&exchange);
}

static struct fuse_entry look(uint8_t *out, const char *name) {
  if (ask(out, FUSE_LOOKUP, FUSE_ROOT, name, strlen(name) + 1) < 0) {
    fail(name);
  }
  return *(const struct fuse_entry *)(void *)out;
}

static long attributes(uint8_t *out, uint64_t node) {
  static const char none[16];
  return ask(out, FUSE_GETATTR, node, none, sizeof none);
}

/* So that nothing else is held. */
static void use_others(uint8_t *out) {
  char name[32];
  for (int i = 0; i < OTHERS; i++) {
    snprintf(name, sizeof name, "other-%d", i);
    attributes(out, look(out, name).nodeid);
  }
}

/* Another file of that inode, by the name of "new". */
static bool use_again(uint64_t inode) {
  char name[32];
  for (int i = 0; i < TRIES; i++) {
    struct stat status;
    snprintf(name, sizeof name, "try-%d", i);
    put_file(name, "new");
    if (stat(name, &status) != 0) {
      fail(name);
    }
    if (status.st_ino == inode) {
      return rename(name, "new") == 0;
    }
  }
  return false;
}

static void check_kept(uint8_t *out, uint64_t node, const char *what) {
  const struct fuse_read in = {.size = 64};
  size_t length = strlen(what);
  if (ask(out, FUSE_READ, node, (const char *)&in, sizeof in) != (long)length ||
      memcmp(out, what, length) != 0) {
    fail(what);
  }
}

static void rename_to(uint8_t *out, const char *from, const char *to) {
  char body[sizeof(struct fuse_rename2) + 32] = {0};
  struct fuse_rename2 in = {.newdir = FUSE_ROOT};
  memcpy(body, &in, sizeof in);
  int length = snprintf(body + sizeof in, 32, "%s%c%s", from, 0, to);
  if (ask(out, FUSE_RENAME2, FUSE_ROOT, body, sizeof in + (size_t)length + 1) != 0) {
    fail(from);
  }
}

static void unlink_there(uint8_t *out, const char *name) {
  if (ask(out, FUSE_UNLINK, FUSE_ROOT, name, strlen(name) + 1) != 0) {
    fail(name);
  }
}

/* Of nothing but a handle each is known, or not yet. */
static void lose_names(uint8_t *out) {
  put_file("at-once", "at-once");
  put_file("removed", "removed");
  put_file("replaced", "replaced");
  uint64_t removed = look(out, "removed").nodeid;
  uint64_t replaced = look(out, "replaced").nodeid;
  use_others(out);
  uint64_t at_once = look(out, "at-once").nodeid;
  unlink_there(out, "at-once");
  unlink_there(out, "removed");
  put_file("another", "another");
  rename_to(out, "another", "replaced");
  use_others(out);
  check_kept(out, at_once, "at-once");
  check_kept(out, removed, "removed");
  check_kept(out, replaced, "replaced");
}

/* What is read is held from then on, whoever removes it, until it is closed. */
static void lose_while_open(uint8_t *out) {
  const struct fuse_read in = {.fh = SHARE_HANDLE_CHOSEN | 7, .size = 64};
  put_file("open", "open");
  uint64_t node = look(out, "open").nodeid;
  for (int i = 0; i < 2; i++) {
    if (ask(out, FUSE_READ, node, (const char *)&in, sizeof in) != 4 || memcmp(out, "open", 4) != 0) {
      fail("open");
    }
    use_others(out);
    remove("open");
  }
  ask(out, FUSE_RELEASE, node, (const char *)&in.fh, sizeof in.fh);
  if (held_get(in.fh, false) != NULL) {
    fail("closed");
  }
}

int main(void) {
  uint8_t *out = aligned_alloc(LODGE_SECTOR_BYTES, SHARE_DATA_MAX);
  snprintf(place, sizeof place, "/tmp/lodge-stale-share-%d", (int)getpid());
  if (mkdir(place, 0700) != 0 || chdir(place) != 0) {
    fail(place);
  }
  put_file("former", "former");
  for (int i = 0; i < OTHERS; i++) {
    char name[32];
    snprintf(name, sizeof name, "other-%d", i);
    put_file(name, "");
  }
  share_ops_begin(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!nodes_begin(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC))) {
    fail("begin");
  }
  lose_names(out);
  lose_while_open(out);
  struct fuse_entry former = look(out, "former");
  use_others(out);
  bool finds = attributes(out, former.nodeid) > 0;
  use_others(out);
  remove("former");
  bool again = finds && use_again(former.attr.ino);
  if (again) {
    struct fuse_entry new = look(out, "new");
    if (new.nodeid == former.nodeid || look(out, "new").nodeid != new.nodeid ||
        attributes(out, new.nodeid) < 0 || attributes(out, former.nodeid) != -ESTALE) {
      fail("another file of the same inode");
    }
    uint64_t uses = 1;
    ask(out, FUSE_FORGET, former.nodeid, (const char *)&uses, sizeof uses);
    if (look(out, "new").nodeid != new.nodeid) {
      fail("after the former one is forgotten");
    }
  }
  printf("%s\n", again ? "told apart" : "no inode was used again");
  if (chdir("/") != 0) {
    fail("/");
  }
  nftw(place, drop, 16, FTW_DEPTH | FTW_PHYS);
  free(out);
  return 0;
}
