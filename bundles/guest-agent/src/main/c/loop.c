#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent.h"

#define EVENTS_MAX 64

static int epoll_fd = -1;

void loop_begin(void) {
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) {
    perror("lodge-agent: epoll_create1");
    exit(1);
  }
}

void loop_turn(void) {
  struct epoll_event events[EVENTS_MAX];
  int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
  for (int i = 0; i < count; i++) {
    struct watch *watch = events[i].data.ptr;
    /* An earlier event of this turn may have ended it; its memory is not reused before the turn
     * is over. */
    if (watch->fd >= 0 && watch->registered >= 0) {
      watch->ready(watch, events[i].events);
    }
  }
  relays_reclaim();
  carriages_reclaim();
  handles_reclaim();
}

void watch_begin(struct watch *watch, int fd, void (*ready)(struct watch *, uint32_t)) {
  watch->fd = fd;
  watch->registered = -1;
  watch->ready = ready;
}

void watch_want(struct watch *watch, int64_t events) {
  if (watch->fd < 0 || watch->registered == events) {
    return;
  }
  struct epoll_event event = {.events = (uint32_t)events, .data.ptr = watch};
  int operation = events < 0              ? EPOLL_CTL_DEL
                  : watch->registered < 0 ? EPOLL_CTL_ADD
                                          : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll_fd, operation, watch->fd, &event) == 0) {
    watch->registered = events;
  }
}

void watch_end(struct watch *watch) {
  if (watch->fd >= 0) {
    watch_want(watch, -1);
    close(watch->fd);
    watch->fd = -1;
  }
}
