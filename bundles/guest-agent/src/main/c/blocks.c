/* Memory for bytes that could not go on at once: lent, and not resident while nobody has it. */
#include <stdlib.h>
#include <sys/mman.h>

#include "agent.h"

#define BLOCKS_KEPT_WARM 4

static uint8_t (*blocks)[BLOCK_BYTES];
static uint16_t free_blocks[BLOCKS_MAX];
static int free_count = -1;

void *table_make(size_t bytes) {
  void *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) {
    abort();
  }
  madvise(table, bytes, MADV_NOHUGEPAGE);
  return table;
}

uint8_t *block_take(void) {
  if (free_count < 0) {
    blocks = table_make(sizeof(uint8_t[BLOCKS_MAX][BLOCK_BYTES]));
    for (int i = BLOCKS_MAX - 1; i >= 0; i--) {
      free_blocks[++free_count] = (uint16_t)i;
    }
    free_count = BLOCKS_MAX;
  }
  return blocks[free_blocks[--free_count]];
}

int blocks_taken(void) { return free_count < 0 ? 0 : BLOCKS_MAX - free_count; }

void block_give(uint8_t *block) {
  int index = (int)((block - blocks[0]) / BLOCK_BYTES);
  free_blocks[free_count++] = (uint16_t)index;
  if (index >= BLOCKS_KEPT_WARM) {
    madvise(block, BLOCK_BYTES, MADV_DONTNEED);
  }
}
