/* Serves one directory to the host: a process for each share, with a connection of its own, so that
 * slow files delay neither the agent nor another share. Threads take turns at reading a request and
 * answer it each for itself. */
#define _GNU_SOURCE
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

#define THREADS 4
#define PAGE_BYTES 4096
#define DIAL_MILLIS 10000
#define DESCRIPTORS (1u << 20)
#define CLOSE_RANGE 436

static int connection;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

/* What was read of the connection and belongs to nobody yet; whoever has `reading` has it. */
static struct {
  uint8_t bytes[8192];
  size_t from, until;
} ahead;

/* Small requests that came together are read together. */
static bool read_all(void *into, size_t length) {
  uint8_t *at = into;
  while (length > 0) {
    size_t there = ahead.until - ahead.from;
    size_t part = there < length ? there : length;
    memcpy(at, ahead.bytes + ahead.from, part);
    ahead.from += part;
    at += part;
    length -= part;
    if (length == 0) {
      break;
    }
    bool direct = length >= sizeof ahead.bytes;
    ssize_t count = direct ? read(connection, at, length)
                           : read(connection, ahead.bytes, sizeof ahead.bytes);
    if (count > 0 && direct) {
      at += count;
      length -= (size_t)count;
    } else if (count > 0) {
      ahead.from = 0;
      ahead.until = (size_t)count;
    } else if (count == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

static bool write_all(const void *from, size_t length) {
  const uint8_t *at = from;
  while (length > 0) {
    ssize_t count = write(connection, at, length);
    if (count > 0) {
      at += count;
      length -= (size_t)count;
    } else if (count == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

/* One request, whole, at `in`; false at the end of the connection. For whoever has `reading`. */
static bool take(uint8_t *in) {
  struct fuse_in *header = (struct fuse_in *)in;
  return read_all(header, sizeof *header) && header->len >= sizeof *header &&
         header->len <= SHARE_MESSAGE_MAX &&
         read_all(in + sizeof *header, header->len - sizeof *header);
}

/* False where nobody takes the answer. */
static bool execute(uint8_t *in, uint8_t *out) {
  const struct fuse_in *header = (const struct fuse_in *)in;
  struct exchange exchange = {header, in + sizeof *header, header->len - sizeof *header,
                              out + sizeof(struct fuse_out)};
  in[header->len] = 0;
  long answer = share_execute(&exchange);
  if (share_is_silent(header->opcode)) {
    return true;
  }
  size_t length = sizeof(struct fuse_out) + (answer > 0 ? (size_t)answer : 0);
  *(struct fuse_out *)out =
      (struct fuse_out){(uint32_t)length, answer < 0 ? (int32_t)answer : 0, header->unique};
  pthread_mutex_lock(&writing);
  bool told = write_all(out, length);
  pthread_mutex_unlock(&writing);
  return told;
}

/* What is behind an answer's header begins with a page. */
static uint8_t *aligned_answer(void) {
  uint8_t *pages = aligned_alloc(PAGE_BYTES, PAGE_BYTES + SHARE_MESSAGE_MAX);
  return pages == NULL ? NULL : pages + PAGE_BYTES - sizeof(struct fuse_out);
}

static void *serve(void *unused) {
  (void)unused;
  uint8_t *in = malloc(SHARE_MESSAGE_MAX + 1);
  uint8_t *out = aligned_answer();
  bool goes_on = in != NULL && out != NULL;
  while (goes_on) {
    pthread_mutex_lock(&reading);
    goes_on = take(in);
    while (goes_on && share_is_quick((const struct fuse_in *)in)) {
      goes_on = execute(in, out) && take(in);
    }
    pthread_mutex_unlock(&reading);
    goes_on = goes_on && execute(in, out);
  }
  /* The connection is over, and with it what the host knew of this process. */
  _exit(0);
}

static int dial(uint64_t token) {
  int fd = carrier_dial();
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  uint8_t preface[LODGE_PREFACE_BYTES];
  if (fd < 0 || poll(&ready, 1, DIAL_MILLIS) != 1 || connect_outcome(fd) != 0 ||
      fcntl(fd, F_SETFL, 0) != 0) {
    return -1;
  }
  size_t length = put_preface(preface, sizeof preface, LODGE_ANNOUNCED, token, 0, NULL);
  return write(fd, preface, length) == (ssize_t)length ? fd : -1;
}

static _Noreturn void become_share(int root, uint64_t token) {
  static const int first_free = 4;
  sigset_t none;
  pthread_t thread;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_NAME, "lodge-share");
  /* Whatever the agent has open is not this process's. */
  if (dup2(root, 3) < 0 || syscall(CLOSE_RANGE, first_free, ~0u, 0) != 0) {
    _exit(1);
  }
  lane_forget();
  umask(0);
  struct rlimit many = {DESCRIPTORS, DESCRIPTORS};
  setrlimit(RLIMIT_NOFILE, &many);
  int proc_fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
  connection = proc_fds < 0 ? -1 : dial(token);
  if (connection < 0 || !nodes_begin(3)) {
    _exit(1);
  }
  share_ops_begin(proc_fds);
  /* Whoever hands a request over goes on until it has let go of the connection. */
  struct sched_param none_needed = {0};
  sched_setscheduler(0, SCHED_BATCH, &none_needed);
  for (int i = 1; i < THREADS; i++) {
    pthread_create(&thread, NULL, serve, NULL);
  }
  serve(NULL);
  _exit(0);
}

void share_open(const struct request *request) {
  if (!root_is_final()) {
    send_result(request->call, EAGAIN, "the guest is still starting");
    return;
  }
  int root = open(request->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 && errno == ENOENT && request->number != 0 && mkdir(request->path, 0755) == 0) {
    root = open(request->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  pid_t pid = root < 0 ? -1 : fork();
  if (pid == 0) {
    become_share(root, request->token);
  }
  int error = pid < 0 ? errno : 0;
  if (root >= 0) {
    close(root);
  }
  send_result(request->call, error, error != 0 ? strerror(error) : "");
}
