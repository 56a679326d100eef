/* Descriptors as they cross a Unix socket. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "carriage.h"

/* File systems whose reads don't wait for somebody else, as statfs(2) names them: tmpfs, ramfs,
 * hugetlbfs, ext2 to 4, btrfs, xfs, f2fs, overlayfs. */
static const uint32_t LOCAL_FILE_SYSTEMS[] = {0x01021994, 0x858458f6, 0x958458f6, 0xef53,
                                              0x9123683e, 0x58465342, 0xf2f52010, 0x794c7630};

static bool is_local(int fd) {
  struct statfs system;
  if (fstatfs(fd, &system) != 0) {
    return false;
  }
  for (size_t i = 0; i < sizeof LOCAL_FILE_SYSTEMS / sizeof *LOCAL_FILE_SYSTEMS; i++) {
    if ((uint32_t)system.f_type == LOCAL_FILE_SYSTEMS[i]) {
      return true;
    }
  }
  return false;
}

static uint8_t access_of(int flags) {
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return LODGE_READABLE;
    case O_WRONLY:
      return LODGE_WRITABLE;
    default:
      return LODGE_READABLE | LODGE_WRITABLE;
  }
}

/* The same pipe through a description of its own: the program can't make this one block. */
static int reopen(int fd, int flags) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static bool is_stream_socket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

void descriptor_classify(int fd, struct handle *handle, uint32_t *seals, uint64_t *size) {
  struct stat file;
  int flags = fcntl(fd, F_GETFL);
  int kept = fd;
  *seals = 0;
  *size = 0;
  handle->kind = LODGE_KIND_REFUSED;
  handle->access = access_of(flags);
  if (flags < 0 || (flags & O_PATH) != 0 || fstat(fd, &file) != 0) {
    flags = -1;
  } else if (S_ISREG(file.st_mode) && is_local(fd)) {
    int known = fcntl(fd, F_GET_SEALS);
    handle->kind = LODGE_KIND_FILE;
    handle->mappable = known >= 0;
    *seals = known < 0 ? 0 : (uint32_t)known;
    *size = (uint64_t)file.st_size;
  } else if (S_ISFIFO(file.st_mode) && handle_counts_as_pipe(handle)) {
    kept = reopen(fd, flags);
    close(fd);
    handle->kind = kept < 0 ? LODGE_KIND_REFUSED : LODGE_KIND_PIPE;
  } else if (S_ISSOCK(file.st_mode) && is_stream_socket(fd) && handle_counts_as_pipe(handle)) {
    handle->kind = LODGE_KIND_SOCKET;
  }
  if (handle->kind == LODGE_KIND_REFUSED) {
    handle->access = 0;
    if (kept >= 0) {
      close(kept);
    }
    kept = -1;
  }
  watch_begin(&handle->watch, kept, handle_ready);
}

/* musl's macro converts signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static struct cmsghdr *next_part(struct msghdr *message, struct cmsghdr *part) {
  return CMSG_NXTHDR(message, part);
}
#pragma GCC diagnostic pop

ssize_t descriptors_receive(int fd, uint8_t *into, size_t room, int *fds, size_t *count) {
  union {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
  } control;
  struct iovec vector = {into, room};
  struct msghdr message = {.msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  *count = 0;
  ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) {
    return got;
  }
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL;
       part = next_part(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    size_t in_part = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < in_part && *count < DESCRIPTORS_MAX; i++) {
      memcpy(&fds[(*count)++], CMSG_DATA(part) + i * sizeof(int), sizeof(int));
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    while (*count > 0) {
      close(fds[--*count]);
    }
    errno = EPROTO;
    return -1;
  }
  return got;
}

ssize_t descriptors_send(int fd, const uint8_t *bytes, size_t count, const int *fds,
                         size_t fd_count) {
  union {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(DESCRIPTORS_SENT_MAX * sizeof(int))];
  } control;
  struct iovec vector = {(uint8_t *)bytes, count};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (fd_count > 0) {
    message.msg_control = &control;
    message.msg_controllen = (socklen_t)CMSG_SPACE(fd_count * sizeof(int));
    memset(&control, 0, sizeof control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = (socklen_t)CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
  }
  return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
