/* Reads and writes the wire's numbers within bounds. A reader that was asked for too much is bad,
 * gives zeros from then on, and says so once at the end. */
#ifndef LODGE_WIRE_H
#define LODGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
  const uint8_t *at;
  size_t left;
  bool bad;
};

static inline const uint8_t *read_bytes(struct reader *in, size_t count) {
  if (in->bad || count > in->left) {
    in->bad = true;
    return NULL;
  }
  const uint8_t *bytes = in->at;
  in->at += count;
  in->left -= count;
  return bytes;
}

static inline uint64_t read_number(struct reader *in, size_t width) {
  const uint8_t *bytes = read_bytes(in, width);
  uint64_t number = 0;
  for (size_t i = 0; bytes != NULL && i < width; i++) {
    number |= (uint64_t)bytes[i] << (8 * i);
  }
  return number;
}

static inline uint16_t read_u16(struct reader *in) { return (uint16_t)read_number(in, 2); }
static inline uint32_t read_u32(struct reader *in) { return (uint32_t)read_number(in, 4); }
static inline uint64_t read_u64(struct reader *in) { return read_number(in, 8); }

/* Copies a string with a NUL behind it; one inside, or no room, is bad. */
static inline void read_string(struct reader *in, size_t length, char *into, size_t room) {
  const uint8_t *bytes = read_bytes(in, length);
  if (bytes == NULL || length >= room || memchr(bytes, 0, length) != NULL) {
    in->bad = true;
    into[0] = 0;
    return;
  }
  memcpy(into, bytes, length);
  into[length] = 0;
}

struct writer {
  uint8_t *start;
  size_t room;
  size_t used;
};

static inline void write_bytes(struct writer *out, const void *bytes, size_t count) {
  if (count > 0 && count <= out->room - out->used) {
    memcpy(out->start + out->used, bytes, count);
    out->used += count;
  }
}

static inline void write_number(struct writer *out, uint64_t number, size_t width) {
  uint8_t bytes[8];
  for (size_t i = 0; i < width; i++) {
    bytes[i] = (uint8_t)(number >> (8 * i));
  }
  write_bytes(out, bytes, width);
}

static inline void write_u16(struct writer *out, uint16_t n) { write_number(out, n, 2); }
static inline void write_u32(struct writer *out, uint32_t n) { write_number(out, n, 4); }
static inline void write_u64(struct writer *out, uint64_t n) { write_number(out, n, 8); }

/* A string with its length before it, cut where it is longer than allowed. */
static inline void write_string(struct writer *out, const char *text, size_t most) {
  size_t length = strnlen(text, most);
  write_u16(out, (uint16_t)length);
  write_bytes(out, text, length);
}

#endif
