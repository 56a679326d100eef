/* A lane for tests of the share server: takes what lies there, looking at each byte, and gives bytes. */
#pragma once
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lane.h"

static void check_sectors(const uint8_t *at, size_t count) {
  if ((uintptr_t)at % LODGE_SECTOR_BYTES != 0 || count % LODGE_SECTOR_BYTES != 0) {
    abort();
  }
}

bool lane_there(void) { return true; }

bool lane_put(uint8_t *from, size_t count, uint64_t position) {
  static volatile uint8_t sum;
  check_sectors(from, count);
  for (size_t i = 0; i < count; i++) {
    sum ^= from[i];
  }
  errno = EIO;
  return position % 5 != 0;
}

bool lane_get(uint8_t *into, size_t count, uint64_t position) {
  check_sectors(into, count);
  memset(into, 'l', count);
  errno = EIO;
  return position % 5 != 0;
}
