/* Files to and from the host. A file that comes stands under its name when it is whole; before,
 * it has another name beside it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define INCOMING_MAX 16

struct incoming {
  bool used;
  uint64_t call;
  uint64_t size;
  struct relay *relay;
  char path[LODGE_PATH_MAX];
  char temporary[LODGE_PATH_MAX + 16];
};

static struct incoming incoming[INCOMING_MAX];

void file_get(const struct request *request) {
  struct stat file;
  int fd = open(request->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) {
    int error = fd < 0 || !S_ISDIR(file.st_mode) ? (fd < 0 ? errno : EINVAL) : EISDIR;
    if (fd >= 0) {
      close(fd);
    }
    send_result(request->call, error, strerror(error));
    return;
  }
  if (relay_begin(LOCAL_READ_FILE, fd, -1, request->token, NULL, false, NULL, NULL) ==
      NULL) {
    send_result(request->call, errno, "too many connections");
    return;
  }
  uint8_t body[24];
  struct writer out = {body, sizeof body, 0};
  write_u64(&out, (uint64_t)file.st_size);
  write_u32(&out, file.st_mode & 07777);
  write_u32(&out, 0);
  write_u64(&out, (uint64_t)file.st_mtime);
  send_result_body(request->call, body, out.used);
}

static void put_ended(void *owner, int error) {
  struct incoming *file = owner;
  if (error == 0 && relay_received(file->relay) != file->size) {
    error = EIO;
  }
  if (error == 0 && rename(file->temporary, file->path) != 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(file->temporary);
  }
  file->used = false;
  send_result(file->call, error, error != 0 ? strerror(error) : "");
}

void file_put(const struct request *request) {
  struct incoming *file = NULL;
  for (int i = 0; i < INCOMING_MAX && file == NULL; i++) {
    file = incoming[i].used ? NULL : &incoming[i];
  }
  if (file == NULL) {
    send_result(request->call, EAGAIN, "too many files are coming");
    return;
  }
  *file = (struct incoming){.used = true, .call = request->call, .size = request->size};
  memcpy(file->path, request->path, sizeof file->path);
  snprintf(file->temporary, sizeof file->temporary, "%s.lodgeXXXXXX", request->path);
  int fd = mkstemp(file->temporary);
  struct stat former;
  if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fchmod(fd, request->mode) != 0 ||
      (stat(request->path, &former) == 0 && S_ISDIR(former.st_mode) && (errno = EISDIR) != 0)) {
    int error = errno;
    if (fd >= 0) {
      close(fd);
      unlink(file->temporary);
    }
    file->used = false;
    send_result(request->call, error, strerror(error));
    return;
  }
  file->relay = relay_begin(LOCAL_WRITE_FILE, -1, fd, request->token, NULL, false, put_ended,
                            file);
  if (file->relay == NULL) {
    int error = errno;
    unlink(file->temporary);
    file->used = false;
    send_result(request->call, error, "too many connections");
  }
}
