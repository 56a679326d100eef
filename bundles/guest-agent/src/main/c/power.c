/* Orderly shutdown, by whatever process 1 is. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

enum { POWER_OFF = 1, REBOOT = 2, HALT = 3 };

static int signal_for(const char *init, uint32_t kind) {
  if (strstr(init, "systemd") != NULL) {
    /* systemd(1): SIGRTMIN+3 halt.target, +4 poweroff.target, +5 reboot.target */
    return SIGRTMIN + (kind == HALT ? 3 : kind == POWER_OFF ? 4 : 5);
  }
  if (strstr(init, "busybox") != NULL) {
    return kind == POWER_OFF ? SIGUSR2 : kind == REBOOT ? SIGTERM : SIGUSR1;
  }
  return 0;
}

int power_down(uint32_t kind) {
  static const unsigned commands[] = {0, RB_POWER_OFF, RB_AUTOBOOT, RB_HALT_SYSTEM};
  char init[256];
  if (carrier_is_unix()) {
    return EPERM; /* the agent is not in a guest then */
  }
  ssize_t length = readlink("/proc/1/exe", init, sizeof init - 1);
  init[length > 0 ? length : 0] = 0;
  int signal_number = signal_for(init, kind);
  if (signal_number != 0) {
    return kill(1, signal_number) == 0 ? 0 : errno;
  }
  sync();
  return reboot((int)commands[kind]) == 0 ? 0 : errno;
}
