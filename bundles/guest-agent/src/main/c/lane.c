/* The lane: a disk of Lodge's that holds nothing. The host reads what is written to a range that it
 * named, and has something to be read in another. The kernel moves it from and to the pages of a
 * program by itself, a megabyte by one request, where a virtio socket gives it 4 KiB at a time. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define SERIAL "lodge-lane"
#define LOOKS_MAX 64

static int lane = -1;
static int looks; /* it may come after the agent, or never */

static void look(void) {
  char path[300];
  if (carrier_is_unix()) {
    snprintf(path, sizeof path, "%s.lane", carrier_unix());
    lane = open(path, O_RDWR | O_CLOEXEC);
    return;
  }
  DIR *disks = opendir("/sys/block");
  struct dirent *disk;
  while (disks != NULL && lane < 0 && (disk = readdir(disks)) != NULL) {
    char serial[32];
    snprintf(path, sizeof path, "/sys/block/%.64s/serial", disk->d_name);
    read_line(path, serial, sizeof serial);
    if (strcmp(serial, SERIAL) == 0) {
      snprintf(path, sizeof path, "/dev/%.64s", disk->d_name);
      lane = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    }
  }
  if (disks != NULL) {
    closedir(disks);
  }
}

bool lane_there(void) {
  if (lane < 0 && looks < LOOKS_MAX) {
    looks++;
    look();
  }
  return lane >= 0;
}

void lane_forget(void) {
  lane = -1;
  looks = 0;
}

typedef ssize_t (*mover)(int fd, void *bytes, size_t count, off_t position);

static ssize_t put(int fd, void *bytes, size_t count, off_t position) {
  return pwrite(fd, bytes, count, position);
}

static bool move(mover moves, uint8_t *bytes, size_t count, uint64_t position) {
  while (count > 0) {
    ssize_t done = moves(lane, bytes, count, (off_t)position);
    if (done > 0) {
      bytes += done;
      count -= (size_t)done;
      position += (size_t)done;
    } else if (done == 0) {
      errno = EIO;
      return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool lane_put(uint8_t *from, size_t count, uint64_t position) {
  return move(put, from, count, position);
}

bool lane_get(uint8_t *into, size_t count, uint64_t position) {
  return move(pread, into, count, position);
}
