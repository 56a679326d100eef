/*
 * What the agent in a guest and Lodge say to each other, version 1.
 *
 * The agent dials the host (AF_VSOCK, CID 2, LODGE_PORT) for every connection; nothing in the guest
 * listens for Lodge. Each connection begins with a preface that says what it is for. All numbers
 * are little-endian; all strings are bytes without a NUL, their lengths come first.
 *
 * Any program of the guest can dial. So LODGE_MAIN and LODGE_READY count only from a port of the
 * guest below LODGE_ROOT_PORTS, and so do calls that a socket's mode keeps from some users; the
 * tokens of LODGE_ANNOUNCED and LODGE_STATUS are known to nobody else.
 *
 * PREFACE, 32 bytes, then name, argument and target
 *    0 u32 LODGE_MAGIC
 *    4 u16 version of the protocol
 *    6 u16 kind: enum lodge_kind
 *    8 u64 token               (LODGE_ANNOUNCED and LODGE_STATUS, else 0)
 *   16 u16 length of the name, 18 u16 length of the argument      (LODGE_CALL, else 0)
 *   20 u32 flags: LODGE_WITH_HANDLES where frames follow instead of bytes, see handles.h;
 *      LODGE_PREFACE_STATUS (LODGE_CALL) where the caller wants to know how it ended
 *   24 u16 length of the target (LODGE_CALL, else 0)               26 u16 0, 28 u32 0
 *
 * LODGE_MAIN       the one main channel; messages both ways follow, the agent's LODGE_HELLO first
 * LODGE_ANNOUNCED  a connection that a message on the main channel asked for by this token
 * LODGE_CALL       a program in the guest asks for the service "name" with "argument", of "target":
 *                  a guest, @host, or @default where the host picks; a reply follows, then the
 *                  bytes of both sides. Where the caller wants to know how it ended, the text of a
 *                  yes is a token of 16 hexadecimal digits; an odd one where a program serves the
 *                  call, which may read on after the end of what it writes
 * LODGE_READY      the guest has come up; a reply follows, and the end
 * LODGE_STATUS     the end of the call that gave this token is waited for; the text of the reply is
 *                  the exit code as a shell has it, in decimal digits
 *
 * REPLY of the host, 8 bytes, then text
 *    0 u16 0 for yes, else an errno     2 u16 length of the text     4 u32 0
 *
 * MESSAGE on the main channel, 16 bytes, then the body
 *    0 u32 length of the body, at most LODGE_BODY_MAX
 *    4 u16 type: enum lodge_message     6 u16 0
 *    8 u64 call: chosen by the host, repeated in each answer
 *
 * Types 64 and 65 ask for connections with typed handles that stand for descriptors passed over a
 * Unix socket in the guest; their frames, with types of their own, are in handles.h.
 */
#ifndef LODGE_PROTOCOL_H
#define LODGE_PROTOCOL_H

#define LODGE_PORT 5100
#define LODGE_HOST_CID 2
#define LODGE_ANY_CID 0xffffffffu
/* Ports of the guest below this can be had with CAP_NET_BIND_SERVICE only. */
#define LODGE_ROOT_PORTS 1024
#define LODGE_ROOT_PORT_FIRST 256
/* Bound by the agent that serves the guest; nothing is sent from there. */
#define LODGE_AGENT_PORT 255
#define LODGE_MAGIC 0x4147444cu /* "LDGA" */
#define LODGE_VERSION 1

#define LODGE_PREFACE_BYTES 32
#define LODGE_REPLY_BYTES 8
#define LODGE_HEADER_BYTES 16
#define LODGE_BODY_MAX 65536
#define LODGE_NAME_MAX 128
#define LODGE_ARGUMENT_MAX 256
#define LODGE_TEXT_MAX 256
#define LODGE_PATH_MAX 1024
#define LODGE_ARGUMENTS_MAX 512

enum lodge_kind { LODGE_MAIN = 1, LODGE_ANNOUNCED = 2, LODGE_CALL = 3, LODGE_READY = 4, LODGE_STATUS = 5 };

enum lodge_message {
  /* From the host. Each is answered by LODGE_RESULT. */

  /* 0 u32 flags (1 terminal, 2 the last string is a user), 4 u32 uid, 8 u32 gid, 12 u16 rows, 14 u16 columns,
   * 16 u64 token of stdin and stdout, 24 u64 token of stderr (0 with a terminal; 0 otherwise:
   * where the agent's own goes),
   * 32 u16 number of arguments (1 or more), 34 u16 number of environment entries,
   * 36 then strings, each u16 length and bytes: folder ("" for /), arguments, environment, and
   * with flag 2 the name of a user of the guest, in place of uid and gid.
   * Result 0 u32 pid; LODGE_EXITED follows when the program has ended. */
  LODGE_EXEC = 1,
  /* 0 u16 rows, 2 u16 columns; call is the program's. No result. */
  LODGE_RESIZE = 2,
  /* 0 u32 signal, to the program's process group; call is the program's. No result. */
  LODGE_SIGNAL = 3,
  /* 0 u64 token, 8 u16 length of the path, 10 path of a regular file.
   * Result 0 u64 size, 8 u32 mode, 12 u32 0, 16 u64 modified (seconds); the bytes come on the
   * announced connection, which ends after them. */
  LODGE_GET = 4,
  /* 0 u64 token, 8 u64 size, 16 u32 mode, 20 u16 length of the path, 22 path. The host sends the
   * bytes and ends its direction. The result comes when they are all in place, at once and under
   * their name; before that the former file stays. */
  LODGE_PUT = 5,
  /* 0 u32: 1 power off, 2 reboot, 3 halt */
  LODGE_SHUTDOWN = 6,
  /* No body. Result: see stats.c */
  LODGE_STATS = 7,
  /* 0 u64 token, 8 u16 kind (1 Unix socket, 2 TCP on 127.0.0.1), 10 u16 port (TCP),
   * 12 u16 length of the path, 14 path. The agent connects there and dials the host with the
   * token: so a server in the guest sees an ordinary accept. */
  LODGE_OPEN = 8,
  /* 0 u32 mode of the socket file, 4 u32 owner uid, 8 u32 owner gid, 12 u16 length of the path,
   * 14 u16 length of the name, 16 u16 length of the argument, 18 u16 length of the target,
   * 20 path, name, argument, target. Every connection to the Unix socket becomes a LODGE_CALL. */
  LODGE_LISTEN = 9,
  /* 0 u16 length of the path, 2 path */
  LODGE_UNLISTEN = 10,
  /* No body, empty result. */
  LODGE_PING = 11,
  /* No body. Result, all in nanoseconds and read one after the other: 0 u64 CLOCK_MONOTONIC,
   * 8 u64 CLOCK_MONOTONIC_RAW, 16 u64 CLOCK_REALTIME */
  LODGE_CLOCKS = 12,

  /* As LODGE_LISTEN and LODGE_OPEN (of a Unix socket only), for connections with handles. */
  LODGE_LISTEN_HANDLES = 64,
  LODGE_OPEN_HANDLES = 65,

  /* 0 u64 token, 8 u32 flags (1: make the folder where there is none), 12 u16 length of the path,
   * 14 path of a folder. A process of its own serves it: it dials the host with the token, and then
   * both sides speak FUSE's messages (struct fuse_in_header and fuse_out_header of <linux/fuse.h>)
   * without INIT. FORGET, RELEASE and RELEASEDIR have no reply. The end of the connection is that
   * of the process; nodes and handles end with it. */
  LODGE_SHARE = 80,

  /* From the agent. */

  /* 0 u32 version of the protocol, 4 u32 agent's version (major << 16 | minor),
   * then strings: boot id, host name, kernel release; then perhaps u32 flags: LODGE_HELLO_UP where
   * the guest has come up before. call is 0. */
  LODGE_HELLO = 32,
  /* 0 u32 0 or an errno, 4 what the request says; text where it failed. EINPROGRESS where the guest
   * does not have its own root yet: nothing was done, and the host asks again */
  LODGE_RESULT = 33,
  /* 0 u32 exit code, 4 u32 signal that ended it, or 0 */
  LODGE_EXITED = 34
};

#define LODGE_EXEC_TERMINAL 1u
#define LODGE_WITH_HANDLES 1u
#define LODGE_EXEC_USER 2u
#define LODGE_PREFACE_STATUS 2u
#define LODGE_HELLO_UP 1u
#define LODGE_OPEN_UNIX 1
#define LODGE_OPEN_TCP 2

#endif
