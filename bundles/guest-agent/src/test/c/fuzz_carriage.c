/*
 * Connections with handles between a host and a program that both do what comes to their minds,
 * under the sanitizers: frames right and wrong, descriptors of all kinds, ends at any instant. After
 * each connection no descriptor, handle or block may be left.
 * usage: fuzz_carriage SECONDS SEED
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "carriage.h"

static uint64_t state;
static int host = -1;    /* the far end of the link */
static int program = -1; /* the far end of the local socket */
static unsigned long frames_sent;
static unsigned long broken;

static uint32_t next(uint32_t bound) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32) % bound;
}

/* What the rest of the agent would do. */

int carrier_dial(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    abort();
  }
  host = ends[1];
  return ends[0];
}

int carrier_dial_as_root(void) { return carrier_dial(); }

int connect_outcome(int fd) {
  (void)fd;
  return 0;
}

void carrier_takes_rows(int fd) { (void)fd; }

/* A Unix socket copies what it is lent. */
bool carrier_takes_pages(int fd) {
  (void)fd;
  return next(2) == 0;
}

bool carrier_has_failed(int fd) {
  (void)fd;
  return true;
}

bool lane_there(void) { return next(2) == 0; }

/* What is given to the lane has to be mapped, whatever is in it. */
static bool in_lane(uint8_t *bytes, size_t count, uint64_t position) {
  size_t before = (uintptr_t)bytes % 4096;
  if (position % LODGE_SECTOR_BYTES != 0 || count % LODGE_SECTOR_BYTES != 0 ||
      (uintptr_t)bytes % LODGE_SECTOR_BYTES != 0 ||
      msync(bytes - before, before + count, MS_ASYNC) != 0) {
    abort();
  }
  errno = next(2) == 0 ? EFAULT : EIO;
  return next(3) != 0;
}

bool lane_put(uint8_t *from, size_t count, uint64_t position) {
  return in_lane(from, count, position);
}

bool lane_get(uint8_t *into, size_t count, uint64_t position) {
  return in_lane(into, count, position);
}

size_t put_preface(uint8_t *into, size_t room, int kind, uint64_t token, uint32_t flags,
                   const struct service *service) {
  (void)kind, (void)token, (void)service;
  memset(into, (int)flags, room < 32 ? room : 32);
  return 32;
}

void send_result(uint64_t call, int error, const char *text) { (void)call, (void)error, (void)text; }
void relays_reclaim(void) {}

/* What the host knows of handles, so that most of what it says makes sense. */
struct known {
  uint32_t id; /* 0: free */
  uint16_t kind; /* enum lodge_kind_of_handle, or KIND_LISTENER */
  bool once;     /* can be passed, once */
  bool closing;
};

static struct known known[64];

static struct known *find_known(uint32_t id) {
  for (size_t i = 0; i < 64; i++) {
    if (known[i].id == id) {
      return &known[i];
    }
  }
  return NULL;
}

/* One of a kind, or any where that is REFUSED. */
static struct known *some_known(uint16_t kind) {
  for (uint32_t i = next(64), left = 64; left > 0; i = (i + 1) % 64, left--) {
    bool fits = kind == LODGE_KIND_REFUSED || known[i].kind == kind;
    if (known[i].id != 0 && !known[i].closing && fits) {
      return &known[i];
    }
  }
  return NULL;
}

static uint32_t any_number(void) {
  return next(2) == 0 ? LODGE_OF_HOST | next(600) : (1 + next(50)) << 17 | next(40);
}

static void hear(const uint8_t *bytes, size_t count) {
  static uint8_t head[LODGE_FRAME_BYTES + 4];
  static size_t head_used;
  static size_t skip;
  if (bytes == NULL) {
    head_used = skip = 0;
    return;
  }
  while (count > 0) {
    size_t part = count < skip ? count : skip;
    skip -= part;
    bytes += part;
    count -= part;
    while (skip == 0 && count > 0 && head_used < LODGE_FRAME_BYTES) {
      head[head_used++] = *bytes++;
      count--;
    }
    if (skip > 0 || head_used < LODGE_FRAME_BYTES) {
      continue;
    }
    struct reader in = {head, LODGE_FRAME_BYTES, false};
    skip = read_u32(&in);
    uint16_t type = read_u16(&in);
    read_u16(&in);
    uint32_t id = read_u32(&in);
    head_used = 0;
    struct known *one = type == LODGE_PASS ? find_known(0) : find_known(id);
    if (type == LODGE_PASS && one != NULL && count >= 2) {
      *one = (struct known){.id = id, .kind = (uint16_t)(bytes[0] | bytes[1] << 8)};
    } else if (type == LODGE_CLOSE && one != NULL) {
      one->id = 0;
    }
  }
}

static uint64_t some_size(void) {
  static const uint64_t SIZES[] = {0, 1, 4095, 4096, 65536, 1 << 20, INT64_MAX, UINT64_MAX};
  return next(4) == 0 ? SIZES[next(8)] : next(100000);
}

static size_t frame(uint8_t *into, size_t room) {
  static uint8_t filler[LODGE_CHUNK_MAX];
  uint8_t body[64 + LODGE_CHUNK_MAX];
  struct writer out = {body, sizeof body, 0};
  uint16_t type = (uint16_t)(LODGE_BYTES + next(14));
  if (type > LODGE_CREDIT) {
    type = type == LODGE_CREDIT + 1 ? LODGE_LANE_READ : LODGE_LANE_WRITE;
  }
  uint32_t rows = 1 + next(8);
  uint32_t row_bytes = 1 + next(next(8) == 0 ? 8000 : 64);
  struct known *one = NULL;
  uint32_t id = 0;
  switch (type) {
    case LODGE_BYTES:
      write_bytes(&out, filler, next(40) == 0 ? next(40000) : 1 + next(200));
      break;
    case LODGE_PIPE_DATA:
      one = some_known(next(8) == 0 ? LODGE_KIND_SOCKET : LODGE_KIND_PIPE);
      write_bytes(&out, filler, next(20) == 0 ? next(40000) : 1 + next(200));
      break;
    case LODGE_PIPE_END:
      one = some_known(LODGE_KIND_PIPE);
      break;
    case LODGE_PASS:
      one = some_known(next(3) == 0 ? LODGE_KIND_PIPE : LODGE_KIND_FILE);
      if (one != NULL && one->kind == LODGE_KIND_PIPE && !one->once && next(50) != 0) {
        one = NULL;
      }
      if (one != NULL) {
        one->once = false;
      }
      break;
    case LODGE_CLOSE:
      one = some_known(LODGE_KIND_REFUSED);
      if (one != NULL) {
        one->closing = (one->id & LODGE_OF_HOST) != 0;
        id = one->id;
        one->id = one->closing ? one->id : 0;
      }
      break;
    case LODGE_MAKE: {
      uint16_t make = (uint16_t)(1 + next(next(100) == 0 ? 6 : 4));
      uint16_t kind = make == LODGE_MAKE_FILE       ? LODGE_KIND_FILE
                      : make == LODGE_MAKE_LISTENER ? KIND_LISTENER
                                                    : LODGE_KIND_PIPE;
      write_u16(&out, make);
      write_u16(&out, 0);
      write_u32(&out, next(4) == 0 ? next(16) : 2);
      write_u64(&out, next(1 << 20));
      if (make == LODGE_MAKE_LISTENER) {
        write_bytes(&out, "/tmp/lodge-fuzz.sock", 20);
      }
      id = LODGE_OF_HOST | next(40);
      one = find_known(0);
      if (one != NULL && find_known(id) == NULL) {
        *one = (struct known){.id = id, .kind = kind, .once = kind == LODGE_KIND_PIPE};
      }
      break;
    }
    case LODGE_ALTER:
      one = some_known(LODGE_KIND_FILE);
      write_u64(&out, some_size());
      write_u32(&out, next(16));
      write_u32(&out, 0);
      break;
    case LODGE_READ:
    case LODGE_WRITE:
      one = some_known(LODGE_KIND_FILE);
      write_u64(&out, next(100) == 0 ? some_size() : next(50000));
      write_u64(&out, next(100) == 0 ? some_size() : next(3) == 0 ? row_bytes : next(9000));
      write_u32(&out, row_bytes);
      write_u32(&out, rows);
      if (type == LODGE_WRITE) {
        write_bytes(&out, filler, (size_t)row_bytes * rows);
      }
      break;
    case LODGE_LANE_READ:
    case LODGE_LANE_WRITE:
      one = some_known(LODGE_KIND_FILE);
      if (type == LODGE_LANE_WRITE && one != NULL && (one->id & LODGE_OF_HOST) == 0 &&
          next(50) != 0) {
        one = NULL;
      }
      write_u64(&out, next(100) == 0 ? some_size() : next(50000));
      write_u64(&out, row_bytes);
      write_u32(&out, next(4) == 0 ? row_bytes : 16384 + next(500000));
      write_u32(&out, next(100) == 0 ? rows : 1);
      write_u64(&out, next(100) == 0 ? some_size() : (uint64_t)next(1000) * LODGE_SECTOR_BYTES);
      break;
    default: /* LODGE_CREDIT */
      one = next(2) == 0 ? NULL : some_known(LODGE_KIND_PIPE);
      id = one == NULL ? 0 : one->id;
      write_u32(&out, next(300) == 0 ? UINT32_MAX : next(7000));
  }
  bool of_handle = type != LODGE_BYTES && type != LODGE_CREDIT;
  id = id == 0 && one != NULL ? one->id : id;
  if (of_handle && id == 0 && next(100) != 0) {
    return 0;
  }
  id = next(300) == 0 ? any_number() : id;
  if (next(400) == 0 && out.used > 0) {
    body[next((uint32_t)out.used)] = (uint8_t)next(256);
  }
  uint32_t length = (uint32_t)out.used + (next(500) == 0 ? next(100) : 0);
  struct writer all = {into, room, 0};
  write_u32(&all, length);
  write_u16(&all, next(500) == 0 ? (uint16_t)next(70000) : type);
  write_u16(&all, (uint16_t)next(2));
  write_u32(&all, id);
  write_u32(&all, next(100));
  write_bytes(&all, body, out.used);
  frames_sent++;
  return all.used;
}

static int some_descriptor(void) {
  int ends[2];
  switch (next(7)) {
    case 0:
      return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    case 1:
      return open("/dev/null", O_RDWR | O_CLOEXEC);
    case 2:
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
      }
      close(ends[1]);
      return ends[0];
    case 3:
    case 4:
      if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
      }
      if (next(2) == 0 && write(ends[1], "some bytes", 10) < 0) {
        return -1;
      }
      close(ends[next(2)]);
      /* Whichever is closed: the other goes. */
      return fcntl(ends[0], F_GETFD) >= 0 ? ends[0] : ends[1];
    default: {
      int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
      if (ftruncate(fd, next(60000)) != 0) {
        return -1;
      }
      return fd;
    }
  }
}

static void act_as_program(void) {
  uint8_t bytes[4096];
  struct iovec vector = {bytes, 1 + next(next(4) == 0 ? sizeof bytes : 20)};
  int fds[8];
  size_t count = next(3) == 0 ? next(8) : 0;
  switch (next(6)) {
    case 0:
      while (recv(program, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
      }
      return;
    case 1:
      if (next(40) == 0) {
        shutdown(program, next(2) == 0 ? SHUT_WR : SHUT_RDWR);
      }
      return;
    default:
      break;
  }
  memset(bytes, 0, sizeof bytes);
  for (size_t i = 0; i < count; i++) {
    fds[i] = some_descriptor();
  }
  if (count > 0) {
    descriptors_send(program, vector.iov_base, vector.iov_len, fds, count);
  } else {
    send(program, bytes, vector.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  for (size_t i = 0; i < count; i++) {
    close(fds[i]);
  }
}

static void act_as_host(bool may_break) {
  static uint8_t bytes[80 + LODGE_CHUNK_MAX];
  size_t length = frame(bytes, sizeof bytes);
  if (may_break && next(10) == 0) {
    length = next((uint32_t)length + 1);
  }
  for (size_t done = 0; done < length;) {
    size_t part = next(3) == 0 ? 1 + next((uint32_t)(length - done)) : length - done;
    ssize_t count = send(host, bytes + done, part, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      return;
    }
    done += (size_t)count;
    if (next(4) == 0) {
      loop_turn();
    }
  }
}

static size_t preface_left;

static void drain_host(void) {
  static uint8_t bytes[65536];
  for (ssize_t count; (count = recv(host, bytes, sizeof bytes, MSG_DONTWAIT)) > 0;) {
    size_t preface = preface_left < (size_t)count ? preface_left : (size_t)count;
    preface_left -= preface;
    hear(bytes + preface, (size_t)count - preface);
  }
}

static int open_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(folder) != NULL) {
    count++;
  }
  closedir(folder);
  return count;
}

static struct watch always = {.fd = -1, .registered = -1};

static void nothing(struct watch *watch, uint32_t events) { (void)watch, (void)events; }

static void one_connection(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    abort();
  }
  program = ends[1];
  if (!carriage_begin(ends[0], false, 1, NULL, 1)) {
    abort();
  }
  memset(known, 0, sizeof known);
  hear(NULL, 0);
  preface_left = LODGE_PREFACE_BYTES;
  uint32_t steps = next(200);
  for (uint32_t i = 0; i < steps; i++) {
    if (next(3) == 0) {
      act_as_program();
    } else {
      act_as_host(i + 1 == steps);
    }
    if (next(2) == 0) {
      loop_turn();
    }
    if (next(6) == 0) {
      drain_host();
    }
  }
  if (recv(host, &(uint8_t){0}, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
    broken++;
  }
  if (next(2) == 0) {
    close(host);
    for (int i = 0; i < 20; i++) {
      loop_turn();
    }
    close(program);
  } else {
    close(program);
    loop_turn();
    close(host);
  }
  for (int i = 0; i < 20; i++) {
    loop_turn();
  }
}

/* What epoll has still to say of an old one must not be said of a new one. */
static bool is_used_again_within_a_turn(void) {
  static struct carriage owner;
  struct handle *former = handle_take(&owner, LODGE_OF_HOST);
  handle_free(former);
  struct handle *other = handle_take(&owner, LODGE_OF_HOST);
  bool again = other == former;
  handle_free(other);
  loop_turn();
  return again || handles_taken() != 0;
}

int main(int count, char **arguments) {
  time_t end = time(NULL) + (count > 1 ? atoi(arguments[1]) : 1);
  state = (count > 2 ? strtoull(arguments[2], NULL, 10) : 1) * 0x9e3779b97f4a7c15u + 1;
  signal(SIGPIPE, SIG_IGN);
  loop_begin();
  watch_begin(&always, eventfd(1, EFD_CLOEXEC), nothing);
  watch_want(&always, EPOLLIN);
  if (is_used_again_within_a_turn()) {
    printf("a handle is used again too early, or never\n");
    return 1;
  }
  one_connection();
  int before = open_descriptors();
  unsigned long connections = 0;
  for (; time(NULL) < end; connections++) {
    one_connection();
    if (open_descriptors() != before) {
      printf("connection %lu left %d descriptors\n", connections, open_descriptors() - before);
      return 1;
    }
    if (handles_taken() != 0 || blocks_taken() != 0) {
      printf("connection %lu left %zu handles and %d blocks\n", connections, handles_taken(),
             blocks_taken());
      return 1;
    }
  }
  printf("%lu connections, %lu broken off, %lu frames\n", connections, broken, frames_sent);
  return broken > 0 && broken < connections ? 0 : 1;
}
