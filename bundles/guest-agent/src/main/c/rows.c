/* Rows of files, and how they get into or out of a socket: by the kernel, straight from or to a
 * mapping, where the file has one; through a buffer of ours elsewhere.
 *
 * Nothing here ever looks into a mapping: a program may shorten its file at any time, and what
 * would be SIGBUS for us is EFAULT for a system call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "carriage.h"

/* What is smaller is not worth a mapping of its own. */
#define MAPPED_FOR_BYTES 16384
#define MAPPED_MOST_BYTES (UINT64_C(1) << 32)
#define ROWS_AT_ONCE_MAX 4096
#define PARTS_MAX 64

void rows_advance(struct rows *rows, uint64_t count) {
  uint64_t within = rows->within + count;
  rows->rows -= (uint32_t)(within / rows->row_bytes);
  rows->offset += within / rows->row_bytes * rows->stride;
  rows->within = (uint32_t)(within % rows->row_bytes);
}

/* Where the next bytes of rows end in their file, as frame_parse has checked it. */
static uint64_t end_of(const struct rows *rows, uint64_t bytes) {
  uint64_t last = rows->within + bytes - 1;
  return rows->offset + last / rows->row_bytes * rows->stride + last % rows->row_bytes + 1;
}

void rows_unmap(struct handle *handle) {
  if (handle->map != NULL) {
    munmap(handle->map, handle->map_bytes);
    handle->map = NULL;
    handle->map_bytes = 0;
  }
}

void rows_never_map(struct handle *handle) {
  rows_unmap(handle);
  handle->mappable = false;
}

/* Files of the host can't get shorter: those need no look at their size. */
bool rows_map(struct handle *handle, const struct rows *rows, uint64_t bytes) {
  bool of_host = (handle->id & LODGE_OF_HOST) != 0;
  uint64_t end = end_of(rows, bytes);
  struct stat file;
  if (!handle->mappable || (handle->map == NULL && bytes < MAPPED_FOR_BYTES) ||
      end > MAPPED_MOST_BYTES) {
    return false;
  }
  if (of_host && end <= handle->map_bytes) {
    return true;
  }
  if (fstat(handle->watch.fd, &file) != 0 || end > (uint64_t)file.st_size) {
    return false;
  }
  if (end <= handle->map_bytes) {
    return true;
  }
  rows_unmap(handle);
  uint64_t size = (uint64_t)file.st_size;
  size = size < MAPPED_MOST_BYTES ? size : MAPPED_MOST_BYTES;
  void *map = mmap(NULL, (size_t)size, of_host ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
                   handle->watch.fd, 0);
  if (map == MAP_FAILED) {
    handle->mappable = false;
    return false;
  }
  handle->map = map;
  handle->map_bytes = (size_t)size;
  return true;
}

size_t rows_vectors(const struct handle *handle, struct rows rows, uint64_t bytes,
                    struct iovec *into, size_t room) {
  bool dense = rows.stride == rows.row_bytes;
  size_t count = 0;
  while (bytes > 0 && count < room) {
    uint64_t row_left = rows.row_bytes - rows.within;
    uint64_t part = dense || bytes < row_left ? bytes : row_left;
    into[count++] = (struct iovec){handle->map + rows.offset + rows.within, (size_t)part};
    rows_advance(&rows, part);
    bytes -= part;
  }
  return count;
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

size_t rows_at_once(const struct rows *rows, size_t most) {
  if (rows->row_bytes > most) {
    size_t left = rows->row_bytes - rows->within;
    return left < most ? left : most;
  }
  size_t count = most / rows->row_bytes;
  count = count < rows->rows ? count : rows->rows;
  count = count < ROWS_AT_ONCE_MAX ? count : ROWS_AT_ONCE_MAX;
  return count * rows->row_bytes;
}

size_t rows_read(int fd, struct rows rows, uint8_t *into, size_t count, int *error) {
  bool dense = rows.stride == rows.row_bytes;
  size_t done = 0;
  while (done < count) {
    size_t row_left = rows.row_bytes - rows.within;
    size_t part = dense || count - done < row_left ? count - done : row_left;
    size_t got = read_fully(fd, into + done, part, rows.offset + rows.within, error);
    done += got;
    if (got < part) {
      break;
    }
    rows_advance(&rows, part);
  }
  return done;
}

/* The sectors in which a row lies: whole ones, as pages are. */
static bool move_row(struct handle *handle, const struct rows *rows, uint64_t position,
                     bool (*moves)(uint8_t *, size_t, uint64_t)) {
  if (!rows_map(handle, rows, rows->row_bytes)) {
    errno = EINVAL;
    return false;
  }
  size_t before = (size_t)(rows->offset % LODGE_SECTOR_BYTES);
  size_t count = before + rows->row_bytes + LODGE_SECTOR_BYTES - 1;
  return moves(handle->map + rows->offset - before, count - count % LODGE_SECTOR_BYTES, position);
}

bool row_to_lane(struct handle *handle, const struct rows *rows, uint64_t position) {
  return move_row(handle, rows, position, lane_put);
}

bool row_from_lane(struct handle *handle, const struct rows *rows, uint64_t position) {
  return move_row(handle, rows, position, lane_get);
}

/* Has the kernel copy rows into a mapping, many by one call. How many bytes it did. */
static size_t copy_into_map(struct handle *handle, struct rows rows, const uint8_t *bytes,
                            size_t count) {
  size_t done = 0;
  while (done < count) {
    struct iovec parts[PARTS_MAX];
    struct iovec from = {(uint8_t *)bytes + done, count - done};
    size_t parts_count = rows_vectors(handle, rows, count - done, parts, PARTS_MAX);
    ssize_t went = process_vm_writev(getpid(), &from, 1, parts, parts_count, 0);
    if (went <= 0) {
      break;
    }
    done += (size_t)went;
    rows_advance(&rows, (uint64_t)went);
  }
  return done;
}

void rows_write(struct handle *handle, struct rows *rows, const uint8_t *bytes, size_t count) {
  bool of_host = (handle->id & LODGE_OF_HOST) != 0;
  if (of_host && !handle->failed && rows->stride != rows->row_bytes && count > rows->row_bytes &&
      rows_map(handle, rows, count)) {
    size_t done = copy_into_map(handle, *rows, bytes, count);
    rows_advance(rows, done);
    bytes += done;
    count -= done;
  }
  bool dense = rows->stride == rows->row_bytes;
  while (count > 0) {
    size_t row_left = rows->row_bytes - rows->within;
    size_t part = dense || count < row_left ? count : row_left;
    size_t done = 0;
    while (done < part && !handle->failed) {
      ssize_t written = pwrite(handle->watch.fd, bytes + done, part - done,
                               (off_t)(rows->offset + rows->within + done));
      if (written >= 0) {
        done += (size_t)written;
      } else if (errno != EINTR) {
        handle_fail(handle, errno);
      }
    }
    bytes += part;
    count -= part;
    rows_advance(rows, part);
  }
}
