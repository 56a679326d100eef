/* An agent that was started in the initramfs goes on when the real root takes its place. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

static int proc = -1;

void root_begin(bool in_initramfs, char *name) {
  if (in_initramfs) {
    proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* systemd spares processes of the initramfs whose name begins so. */
    name[0] = '@';
  }
}

void root_follow(void) {
  struct stat ours;
  struct stat theirs;
  if (proc < 0 || stat("/", &ours) != 0 || fstatat(proc, "1/root", &theirs, 0) != 0 ||
      (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)) {
    return;
  }
  int root = openat(proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0) {
    if (fchdir(root) != 0 || chroot(".") != 0) {
      /* Nothing is lost: the next request tries again. */
    }
    close(root);
  }
}
