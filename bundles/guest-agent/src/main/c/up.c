/* Whether the guest has come up since its boot. It says so once, by `lodge-agent ready`; an agent that
 * connects again later, to a Lodge that was not there then, says it for it. The file may lie on a
 * disk that lasts, so the boot stands in it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define KEPT "/run/lodge-up"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static const char *kept(char *into, size_t room) {
  if (!carrier_is_unix()) {
    return KEPT;
  }
  snprintf(into, room, "%s.up", carrier_unix());
  return into;
}

void up_keep(void) {
  char path[128];
  char boot[64];
  read_line(BOOT_ID, boot, sizeof boot);
  int fd = open(kept(path, sizeof path), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd >= 0) {
    if (write(fd, boot, strlen(boot)) < 0) {
      perror("lodge-agent: " KEPT);
    }
    close(fd);
  }
}

bool up_said(void) {
  char path[128];
  char boot[64];
  char then[64];
  read_line(BOOT_ID, boot, sizeof boot);
  read_line(kept(path, sizeof path), then, sizeof then);
  return boot[0] != 0 && strcmp(boot, then) == 0;
}
