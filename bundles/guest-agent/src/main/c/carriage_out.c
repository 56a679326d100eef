/* What the host is told on a connection with handles. Everything that is due is kept as state, and
 * made into frames only when the link takes them: so there is no queue that could grow. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "carriage.h"

#define ROUNDS_PER_TURN 16
/* A frame's rows may have to follow what is before them in one block. */
#define BEFORE_ROWS_BYTES (BLOCK_BYTES - LODGE_CHUNK_MAX)
#define VECTORS_MAX 257
/* Less is copied faster than the kernel keeps account of what it has borrowed. */
#define LENT_BYTES_MIN 16384
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

static void read_over(struct carriage *carriage, struct pending_read *read) {
  carriage->reads_start = (carriage->reads_start + 1) % LODGE_READS_MAX;
  carriage->reads_count--;
  handle_used(read->handle);
}

/* Answers the first read by the lane. False where it is to be answered as any other. */
static bool put_lane_data(struct carriage *carriage, struct writer *out) {
  struct pending_read *read = &carriage->reads[carriage->reads_start];
  uint32_t id = read->handle->id;
  uint32_t tag = read->tag;
  if (!row_to_lane(read->handle, &read->rows, read->position)) {
    read->by_lane = false;
    return false;
  }
  put_head(out, LODGE_LANE_DATA, id, tag, 0, 0);
  read_over(carriage, read);
  return true;
}

/* Answers the first read as far as there is room. False where nothing may follow now. */
static bool put_rows(struct carriage *carriage, struct writer *out) {
  struct pending_read *read = &carriage->reads[carriage->reads_start];
  struct rows *rows = &read->rows;
  struct handle *handle = read->handle;
  uint32_t id = handle->id;
  uint32_t tag = read->tag;
  if (read->by_lane) {
    if (room(out) < LODGE_FRAME_BYTES) {
      return false;
    }
    if (put_lane_data(carriage, out)) {
      return true;
    }
  }
  uint64_t wanted = (uint64_t)rows->row_bytes * rows->rows - rows->within;
  size_t count = rows_at_once(rows, LODGE_CHUNK_MAX);
  if (rows_map(handle, rows, count)) {
    if (out->used > BEFORE_ROWS_BYTES - LODGE_FRAME_BYTES) {
      return false;
    }
    put_head(out, LODGE_DATA, id, tag, count == wanted ? LODGE_LAST : 0, (uint32_t)count);
    carriage->outgoing = (struct outgoing){handle, *rows, (uint32_t)count};
    handle->uses++;
    rows_advance(rows, count);
    if (count == wanted) {
      read_over(carriage, read);
    }
    return false;
  }
  size_t least = rows->row_bytes < LODGE_CHUNK_MAX ? rows->row_bytes : LODGE_CHUNK_MAX;
  if (room(out) < 3 * LODGE_FRAME_BYTES + least) {
    return false;
  }
  size_t most = room(out) - 3 * LODGE_FRAME_BYTES;
  size_t asked = rows_at_once(rows, most < LODGE_CHUNK_MAX ? most : LODGE_CHUNK_MAX);
  int error = 0;
  size_t done = rows_read(handle->watch.fd, *rows, out->start + out->used + LODGE_FRAME_BYTES,
                          asked, &error);
  if (done < asked) {
    done -= rows->row_bytes > LODGE_CHUNK_MAX ? done : done % rows->row_bytes;
  }
  if (done > 0) {
    put_head(out, LODGE_DATA, id, tag, done == wanted ? LODGE_LAST : 0, (uint32_t)done);
    out->used += done;
    rows_advance(rows, done);
  }
  if (done < asked) {
    put_failed(out, id, tag, (uint32_t)error);
  }
  if (done < asked || done == wanted) {
    read_over(carriage, read);
  }
  return true;
}

void outgoing_over(struct carriage *carriage) {
  if (carriage->outgoing.left > 0) {
    carriage->outgoing.left = 0;
    handle_used(carriage->outgoing.handle);
  }
}

/* The file was shortened after its size was looked at: the frame becomes whole with zeros, in a
 * block, behind the bytes that go before. */
static void fill_up(struct carriage *carriage, const uint8_t *bytes, uint32_t count) {
  struct outgoing *rows = &carriage->outgoing;
  uint8_t *block = carriage->unsent != NULL ? carriage->unsent : block_take();
  int error = 0;
  if (count > 0) {
    memmove(block, bytes, count);
  }
  size_t done = rows_read(rows->handle->watch.fd, rows->rows, block + count, rows->left, &error);
  memset(block + count + done, 0, rows->left - done);
  carriage->unsent = block;
  carriage->unsent_start = 0;
  carriage->unsent_end = count + rows->left;
  outgoing_over(carriage);
  errno = EFAULT;
}

static void went(struct carriage *carriage, uint32_t count) {
  struct outgoing *rows = &carriage->outgoing;
  if (count == rows->left) {
    outgoing_over(carriage);
  } else {
    rows_advance(&rows->rows, count);
    rows->left -= count;
  }
}

/* As write(2), but the kernel lets the device read what lies there. That may change, be cut off or
 * be unmapped meanwhile: the pages stay. When they are free again need not be known, for a picture
 * goes on only once the host has it. */
static ssize_t lend(int fd, struct iovec *part) {
  struct msghdr message = {.msg_iov = part, .msg_iovlen = 1};
  return sendmsg(fd, &message, MSG_ZEROCOPY | MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The rows of a mapping can't be read. A virtio socket has but one word for that and a lack of
 * memory. */
static bool is_fault(int error) { return error == EFAULT || error == ENOMEM; }

/* Writes bytes, and the rows behind them, as far as the link takes them. How many of the bytes
 * went, or -1 with EFAULT where the rows are not there any more. */
static ssize_t write_parts(struct carriage *carriage, const uint8_t *bytes, uint32_t count) {
  struct outgoing *rows = &carriage->outgoing;
  bool lends = carriage->lends;
  uint32_t done = 0;
  while (done < count || rows->left > 0) {
    struct iovec parts[VECTORS_MAX];
    size_t parts_count = 0;
    bool lent = false;
    if (done < count) {
      parts[parts_count++] = (struct iovec){(uint8_t *)bytes + done, count - done};
    }
    if (rows->left > 0) {
      size_t first = parts_count;
      parts_count += rows_vectors(rows->handle, rows->rows, rows->left, parts + parts_count,
                                  VECTORS_MAX - parts_count);
      if (lends && parts[first].iov_len >= LENT_BYTES_MIN) {
        lent = first == 0;
        parts_count = 1;
      }
    }
    ssize_t written = lent ? lend(carriage->link.fd, parts)
                           : writev(carriage->link.fd, parts, (int)parts_count);
    if (written >= 0) {
      uint32_t of_bytes = count - done < (size_t)written ? count - done : (uint32_t)written;
      done += of_bytes;
      if (rows->left > 0) {
        went(carriage, (uint32_t)written - of_bytes);
      }
    } else if (errno == EAGAIN) {
      break;
    } else if (lent && (is_fault(errno) || errno == ENOBUFS)) {
      lends = false;
    } else if (is_fault(errno) && rows->left > 0) {
      fill_up(carriage, bytes + done, count - done);
      return -1;
    } else if (errno != EINTR) {
      return -1;
    }
  }
  return done;
}

/* Sends what is in the block, or else these bytes, with the rows behind them; keeps what the link
 * does not take. False where the carriage has ended. */
static bool write_out(struct carriage *carriage, const uint8_t *bytes, uint32_t count) {
  while (true) {
    bool kept = carriage->unsent != NULL;
    if (kept) {
      bytes = carriage->unsent + carriage->unsent_start;
      count = carriage->unsent_end - carriage->unsent_start;
    }
    ssize_t done = write_parts(carriage, bytes, count);
    if (done < 0 && errno == EFAULT) {
      continue;
    }
    if (done < 0) {
      carriage_end(carriage, NULL);
      return false;
    }
    if (kept) {
      carriage->unsent_start += (uint32_t)done;
      if ((uint32_t)done == count) {
        block_give(carriage->unsent);
        carriage->unsent = NULL;
      }
    } else if ((uint32_t)done < count) {
      carriage->unsent = block_take();
      memcpy(carriage->unsent, bytes + done, count - (uint32_t)done);
      carriage->unsent_start = 0;
      carriage->unsent_end = count - (uint32_t)done;
    }
    return true;
  }
}

bool carriage_has_unsent(const struct carriage *carriage) {
  return carriage->unsent != NULL || carriage->outgoing.left > 0;
}

bool carriage_send(struct carriage *carriage) {
  for (int round = 0; round < ROUNDS_PER_TURN; round++) {
    if (carriage_has_unsent(carriage) &&
        (!write_out(carriage, NULL, 0) || carriage_has_unsent(carriage))) {
      return carriage->used;
    }
    if (carriage->reply_due > 0 || carriage->link_ended) {
      return true;
    }
    struct writer out = {scratch, sizeof scratch, 0};
    if (queue_owes(&carriage->queue)) {
      put_credit(&out, 0, &carriage->queue);
    }
    if (carriage->lane_due) {
      put_head(&out, LODGE_LANE, 0, 0, 0, 0);
      carriage->lane_due = false;
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
