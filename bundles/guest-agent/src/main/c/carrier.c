#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

/* struct sockaddr_vm of <linux/vm_sockets.h>, which musl's tools don't find. */
struct vsock_address {
  sa_family_t family;
  uint16_t reserved;
  uint32_t port;
  uint32_t cid;
  uint8_t zero[4];
};

static struct sockaddr_un unix_address;

void carrier_use_unix(const char *path) {
  unix_address.sun_family = AF_UNIX;
  strncpy(unix_address.sun_path, path, sizeof unix_address.sun_path - 1);
}

bool carrier_is_unix(void) { return unix_address.sun_family == AF_UNIX; }

const char *carrier_unix(void) { return unix_address.sun_path; }

static bool bind_port(int fd, uint32_t port) {
  struct vsock_address own = {.family = AF_VSOCK, .port = port, .cid = LODGE_ANY_CID};
  return bind(fd, (const struct sockaddr *)&own, sizeof own) == 0;
}

bool carrier_is_ours(void) {
  static int fd = -1;
  if (carrier_is_unix() || fd >= 0) {
    return true;
  }
  fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind_port(fd, LODGE_AGENT_PORT)) {
    /* Stays open: the port is taken for as long as this process lives. */
    return true;
  }
  bool taken = errno == EADDRINUSE;
  close(fd);
  fd = -1;
  return !taken;
}

/* Each socket has its port alone, and one that was closed may have it for a moment more. */
static void bind_as_root(int fd) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint32_t ports = LODGE_ROOT_PORTS - LODGE_ROOT_PORT_FIRST;
  uint32_t first = (uint32_t)now.tv_nsec / 1000 % ports;
  for (uint32_t i = 0; i < ports; i++) {
    if (bind_port(fd, LODGE_ROOT_PORT_FIRST + (first + i) % ports) || errno != EADDRINUSE) {
      return;
    }
  }
}

static int dial(bool as_root) {
  bool over_unix = carrier_is_unix();
  struct vsock_address vsock = {
      .family = AF_VSOCK, .port = LODGE_PORT, .cid = LODGE_HOST_CID};
  const struct sockaddr *address =
      over_unix ? (const struct sockaddr *)&unix_address : (const struct sockaddr *)&vsock;
  socklen_t length = over_unix ? sizeof unix_address : sizeof vsock;
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && as_root && !over_unix) {
    bind_as_root(fd);
  }
  if (fd >= 0 && connect(fd, address, length) != 0 && errno != EINPROGRESS) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

int carrier_dial(void) { return dial(false); }

int carrier_dial_as_root(void) { return dial(true); }

int connect_outcome(int fd) {
  struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
  if (poll(&poll_fd, 1, 0) == 0) {
    return EINPROGRESS;
  }
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

/* Of <linux/vm_sockets.h>, at the level AF_VSOCK. */
#define BUFFER_SIZE 0
#define BUFFER_MAX_SIZE 2
#define ROWS_BUFFER_BYTES (UINT64_C(1) << 20)

void carrier_takes_rows(int fd) {
  uint64_t bytes = ROWS_BUFFER_BYTES;
  setsockopt(fd, AF_VSOCK, BUFFER_MAX_SIZE, &bytes, sizeof bytes);
  setsockopt(fd, AF_VSOCK, BUFFER_SIZE, &bytes, sizeof bytes);
}

/* SO_ZEROCOPY is of Linux 6.7 where the link is a virtio socket, and unknown to Unix sockets. */
bool carrier_takes_pages(int fd) {
  int on = 1;
  return setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on) == 0;
}

bool carrier_has_failed(int fd) {
  uint8_t control[128];
  struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
  while (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
    message.msg_controllen = sizeof control;
  }
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0;
}

size_t put_preface(uint8_t *into, size_t room, int kind, uint64_t token, uint32_t flags,
                   const struct service *service) {
  struct writer out = {into, room, 0};
  static const struct service none = {"", "", ""};
  const struct service *of = service != NULL ? service : &none;
  size_t name_length = strnlen(of->name, LODGE_NAME_MAX);
  size_t argument_length = strnlen(of->argument, LODGE_ARGUMENT_MAX);
  size_t target_length = strnlen(of->target, LODGE_NAME_MAX);
  write_u32(&out, LODGE_MAGIC);
  write_u16(&out, LODGE_VERSION);
  write_u16(&out, (uint16_t)kind);
  write_u64(&out, token);
  write_u16(&out, (uint16_t)name_length);
  write_u16(&out, (uint16_t)argument_length);
  write_u32(&out, flags);
  write_u16(&out, (uint16_t)target_length);
  write_u16(&out, 0);
  write_u32(&out, 0);
  write_bytes(&out, of->name, name_length);
  write_bytes(&out, of->argument, argument_length);
  write_bytes(&out, of->target, target_length);
  return out.used;
}
