/* Orderly shutdown: by the script of Lodge's own images, else by whatever process 1 is. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/* What systemd counts from; this program's own library may keep more signals to itself. */
#define GLIBC_SIGRTMIN 34

enum { POWER_OFF = 1, REBOOT = 2, HALT = 3 };

static int signal_for(const char *init, uint32_t kind) {
  if (strstr(init, "systemd") != NULL) {
    /* systemd(1): SIGRTMIN+3 halt.target, +4 poweroff.target, +5 reboot.target */
    return GLIBC_SIGRTMIN + (kind == HALT ? 3 : kind == POWER_OFF ? 4 : 5);
  }
  if (strstr(init, "busybox") != NULL) {
    return kind == POWER_OFF ? SIGUSR2 : kind == REBOOT ? SIGTERM : SIGUSR1;
  }
  return 0;
}

#define SCRIPT "/usr/lib/lodge/power-off"

/* False where there is no such script. */
static bool run_script(void) {
  if (access(SCRIPT, X_OK) != 0) {
    return false;
  }
  pid_t pid = fork();
  if (pid == 0) {
    static char *const arguments[] = {SCRIPT, NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    execv(SCRIPT, arguments);
    _exit(127);
  }
  return pid > 0;
}

int power_down(uint32_t kind) {
  static const unsigned commands[] = {0, RB_POWER_OFF, RB_AUTOBOOT, RB_HALT_SYSTEM};
  char init[256];
  if (carrier_is_unix()) {
    return EPERM; /* the agent is not in a guest then */
  }
  if (kind == POWER_OFF && run_script()) {
    return 0;
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
