/* The table of handles, and what pipes and sockets among them carry. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "carriage.h"

#define SLOT_BITS 17
_Static_assert(HANDLES_TOTAL <= 1 << SLOT_BITS, "a number has no room for its slot");
#define GENERATION_MASK ((LODGE_OF_HOST >> SLOT_BITS) - 1)

static struct handle *handles;
static uint32_t *generations;
static struct handle *free_handles;
static struct handle *dying;
static size_t ever_taken; /* those beyond are free, and not resident */
static size_t taken;
static size_t of_programs;
static size_t pipes;

/* Never 0, which is the socket itself. */
static uint32_t new_id(size_t slot) {
  generations[slot] = generations[slot] % GENERATION_MASK + 1;
  return generations[slot] << SLOT_BITS | (uint32_t)slot;
}

struct handle *handle_take(struct carriage *owner, uint32_t id_of_host) {
  bool of_host = id_of_host != 0;
  if (taken == HANDLES_TOTAL || (!of_host && handles_free(owner) == 0)) {
    return NULL;
  }
  if (handles == NULL) {
    handles = table_make(sizeof(struct handle[HANDLES_TOTAL]));
    generations = table_make(sizeof(uint32_t[HANDLES_TOTAL]));
  }
  struct handle *handle = free_handles;
  if (handle != NULL) {
    free_handles = handle->next;
  } else {
    handle = &handles[ever_taken++];
  }
  taken++;
  *handle = (struct handle){
      .watch = {.fd = -1, .registered = -1},
      .passed_fd = -1,
      .owner = owner,
      .id = of_host ? id_of_host : new_id((size_t)(handle - handles)),
  };
  queue_begin(&handle->queue);
  handle->after = owner->all;
  if (owner->all != NULL) {
    owner->all->before = handle;
  }
  owner->all = handle;
  if (of_host) {
    owner->of_host[id_of_host & ~LODGE_OF_HOST] = handle;
  } else {
    owner->of_program++;
    of_programs++;
  }
  return handle;
}

struct handle *handle_find(struct carriage *owner, uint32_t id) {
  struct handle *handle = NULL;
  if ((id & LODGE_OF_HOST) == 0) {
    size_t slot = id & ((1 << SLOT_BITS) - 1);
    handle = slot < ever_taken ? &handles[slot] : NULL;
  } else if ((id & ~LODGE_OF_HOST) < LODGE_HANDLES_MAX) {
    handle = owner->of_host[id & ~LODGE_OF_HOST];
  }
  bool valid = handle != NULL && handle->owner == owner && handle->id == id && !handle->closing;
  return valid ? handle : NULL;
}

void handle_due(struct handle *handle) {
  if (!handle->due) {
    handle->due = true;
    handle->next = handle->owner->due;
    handle->owner->due = handle;
  }
}

void handle_fail(struct handle *handle, int error) {
  if (!handle->failed) {
    handle->failed = true;
    handle->failure = (uint32_t)error;
    handle_due(handle);
  }
}

static void let_go(struct handle *handle) {
  if (handle->kind == KIND_LISTENER && handle->watch.fd >= 0) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    if (getsockname(handle->watch.fd, (struct sockaddr *)&address, &length) == 0) {
      unlink(address.sun_path);
    }
  }
  rows_unmap(handle);
  watch_end(&handle->watch);
  if (handle->passed_fd >= 0) {
    close(handle->passed_fd);
    handle->passed_fd = -1;
  }
  pipes -= handle->counted ? 1 : 0;
  handle->counted = false;
  queue_end(&handle->queue);
}

void handle_free(struct handle *handle) {
  struct carriage *owner = handle->owner;
  let_go(handle);
  if (handle->due) {
    struct handle **link = &owner->due;
    while (*link != handle) {
      link = &(*link)->next;
    }
    *link = handle->next;
  }
  if ((handle->id & LODGE_OF_HOST) != 0) {
    owner->of_host[handle->id & ~LODGE_OF_HOST] = NULL;
  } else {
    owner->of_program--;
    of_programs--;
  }
  if (handle->before != NULL) {
    handle->before->after = handle->after;
  } else {
    owner->all = handle->after;
  }
  if (handle->after != NULL) {
    handle->after->before = handle->before;
  }
  handle->owner = NULL;
  handle->next = dying;
  dying = handle;
}

void handles_reclaim(void) {
  while (dying != NULL) {
    struct handle *handle = dying;
    dying = handle->next;
    handle->next = free_handles;
    free_handles = handle;
    taken--;
  }
}

size_t handles_free(const struct carriage *owner) {
  size_t of_owner = LODGE_HANDLES_MAX - owner->of_program;
  size_t of_all = HANDLES_OF_PROGRAMS_MAX - of_programs;
  return of_owner < of_all ? of_owner : of_all;
}

size_t handles_taken(void) { return taken; }

bool handle_counts_as_pipe(struct handle *handle) {
  handle->counted = pipes < PIPES_TOTAL;
  pipes += handle->counted ? 1 : 0;
  return handle->counted;
}

void handles_end(struct carriage *owner) {
  while (owner->all != NULL) {
    handle_free(owner->all);
  }
}

/* Somebody else reads what waits for it, or ends. What is read here as well never empties. */
static bool has_output(const struct handle *handle) {
  return handle->kind == LODGE_KIND_PIPE && handle->access == LODGE_WRITABLE &&
         queue_length(&handle->queue) > 0;
}

bool handles_have_output(const struct carriage *owner) {
  for (const struct handle *handle = owner->all; handle != NULL; handle = handle->after) {
    if (has_output(handle)) {
      return true;
    }
  }
  return false;
}

void handles_hang_up(struct carriage *owner) {
  struct handle *next;
  for (struct handle *handle = owner->all; handle != NULL; handle = next) {
    next = handle->after;
    if (handle->uses == 0 && !has_output(handle)) {
      handle_free(handle);
    } else if (handle->uses == 0 && handle->passed_fd >= 0) {
      close(handle->passed_fd);
      handle->passed_fd = -1;
    }
  }
}

/* Frees it where it is closing and nothing needs it any more. */
static void free_if_over(struct handle *handle) {
  if (!handle->closing || handle->uses > 0 || queue_length(&handle->queue) > 0) {
    return;
  }
  if ((handle->id & LODGE_OF_HOST) == 0) {
    handle_free(handle);
  } else {
    let_go(handle);
    handle_due(handle);
  }
}

void handle_close(struct handle *handle) {
  handle->closing = true;
  handle->read_credit = 0;
  handle->ready = false;
  handle_want(handle);
  free_if_over(handle);
}

void handle_used(struct handle *handle) {
  handle->uses--;
  free_if_over(handle);
}

/* Its reader has gone: nothing can be written any more. */
static void no_reader(struct handle *handle, int error) {
  queue_drop(&handle->queue);
  handle->access &= (uint8_t)~LODGE_WRITABLE;
  handle->ends_due |= LODGE_PIPE_IN_ENDED;
  handle->end_errno = (uint32_t)error;
  handle_due(handle);
}

static void end_writing(struct handle *handle) {
  handle->access &= (uint8_t)~LODGE_WRITABLE;
  if (handle->kind == LODGE_KIND_SOCKET) {
    shutdown(handle->watch.fd, SHUT_WR);
  } else if ((handle->access & LODGE_READABLE) == 0) {
    watch_end(&handle->watch);
  }
}

void handle_feed(struct handle *handle) {
  struct queue *queue = &handle->queue;
  while (queue_length(queue) > 0) {
    const uint8_t *bytes = queue->block + queue->start;
    ssize_t count = handle->kind == LODGE_KIND_SOCKET
                        ? send(handle->watch.fd, bytes, queue_length(queue),
                               MSG_NOSIGNAL | MSG_DONTWAIT)
                        : write(handle->watch.fd, bytes, queue_length(queue));
    if (count >= 0) {
      queue_done(queue, (uint32_t)count);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      no_reader(handle, errno);
    }
  }
  if (queue_owes(queue)) {
    handle_due(handle);
  }
  if (handle->ends && queue_length(queue) == 0 && (handle->access & LODGE_WRITABLE) != 0) {
    end_writing(handle);
  }
  handle_want(handle);
  free_if_over(handle);
}

void handle_want(struct handle *handle) {
  if (handle->kind != LODGE_KIND_PIPE && handle->kind != LODGE_KIND_SOCKET) {
    return;
  }
  uint32_t events = handle->read_credit > 0 && !handle->ready &&
                            (handle->access & LODGE_READABLE) != 0
                        ? EPOLLIN
                        : 0;
  events |= queue_length(&handle->queue) > 0 ? EPOLLOUT : 0;
  /* With nothing to do, news of a pipe that is only written is that its reader has gone. */
  bool listens = events != 0 || handle->access == LODGE_WRITABLE;
  watch_want(&handle->watch, listens ? (int64_t)events : -1);
}

void handle_ready(struct watch *watch, uint32_t events) {
  struct handle *handle = (struct handle *)((char *)watch - offsetof(struct handle, watch));
  struct carriage *owner = handle->owner;
  if ((handle->access & LODGE_READABLE) != 0 && handle->read_credit > 0) {
    handle->ready = true;
    handle_due(handle);
  }
  if (queue_length(&handle->queue) > 0) {
    handle_feed(handle);
  } else {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && handle->access == LODGE_WRITABLE) {
      no_reader(handle, EPIPE);
    }
    handle_want(handle);
  }
  if (carriage_send(owner)) {
    carriage_settle(owner);
  }
}
