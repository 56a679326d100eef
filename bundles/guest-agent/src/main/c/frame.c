#include "frame.h"

#include "wire.h"

#define MAKE_BYTES 16
#define RESIZE_BYTES 16
#define CREDIT_BYTES 4
#define LANE_BYTES (LODGE_ROWS_BYTES + 8)

size_t frame_head_bytes(const uint8_t header[LODGE_FRAME_BYTES]) {
  struct reader in = {header, LODGE_FRAME_BYTES, false};
  size_t length = read_u32(&in);
  size_t most = 0;
  size_t least = 0;
  size_t payload = 0;
  switch (read_u16(&in)) {
    case LODGE_BYTES:
      payload = LODGE_CHUNK_MAX;
      break;
    case LODGE_PIPE_DATA:
      least = 1;
      payload = LODGE_CHUNK_MAX;
      break;
    case LODGE_PASS:
    case LODGE_CLOSE:
    case LODGE_PIPE_END:
      break;
    case LODGE_MAKE:
      least = MAKE_BYTES;
      most = MAKE_BYTES + LODGE_SOCKET_PATH_MAX;
      break;
    case LODGE_ALTER:
      least = most = RESIZE_BYTES;
      break;
    case LODGE_READ:
      least = most = LODGE_ROWS_BYTES;
      break;
    case LODGE_WRITE:
      least = most = LODGE_ROWS_BYTES;
      payload = LODGE_CHUNK_MAX;
      break;
    case LODGE_LANE_READ:
    case LODGE_LANE_WRITE:
      least = most = LANE_BYTES;
      break;
    case LODGE_CREDIT:
      least = most = CREDIT_BYTES;
      break;
    default:
      return 0;
  }
  if (length < least || length > most + payload) {
    return 0;
  }
  return LODGE_FRAME_BYTES + (length < most ? length : most);
}

static void parse_rows(struct reader *in, struct rows *rows) {
  rows->offset = read_u64(in);
  rows->stride = read_u64(in);
  rows->row_bytes = read_u32(in);
  rows->rows = read_u32(in);
  rows->within = 0;
  uint64_t between = 0;
  uint64_t end = 0;
  if (rows->rows == 0 || rows->row_bytes == 0 ||
      __builtin_mul_overflow(rows->stride, (uint64_t)rows->rows - 1, &between) ||
      __builtin_add_overflow(rows->offset, between, &end) ||
      __builtin_add_overflow(end, rows->row_bytes, &end) || end > INT64_MAX) {
    in->bad = true;
  }
}

static void parse_make(struct reader *in, struct frame *into) {
  into->make = read_u16(in);
  read_u16(in);
  into->seals = read_u32(in);
  into->size = read_u64(in);
  size_t path = in->bad ? 0 : in->left;
  read_string(in, path, into->path, sizeof into->path);
  bool listener = into->make == LODGE_MAKE_LISTENER;
  in->bad |= into->make == 0 || into->make > LODGE_MAKE_LISTENER || into->size > INT64_MAX ||
             (listener ? into->path[0] != '/' : into->path[0] != 0);
}

bool frame_parse(const uint8_t *head, size_t length, struct frame *into) {
  struct reader in = {head, length, false};
  size_t body = read_u32(&in);
  into->type = read_u16(&in);
  read_u16(&in);
  into->handle = read_u32(&in);
  into->tag = read_u32(&in);
  into->payload = (uint32_t)(body - in.left);
  switch (into->type) {
    case LODGE_MAKE:
      parse_make(&in, into);
      break;
    case LODGE_ALTER:
      into->size = read_u64(&in);
      into->seals = read_u32(&in);
      read_u32(&in);
      in.bad |= into->size > INT64_MAX && into->size != UINT64_MAX;
      break;
    case LODGE_READ:
      parse_rows(&in, &into->rows);
      break;
    case LODGE_WRITE:
      parse_rows(&in, &into->rows);
      in.bad |= (uint64_t)into->rows.row_bytes * into->rows.rows != into->payload;
      break;
    case LODGE_LANE_READ:
    case LODGE_LANE_WRITE:
      parse_rows(&in, &into->rows);
      into->position = read_u64(&in);
      in.bad |= into->rows.rows != 1 || into->position % LODGE_SECTOR_BYTES != 0 ||
                into->position > INT64_MAX;
      break;
    case LODGE_CREDIT:
      into->credit = read_u32(&in);
      break;
    default:
      break;
  }
  return !in.bad && in.left == 0;
}
