/* Bytes in bulk between the host and pages of this guest. */
#ifndef LODGE_LANE_H
#define LODGE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LODGE_SECTOR_BYTES 512u

/* Whether this guest has a lane. For one thread. */
bool lane_there(void);
/* Its descriptor was closed; it is opened again where it is wanted. */
void lane_forget(void);
/* Writes or reads all of it; address, count and position are multiples of LODGE_SECTOR_BYTES. What
 * lies there may be cut off meanwhile. False with errno. Takes as long as a copy does: the host has
 * what is read, and takes what is written, at once. */
bool lane_put(uint8_t *from, size_t count, uint64_t position);
bool lane_get(uint8_t *into, size_t count, uint64_t position);

#endif
