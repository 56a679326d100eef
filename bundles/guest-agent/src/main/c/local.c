/* Sockets of the guest: those that the agent listens on for programs here, and those of servers
 * here that the host connects to. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"

#define LISTENERS_MAX 16
#define ACCEPTS_PER_TURN 16
#define BACKLOG 128

struct listener {
  struct watch watch;
  bool used;
  bool handles;
  char path[sizeof ((struct sockaddr_un *)0)->sun_path];
  char name[LODGE_NAME_MAX + 1];
  char argument[LODGE_ARGUMENT_MAX + 1];
  char target[LODGE_NAME_MAX + 1];
};

static struct listener listeners[LISTENERS_MAX];

static bool unix_address(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(address->sun_path, path, length);
  return true;
}

static int connect_to(const struct request *request) {
  struct sockaddr_un local;
  struct sockaddr_in loopback = {.sin_family = AF_INET,
                                 .sin_port = htons(request->port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bool over_unix = request->target == LODGE_OPEN_UNIX;
  if (over_unix && !unix_address(request->path, &local)) {
    return -1;
  }
  int fd = socket(over_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -1;
  }
  const struct sockaddr *address =
      over_unix ? (const struct sockaddr *)&local : (const struct sockaddr *)&loopback;
  if (connect(fd, address, over_unix ? sizeof local : sizeof loopback) != 0 &&
      errno != EINPROGRESS) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

void local_open(const struct request *request) {
  int fd = connect_to(request);
  if (fd >= 0 && request->type == LODGE_OPEN_HANDLES) {
    if (!carriage_begin(fd, true, request->token, NULL, request->call)) {
      send_result(request->call, errno, strerror(errno));
    }
    return;
  }
  struct relay *relay =
      fd < 0 ? NULL
             : relay_begin(LOCAL_SOCKET, fd, -1, request->token, NULL, true, NULL, NULL);
  if (relay == NULL) {
    send_result(request->call, errno, strerror(errno));
  } else {
    relay_answer(relay, request->call);
  }
}

static void accept_all(struct watch *watch, uint32_t events) {
  struct listener *listener =
      (struct listener *)((char *)watch - offsetof(struct listener, watch));
  (void)events;
  struct service service = {listener->name, listener->argument, listener->target};
  for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    if (listener->handles) {
      carriage_begin(fd, false, 0, &service, 0);
    } else {
      relay_begin(LOCAL_SOCKET, fd, -1, 0, &service, false, NULL, NULL);
    }
  }
}

static struct listener *find(const char *path) {
  for (int i = 0; i < LISTENERS_MAX; i++) {
    if (listeners[i].used && strcmp(listeners[i].path, path) == 0) {
      return &listeners[i];
    }
  }
  return NULL;
}

static void end(struct listener *listener) {
  watch_end(&listener->watch);
  unlink(listener->path);
  listener->used = false;
}

static int listen_at(const struct sockaddr_un *address, const struct request *request) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  make_folder_of(address->sun_path);
  mode_t former = umask(0777);
  unlink(address->sun_path);
  bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
  umask(former);
  if (bound && (request->uid == getuid() || chown(request->path, request->uid, request->gid) == 0) &&
      chmod(request->path, request->mode) == 0 && listen(fd, BACKLOG) == 0) {
    return fd;
  }
  int error = errno;
  if (fd >= 0) {
    close(fd);
  }
  errno = error;
  return -1;
}

void local_listen(const struct request *request) {
  struct sockaddr_un address;
  struct listener *listener = find(request->path);
  if (listener != NULL) {
    end(listener);
  }
  for (int i = 0; i < LISTENERS_MAX && listener == NULL; i++) {
    listener = listeners[i].used ? NULL : &listeners[i];
  }
  int fd = -1;
  if (listener == NULL) {
    errno = EAGAIN;
  } else if (unix_address(request->path, &address)) {
    fd = listen_at(&address, request);
  }
  if (fd < 0) {
    send_result(request->call, errno, strerror(errno));
    return;
  }
  *listener =
      (struct listener){.used = true, .handles = request->type == LODGE_LISTEN_HANDLES};
  memcpy(listener->path, address.sun_path, sizeof listener->path);
  memcpy(listener->name, request->name, sizeof listener->name);
  memcpy(listener->argument, request->argument, sizeof listener->argument);
  memcpy(listener->target, request->aim, sizeof listener->target);
  watch_begin(&listener->watch, fd, accept_all);
  watch_want(&listener->watch, EPOLLIN);
  send_result(request->call, 0, "");
}

void local_unlisten(const struct request *request) {
  struct listener *listener = find(request->path);
  if (listener != NULL) {
    end(listener);
  }
  send_result(request->call, listener != NULL ? 0 : ENOENT, "");
}
