/*
 * Drives virtio sockets for tests and the bench: inside a guest, where it is the only program and /init, and on the
 * host, so that both ends of a figure cost the same. See usage() for what it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct sockaddr_vm {
  unsigned short svm_family;
  unsigned short svm_reserved1;
  unsigned int svm_port;
  unsigned int svm_cid;
  unsigned char svm_zero[8];
};

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#define CID_ANY 0xffffffffu
#define BUFFER_BYTES (1 << 20)
#define WORDS_MAX 16

static char buffer[BUFFER_BYTES] __attribute__((aligned(4096)));

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("error: ");
  vprintf(format, arguments);
  printf(": %s\n", strerror(errno));
  fflush(stdout);
  exit(1);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

/* An address is vsock:CID:PORT, seqpacket:CID:PORT, unix:PATH or, to connect only, hybrid:PATH:PORT. */
static int open_socket(const char *address, int listening) {
  int seqpacket = strncmp(address, "seqpacket:", 10) == 0;
  if (seqpacket || strncmp(address, "vsock:", 6) == 0) {
    struct sockaddr_vm to = {.svm_family = AF_VSOCK};
    if (sscanf(strchr(address, ':') + 1, "%u:%u", &to.svm_cid, &to.svm_port) != 2) fail("address %s", address);
    if (listening) to.svm_cid = CID_ANY;
    int fd = socket(AF_VSOCK, seqpacket ? SOCK_SEQPACKET : SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    if (listening ? bind(fd, (void *)&to, sizeof to) || listen(fd, 1024) : connect(fd, (void *)&to, sizeof to))
      return close(fd), -1;
    return fd;
  }
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int hybrid = strncmp(address, "hybrid:", 7) == 0;
  const char *path = strchr(address, ':') + 1;
  const char *port = hybrid ? strrchr(path, ':') : path + strlen(path);
  memcpy(to.sun_path, path, port - path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (listening) {
    unlink(to.sun_path);
    if (bind(fd, (void *)&to, sizeof to) || listen(fd, 1024)) return close(fd), -1;
    return fd;
  }
  if (connect(fd, (void *)&to, sizeof to)) return close(fd), -1;
  if (hybrid) {
    char line[32], one = 0;
    int length = snprintf(line, sizeof line, "CONNECT %s\n", port + 1);
    if (write(fd, line, length) != length) return close(fd), -1;
    while (one != '\n')
      if (read(fd, &one, 1) != 1) return close(fd), errno = ECONNREFUSED, -1;
  }
  return fd;
}

static int dial(const char *address) {
  int fd = open_socket(address, 0);
  if (fd < 0) fail("connect to %s", address);
  return fd;
}

static ssize_t read_some(int fd, size_t size) {
  ssize_t got = read(fd, buffer, size);
  if (got < 0) fail("read");
  return got;
}

static void write_all(int fd, const char *from, size_t size, int flags) {
  while (size > 0) {
    ssize_t went = send(fd, from, size, flags | MSG_NOSIGNAL);
    if (went <= 0) fail("write");
    from += went;
    size -= went;
  }
}

/* The bytes of a checked stream: each aligned word tells where it stands. */
static uint64_t word(uint64_t position) { return position / 8 * 0x9e3779b97f4a7c15u; }

static void pattern(char *at, uint64_t position, size_t size) {
  if (position % 8 == 0 && size % 8 == 0)
    for (size_t i = 0; i < size; i += 8) *(uint64_t *)(at + i) = word(position + i);
  else
    for (size_t i = 0; i < size; i++) at[i] = word(position + i) >> (position + i) % 8 * 8;
}

static void compare(uint64_t position, const char *bytes, size_t size) {
  for (size_t i = 0; i < size;) {
    uint64_t at = position + i;
    uint64_t wanted = word(at);
    size_t part = 8 - at % 8 < size - i ? 8 - at % 8 : size - i;
    if (memcmp(bytes + i, (char *)&wanted + at % 8, part)) {
      errno = 0;
      fail("differs at byte %llu", (unsigned long long)at);
    }
    i += part;
  }
}

/* The kernel tells on the error queue which buffers it has let go of; nobody here uses one again. */
static void reap_zerocopy(int fd) {
  char control[128];
  struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
  while (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) message.msg_controllen = sizeof control;
}

static void pour(int fd, size_t size, double mebibytes, const char *how) {
  uint64_t left = mebibytes * (1 << 20), position = 0;
  int checked = strstr(how, "check") != NULL, zerocopy = strstr(how, "zerocopy") != NULL, one = 1;
  char *from = buffer;
  if (zerocopy) {
    from = mmap(NULL, left, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (from == MAP_FAILED || setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof one)) fail("SO_ZEROCOPY");
    pattern(from, 0, left);
  }
  for (; left > 0; left -= size, position += size) {
    if (size > left) size = left;
    if (checked && !zerocopy) pattern(from, position, size);
    write_all(fd, zerocopy ? from + position : from, size, zerocopy ? MSG_ZEROCOPY : 0);
    if (zerocopy) reap_zerocopy(fd);
  }
}

/* Reads to the end, or as much as was announced. */
static uint64_t drain(int fd, size_t size, double mebibytes, const char *how) {
  uint64_t total = 0, enough = mebibytes > 0 ? mebibytes * (1 << 20) : UINT64_MAX;
  int checked = strstr(how, "check") != NULL;
  long pause_micros = strncmp(how, "slow", 4) == 0 ? 20000 : 0;
  for (ssize_t got; total < enough && (got = read_some(fd, size)) > 0; total += got) {
    if (checked) compare(total, buffer, got);
    if (pause_micros) usleep(pause_micros);
  }
  return total;
}

static int later(const void *one, const void *other) {
  double difference = *(double *)one - *(double *)other;
  return (difference > 0) - (difference < 0);
}

static void round_trips(int fd, size_t size, int count) {
  double *micros = calloc(count, sizeof *micros);
  for (int i = 0; i < count; i++) {
    double begin = seconds();
    write_all(fd, buffer, size, 0);
    for (size_t got = 0; got < size;) {
      ssize_t part = read_some(fd, size - got);
      if (part == 0) fail("early end");
      got += part;
    }
    micros[i] = (seconds() - begin) * 1e6;
  }
  qsort(micros, count, sizeof *micros, later);
  printf("result p50=%.1f p99=%.1f\n", micros[count / 2], micros[count * 99 / 100]);
}

/* Connects, waits until the server has closed, closes. */
static void churn(const char *address, double duration) {
  double begin = seconds(), now = begin;
  int count = 0, refused = 0;
  for (; now - begin < duration; now = seconds()) {
    int fd = open_socket(address, 0);
    if (fd < 0) {
      refused++;
      continue;
    }
    while (read(fd, buffer, 64) > 0) {
    }
    close(fd);
    count++;
  }
  printf("result rate=%.1f count=%d refused=%d\n", count / (now - begin), count, refused);
}

static void serve(const char *address, const char *what, size_t size, double mebibytes) {
  int server = open_socket(address, 1);
  if (server < 0) fail("listen on %s", address);
  printf("listening\n");
  fflush(stdout);
  for (int fd; (fd = accept(server, NULL, NULL)) >= 0; close(fd)) {
    if (strcmp(what, "echo") == 0) {
      for (ssize_t got; (got = read(fd, buffer, size)) > 0;) write_all(fd, buffer, got, 0);
    } else if (strncmp(what, "source", 6) == 0) {
      pour(fd, size, mebibytes, what);
    } else if (strcmp(what, "drop") != 0) {
      uint64_t total = drain(fd, size, mebibytes, what);
      char answer[32];
      write_all(fd, answer, snprintf(answer, sizeof answer, "%llu", (unsigned long long)total), 0);
    }
  }
  fail("accept");
}

/* Joins each connection to a new one to another address, in both directions, until either ends. */
static void relay(const char *address, const char *target) {
  int server = open_socket(address, 1);
  if (server < 0) fail("listen on %s", address);
  printf("listening\n");
  fflush(stdout);
  for (int fd; (fd = accept(server, NULL, NULL)) >= 0; close(fd)) {
    struct pollfd ends[2] = {{.fd = fd, .events = POLLIN}, {.fd = dial(target), .events = POLLIN}};
    for (int over = 0; !over && poll(ends, 2, -1) > 0;)
      for (int i = 0; i < 2; i++)
        if (ends[i].revents) {
          ssize_t got = read(ends[i].fd, buffer, 65536);
          over |= got <= 0;
          if (got > 0) write_all(ends[1 - i].fd, buffer, got, 0);
        }
    close(ends[1].fd);
  }
}

static void send_all(const char *address, size_t size, double mebibytes, const char *how) {
  int fd = dial(address);
  double begin = seconds();
  pour(fd, size, mebibytes, how);
  if (strstr(how, "shutdown")) shutdown(fd, SHUT_WR);
  char answer[32] = {0};
  for (size_t got = 0; got < sizeof answer - 1;) {
    ssize_t part = read(fd, answer + got, sizeof answer - 1 - got);
    if (part < 0) fail("read of the answer");
    if (part == 0) break;
    got += part;
  }
  double took = seconds() - begin;
  printf("result rate=%.2f bytes=%s seconds=%.3f\n", mebibytes * (1 << 20) / 1e6 / took, answer, took);
}

static void receive_all(const char *address, size_t size, const char *how) {
  int fd = dial(address);
  double begin = seconds();
  uint64_t total = drain(fd, size, 0, how);
  double took = seconds() - begin;
  printf("result rate=%.2f bytes=%llu seconds=%.3f\n", total / 1e6 / took, (unsigned long long)total, took);
}

static void usage(void) {
  printf("usage: serve ADDRESS sink|check|slow|echo|drop|source [SIZE [MIB]]   one connection after another;\n"
         "             a sink answers with its count after MIB, or at the end\n"
         "       send ADDRESS SIZE MIB [check,zerocopy,shutdown]   to a sink; MB/s until its answer\n"
         "       recv ADDRESS SIZE [check]                 from a source; MB/s\n"
         "       rtt ADDRESS SIZE COUNT                    to an echo; microseconds\n"
         "       churn ADDRESS SECONDS                     to a drop; connections a second\n"
         "       relay ADDRESS TARGET                      each connection to one of the target\n"
         "ADDRESS: vsock:CID:PORT, seqpacket:CID:PORT, unix:PATH, hybrid:PATH:PORT\n");
  exit(2);
}

static int run(int count, char **words) {
  if (count < 2) usage();
  char *verb = words[0], *address = words[1];
  size_t size = count > 2 ? strtoul(words[2], NULL, 0) : 65536;
  if (strcmp(verb, "serve") == 0) {
    if (count < 3) usage();
    size = count > 3 ? strtoul(words[3], NULL, 0) : BUFFER_BYTES;
    serve(address, words[2], size, count > 4 ? atof(words[4]) : 0);
  } else if (strcmp(verb, "send") == 0 && count > 3) {
    send_all(address, size, atof(words[3]), count > 4 ? words[4] : "");
  } else if (strcmp(verb, "recv") == 0) {
    receive_all(address, size, count > 3 ? words[3] : "");
  } else if (strcmp(verb, "rtt") == 0 && count > 3) {
    round_trips(dial(address), size, atoi(words[3]));
  } else if (strcmp(verb, "churn") == 0) {
    churn(address, count > 2 ? atof(words[2]) : 1);
  } else if (strcmp(verb, "relay") == 0 && count > 2) {
    relay(address, words[2]);
  } else {
    usage();
  }
  return 0;
}

static void load_modules(void) {
  FILE *list = fopen("/modules", "r");
  char path[256];
  while (list && fscanf(list, "%255s", path) == 1) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) fail("module %s", path);
    close(fd);
  }
}

/* Runs each line of the console as one call; with & in front without waiting for it. */
static void init(void) {
  mount("none", "/proc", "proc", 0, NULL);
  mount("none", "/dev", "devtmpfs", 0, NULL);
  int console = open("/dev/ttyS0", O_RDWR);
  struct termios raw;
  tcgetattr(console, &raw);
  cfmakeraw(&raw);
  tcsetattr(console, TCSANOW, &raw);
  for (int fd = 0; fd < 3; fd++) dup2(console, fd);
  load_modules();
  printf("vsock-driver: ready\n");
  fflush(stdout);
  char line[512];
  while (fgets(line, sizeof line, stdin)) {
    char *words[WORDS_MAX];
    int count = 0, background = line[0] == '&';
    for (char *word = strtok(line + background, " \r\n"); word && count < WORDS_MAX; word = strtok(NULL, " \r\n"))
      words[count++] = word;
    if (count && strcmp(words[0], "poweroff") == 0) reboot(RB_POWER_OFF);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) exit(run(count, words));
    int status = 0;
    if (!background) {
      while (waitpid(child, &status, 0) != child && errno == EINTR) {
      }
      printf("done %d\n", WEXITSTATUS(status));
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    fflush(stdout);
  }
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  if (getpid() == 1) {
    init();
    return 0;
  }
  return run(count - 1, words + 1);
}
