#include "carriage.h"

void queue_begin(struct queue *queue) { *queue = (struct queue){.window = LODGE_WINDOW}; }

void queue_end(struct queue *queue) {
  if (queue->block != NULL) {
    block_give(queue->block);
    queue->block = NULL;
  }
}

bool queue_admit(struct queue *queue, uint32_t count) {
  if (count > queue->window) {
    return false;
  }
  queue->window -= count;
  return true;
}

void queue_put(struct queue *queue, const uint8_t *bytes, uint32_t count) {
  if (queue->block == NULL) {
    queue->block = block_take();
    queue->start = queue->end = 0;
  }
  if (BLOCK_BYTES - queue->end < count) {
    memmove(queue->block, queue->block + queue->start, queue->end - queue->start);
    queue->end -= queue->start;
    queue->start = 0;
  }
  memcpy(queue->block + queue->end, bytes, count);
  queue->end += count;
}

void queue_done(struct queue *queue, uint32_t count) {
  queue->start += count;
  queue->credit_due += count;
  if (queue->start == queue->end) {
    queue_end(queue);
  }
}

void queue_drop(struct queue *queue) {
  if (queue->block != NULL) {
    queue_done(queue, queue->end - queue->start);
  }
}
