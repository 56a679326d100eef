/* The main channel: dials the host until it answers, takes requests, sends results. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.h"

#define VERSION_NUMBER (1u << 16 | 0u)
#define RETRY_MILLIS_FIRST 50
#define RETRY_MILLIS_MOST 1000
/* In an initramfs the agent is there before the modules of virtio sockets are. */
#define MODULE_MILLIS 20
#define MODULE_TRIES 500

/* Requests wait while more than this is unsent, which leaves room for everything that comes by
 * itself: ends of programs and transfers, whose number is limited. */
#define UNSENT_MOST 16384
#define UNSENT_ROOM (UNSENT_MOST + (256 + 64 + 16) * (LODGE_HEADER_BYTES + 8 + LODGE_TEXT_MAX))

static struct watch channel = {.fd = -1, .registered = -1};
static struct watch timer = {.fd = -1, .registered = -1};
static bool connects;
static int retry_millis = RETRY_MILLIS_FIRST;
static uint8_t incoming[LODGE_HEADER_BYTES + LODGE_BODY_MAX];
static size_t incoming_used;
static uint8_t unsent[UNSENT_ROOM];
static size_t unsent_used;
static struct request request;

static void retry_in(int millis) {
  struct itimerspec when = {.it_value = {millis / 1000, (long)(millis % 1000) * 1000000}};
  timerfd_settime(timer.fd, 0, &when, NULL);
}

static void retry_later(int error) {
  static int module_tries = MODULE_TRIES;
  if ((error == EAFNOSUPPORT || error == ENODEV) && module_tries > 0) {
    module_tries--;
    retry_in(MODULE_MILLIS);
    return;
  }
  retry_in(retry_millis);
  retry_millis = retry_millis * 2 < RETRY_MILLIS_MOST ? retry_millis * 2 : RETRY_MILLIS_MOST;
}

static void lose_channel(int error) {
  bool was_open = channel_is_open();
  watch_end(&channel);
  connects = false;
  incoming_used = 0;
  unsent_used = 0;
  if (was_open) {
    programs_hang_up();
  }
  retry_later(error);
}

bool channel_is_open(void) { return channel.fd >= 0 && !connects; }

static void want(void) {
  if (channel.fd >= 0) {
    uint32_t events = connects || unsent_used > 0 ? EPOLLOUT : 0;
    watch_want(&channel, events | (!connects && unsent_used < UNSENT_MOST ? EPOLLIN : 0));
  }
}

static void flush(void) {
  size_t done = 0;
  while (channel_is_open() && done < unsent_used) {
    ssize_t count = write(channel.fd, unsent + done, unsent_used - done);
    if (count >= 0) {
      done += (size_t)count;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      lose_channel(0);
      return;
    }
  }
  memmove(unsent, unsent + done, unsent_used - done);
  unsent_used -= done;
  want();
}

static void send_message(uint16_t type, uint64_t call, const void *body, size_t length) {
  if (!channel_is_open() || sizeof unsent - unsent_used < LODGE_HEADER_BYTES + length) {
    return;
  }
  struct writer out = {unsent, sizeof unsent, unsent_used};
  write_u32(&out, (uint32_t)length);
  write_u16(&out, type);
  write_u16(&out, 0);
  write_u64(&out, call);
  write_bytes(&out, body, length);
  unsent_used = out.used;
  flush();
}

void send_result(uint64_t call, int error, const char *text) {
  uint8_t body[4 + LODGE_TEXT_MAX];
  struct writer out = {body, sizeof body, 0};
  write_u32(&out, (uint32_t)error);
  write_bytes(&out, text, strnlen(text, LODGE_TEXT_MAX));
  send_message(LODGE_RESULT, call, body, out.used);
}

void send_result_body(uint64_t call, const void *result, size_t length) {
  uint8_t body[4096];
  struct writer out = {body, sizeof body, 0};
  write_u32(&out, 0);
  write_bytes(&out, result, length);
  send_message(LODGE_RESULT, call, body, out.used);
}

void send_exited(uint64_t call, uint32_t code, uint32_t signal) {
  uint8_t body[8];
  struct writer out = {body, sizeof body, 0};
  write_u32(&out, code);
  write_u32(&out, signal);
  send_message(LODGE_EXITED, call, body, out.used);
}

void read_line(const char *path, char *into, size_t room) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t count = fd < 0 ? 0 : read(fd, into, room - 1);
  into[count > 0 ? count : 0] = 0;
  into[strcspn(into, "\n")] = 0;
  if (fd >= 0) {
    close(fd);
  }
}

static void say_hello(void) {
  uint8_t body[512];
  char boot_id[64];
  struct utsname system;
  struct writer out = {body, sizeof body, 0};
  unsent_used = put_preface(unsent, sizeof unsent, LODGE_MAIN, 0, 0, NULL);
  read_line("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
  uname(&system);
  write_u32(&out, LODGE_VERSION);
  write_u32(&out, VERSION_NUMBER);
  write_string(&out, boot_id, 64);
  write_string(&out, system.nodename, 64);
  write_string(&out, system.release, 64);
  write_u32(&out, up_said() ? LODGE_HELLO_UP : 0);
  send_message(LODGE_HELLO, 0, body, out.used);
}

static void send_stats(uint64_t call) {
  uint8_t body[4000];
  send_result_body(call, body, stats_write(body, sizeof body));
}

static void send_clocks(uint64_t call) {
  uint8_t body[24];
  send_result_body(call, body, clocks_write(body, sizeof body));
}

/* What is run, copied, opened or listened on in an initramfs is lost with it. */
static bool needs_final_root(uint16_t type) {
  switch (type) {
    case LODGE_EXEC:
    case LODGE_GET:
    case LODGE_PUT:
    case LODGE_OPEN:
    case LODGE_OPEN_HANDLES:
    case LODGE_LISTEN:
    case LODGE_LISTEN_HANDLES:
      return true;
    default:
      return false;
  }
}

static void handle(void) {
  root_follow();
  if (needs_final_root(request.type) && !root_is_final()) {
    send_result(request.call, EINPROGRESS, "the guest is still starting");
    return;
  }
  switch (request.type) {
    case LODGE_EXEC:
      program_exec(&request);
      break;
    case LODGE_RESIZE:
      program_resize(&request);
      break;
    case LODGE_SIGNAL:
      program_signal(&request);
      break;
    case LODGE_GET:
      file_get(&request);
      break;
    case LODGE_PUT:
      file_put(&request);
      break;
    case LODGE_SHUTDOWN: {
      int error = power_down(request.number);
      send_result(request.call, error, error != 0 ? "can't shut down" : "");
      break;
    }
    case LODGE_STATS:
      send_stats(request.call);
      break;
    case LODGE_CLOCKS:
      send_clocks(request.call);
      break;
    case LODGE_OPEN:
    case LODGE_OPEN_HANDLES:
      local_open(&request);
      break;
    case LODGE_LISTEN:
    case LODGE_LISTEN_HANDLES:
      local_listen(&request);
      break;
    case LODGE_UNLISTEN:
      local_unlisten(&request);
      break;
    case LODGE_SHARE:
      share_open(&request);
      break;
    default:
      send_result(request.call, 0, "");
  }
}

/* Takes whole messages off the front. False where the channel was lost. */
static bool take_messages(void) {
  size_t at = 0;
  while (incoming_used - at >= LODGE_HEADER_BYTES && unsent_used < UNSENT_MOST) {
    struct reader in = {incoming + at, LODGE_HEADER_BYTES, false};
    size_t length = read_u32(&in);
    uint16_t type = read_u16(&in);
    read_u16(&in);
    uint64_t call = read_u64(&in);
    if (length > LODGE_BODY_MAX) {
      fprintf(stderr, "lodge-agent: the host sent a message of %zu bytes; hanging up\n", length);
      lose_channel(0);
      return false;
    }
    if (incoming_used - at < LODGE_HEADER_BYTES + length) {
      break;
    }
    if (parse_request(type, call, incoming + at + LODGE_HEADER_BYTES, length, &request)) {
      handle();
    } else {
      send_result(call, EPROTO, "the agent does not understand this request");
    }
    if (!channel_is_open()) {
      return false;
    }
    at += LODGE_HEADER_BYTES + length;
  }
  memmove(incoming, incoming + at, incoming_used - at);
  incoming_used -= at;
  return true;
}

static void receive(void) {
  while (take_messages() && unsent_used < UNSENT_MOST) {
    ssize_t count =
        read(channel.fd, incoming + incoming_used, sizeof incoming - incoming_used);
    if (count > 0) {
      incoming_used += (size_t)count;
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      lose_channel(0);
      return;
    } else if (errno == EAGAIN) {
      break;
    }
  }
  want();
}

static void channel_ready(struct watch *watch, uint32_t events) {
  if (connects) {
    int outcome = connect_outcome(watch->fd);
    if (outcome == EINPROGRESS) {
      return;
    }
    if (outcome != 0) {
      lose_channel(outcome);
      return;
    }
    connects = false;
    retry_millis = RETRY_MILLIS_FIRST;
    say_hello();
    return;
  }
  if ((events & EPOLLOUT) != 0) {
    flush();
  }
  if (channel_is_open()) {
    receive();
  }
}

static void dial(void) {
  root_follow();
  if (!carrier_is_ours()) {
    retry_later(EADDRINUSE);
    return;
  }
  int fd = carrier_dial_as_root();
  if (fd < 0) {
    retry_later(errno);
    return;
  }
  connects = true;
  watch_begin(&channel, fd, channel_ready);
  want();
}

static void timer_ready(struct watch *watch, uint32_t events) {
  uint64_t expirations;
  (void)events;
  if (read(watch->fd, &expirations, sizeof expirations) > 0 && channel.fd < 0) {
    dial();
  }
}

void channel_begin(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) {
    perror("lodge-agent: timerfd_create");
    exit(1);
  }
  watch_begin(&timer, fd, timer_ready);
  watch_want(&timer, EPOLLIN);
  dial();
}
