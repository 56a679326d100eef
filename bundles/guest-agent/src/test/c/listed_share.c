/*
 * Listings of a directory that is not open: where they end is told, and where positions are of one
 * opening alone, as overlayfs has them, they are refused. Where no overlay can be mounted there is
 * less to see.
 * usage: listed_share
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "any_lane.h"
#include "share.h"
#include "tree.h"

static char place[64];

static long list(uint8_t *out, uint64_t node, uint32_t size, uint32_t extensions) {
  struct {
    struct fuse_in in;
    struct fuse_read body;
  } asked = {.in = {sizeof asked, FUSE_READDIR, 1, node, 0, 0, 0, 0}, .body = {.size = size}};
  asked.in.extensions = extensions;
  struct exchange exchange = {&asked.in, (const uint8_t *)&asked.body, sizeof asked.body, out};
  return share_execute(&exchange);
}

static struct fuse_entry look(uint8_t *out, const char *name) {
  uint8_t bytes[128] = {0};
  struct fuse_in *in = (struct fuse_in *)(void *)bytes;
  size_t length = strlen(name) + 1;
  *in = (struct fuse_in){(uint32_t)(sizeof *in + length), FUSE_LOOKUP, 1, FUSE_ROOT, 0, 0, 0, 0};
  memcpy(bytes + sizeof *in, name, length);
  struct exchange exchange = {in, bytes + sizeof *in, length, out};
  if (share_execute(&exchange) < 0) {
    fail(name);
  }
  return *(const struct fuse_entry *)(void *)out;
}

static bool overlay(void) {
  return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") == 0;
}

int main(void) {
  static const char *const folders[] = {"plain", "lower", "upper", "work", "merged"};
  uint8_t *out = aligned_alloc(LODGE_SECTOR_BYTES, SHARE_DATA_MAX);
  snprintf(place, sizeof place, "/tmp/lodge-listed-share-%d", (int)getpid());
  if (mkdir(place, 0700) != 0 || chdir(place) != 0) {
    fail(place);
  }
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    mkdir(folders[i], 0700);
  }
  put_file("plain/one", "");
  put_file("lower/one", "");
  put_file("upper/two", "");
  bool is_overlay = overlay();
  share_ops_begin(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!nodes_begin(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC))) {
    fail("begin");
  }
  uint64_t plain = look(out, "plain").nodeid;
  long all = list(out, plain, 65536, 0);
  if (all <= 0 || list(out, plain, 65536, SHARE_TELLS) != all + (long)SHARE_LISTED_BYTES) {
    fail("a whole directory");
  }
  if (list(out, plain, (uint32_t)all - 8, SHARE_TELLS) >= all - 8) {
    fail("a part of a directory");
  }
  long merged = list(out, look(out, "merged").nodeid, 65536, SHARE_TELLS);
  if (is_overlay ? merged != -EBADF : merged < 0) {
    fail("an overlay");
  }
  printf("%s\n", is_overlay ? "refused" : "no overlay");
  /* Files in it are known, so it is busy. */
  umount2("merged", MNT_DETACH);
  if (chdir("/") != 0) {
    fail("/");
  }
  nftw(place, drop, 16, FTW_DEPTH | FTW_PHYS);
  free(out);
  return 0;
}
