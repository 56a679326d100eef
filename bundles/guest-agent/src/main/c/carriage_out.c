/* What the host is told on a connection with handles. Everything that is due is kept as state, and
 * made into frames only when the link takes them: so there is no queue that could grow. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carriage.h"

#define ROUNDS_PER_TURN 16
#define ROWS_AT_ONCE_MAX 4096
/* Room for the frames that tell one handle's news, and for all that one recvmsg can bring. */
#define NEWS_BYTES 4096
#define PIPE_ENDS_BYTES 64
#define PASSED_BYTES (LODGE_FRAME_BYTES + 16)
#define RECEIVED_BYTES 16384

static uint8_t scratch[BLOCK_BYTES];

static size_t room(const struct writer *out) { return out->room - out->used; }

static void put_head(struct writer *out, uint16_t type, uint32_t id, uint32_t tag, uint16_t flags,
                     uint32_t length) {
  write_u32(out, length);
  write_u16(out, type);
  write_u16(out, flags);
  write_u32(out, id);
  write_u32(out, tag);
}

static void put_credit(struct writer *out, uint32_t id, struct queue *queue) {
  put_head(out, LODGE_CREDIT, id, 0, 0, 4);
  write_u32(out, queue->credit_due);
  queue->window += queue->credit_due;
  queue->credit_due = 0;
}

static void put_failed(struct writer *out, uint32_t id, uint32_t tag, uint32_t error) {
  put_head(out, LODGE_FAILED, id, tag, 0, 4);
  write_u32(out, error);
}

static void put_pipe_end(struct writer *out, struct handle *handle, uint32_t which) {
  put_head(out, LODGE_PIPE_END, handle->id, 0, 0, 8);
  write_u32(out, handle->end_errno);
  write_u32(out, which);
  handle->ends_due &= (uint8_t)~which;
}

/* What a pipe has to be read, as far as there are credit and room. */
static void put_pipe_data(struct writer *out, struct handle *handle) {
  size_t most = room(out) - LODGE_FRAME_BYTES - PIPE_ENDS_BYTES;
  most = most < handle->read_credit ? most : handle->read_credit;
  most = most < LODGE_CHUNK_MAX ? most : LODGE_CHUNK_MAX;
  uint8_t *into = out->start + out->used + LODGE_FRAME_BYTES;
  ssize_t count = handle->kind == LODGE_KIND_SOCKET
                      ? recv(handle->watch.fd, into, most, MSG_DONTWAIT)
                      : read(handle->watch.fd, into, most);
  if (count > 0) {
    put_head(out, LODGE_PIPE_DATA, handle->id, 0, 0, (uint32_t)count);
    out->used += (size_t)count;
    handle->read_credit -= (uint32_t)count;
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    handle->end_errno = count == 0 ? 0 : (uint32_t)errno;
    handle->ends_due |= LODGE_PIPE_OUT_ENDED;
    handle->access &= (uint8_t)~LODGE_READABLE;
  }
  /* Level-triggered: if there is more, epoll says so again. */
  handle->ready = false;
}

static void put_news(struct writer *out, struct handle *handle) {
  if (handle->failure != 0) {
    put_failed(out, handle->id, 0, handle->failure);
    handle->failure = 0;
  }
  if (handle->closing) {
    if (handle->uses == 0 && queue_length(&handle->queue) == 0) {
      put_head(out, LODGE_CLOSE, handle->id, 0, 0, 0);
      handle_free(handle);
    }
    return;
  }
  if (queue_owes(&handle->queue)) {
    put_credit(out, handle->id, &handle->queue);
  }
  if (handle->ready && handle->read_credit > 0 && (handle->access & LODGE_READABLE) != 0) {
    put_pipe_data(out, handle);
  }
  if ((handle->ends_due & LODGE_PIPE_OUT_ENDED) != 0) {
    put_pipe_end(out, handle, LODGE_PIPE_OUT_ENDED);
  }
  if ((handle->ends_due & LODGE_PIPE_IN_ENDED) != 0) {
    put_pipe_end(out, handle, LODGE_PIPE_IN_ENDED);
  }
  handle_want(handle);
}

static void put_all_news(struct carriage *carriage, struct writer *out) {
  while (carriage->due != NULL && room(out) >= NEWS_BYTES) {
    struct handle *handle = carriage->due;
    carriage->due = handle->next;
    handle->due = false;
    put_news(out, handle);
  }
}

static void put_passed(struct writer *out, struct carriage *carriage, int fd) {
  uint32_t seals = 0;
  uint64_t size = 0;
  struct handle *handle = handle_take(carriage, 0);
  descriptor_classify(fd, handle, &seals, &size);
  put_head(out, LODGE_PASS, handle->id, 0, 0, PASSED_BYTES - LODGE_FRAME_BYTES);
  write_u16(out, handle->kind);
  write_u16(out, handle->access);
  write_u32(out, seals);
  write_u64(out, size);
}

/* Whether as many handles are free as one recvmsg may need. */
static bool has_handles(const struct carriage *carriage, const int *fds, size_t count) {
  if (handles_free(carriage) >= count) {
    return true;
  }
  for (size_t i = 0; i < count; i++) {
    close(fds[i]);
  }
  return false;
}

/* What the program has sent. False where that ends the carriage. */
static bool put_received(struct carriage *carriage, struct writer *out) {
  static uint8_t received[RECEIVED_BYTES];
  int fds[DESCRIPTORS_MAX];
  size_t fd_count = 0;
  size_t most = carriage->local_credit < sizeof received ? carriage->local_credit : sizeof received;
  if (room(out) < DESCRIPTORS_MAX * PASSED_BYTES + LODGE_FRAME_BYTES + sizeof received) {
    return true;
  }
  ssize_t count = descriptors_receive(carriage->local.fd, received, most, fds, &fd_count);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    carriage->local_readable = false;
    return true;
  }
  if ((count < 0 && errno == EPROTO) || !has_handles(carriage, fds, fd_count)) {
    carriage_end(carriage, "the program sent too many descriptors");
    return false;
  }
  for (size_t i = 0; i < fd_count; i++) {
    put_passed(out, carriage, fds[i]);
  }
  if (count <= 0) {
    carriage->local_in_ended = true;
    carriage->local_readable = false;
    put_head(out, LODGE_BYTES, 0, 0, 0, 0);
    return true;
  }
  put_head(out, LODGE_BYTES, 0, 0, 0, (uint32_t)count);
  write_bytes(out, received, (size_t)count);
  carriage->local_credit -= (uint32_t)count;
  carriage->local_readable = (size_t)count == most;
  return true;
}

/* Reads so many bytes at an offset; fewer only where there are no more. */
static size_t read_fully(int fd, uint8_t *into, size_t count, uint64_t offset, int *error) {
  size_t done = 0;
  while (done < count) {
    ssize_t got = pread(fd, into + done, count - done, (off_t)(offset + done));
    if (got > 0) {
      done += (size_t)got;
    } else if (got == 0 || errno != EINTR) {
      *error = got == 0 ? 0 : errno;
      break;
    }
  }
  return done;
}

/* Moves on by bytes that are whole rows, or a part of one. */
static void advance(struct rows *rows, uint64_t count) {
  uint64_t within = rows->within + count;
  rows->rows -= (uint32_t)(within / rows->row_bytes);
  rows->offset += within / rows->row_bytes * rows->stride;
  rows->within = (uint32_t)(within % rows->row_bytes);
}

/* As many whole rows as fit, or a part of one that is too long. How many bytes came; `asked` is
 * how many should have. */
static size_t read_some(int fd, struct rows rows, uint8_t *into, size_t most, size_t *asked,
                        int *error) {
  if (rows.row_bytes > most) {
    size_t left = rows.row_bytes - rows.within;
    *asked = left < most ? left : most;
    size_t done = read_fully(fd, into, *asked, rows.offset + rows.within, error);
    return done == *asked ? done : 0;
  }
  size_t count = most / rows.row_bytes;
  count = count < rows.rows ? count : rows.rows;
  count = count < ROWS_AT_ONCE_MAX ? count : ROWS_AT_ONCE_MAX;
  *asked = count * rows.row_bytes;
  if (rows.stride == rows.row_bytes) {
    size_t done = read_fully(fd, into, *asked, rows.offset, error);
    return done - done % rows.row_bytes;
  }
  size_t done = 0;
  for (size_t i = 0; i < count; i++, done += rows.row_bytes) {
    if (read_fully(fd, into + done, rows.row_bytes, rows.offset + i * rows.stride, error) <
        rows.row_bytes) {
      break;
    }
  }
  return done;
}

static void read_over(struct carriage *carriage, struct pending_read *read) {
  carriage->reads_start = (carriage->reads_start + 1) % LODGE_READS_MAX;
  carriage->reads_count--;
  handle_used(read->handle);
}

/* Answers the first read as far as there is room. False where there is too little. */
static bool put_rows(struct carriage *carriage, struct writer *out) {
  struct pending_read *read = &carriage->reads[carriage->reads_start];
  struct rows *rows = &read->rows;
  uint64_t wanted = (uint64_t)rows->row_bytes * rows->rows - rows->within;
  size_t most = room(out) - 3 * LODGE_FRAME_BYTES;
  most = most < LODGE_CHUNK_MAX ? most : LODGE_CHUNK_MAX;
  size_t least = rows->row_bytes < LODGE_CHUNK_MAX ? rows->row_bytes : LODGE_CHUNK_MAX;
  if (room(out) < 3 * LODGE_FRAME_BYTES + least) {
    return false;
  }
  uint8_t *into = out->start + out->used + LODGE_FRAME_BYTES;
  size_t asked = 0;
  int error = 0;
  size_t done = read_some(read->handle->watch.fd, *rows, into, most, &asked, &error);
  uint32_t id = read->handle->id;
  uint32_t tag = read->tag;
  if (done > 0) {
    put_head(out, LODGE_DATA, id, tag, done == wanted ? LODGE_LAST : 0, (uint32_t)done);
    out->used += done;
    advance(rows, done);
  }
  if (done < asked) {
    put_failed(out, id, tag, (uint32_t)error);
  }
  if (done < asked || done == wanted) {
    read_over(carriage, read);
  }
  return true;
}

/* Writes what is in the block or the scratch; keeps what the link does not take. */
static bool write_out(struct carriage *carriage, const uint8_t *bytes, uint32_t count) {
  uint32_t done = 0;
  while (done < count) {
    ssize_t written = write(carriage->link.fd, bytes + done, count - done);
    if (written >= 0) {
      done += (uint32_t)written;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      carriage_end(carriage, NULL);
      return false;
    }
  }
  if (carriage->unsent != NULL) {
    carriage->unsent_start += done;
    if (done == count) {
      block_give(carriage->unsent);
      carriage->unsent = NULL;
    }
  } else if (done < count) {
    carriage->unsent = block_take();
    memcpy(carriage->unsent, bytes + done, count - done);
    carriage->unsent_start = 0;
    carriage->unsent_end = count - done;
  }
  return true;
}

bool carriage_send(struct carriage *carriage) {
  for (int round = 0; round < ROUNDS_PER_TURN; round++) {
    if (carriage->unsent != NULL &&
        (!write_out(carriage, carriage->unsent + carriage->unsent_start,
                    carriage->unsent_end - carriage->unsent_start) ||
         carriage->unsent != NULL)) {
      return carriage->used;
    }
    if (carriage->reply_due > 0 || carriage->link_ended) {
      return true;
    }
    struct writer out = {scratch, sizeof scratch, 0};
    if (queue_owes(&carriage->queue)) {
      put_credit(&out, 0, &carriage->queue);
    }
    put_all_news(carriage, &out);
    if (carriage->local_readable && carriage->local_credit > 0 &&
        !put_received(carriage, &out)) {
      return false;
    }
    while (carriage->reads_count > 0 && put_rows(carriage, &out)) {
    }
    if (out.used == 0) {
      return true;
    }
    if (!write_out(carriage, scratch, (uint32_t)out.used)) {
      return false;
    }
  }
  return true;
}
