/* The host's frames on a connection with handles, as checked copies. */
#ifndef LODGE_FRAME_H
#define LODGE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handles.h"
#include "lane.h"

#define FRAME_HEAD_MAX (LODGE_FRAME_BYTES + LODGE_ROWS_BYTES + LODGE_SOCKET_PATH_MAX)

/* Rows of a file, and how far they have been gone through. The last byte's offset is below 2^63. */
struct rows {
  uint64_t offset; /* of the row that is next */
  uint64_t stride;
  uint32_t row_bytes;
  uint32_t rows;   /* left, the one begun included */
  uint32_t within; /* bytes of it that are done */
};

struct frame {
  uint16_t type;
  uint16_t make;
  uint32_t handle;
  uint32_t tag;
  uint32_t payload; /* bytes that follow what is parsed */
  uint32_t seals;
  uint32_t credit;
  uint64_t size;
  struct rows rows;
  uint64_t position; /* in the lane */
  char path[LODGE_SOCKET_PATH_MAX + 1];
};

/* How many bytes are to be parsed of the frame that begins so, or 0 where it is none of the
 * host's. */
size_t frame_head_bytes(const uint8_t header[LODGE_FRAME_BYTES]);

/* Reads as many bytes into a frame. False where it is not what its type says. */
bool frame_parse(const uint8_t *head, size_t length, struct frame *into);

#endif
