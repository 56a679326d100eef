/*
 * A connection to a Unix socket of the guest, with its descriptors: what follows the preface (and
 * the reply) where LODGE_WITH_HANDLES is set. Numbers as in protocol.h.
 *
 * FRAME, 16 bytes, then the body
 *    0 u32 length of the body         4 u16 type: enum lodge_frame     6 u16 flags
 *    8 u32 handle, or 0               12 u32 tag, or 0
 *
 * A handle stands for a descriptor that the agent holds. Its number is chosen by whose it is: the
 * agent numbers what the program sent, the host what it lets the agent make, so that neither waits
 * for the other. Numbers of the host are LODGE_OF_HOST | n with n < LODGE_HANDLES_MAX; it uses one
 * again only after the agent has answered its LODGE_CLOSE. Those of the agent are below
 * LODGE_OF_HOST, and free again with the host's LODGE_CLOSE.
 *
 * Frames take effect in their order. Rows are in a file before the bytes that come after them can
 * be read by the program.
 *
 * CREDIT. Bytes of the socket (handle 0) may be sent by either side up to LODGE_WINDOW beyond what
 * it was given credit for; a pass of the host counts as LODGE_PASS_COST bytes. The same holds for bytes that the host writes to a pipe; the agent reads
 * from a pipe only what it was given credit for. Whoever sends more is cut off. Nothing else needs
 * credit: the agent always takes what the host sends, and answers when the host takes answers; the
 * host has at most LODGE_READS_MAX reads unanswered.
 *
 * What could not be made can't be passed: the program then reads an end in place of it.
 *
 * What can't be done with a file shows as LODGE_FAILED; a frame that breaks these rules ends the
 * connection.
 */
#ifndef LODGE_HANDLES_H
#define LODGE_HANDLES_H

#define LODGE_FRAME_BYTES 16
#define LODGE_WINDOW 65536
#define LODGE_PASS_COST 128
#define LODGE_CHUNK_MAX 65536
#define LODGE_ROWS_BYTES 24
#define LODGE_HANDLES_MAX 512
#define LODGE_READS_MAX 64
#define LODGE_OF_HOST 0x80000000u
#define LODGE_SOCKET_PATH_MAX 107

enum lodge_frame {
  /* Both ways. Bytes of the socket, 1 to LODGE_CHUNK_MAX; none: its end. */
  LODGE_BYTES = 66,
  /* From the agent: the program sent a descriptor, no later than with the bytes that follow.
   *    0 u16 enum lodge_kind_of_handle, 2 u16 access, 4 u32 seals (F_GET_SEALS, or 0), 8 u64 size
   * From the host: the handle goes to the program with the bytes that follow. No body. */
  LODGE_PASS = 67,
  /* From the host: a new thing under the host's number.
   *    0 u16 enum lodge_make, 2 u16 0, 4 u32 seals, 8 u64 size; a listener's path after that */
  LODGE_MAKE = 68,
  /* From the host: 0 u64 size, or UINT64_MAX to keep it; 8 u32 seals to add, 12 u32 0. Only of a
   * file that it made. */
  LODGE_ALTER = 69,
  /* From the host: 0 u64 offset, 8 u64 stride, 16 u32 bytes of a row, 20 u32 rows. Answered under
   * the same tag by LODGE_DATA with LODGE_LAST in its last one, or, where bytes are missing, by
   * LODGE_FAILED after what there was. Answers come in the order of the reads. */
  LODGE_READ = 70,
  /* From the agent: rows, packed; whole ones, or a part of one where a row is longer than
   * LODGE_CHUNK_MAX. */
  LODGE_DATA = 71,
  /* From the host: the LODGE_ROWS_BYTES of a read, then the rows, packed, at most
   * LODGE_CHUNK_MAX. */
  LODGE_WRITE = 72,
  /* From the agent: 0 u32 errno, 0 where a file has just ended. Tag of a read; 0 for a write, a
   * resize or a making, whose handle stays useless but valid. */
  LODGE_FAILED = 73,
  /* From the host: it is done with this handle. From the agent: so is it. */
  LODGE_CLOSE = 74,
  /* Both ways. Bytes of a pipe or socket, 1 to LODGE_CHUNK_MAX. */
  LODGE_PIPE_DATA = 75,
  /* Both ways: no more bytes of the pipe follow. From the agent 0 u32 errno, 4 u32 which: 1 what it
   * reads has ended, 2 what is written to it is read no more. From the host no body. */
  LODGE_PIPE_END = 76,
  /* Both ways: 0 u32 how many bytes more the other may send. */
  LODGE_CREDIT = 77,
  /* From the agent, once: it has a lane, see lane.c. No body. */
  LODGE_LANE = 78,
  /* From the host: the LODGE_ROWS_BYTES of one row, then 24 u64 a position in the lane. Written
   * there are the sectors of the file in which the row lies, from the first one's begin to the last
   * one's end. Answered under the same tag by LODGE_LANE_DATA, or as LODGE_READ where that can't be
   * done. */
  LODGE_LANE_READ = 79,
  /* From the agent: the row is in the lane. No body. */
  LODGE_LANE_DATA = 80,
  /* From the host: as LODGE_LANE_READ. The sectors are in the lane and go into the file, one that the
   * host made. */
  LODGE_LANE_WRITE = 81
};

enum lodge_kind_of_handle {
  LODGE_KIND_REFUSED = 0, /* the agent carries no such thing and has closed it */
  LODGE_KIND_FILE = 1,
  LODGE_KIND_PIPE = 2,
  LODGE_KIND_SOCKET = 3
};

enum lodge_make {
  LODGE_MAKE_FILE = 1,
  /* A pipe whose reading end is passed, and the agent writes what the host sends. */
  LODGE_MAKE_PIPE_TO_READ = 2,
  /* A pipe whose writing end is passed, and the agent sends what it reads. */
  LODGE_MAKE_PIPE_TO_WRITE = 3,
  /* A listening socket at a path. */
  LODGE_MAKE_LISTENER = 4
};

/* Access, and the flag of LODGE_DATA. */
#define LODGE_READABLE 1u
#define LODGE_WRITABLE 2u
#define LODGE_LAST 1u

#define LODGE_PIPE_OUT_ENDED 1u
#define LODGE_PIPE_IN_ENDED 2u

#endif
