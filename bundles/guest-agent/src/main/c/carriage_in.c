/* What the host says on a connection with handles. All of it takes effect at once or waits in a
 * queue that has room for it, so the link is always read and never part of a circle of waiting. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carriage.h"

static bool broken(struct carriage *carriage, const char *why) {
  carriage_end(carriage, why);
  return false;
}

static bool make(struct carriage *carriage, const struct frame *frame) {
  uint32_t number = frame->handle & ~LODGE_OF_HOST;
  if ((frame->handle & LODGE_OF_HOST) == 0 || number >= LODGE_HANDLES_MAX ||
      carriage->of_host[number] != NULL) {
    return broken(carriage, "the host made a handle under a number it has not");
  }
  struct handle *handle = handle_take(carriage, frame->handle);
  if (handle == NULL) {
    return broken(carriage, "too many handles");
  }
  make_handle(handle, frame);
  return true;
}

/* The program reads no more; whatever else comes for it goes nowhere. */
static void drop_output(struct carriage *carriage);

static bool pass(struct carriage *carriage, struct handle *handle) {
  bool once = handle->kind == LODGE_KIND_PIPE;
  if (carriage->local_out_ended) {
    return true;
  }
  if (handle->failed && handle->watch.fd < 0) {
    /* It could not be made, as the host is told. What follows means nothing without it. */
    drop_output(carriage);
    shutdown(carriage->local.fd, SHUT_WR);
    return true;
  }
  if ((once ? handle->passed_fd : handle->watch.fd) < 0 || (once && handle->uses > 0) ||
      handle->kind == LODGE_KIND_SOCKET || !queue_admit(&carriage->queue, LODGE_PASS_COST)) {
    return broken(carriage, "the host passed what it can't");
  }
  uint32_t at = (carriage->passes_start + carriage->passes_count++) % PASSES_MAX;
  carriage->passes[at] = handle;
  handle->uses++;
  return true;
}

static bool read_rows(struct carriage *carriage, struct handle *handle) {
  if (carriage->reads_count == LODGE_READS_MAX || handle->kind != LODGE_KIND_FILE) {
    return broken(carriage, "the host reads too much at a time, or what is no file");
  }
  uint32_t at = (carriage->reads_start + carriage->reads_count++) % LODGE_READS_MAX;
  carriage->reads[at] =
      (struct pending_read){handle, carriage->frame.tag, carriage->frame.rows,
                            carriage->frame.type == LODGE_LANE_READ, carriage->frame.position};
  handle->uses++;
  return true;
}

static bool write_row(struct carriage *carriage, struct handle *handle) {
  const struct frame *frame = &carriage->frame;
  if (handle->kind != LODGE_KIND_FILE || (handle->id & LODGE_OF_HOST) == 0) {
    return broken(carriage, "the host writes to what it has not made");
  }
  if (!handle->failed && !row_from_lane(handle, &frame->rows, frame->position)) {
    handle_fail(handle, errno);
  }
  return true;
}

static bool credit(struct carriage *carriage, uint32_t id, uint32_t bytes) {
  struct handle *handle = id == 0 ? NULL : handle_find(carriage, id);
  if (id != 0 && handle == NULL) {
    return broken(carriage, "the host gives credit to no handle");
  }
  uint32_t *left = handle == NULL ? &carriage->local_credit : &handle->read_credit;
  if (__builtin_add_overflow(*left, bytes, left)) {
    return broken(carriage, "the host gives too much credit");
  }
  if (handle != NULL) {
    handle_want(handle);
  }
  return true;
}

static bool begin_bytes(struct carriage *carriage, uint32_t count) {
  if (carriage->ends) {
    return broken(carriage, "the host sent bytes after their end");
  }
  carriage->ends = count == 0;
  return queue_admit(&carriage->queue, count) || broken(carriage, "the host sent beyond credit");
}

static bool begin_pipe_data(struct carriage *carriage, struct handle *handle, uint32_t count) {
  if ((handle->kind != LODGE_KIND_PIPE && handle->kind != LODGE_KIND_SOCKET) || handle->ends) {
    return broken(carriage, "the host writes to no pipe");
  }
  return queue_admit(&handle->queue, count) || broken(carriage, "the host sent beyond credit");
}

/* A frame's head is there; its payload follows. */
static bool begin(struct carriage *carriage) {
  struct frame *frame = &carriage->frame;
  carriage->payload_left = frame->payload;
  carriage->payload_to = NULL;
  switch (frame->type) {
    case LODGE_BYTES:
      return begin_bytes(carriage, frame->payload);
    case LODGE_MAKE:
      return make(carriage, frame);
    case LODGE_CREDIT:
      return credit(carriage, frame->handle, frame->credit);
    default:
      break;
  }
  struct handle *handle = handle_find(carriage, frame->handle);
  if (handle == NULL) {
    return broken(carriage, "the host speaks of no handle");
  }
  carriage->payload_to = handle;
  switch (frame->type) {
    case LODGE_PASS:
      return pass(carriage, handle);
    case LODGE_ALTER:
      if (handle->kind != LODGE_KIND_FILE || (handle->id & LODGE_OF_HOST) == 0) {
        return broken(carriage, "the host resizes what it has not made");
      }
      resize_file(handle, frame->size, frame->seals);
      return true;
    case LODGE_LANE_WRITE:
      return write_row(carriage, handle);
    case LODGE_READ:
    case LODGE_LANE_READ:
      return read_rows(carriage, handle);
    case LODGE_WRITE:
      return handle->kind == LODGE_KIND_FILE || broken(carriage, "the host writes to no file");
    case LODGE_CLOSE:
      handle_close(handle);
      return true;
    case LODGE_PIPE_DATA:
      return begin_pipe_data(carriage, handle, frame->payload);
    default: /* LODGE_PIPE_END */
      handle->ends = true;
      handle_feed(handle);
      return true;
  }
}

static void take_payload(struct carriage *carriage, const uint8_t *bytes, uint32_t count) {
  struct handle *handle = carriage->payload_to;
  carriage->payload_left -= count;
  if (carriage->frame.type == LODGE_WRITE) {
    rows_write(handle, &carriage->frame.rows, bytes, count);
    return;
  }
  struct queue *queue = handle != NULL ? &handle->queue : &carriage->queue;
  if (handle != NULL ? (handle->access & LODGE_WRITABLE) == 0 : carriage->local_out_ended) {
    queue->credit_due += count;
    return;
  }
  queue_put(queue, bytes, count);
  if (handle != NULL) {
    handle_feed(handle);
  }
}

size_t carriage_target(struct carriage *carriage, struct iovec *into, size_t room) {
  struct handle *handle = carriage->payload_to;
  const struct rows *rows = &carriage->frame.rows;
  uint32_t bytes = carriage->payload_left;
  if (bytes == 0 || carriage->frame.type != LODGE_WRITE || handle->failed ||
      (handle->id & LODGE_OF_HOST) == 0 || !rows_map(handle, rows, bytes)) {
    return 0;
  }
  return rows_vectors(handle, *rows, bytes, into, room);
}

void carriage_came(struct carriage *carriage, uint32_t count) {
  rows_advance(&carriage->frame.rows, count);
  carriage->payload_left -= count;
}

bool carriage_take(struct carriage *carriage, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    size_t part;
    if (carriage->payload_left > 0) {
      part = count < carriage->payload_left ? count : carriage->payload_left;
      take_payload(carriage, bytes, (uint32_t)part);
    } else {
      size_t whole = carriage->head_used < LODGE_FRAME_BYTES ? LODGE_FRAME_BYTES
                                                             : frame_head_bytes(carriage->head);
      if (whole == 0) {
        return broken(carriage, "the host sent no frame");
      }
      part = whole - carriage->head_used;
      part = count < part ? count : part;
      memcpy(carriage->head + carriage->head_used, bytes, part);
      carriage->head_used += part;
      if (carriage->head_used >= LODGE_FRAME_BYTES &&
          carriage->head_used == frame_head_bytes(carriage->head)) {
        if (!frame_parse(carriage->head, carriage->head_used, &carriage->frame)) {
          return broken(carriage, "the host sent a frame that is none");
        }
        carriage->head_used = 0;
        if (!begin(carriage)) {
          return false;
        }
      }
    }
    bytes += part;
    count -= part;
  }
  return true;
}

static void drop_output(struct carriage *carriage) {
  carriage->local_out_ended = true;
  queue_drop(&carriage->queue);
  while (carriage->passes_count > 0) {
    struct handle *handle = carriage->passes[carriage->passes_start];
    carriage->passes_start = (carriage->passes_start + 1) % PASSES_MAX;
    carriage->passes_count--;
    carriage->queue.credit_due += LODGE_PASS_COST;
    if (handle->passed_fd >= 0) {
      close(handle->passed_fd);
      handle->passed_fd = -1;
    }
    handle_used(handle);
  }
}

/* The first descriptors that wait, as many as go at once. */
static size_t gather(const struct carriage *carriage, int *fds) {
  size_t count = 0;
  for (; count < carriage->passes_count && count < DESCRIPTORS_SENT_MAX; count++) {
    const struct handle *handle = carriage->passes[(carriage->passes_start + count) % PASSES_MAX];
    fds[count] = handle->passed_fd >= 0 ? handle->passed_fd : handle->watch.fd;
  }
  return count;
}

static void passed(struct carriage *carriage, size_t count) {
  for (; count > 0; count--) {
    struct handle *handle = carriage->passes[carriage->passes_start];
    carriage->passes_start = (carriage->passes_start + 1) % PASSES_MAX;
    carriage->passes_count--;
    carriage->queue.credit_due += LODGE_PASS_COST;
    if (handle->passed_fd >= 0) {
      close(handle->passed_fd);
      handle->passed_fd = -1;
    }
    handle_used(handle);
  }
}

bool carriage_feed(struct carriage *carriage) {
  struct queue *queue = &carriage->queue;
  while (queue_length(queue) > 0) {
    int fds[DESCRIPTORS_SENT_MAX];
    size_t fd_count = gather(carriage, fds);
    /* Descriptors may run ahead of their bytes, never behind. */
    size_t length = carriage->passes_count > fd_count ? 1 : queue_length(queue);
    ssize_t count =
        descriptors_send(carriage->local.fd, queue->block + queue->start, length, fds, fd_count);
    if (count > 0) {
      passed(carriage, fd_count);
      queue_done(queue, (uint32_t)count);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      drop_output(carriage);
    } else if (errno != EINTR) {
      return broken(carriage, "the program can't be given a descriptor");
    }
  }
  if (carriage->ends && queue_length(queue) == 0 && !carriage->local_out_ended) {
    drop_output(carriage);
    shutdown(carriage->local.fd, SHUT_WR);
  }
  return true;
}
