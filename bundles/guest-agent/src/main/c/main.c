/*
 * lodge-agent: what Lodge adds to a guest. It dials the host over a virtio socket, runs programs,
 * carries files, tells how the guest is, and joins sockets of the guest with connections. It knows
 * transport, not protocols; who may do what is decided on the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define USAGE \
  "usage: lodge-agent [--unix PATH] [--initramfs]      serve the host\n" \
  "       lodge-agent [--unix PATH] ready              tell that the guest has come up\n" \
  "       lodge-agent [--unix PATH] call TARGET SERVICE [ARGUMENT], or lodge-call TARGET ...\n" \
  "                                                    call what another guest, @host, or\n" \
  "                                                    @default (the host picks) offers\n" \
  "--unix PATH reaches Lodge through a Unix socket instead of a virtio socket\n"

#define CALL_USAGE \
  "usage: lodge-call TARGET SERVICE [ARGUMENT]\n" \
  "TARGET is a guest, @host, or @default where the host picks; SERVICE is what it offers.\n" \
  "Standard input and output are joined to it. The exit code is that of the program that serves\n" \
  "the call, 125 where the connection was lost, 126 where the call was refused.\n" \
  "as in: lodge-call vault sign < letter > letter.sig\n"

static int usage(bool is_call, bool asked) {
  fputs(is_call ? CALL_USAGE : USAGE, asked ? stdout : stderr);
  return asked ? 0 : 2;
}

int main(int count, char **arguments) {
  const char *slash = strrchr(arguments[0], '/');
  const char *name = slash != NULL ? slash + 1 : arguments[0];
  bool is_call = strcmp(name, "lodge-call") == 0;
  bool in_initramfs = getpid() == 1 && strcmp(name, "init") == 0;
  int at = 1;
  if (in_initramfs) {
    /* The arguments are those of the kernel for its first program. */
    root_first_program(arguments);
    for (; count > 1; count--) {
      memset(arguments[count - 1], 0, strlen(arguments[count - 1]));
    }
  }
  for (; at < count && arguments[at][0] == '-'; at++) {
    if (strcmp(arguments[at], "--initramfs") == 0) {
      in_initramfs = true;
    } else if (strcmp(arguments[at], "--unix") == 0 && at + 1 < count) {
      carrier_use_unix(arguments[++at]);
    } else {
      return usage(is_call, strcmp(arguments[at], "--help") == 0 || strcmp(arguments[at], "-h") == 0);
    }
  }
  int left = count - at;
  if (left == 1 && strcmp(arguments[at], "ready") == 0) {
    return client_ready();
  }
  if (!is_call && left > 0 && strcmp(arguments[at], "call") == 0) {
    is_call = true;
    at++;
    left--;
  }
  if (is_call && (left == 2 || left == 3) && arguments[at][0] != 0 && arguments[at + 1][0] != 0) {
    struct service service = {arguments[at + 1], left == 3 ? arguments[at + 2] : "",
                              arguments[at]};
    return client_call(&service);
  }
  if (is_call || left != 0) {
    return usage(is_call, false);
  }
  root_begin(in_initramfs, arguments[0]);
  if (in_initramfs) {
    root_guard();
  }
  if (!in_initramfs && !carrier_is_ours()) {
    fputs("lodge-agent: another agent serves this guest\n", stderr);
    return 0;
  }
  loop_begin();
  programs_begin();
  channel_begin();
  for (;;) {
    loop_turn();
  }
}
