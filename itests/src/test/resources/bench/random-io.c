/* Blocks of 4 KiB at random places of a file, one after the other.
 * usage: random-io read|write FILE COUNT */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 4096

int main(int count, char **arguments) {
  static uint8_t block[BLOCK_BYTES];
  struct stat file;
  int writes = count == 4 && strcmp(arguments[1], "write") == 0;
  int fd = count == 4 ? open(arguments[2], writes ? O_WRONLY : O_RDONLY) : -1;
  if (fd < 0 || fstat(fd, &file) != 0) {
    perror("random-io");
    return 1;
  }
  uint64_t blocks = (uint64_t)file.st_size / BLOCK_BYTES;
  uint64_t state = 7;
  for (int left = atoi(arguments[3]); left > 0; left--) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    off_t at = (off_t)((state >> 33) % blocks * BLOCK_BYTES);
    ssize_t done = writes ? pwrite(fd, block, sizeof block, at) : pread(fd, block, sizeof block, at);
    if (done != BLOCK_BYTES) {
      perror("random-io");
      return 1;
    }
  }
  return writes ? fsync(fd) != 0 : 0;
}
