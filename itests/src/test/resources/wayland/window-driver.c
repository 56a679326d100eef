/*
 * A Wayland client with one window, which measures what it costs to show something there. It speaks
 * the wire itself and needs no library, so the same file runs on the host and in any guest.
 *
 * usage: window-driver SOCKET STEP
 *   sync COUNT                        round trips of wl_display.sync
 *   commit COUNT                      16 x 16 pixels painted anew, committed, and a round trip
 *   full KIND WIDTH HEIGHT COUNT      whole pictures, each with a round trip
 *   frames KIND WIDTH HEIGHT COUNT    whole pictures as fast as one of three buffers is free
 *   cut KIND WIDTH HEIGHT COUNT       the same, while the pictures' file is made empty and large again
 * KIND is text or random. Each step prints one line of WORD=NUMBER: p50 and p99 in microseconds, rate
 * in frames per second, bytes of all pictures, and first, microseconds from the connect to the
 * return of the first picture's round trip.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BUFFERS 3
#define SMALL 16
#define WARM_UP 100
#define IDS 1024
#define TIMEOUT_MILLIS 20000

enum type { NONE, DISPLAY, REGISTRY, CALLBACK, COMPOSITOR, SHM, SHELL, POOL, BUFFER, SURFACE, XDG_SURFACE, TOPLEVEL };

struct picture {
  int width;
  int height;
  size_t bytes;
  uint32_t *pattern; /* a picture begins anywhere in its first row */
  uint32_t *pixels[BUFFERS];
  uint32_t buffers[BUFFERS];
  int busy[BUFFERS];
  int fd;
};

static int sock;
static uint8_t types[IDS];
static uint32_t free_ids[IDS];
static uint32_t free_count;
static uint32_t next_id = 2;
static uint32_t globals[TOPLEVEL + 1];
static uint32_t registry, compositor, shm, shell, surface, xdg_surface;
static uint32_t done_callback;
static int configured;
static struct picture picture;
static double began;
static uint32_t out[2048];
static size_t out_words;

static void fail(const char *what) {
  fprintf(stderr, "window-driver: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double micros(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void flush(int fd) {
  char control[CMSG_SPACE(sizeof fd)] __attribute__((aligned(8)));
  struct iovec vector = {out, out_words * 4};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  while (vector.iov_len > 0) {
    ssize_t sent = sendmsg(sock, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      fail("send");
    }
    sent = sent < 0 ? 0 : sent;
    vector.iov_base = (char *)vector.iov_base + sent;
    vector.iov_len -= (size_t)sent;
    message.msg_controllen = sent > 0 ? 0 : message.msg_controllen;
  }
  out_words = 0;
}

static void words(uint32_t object, uint32_t opcode, size_t count, const uint32_t *arguments) {
  if (out_words + count + 2 > sizeof out / 4) {
    flush(-1);
  }
  out[out_words++] = object;
  out[out_words++] = (uint32_t)(count + 2) << 18 | opcode;
  memcpy(out + out_words, arguments, count * 4);
  out_words += count;
}

#define SEND(object, opcode, ...) \
  words(object, opcode, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

static uint32_t make(enum type type) {
  uint32_t id = free_count > 0 ? free_ids[--free_count] : next_id++;
  if (id >= IDS) {
    errno = EMFILE;
    fail("objects");
  }
  types[id] = (uint8_t)type;
  return id;
}

static void announced(const uint32_t *body) {
  static const struct {
    const char *name;
    enum type type;
  } WANTED[] = {{"wl_compositor", COMPOSITOR}, {"wl_shm", SHM}, {"xdg_wm_base", SHELL}};
  for (size_t i = 0; i < sizeof WANTED / sizeof *WANTED; i++) {
    if (strcmp((const char *)(body + 2), WANTED[i].name) == 0 && globals[WANTED[i].type] == 0) {
      globals[WANTED[i].type] = body[0];
    }
  }
}

static void event(uint32_t object, uint32_t opcode, const uint32_t *body) {
  enum type type = object < IDS ? types[object] : NONE;
  if (type == DISPLAY && opcode == 0) {
    fprintf(stderr, "window-driver: error of object %u, code %u: %s\n", body[0], body[1],
            (const char *)(body + 3));
    exit(1);
  } else if (type == DISPLAY) {
    free_ids[free_count++] = body[0];
  } else if (type == REGISTRY && opcode == 0) {
    announced(body);
  } else if (type == CALLBACK) {
    done_callback = object;
  } else if (type == BUFFER) {
    for (int i = 0; i < BUFFERS; i++) {
      picture.busy[i] &= picture.buffers[i] != object;
    }
  } else if (type == XDG_SURFACE) {
    SEND(object, 4, body[0]);
    configured = 1;
  } else if (type == SHELL) {
    SEND(object, 3, body[0]);
  }
}

static void receive(void) {
  static uint32_t in[16384];
  static size_t used;
  struct pollfd waits = {sock, POLLIN, 0};
  flush(-1);
  ssize_t got = recv(sock, (char *)in + used, sizeof in - used, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) {
    if (poll(&waits, 1, TIMEOUT_MILLIS) == 0) {
      errno = ETIMEDOUT;
      fail("the compositor says nothing");
    }
    got = recv(sock, (char *)in + used, sizeof in - used, 0);
  }
  if (got <= 0) {
    fail("the connection has ended");
  }
  used += (size_t)got;
  size_t at = 0;
  while (used - at >= 8 && used - at >= in[at / 4 + 1] >> 16) {
    event(in[at / 4], in[at / 4 + 1] & 0xffff, in + at / 4 + 2);
    at += in[at / 4 + 1] >> 16;
  }
  memmove(in, (char *)in + at, used - at);
  used -= at;
}

static void sync_once(void) {
  uint32_t callback = make(CALLBACK);
  SEND(1, 0, callback);
  done_callback = 0;
  while (done_callback != callback) {
    receive();
  }
}

static uint32_t bind_global(enum type type, const char *name, uint32_t version) {
  uint32_t id = make(type);
  uint32_t body[16] = {globals[type], (uint32_t)strlen(name) + 1};
  size_t text = (strlen(name) + 4) / 4;
  if (globals[type] == 0) {
    errno = ENOENT;
    fail(name);
  }
  memcpy(body + 2, name, strlen(name));
  body[2 + text] = version;
  body[3 + text] = id;
  words(registry, 0, 4 + text, body);
  return id;
}

static void open_window(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  began = micros();
  sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(sock, (struct sockaddr *)&address, sizeof address) != 0) {
    fail(path);
  }
  types[1] = DISPLAY;
  registry = make(REGISTRY);
  SEND(1, 1, registry);
  sync_once();
  compositor = bind_global(COMPOSITOR, "wl_compositor", 4);
  shm = bind_global(SHM, "wl_shm", 1);
  shell = bind_global(SHELL, "xdg_wm_base", 1);
  surface = make(SURFACE);
  SEND(compositor, 0, surface);
  xdg_surface = make(XDG_SURFACE);
  SEND(shell, 2, xdg_surface, surface);
  SEND(xdg_surface, 1, make(TOPLEVEL));
  words(surface, 6, 0, out);
  while (!configured) {
    receive();
  }
}

/* Buffers of a size, all showing the pattern. */
static void take_picture(int text, int width, int height) {
  size_t pixels = (size_t)width * (size_t)height;
  picture.width = width;
  picture.height = height;
  picture.bytes = pixels * 4;
  picture.pattern = malloc(picture.bytes + (size_t)width * 4);
  uint64_t state = 5;
  for (size_t i = 0; i < pixels + (size_t)width; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    picture.pattern[i] = !text            ? (uint32_t)(state >> 32)
                         : i / 3 % 5 < 2 ? (uint32_t)(0xffffff - i % 97)
                                         : 0x202020;
  }
  int fd = memfd_create("window", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)(picture.bytes * BUFFERS)) != 0) {
    fail("memory");
  }
  char *map = mmap(NULL, picture.bytes * BUFFERS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  uint32_t pool = make(POOL);
  flush(-1);
  SEND(shm, 0, pool, (uint32_t)picture.bytes * BUFFERS);
  flush(fd);
  picture.fd = fd;
  for (uint32_t i = 0; i < BUFFERS; i++) {
    picture.pixels[i] = (uint32_t *)(map + i * picture.bytes);
    picture.buffers[i] = make(BUFFER);
    picture.busy[i] = 0;
    SEND(pool, 0, picture.buffers[i], i * (uint32_t)picture.bytes, (uint32_t)width,
         (uint32_t)height, (uint32_t)width * 4, 1);
    memcpy(picture.pixels[i], picture.pattern, picture.bytes);
  }
}

static int free_buffer(void) {
  while (1) {
    for (int i = 0; i < BUFFERS; i++) {
      if (!picture.busy[i]) {
        return i;
      }
    }
    receive();
  }
}

/* Nothing is painted then, for what lies in the file may be gone. */
static int is_cut;

static void paint(int buffer, int turn, int rows) {
  if (is_cut) {
    return;
  }
  memcpy(picture.pixels[buffer], picture.pattern + turn % picture.width,
         (size_t)rows * (size_t)picture.width * 4);
}

static void commit(int buffer, int width, int height) {
  SEND(surface, 9, 0, 0, (uint32_t)width, (uint32_t)height);
  SEND(surface, 1, picture.buffers[buffer], 0, 0);
  words(surface, 6, 0, out);
  picture.busy[buffer] = 1;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static double show(int turn, int rows) {
  int buffer = free_buffer();
  paint(buffer, turn, rows);
  double start = micros();
  commit(buffer, rows == picture.height ? picture.width : SMALL, rows);
  sync_once();
  return micros() - start;
}

/* Pictures, or round trips alone where no row is painted. */
static void round_trips(const char *step, int rows, int count) {
  double *taken = malloc((size_t)count * sizeof *taken);
  int warm_up = count < WARM_UP ? count / 2 : WARM_UP;
  double first = 0;
  for (int i = -warm_up; i < count; i++) {
    double start = micros();
    double took;
    if (rows > 0) {
      took = show(i + warm_up, rows);
    } else {
      sync_once();
      took = micros() - start;
    }
    first = first == 0 ? micros() - began : first;
    if (i >= 0) {
      taken[i] = took;
    }
  }
  qsort(taken, (size_t)count, sizeof *taken, compare);
  printf("step=%s p50=%.1f p99=%.1f first=%.0f bytes=%zu\n", step, taken[count / 2],
         taken[count * 99 / 100], first,
         (size_t)(count + warm_up) * (size_t)rows * (size_t)picture.width * 4);
  free(taken);
}

static void cut(void) {
  pid_t parent = getpid();
  is_cut = 1;
  if (fork() == 0) {
    while (getppid() == parent) {
      if (ftruncate(picture.fd, 0) != 0 ||
          ftruncate(picture.fd, (off_t)(picture.bytes * BUFFERS)) != 0) {
        _exit(1);
      }
    }
    _exit(0);
  }
}

static void frames(int count) {
  show(0, picture.height);
  double start = micros();
  for (int i = 0; i < count; i++) {
    int buffer = free_buffer();
    paint(buffer, i, picture.height);
    commit(buffer, picture.width, picture.height);
    flush(-1);
  }
  sync_once();
  double seconds = (micros() - start) / 1e6;
  printf("step=frames rate=%.2f bytes=%zu\n", count / seconds, (size_t)count * picture.bytes);
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: window-driver SOCKET STEP ARGUMENT...\n");
    return 2;
  }
  open_window(argv[1]);
  const char *step = argv[2];
  if (argc == 4 && strcmp(step, "sync") == 0) {
    round_trips(step, 0, atoi(argv[3]));
  } else if (argc == 4 && strcmp(step, "commit") == 0) {
    take_picture(1, 1280, 800);
    round_trips(step, SMALL, atoi(argv[3]));
  } else if (argc == 7) {
    take_picture(strcmp(argv[3], "text") == 0, atoi(argv[4]), atoi(argv[5]));
    if (strcmp(step, "cut") == 0) {
      cut();
    }
    if (strcmp(step, "frames") == 0 || is_cut) {
      frames(atoi(argv[6]));
    } else {
      round_trips(step, picture.height, atoi(argv[6]));
    }
  }
  return 0;
}
