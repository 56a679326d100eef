/* What programs and units of the guest run: `lodge-agent ready` and `lodge-agent call TARGET SERVICE
 * [ARGUMENT]`. They dial the host by themselves; the guest is who is known there, not the program. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define BUFFER_BYTES 65536

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

#define DENIED 126
#define LOST 125
#define TOKEN_DIGITS 16

/* The text of the host's last reply. */
static char answer[LODGE_TEXT_MAX + 1];

/* A connection on which the host has said yes, or -1. */
static int ask(int kind, uint64_t token, uint32_t flags, const struct service *service) {
  uint8_t preface[LODGE_PREFACE_BYTES + 2 * LODGE_NAME_MAX + LODGE_ARGUMENT_MAX];
  uint8_t reply[LODGE_REPLY_BYTES];
  size_t length = put_preface(preface, sizeof preface, kind, token, flags, service);
  int fd = kind == LODGE_STATUS ? carrier_dial() : carrier_dial_as_root();
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
  if (text > LODGE_TEXT_MAX || !read_all(fd, (uint8_t *)answer, text)) {
    text = 0;
  }
  answer[text] = 0;
  if (status != 0) {
    fprintf(stderr, "lodge-agent: Lodge says no: %s\n", text > 0 ? answer : strerror(status));
    close(fd);
    return -1;
  }
  return fd;
}

enum passed { MORE, END, SOURCE_LOST, TARGET_LOST };

/* Waits for what comes next and moves it. */
static enum passed pass(int from, int to, uint8_t *buffer) {
  ssize_t count = read(from, buffer, BUFFER_BYTES);
  if (count < 0 && errno == EAGAIN) {
    struct pollfd more = {.fd = from, .events = POLLIN};
    poll(&more, 1, -1);
    return MORE;
  }
  if (count < 0) {
    return errno == EINTR ? MORE : SOURCE_LOST;
  }
  if (count == 0) {
    return END;
  }
  return write_all(to, buffer, (size_t)count) ? MORE : TARGET_LOST;
}

/* On a thread of its own: a service may write before it has read all, and waits for who reads. */
static void *pass_input(void *link) {
  static uint8_t buffer[BUFFER_BYTES];
  int fd = (int)(intptr_t)link;
  enum passed passed = MORE;
  while (passed == MORE) {
    passed = pass(0, fd, buffer);
  }
  if (passed == SOURCE_LOST) {
    /* What was sent is not all, and its end says nothing of that. */
    _exit(fail("standard input"));
  }
  /* Where nobody reads it any more, what comes back still counts. */
  shutdown(fd, SHUT_WR);
  return NULL;
}

/* How what was called has ended; asked on a connection of its own. */
static int outcome(uint64_t token) {
  int fd = ask(LODGE_STATUS, token, 0, NULL);
  if (fd < 0) {
    return LOST;
  }
  close(fd);
  return (int)strtoul(answer, NULL, 10) & 0xff;
}

/* What was closed by whoever started this would be the connection's number; now it fails as such. */
static bool keep_standard_numbers(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
      return false;
    }
  }
  return true;
}

int client_call(const struct service *service) {
  signal(SIGPIPE, SIG_IGN);
  if (!keep_standard_numbers()) {
    return fail("/dev/null in place of what is closed");
  }
  int fd = ask(LODGE_CALL, 0, LODGE_PREFACE_STATUS, service);
  if (fd < 0) {
    return DENIED;
  }
  bool asked = strlen(answer) == TOKEN_DIGITS;
  uint64_t token = strtoull(answer, NULL, 16);
  pthread_t input;
  errno = pthread_create(&input, NULL, pass_input, (void *)(intptr_t)fd);
  if (errno != 0) {
    return fail("a thread");
  }
  static uint8_t buffer[BUFFER_BYTES];
  enum passed passed = MORE;
  while (passed == MORE) {
    passed = pass(fd, 1, buffer);
  }
  if (passed == SOURCE_LOST) {
    fail("the connection was lost");
    return LOST;
  }
  if (passed == TARGET_LOST) {
    return fail("standard output");
  }
  /* A program may still read, as where its output is a file; it is over when it ends. Not closed:
   * the other thread may still write, and not to what would take its number. */
  if (!asked || token % 2 == 0) {
    shutdown(fd, SHUT_RDWR);
  }
  return asked ? outcome(token) : 0;
}

int client_ready(void) {
  up_keep();
  return ask(LODGE_READY, 0, 0, NULL) < 0 ? 1 : 0;
}
