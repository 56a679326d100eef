/* What the host lets the agent make for a program of the guest: memory files, pipes, listeners. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "carriage.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif
#define SEALS_ALLOWED (2u | 4u | 8u) /* F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE */
#define BACKLOG 64

static int make_file(const struct frame *frame) {
  int fd = memfd_create("lodge", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && (ftruncate(fd, (off_t)frame->size) != 0 ||
                  fcntl(fd, F_ADD_SEALS, frame->seals & SEALS_ALLOWED) != 0)) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

static int make_pipe(struct handle *handle, bool we_read) {
  int ends[2];
  if (!handle_counts_as_pipe(handle)) {
    errno = EMFILE;
    return -1;
  }
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return -1;
  }
  int ours = ends[we_read ? 0 : 1];
  handle->passed_fd = ends[we_read ? 1 : 0];
  handle->access = we_read ? LODGE_READABLE : LODGE_WRITABLE;
  fcntl(ours, F_SETFL, O_NONBLOCK);
  return ours;
}

void make_folder_of(const char *path) {
  char folder[LODGE_PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t length = (size_t)(slash - path);
  memcpy(folder, path, length);
  folder[length] = 0;
  if (length > 0 && mkdir(folder, 0755) != 0 && errno != EEXIST) {
    return; /* bind says what is wrong */
  }
}

static int make_listener(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  make_folder_of(path);
  unlink(path);
  /* Whoever it is passed to accepts without the path; nobody else is to connect. */
  mode_t former = umask(0177);
  bool bound = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
  umask(former);
  if (!bound || listen(fd, BACKLOG) != 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

void make_handle(struct handle *handle, const struct frame *frame) {
  int fd;
  switch (frame->make) {
    case LODGE_MAKE_FILE:
      handle->kind = LODGE_KIND_FILE;
      handle->access = LODGE_READABLE | LODGE_WRITABLE;
      fd = make_file(frame);
      handle->mappable = fd >= 0;
      break;
    case LODGE_MAKE_LISTENER:
      handle->kind = KIND_LISTENER;
      fd = make_listener(frame->path);
      break;
    default:
      handle->kind = LODGE_KIND_PIPE;
      fd = make_pipe(handle, frame->make == LODGE_MAKE_PIPE_TO_WRITE);
  }
  int error = errno;
  watch_begin(&handle->watch, fd, handle_ready);
  if (fd < 0) {
    handle->access = 0;
    handle_fail(handle, error);
  } else {
    handle_want(handle);
  }
}

void resize_file(struct handle *handle, uint64_t size, uint32_t seals) {
  rows_unmap(handle); /* F_SEAL_WRITE needs that */
  if ((size != UINT64_MAX && ftruncate(handle->watch.fd, (off_t)size) != 0) ||
      (seals != 0 && fcntl(handle->watch.fd, F_ADD_SEALS, seals & SEALS_ALLOWED) != 0)) {
    handle_fail(handle, errno);
  }
}
