/* An agent that was started in the initramfs goes on when the real root takes its place. Lodge lets
 * the kernel run it as the first program of all (rdinit=/lodge/init): then it forks, and what was to
 * be first takes the place of the parent, process 1. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define OWN_PROC "/lodge/proc"
#define AGAIN_MICROS 100000

#define INSTALLED "/usr/lib/lodge/lodge-agent"
#define PLACE "/run/lodge"

static int proc = -1;
static int program = -1;
static struct stat first_root;

void root_begin(bool in_initramfs, char *name) {
  if (in_initramfs) {
    if (proc < 0) {
      proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    stat("/", &first_root);
    program = openat(proc, "self/exe", O_RDONLY | O_CLOEXEC);
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

/* Programs of a guest that Lodge has not built find lodge-call here. */
static void install(void) {
  struct stat self;
  if (program < 0 || access(INSTALLED, X_OK) == 0 || fstat(program, &self) != 0) {
    return;
  }
  mkdir(PLACE, 0755);
  /* Of its own: nothing can be run from /run where that was mounted by Debian's RAM disk. */
  mount("tmpfs", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755");
  int copy = open(PLACE "/.lodge-agent", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  off_t from = 0;
  while (copy >= 0 && from < self.st_size &&
         sendfile(copy, program, &from, (size_t)(self.st_size - from)) > 0) {
  }
  if (copy >= 0 && from == self.st_size &&
      rename(PLACE "/.lodge-agent", PLACE "/lodge-agent") == 0) {
    unlink(PLACE "/lodge-call");
    if (symlink("lodge-agent", PLACE "/lodge-call") != 0) {
      /* Without it `lodge-agent call` does the same. */
    }
  }
  if (copy >= 0) {
    close(copy);
  }
}

static bool same(const struct stat *one, const struct stat *other) {
  return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool root_is_final(void) {
  struct stat ours;
  /* A guest that stays in its initramfs for good can say so by coming up there. */
  return proc < 0 || stat("/", &ours) != 0 || !same(&ours, &first_root) || up_said();
}

void root_follow(void) {
  struct stat ours;
  struct stat theirs;
  if (proc < 0 || stat("/", &ours) != 0 || fstatat(proc, "1/root", &theirs, 0) != 0 ||
      same(&ours, &theirs)) {
    return;
  }
  int root = openat(proc, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0) {
    if (fchdir(root) == 0 && chroot(".") == 0) {
      install();
    } /* Else nothing is lost: the next request tries again. */
    close(root);
  }
}
