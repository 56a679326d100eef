/* An agent that was started in the initramfs goes on when the real root takes its place. Lodge lets
 * the kernel run it as the first program of all (rdinit=/lodge/init): then it forks, and what was to
 * be first takes the place of the parent, process 1. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define OWN_PROC "/lodge/proc"
#define AGAIN_MICROS 100000

static int proc = -1;

void root_begin(bool in_initramfs, char *name) {
  if (in_initramfs) {
    if (proc < 0) {
      proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    /* systemd spares processes of the initramfs whose name begins so. */
    name[0] = '@';
  }
}

void root_first_program(char **arguments) {
  static char init[] = "/init";
  if (fork() == 0) {
    setsid();
    /* Not at /proc: the guest's own first program mounts that, and a second time is an error. */
    mkdir(OWN_PROC, 0555);
    if (mount("proc", OWN_PROC, "proc", 0, NULL) == 0) {
      proc = open(OWN_PROC, O_PATH | O_DIRECTORY | O_CLOEXEC);
      umount2(OWN_PROC, MNT_DETACH);
    }
    return;
  }
  arguments[0] = init;
  execv(init, arguments);
  perror("lodge: the initial RAM disk has no program /init");
  exit(1);
}

void root_guard(void) {
  for (;;) {
    pid_t worker = fork();
    if (worker == 0) {
      return;
    }
    while (worker > 0 && waitpid(worker, NULL, 0) < 0 && errno == EINTR) {
    }
    usleep(AGAIN_MICROS);
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
