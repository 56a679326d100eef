/* What programs and units of the guest run: `lodge-agent ready` and `lodge-agent call TARGET SERVICE
 * [ARGUMENT]`. They dial the host by themselves; the guest is who is known there, not the program. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

static uint8_t buffer[65536];

static int fail(const char *what) {
  fprintf(stderr, "lodge-agent: %s: %s\n", what, strerror(errno));
  return 1;
}

static bool write_all(int fd, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    ssize_t done = write(fd, bytes, count);
    if (done < 0 && errno == EAGAIN) {
      struct pollfd room = {.fd = fd, .events = POLLOUT};
      poll(&room, 1, -1);
    } else if (done < 0 && errno != EINTR) {
      return false;
    } else if (done > 0) {
      bytes += done;
      count -= (size_t)done;
    }
  }
  return true;
}

static bool read_all(int fd, uint8_t *into, size_t count) {
  while (count > 0) {
    ssize_t got = read(fd, into, count);
    if (got < 0 && errno == EAGAIN) {
      struct pollfd more = {.fd = fd, .events = POLLIN};
      poll(&more, 1, -1);
    } else if (got == 0 || (got < 0 && errno != EINTR)) {
      errno = got == 0 ? ECONNREFUSED : errno;
      return false;
    } else if (got > 0) {
      into += got;
      count -= (size_t)got;
    }
  }
  return true;
}

/* A connection on which the host has said yes, or -1. */
static int ask(int kind, const struct service *service) {
  uint8_t preface[LODGE_PREFACE_BYTES + 2 * LODGE_NAME_MAX + LODGE_ARGUMENT_MAX];
  uint8_t reply[LODGE_REPLY_BYTES + LODGE_TEXT_MAX];
  size_t length = put_preface(preface, sizeof preface, kind, 0, service);
  int fd = carrier_dial();
  if (fd < 0) {
    fail("no connection to Lodge");
    return -1;
  }
  struct pollfd done = {.fd = fd, .events = POLLOUT};
  poll(&done, 1, -1);
  errno = connect_outcome(fd);
  if (errno != 0 || !write_all(fd, preface, length) || !read_all(fd, reply, LODGE_REPLY_BYTES)) {
    fail("no answer from Lodge");
    return -1;
  }
  struct reader in = {reply, LODGE_REPLY_BYTES, false};
  uint16_t status = read_u16(&in);
  uint16_t text = read_u16(&in);
  if (text > LODGE_TEXT_MAX || !read_all(fd, reply, text)) {
    text = 0;
  }
  if (status != 0) {
    fprintf(stderr, "lodge-agent: Lodge says no: %.*s (%s)\n", text, (const char *)reply,
            strerror(status));
    return -1;
  }
  return fd;
}

/* Moves what is there; false where the source has ended or its reader has gone. */
static bool pass(int from, int to) {
  ssize_t count = read(from, buffer, sizeof buffer);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    return true;
  }
  return count > 0 && write_all(to, buffer, (size_t)count);
}

int client_call(const struct service *service) {
  int fd = ask(LODGE_CALL, service);
  if (fd < 0) {
    return 126;
  }
  struct pollfd ends[2] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  while (ends[1].fd >= 0) {
    if (poll(ends, 2, -1) < 0 && errno != EINTR) {
      return fail("poll");
    }
    if (ends[0].fd >= 0 && ends[0].revents != 0 && !pass(0, fd)) {
      shutdown(fd, SHUT_WR);
      ends[0].fd = -1;
    }
    if (ends[1].revents != 0 && !pass(fd, 1)) {
      ends[1].fd = -1;
    }
  }
  return 0;
}

int client_ready(void) { return ask(LODGE_READY, NULL) < 0 ? 1 : 0; }
