/* share check FOLDER [acl]: what a shared folder must do like any other; prints "ok NAME" or
 * "FAIL NAME why" for each. share lock FILE range|whole read|write try|wait: takes a lock, says
 * "locked" or "busy", and holds it until it is killed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *why(const char *what) {
  static char text[200];
  snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
  return text;
}

#define MUST(holds)                          \
  do {                                       \
    errno = 0;                               \
    if (!(holds)) return why(#holds);        \
  } while (0)
#define REFUSED(call, error)                                        \
  do {                                                              \
    errno = 0;                                                      \
    if ((call) >= 0 || errno != (error)) return why(#call " not " #error); \
  } while (0)

static int make(const char *name, const char *content) {
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd >= 0 && write(fd, content, strlen(content)) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static bool holds(const char *name, const char *content) {
  char text[256] = {0};
  int fd = open(name, O_RDONLY);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  close(fd);
  return count == (ssize_t)strlen(content) && memcmp(text, content, (size_t)count) == 0;
}

static const char *every_byte_names(void) {
  bool seen[256] = {false};
  char name[4] = "a?z";
  int listed = 0;
  MUST(mkdir("bytes", 0755) == 0 && chdir("bytes") == 0);
  for (int byte = 1; byte < 256; byte++) {
    name[1] = (char)byte;
    if (byte != '/') {
      int fd = make(name, name);
      MUST(fd >= 0 && close(fd) == 0);
    }
  }
  DIR *all = opendir(".");
  MUST(all != NULL);
  for (struct dirent *each = readdir(all); each != NULL; each = readdir(all)) {
    if (each->d_name[0] == 'a') {
      MUST(strlen(each->d_name) == 3 && !seen[(unsigned char)each->d_name[1]]);
      seen[(unsigned char)each->d_name[1]] = true;
      listed++;
    }
  }
  closedir(all);
  MUST(listed == 254);
  for (int byte = 1; byte < 256; byte++) {
    name[1] = (char)byte;
    if (byte != '/') {
      MUST(holds(name, name) && unlink(name) == 0);
    }
  }
  MUST(chdir("..") == 0 && rmdir("bytes") == 0);
  return NULL;
}

static const char *longest_names(void) {
  char name[258];
  memset(name, 'n', 256);
  name[255] = 0;
  int fd = make(name, "long");
  MUST(fd >= 0 && close(fd) == 0 && holds(name, "long"));
  MUST(mkdir("d", 0755) == 0 && rmdir("d") == 0 && unlink(name) == 0);
  name[255] = 'n';
  name[256] = 0;
  REFUSED(open(name, O_CREAT | O_RDWR, 0644), ENAMETOOLONG);
  REFUSED(access(name, F_OK), ENAMETOOLONG);
  return NULL;
}

static const char *nameless_files(void) {
  char path[40];
  int fd = open(".", O_TMPFILE | O_RDWR, 0640);
  MUST(fd >= 0 && write(fd, "later", 5) == 5);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  MUST(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
  struct stat status;
  MUST(close(fd) == 0 && holds("named", "later"));
  MUST(stat("named", &status) == 0 && status.st_nlink == 1 && (status.st_mode & 0777) == 0640);
  MUST(unlink("named") == 0);
  fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0640);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  REFUSED(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
  close(fd);
  return NULL;
}

static const char *rename_flags(void) {
  close(make("one", "1"));
  close(make("two", "22"));
  REFUSED(renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_NOREPLACE), EEXIST);
  MUST(renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_EXCHANGE) == 0);
  MUST(holds("one", "22") && holds("two", "1"));
  MUST(renameat2(AT_FDCWD, "one", AT_FDCWD, "three", RENAME_NOREPLACE) == 0);
  REFUSED(renameat2(AT_FDCWD, "two", AT_FDCWD, "none", RENAME_EXCHANGE), ENOENT);
  MUST(holds("three", "22") && unlink("three") == 0 && unlink("two") == 0);
  return NULL;
}

static const char *holes_and_data(void) {
  int fd = make("holes", "");
  MUST(pwrite(fd, "x", 1, 1 << 20) == 1 && fsync(fd) == 0);
  off_t data = lseek(fd, 0, SEEK_DATA);
  MUST(data >= 0 && data <= 1 << 20);
  MUST(lseek(fd, 0, SEEK_HOLE) >= 0 && lseek(fd, 1 << 20, SEEK_HOLE) == (1 << 20) + 1);
  REFUSED(lseek(fd, (1 << 20) + 1, SEEK_DATA), ENXIO);
  MUST(close(fd) == 0 && unlink("holes") == 0);
  return NULL;
}

static const char *copied_ranges(void) {
  enum { SIZE = 300000 };
  static char from[SIZE], to[SIZE];
  for (int i = 0; i < SIZE; i++) {
    from[i] = (char)(i * 7 + i / 251);
  }
  int in = make("from", ""), out = make("to", "");
  MUST(write(in, from, SIZE) == SIZE);
  off64_t at = 5, put = 3;
  size_t left = SIZE - 5;
  while (left > 0) {
    ssize_t count = copy_file_range(in, &at, out, &put, left, 0);
    MUST(count > 0);
    left -= (size_t)count;
  }
  MUST(pread(out, to, SIZE, 3) == SIZE - 5 && memcmp(to, from + 5, SIZE - 5) == 0);
  MUST(close(in) == 0 && close(out) == 0 && unlink("from") == 0 && unlink("to") == 0);
  return NULL;
}

static const char *allocation(void) {
  struct stat status;
  char text[10];
  int fd = make("space", "");
  MUST(fallocate(fd, 0, 0, 100000) == 0 && fstat(fd, &status) == 0 && status.st_size == 100000);
  MUST(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 200000) == 0);
  MUST(fstat(fd, &status) == 0 && status.st_size == 100000);
  MUST(pwrite(fd, "0123456789", 10, 4090) == 10);
  MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) == 0);
  MUST(pread(fd, text, 10, 4090) == 10 && memcmp(text, "012345\0\0\0\0", 10) == 0);
  MUST(posix_fallocate(fd, 0, 150000) == 0 && fstat(fd, &status) == 0 && status.st_size == 150000);
  MUST(close(fd) == 0 && unlink("space") == 0);
  return NULL;
}

static const char *status_and_sync(void) {
  struct statx status;
  int fd = make("stat", "12345"), folder = open(".", O_RDONLY | O_DIRECTORY);
  MUST(statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS | STATX_BTIME,
             &status) == 0);
  MUST(status.stx_size == 5 && (status.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
  MUST(status.stx_mtime.tv_sec > 1600000000 && status.stx_nlink == 1);
  MUST((status.stx_mask & STATX_BTIME) == 0 || status.stx_btime.tv_sec > 1600000000);
  MUST(fsync(fd) == 0 && fdatasync(fd) == 0 && fsync(folder) == 0 && syncfs(folder) == 0);
  MUST(sync_file_range(fd, 0, 5, SYNC_FILE_RANGE_WRITE) == 0);
  MUST(close(fd) == 0 && close(folder) == 0 && unlink("stat") == 0);
  return NULL;
}

static const char *refused_ioctls(void) {
  int fd = make("ioctl", "x"), other = make("other", "");
  char text[64];
  MUST(ioctl(fd, TCGETS, text) < 0 && errno == ENOTTY);
  MUST(ioctl(other, FICLONE, fd) < 0 || holds("other", "x"));
  MUST(close(fd) == 0 && close(other) == 0 && unlink("ioctl") == 0 && unlink("other") == 0);
  return NULL;
}

static const char *attributes(void) {
  static char value[65536], back[65536];
  close(make("attr", "x"));
  memset(value, 'v', sizeof value);
  MUST(setxattr("attr", "user.a", "blue", 4, XATTR_CREATE) == 0);
  REFUSED(setxattr("attr", "user.a", "red", 3, XATTR_CREATE), EEXIST);
  REFUSED(setxattr("attr", "user.b", "red", 3, XATTR_REPLACE), ENODATA);
  MUST(setxattr("attr", "user.a", "", 0, XATTR_REPLACE) == 0);
  MUST(getxattr("attr", "user.a", back, 10) == 0 && setxattr("attr", "user.a", "blue", 4, 0) == 0);
  MUST(getxattr("attr", "user.a", NULL, 0) == 4);
  REFUSED(getxattr("attr", "user.a", back, 2), ERANGE);
  MUST(listxattr("attr", back, sizeof back) >= 7 && memmem(back, 100, "user.a", 7) != NULL);
  MUST(setxattr("attr", "user.big", value, 2000, 0) == 0);
  MUST(getxattr("attr", "user.big", back, sizeof back) == 2000 && memcmp(back, value, 2000) == 0);
  MUST(removexattr("attr", "user.a") == 0);
  REFUSED(getxattr("attr", "user.a", back, 10), ENODATA);
  REFUSED(removexattr("attr", "user.a"), ENODATA);
  MUST(unlink("attr") == 0);
  return NULL;
}

static const char *mapped_memory(void) {
  char text[6] = {0};
  int fd = make("map", "hello, world");
  MUST(ftruncate(fd, 10000) == 0);
  char *memory = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  MUST(memory != MAP_FAILED && memcmp(memory, "hello", 5) == 0);
  memcpy(memory + 9000, "there", 5);
  MUST(msync(memory, 10000, MS_SYNC) == 0);
  MUST(pread(fd, text, 5, 9000) == 5 && memcmp(text, "there", 5) == 0);
  MUST(munmap(memory, 10000) == 0 && close(fd) == 0 && unlink("map") == 0);
  return NULL;
}

static const char *appending(void) {
  close(make("log", ""));
  int a = open("log", O_WRONLY | O_APPEND), b = open("log", O_WRONLY | O_APPEND);
  for (int i = 0; i < 20; i++) {
    MUST(write(i % 3 == 0 ? a : b, i % 3 == 0 ? "a" : "b", 1) == 1);
  }
  MUST(close(a) == 0 && close(b) == 0 && holds("log", "abbabbabbabbabbabbab"));
  MUST(unlink("log") == 0);
  return NULL;
}

static struct flock range(short type, off_t start, off_t length) {
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* A child that tries something on a file of its own opening; 0 where it could. */
static int child_could(const char *name, int flock_how, short type, off_t start, off_t length) {
  pid_t child = fork();
  if (child == 0) {
    int fd = open(name, O_RDWR);
    struct flock lock = range(type, start, length);
    int done = flock_how != 0 ? flock(fd, flock_how | LOCK_NB) : fcntl(fd, F_SETLK, &lock);
    _exit(done == 0 ? 0 : errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK ? 1 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static const char *locks(void) {
  int fd = make("lock", "0123456789"), other = open("lock", O_RDWR);
  struct flock lock = range(F_WRLCK, 2, 3), seen;
  MUST(fcntl(fd, F_SETLK, &lock) == 0);
  MUST(child_could("lock", 0, F_RDLCK, 4, 1) == 1 && child_could("lock", 0, F_RDLCK, 5, 0) == 0);
  MUST(child_could("lock", LOCK_EX, 0, 0, 0) == 0);
  pid_t child = fork();
  if (child == 0) {
    seen = range(F_WRLCK, 0, 0);
    bool right = fcntl(other, F_GETLK, &seen) == 0 && seen.l_type == F_WRLCK && seen.l_start == 2 &&
                 seen.l_len == 3 && seen.l_pid == getppid();
    seen = range(F_WRLCK, 3, 1);
    right = right && fcntl(other, F_SETLKW, &seen) == 0;
    _exit(right ? 0 : 1);
  }
  usleep(200000);
  lock = range(F_UNLCK, 3, 1);
  int status = -1;
  MUST(fcntl(fd, F_SETLK, &lock) == 0 && waitpid(child, &status, 0) == child && status == 0);
  MUST(child_could("lock", 0, F_WRLCK, 3, 1) == 0 && child_could("lock", 0, F_WRLCK, 2, 1) == 1);
  /* Closing any descriptor of the file lets all of a process's ranges go. */
  MUST(close(other) == 0 && child_could("lock", 0, F_WRLCK, 0, 0) == 0);
  /* An open file's own locks end with it. */
  other = open("lock", O_RDWR);
  lock = range(F_WRLCK, 0, 0);
  MUST(fcntl(other, F_OFD_SETLK, &lock) == 0 && child_could("lock", 0, F_RDLCK, 7, 1) == 1);
  MUST(close(other) == 0 && child_could("lock", 0, F_RDLCK, 7, 1) == 0);
  MUST(flock(fd, LOCK_SH) == 0 && child_could("lock", LOCK_SH, 0, 0, 0) == 0);
  MUST(child_could("lock", LOCK_EX, 0, 0, 0) == 1);
  int copy = dup(fd);
  MUST(close(fd) == 0 && child_could("lock", LOCK_EX, 0, 0, 0) == 1);
  MUST(close(copy) == 0 && child_could("lock", LOCK_EX, 0, 0, 0) == 0);
  MUST(unlink("lock") == 0);
  return NULL;
}

static const char *unlinked_files(void) {
  char text[5];
  struct stat status;
  int fd = make("gone", "still");
  MUST(link("gone", "also") == 0 && fstat(fd, &status) == 0 && status.st_nlink == 2);
  MUST(unlink("gone") == 0 && unlink("also") == 0);
  MUST(fstat(fd, &status) == 0 && status.st_nlink == 0);
  MUST(pread(fd, text, 5, 0) == 5 && memcmp(text, "still", 5) == 0 && ftruncate(fd, 2) == 0);
  MUST(fstat(fd, &status) == 0 && status.st_size == 2 && close(fd) == 0);
  int before = make("before", "old");
  close(make("after", "new"));
  MUST(rename("after", "before") == 0 && holds("before", "new"));
  MUST(pread(before, text, 3, 0) == 3 && memcmp(text, "old", 3) == 0 && close(before) == 0);
  MUST(unlink("before") == 0);
  return NULL;
}

/* What is there all the time is listed exactly once, whatever comes and goes meanwhile. */
static const char *listing_while_it_changes(void) {
  enum { STAY = 300 };
  int seen[STAY] = {0};
  char name[20];
  MUST(mkdir("list", 0755) == 0 && chdir("list") == 0);
  for (int i = 0; i < STAY; i++) {
    snprintf(name, sizeof name, "stay%d", i);
    MUST(close(make(name, "")) == 0);
  }
  DIR *all = opendir(".");
  int turn = 0;
  for (struct dirent *each = readdir(all); each != NULL; each = readdir(all)) {
    snprintf(name, sizeof name, "come%d", turn);
    close(make(name, ""));
    if (turn > 3) {
      snprintf(name, sizeof name, "come%d", turn - 3);
      unlink(name);
    }
    turn = turn < 500 ? turn + 1 : 500;
    if (strncmp(each->d_name, "stay", 4) == 0) {
      seen[atoi(each->d_name + 4)]++;
    }
  }
  rewinddir(all);
  long second = readdir(all) != NULL ? telldir(all) : -1;
  struct dirent *there = readdir(all);
  MUST(there != NULL);
  snprintf(name, sizeof name, "%.19s", there->d_name);
  seekdir(all, second);
  there = readdir(all);
  MUST(there != NULL && strcmp(there->d_name, name) == 0);
  closedir(all);
  for (int i = 0; i < STAY; i++) {
    MUST(seen[i] == 1);
  }
  MUST(chdir("..") == 0);
  return system("rm -r list") == 0 ? NULL : "rm";
}

static const char *times(void) {
  struct stat status;
  struct timespec set[2] = {{1000, 123456789}, {2000, 987654321}};
  close(make("times", "x"));
  MUST(utimensat(AT_FDCWD, "times", set, 0) == 0 && stat("times", &status) == 0);
  MUST(status.st_atim.tv_sec == 1000 && status.st_atim.tv_nsec == 123456789);
  MUST(status.st_mtim.tv_sec == 2000 && status.st_mtim.tv_nsec == 987654321);
  set[0].tv_nsec = UTIME_OMIT;
  set[1].tv_nsec = UTIME_NOW;
  MUST(utimensat(AT_FDCWD, "times", set, 0) == 0 && stat("times", &status) == 0);
  MUST(status.st_atim.tv_sec == 1000 && status.st_mtim.tv_sec > 1600000000);
  MUST(symlink("nowhere", "link") == 0);
  set[0].tv_nsec = set[1].tv_nsec = 5;
  MUST(utimensat(AT_FDCWD, "link", set, AT_SYMLINK_NOFOLLOW) == 0);
  MUST(lstat("link", &status) == 0 && status.st_mtim.tv_sec == 2000);
  MUST(unlink("times") == 0 && unlink("link") == 0);
  return NULL;
}

static const char *pipes_and_sockets(void) {
  char text[2];
  MUST(mkfifo("fifo", 0644) == 0);
  int reader = open("fifo", O_RDONLY | O_NONBLOCK), writer = open("fifo", O_WRONLY);
  MUST(write(writer, "x", 1) == 1 && read(reader, text, 1) == 1 && text[0] == 'x');
  MUST(close(reader) == 0 && close(writer) == 0 && unlink("fifo") == 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  MUST(bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 1) == 0);
  MUST(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  MUST(close(server) == 0 && close(client) == 0 && unlink("socket") == 0);
  return NULL;
}

static const char *far_offsets(void) {
  char text[3];
  struct stat status;
  int fd = make("far", "");
  MUST(pwrite(fd, "far", 3, 1LL << 40) == 3 && pread(fd, text, 3, 1LL << 40) == 3);
  MUST(memcmp(text, "far", 3) == 0 && fstat(fd, &status) == 0);
  MUST(status.st_size == (1LL << 40) + 3 && status.st_blocks < 1000);
  MUST(close(fd) == 0 && unlink("far") == 0);
  return NULL;
}

static const char *links(void) {
  static char target[PATH_MAX], back[PATH_MAX];
  struct stat one, two;
  memset(target, 't', 4094);
  MUST(symlink(target, "long") == 0 && readlink("long", back, sizeof back) == 4094);
  MUST(memcmp(back, target, 4094) == 0 && unlink("long") == 0);
  close(make("one", "1"));
  MUST(link("one", "two") == 0 && stat("one", &one) == 0 && stat("two", &two) == 0);
  MUST(one.st_ino == two.st_ino && one.st_nlink == 2 && unlink("one") == 0 && holds("two", "1"));
  MUST(unlink("two") == 0 && mkdir("d", 02775) == 0 && chmod("d", 02775) == 0);
  MUST(chown("d", 0, 1234) == 0 && close(make("d/f", "")) == 0 && stat("d/f", &one) == 0);
  MUST(one.st_gid == 1234 && mkdir("d/e", 0755) == 0 && stat("d/e", &one) == 0);
  MUST(one.st_gid == 1234 && (one.st_mode & S_ISGID) != 0);
  return system("rm -r d") == 0 ? NULL : "rm";
}

/* linux/posix_acl_xattr.h: a version, then tag, permissions and id of each entry. */
struct acl {
  uint32_t version;
  struct { uint16_t tag, permissions; uint32_t id; } entry[5];
};

static const char *access_lists(void) {
  const uint32_t none = UINT32_MAX;
  struct acl acl = {2, {{1, 7, none}, {2, 5, 1234}, {4, 5, none}, {16, 7, none}, {32, 0, none}}};
  struct acl back;
  struct stat status;
  umask(022);
  MUST(mkdir("acl", 0755) == 0 && chmod("acl", 0777) == 0);
  MUST(setxattr("acl", "system.posix_acl_default", &acl, sizeof acl, 0) == 0);
  int fd = open("acl/file", O_CREAT | O_RDWR, 0666);
  MUST(fd >= 0 && close(fd) == 0 && stat("acl/file", &status) == 0);
  MUST((status.st_mode & 0777) == 0660);
  MUST(getxattr("acl/file", "system.posix_acl_access", &back, sizeof back) == sizeof back);
  MUST(back.entry[1].id == 1234 && back.entry[1].permissions == 5);
  MUST(back.entry[3].permissions == 6 && back.entry[4].permissions == 0);
  MUST(mkdir("acl/sub", 0777) == 0 && stat("acl/sub", &status) == 0);
  MUST((status.st_mode & 0777) == 0770);
  MUST(getxattr("acl/sub", "system.posix_acl_default", &back, sizeof back) == sizeof back);
  MUST(chmod("acl/file", 0600) == 0);
  MUST(getxattr("acl/file", "system.posix_acl_access", &back, sizeof back) == sizeof back);
  MUST(back.entry[3].permissions == 0);
  MUST(chmod("acl/file", 0640) == 0);
  for (uid_t who = 1234; who <= 1235; who++) {
    pid_t child = fork();
    if (child == 0) {
      _exit(setgid(who) == 0 && setuid(who) == 0 && open("acl/file", O_RDONLY) >= 0 ? 0 : 1);
    }
    int outcome = 0;
    MUST(waitpid(child, &outcome, 0) == child && (outcome == 0) == (who == 1234));
  }
  MUST(removexattr("acl", "system.posix_acl_default") == 0);
  fd = open("acl/plain", O_CREAT | O_RDWR, 0666);
  MUST(fd >= 0 && close(fd) == 0 && stat("acl/plain", &status) == 0);
  MUST((status.st_mode & 0777) == 0644);
  return system("rm -r acl") == 0 ? NULL : "rm";
}

static int check(const char *folder, bool acl) {
  static const struct {
    const char *name;
    const char *(*run)(void);
  } CHECKS[] = {
      {"every-byte-names", every_byte_names}, {"longest-names", longest_names},
      {"nameless-files", nameless_files},     {"rename-flags", rename_flags},
      {"holes-and-data", holes_and_data},     {"copied-ranges", copied_ranges},
      {"allocation", allocation},             {"status-and-sync", status_and_sync},
      {"refused-ioctls", refused_ioctls},     {"attributes", attributes},
      {"mapped-memory", mapped_memory},       {"appending", appending},
      {"locks", locks},                       {"unlinked-files", unlinked_files},
      {"listing-while-it-changes", listing_while_it_changes},
      {"times", times},                       {"pipes-and-sockets", pipes_and_sockets},
      {"far-offsets", far_offsets},           {"links", links},
      {"access-lists", access_lists},
  };
  size_t count = sizeof CHECKS / sizeof *CHECKS - (acl ? 0 : 1);
  umask(022);
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < count; i++) {
    char place[PATH_MAX];
    snprintf(place, sizeof place, "%s/check-%s", folder, CHECKS[i].name);
    if (mkdir(place, 0755) != 0 || chdir(place) != 0) {
      printf("FAIL share %s %s\n", CHECKS[i].name, why("mkdir"));
      continue;
    }
    const char *wrong = CHECKS[i].run();
    if (wrong != NULL) {
      printf("FAIL share %s %s\n", CHECKS[i].name, wrong);
    } else if (chdir("/") != 0 || rmdir(place) != 0) {
      printf("FAIL share %s %s\n", CHECKS[i].name, why("something is left over"));
    }
  }
  printf("RAN %zu\n", count);
  return 0;
}

static int hold(char **arguments) {
  int fd = open(arguments[0], strcmp(arguments[2], "write") == 0 && strcmp(arguments[1], "range") == 0
                                  ? O_RDWR
                                  : O_RDONLY);
  bool waits = strcmp(arguments[3], "wait") == 0, writes = strcmp(arguments[2], "write") == 0;
  struct flock lock = range(writes ? F_WRLCK : F_RDLCK, 0, 0);
  int done = strcmp(arguments[1], "range") == 0
                 ? fcntl(fd, waits ? F_SETLKW : F_SETLK, &lock)
                 : flock(fd, (writes ? LOCK_EX : LOCK_SH) | (waits ? 0 : LOCK_NB));
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (fd < 0 || done != 0) {
    puts(errno == EAGAIN || errno == EACCES ? "busy" : strerror(errno));
    return 1;
  }
  puts("locked");
  pause();
  return 0;
}

int main(int count, char **arguments) {
  if (count >= 3 && strcmp(arguments[1], "check") == 0) {
    return check(arguments[2], count > 3);
  }
  if (count == 6 && strcmp(arguments[1], "lock") == 0) {
    return hold(arguments + 2);
  }
  fputs("share check FOLDER [acl] | share lock FILE range|whole read|write try|wait\n", stderr);
  return 2;
}
