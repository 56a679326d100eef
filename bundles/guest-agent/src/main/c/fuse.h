/* The messages of FUSE that shares use, as <linux/fuse.h> has them, which musl's tools don't find. */
#ifndef LODGE_FUSE_H
#define LODGE_FUSE_H

#include <stdint.h>

#define FUSE_ROOT 1

enum fuse_opcode {
  FUSE_LOOKUP = 1, FUSE_FORGET = 2, FUSE_GETATTR = 3, FUSE_SETATTR = 4, FUSE_READLINK = 5,
  FUSE_SYMLINK = 6, FUSE_MKNOD = 8, FUSE_MKDIR = 9, FUSE_UNLINK = 10, FUSE_RMDIR = 11,
  FUSE_LINK = 13, FUSE_OPEN = 14, FUSE_READ = 15, FUSE_WRITE = 16, FUSE_STATFS = 17,
  FUSE_RELEASE = 18, FUSE_FSYNC = 20, FUSE_SETXATTR = 21, FUSE_GETXATTR = 22,
  FUSE_LISTXATTR = 23, FUSE_REMOVEXATTR = 24, FUSE_OPENDIR = 27, FUSE_READDIR = 28,
  FUSE_RELEASEDIR = 29, FUSE_FSYNCDIR = 30, FUSE_CREATE = 35, FUSE_FALLOCATE = 43,
  FUSE_READDIRPLUS = 44, FUSE_RENAME2 = 45, FUSE_LSEEK = 46, FUSE_COPY_FILE_RANGE = 47,
  FUSE_SYNCFS = 50, FUSE_TMPFILE = 51,
  /* Our own. Whether this guest has a lane: nothing, or ENOSYS. */
  SHARE_LANE_PROBE = 8192,
  /* As FUSE_READ, with the u64 position in the lane behind it: what was read is there, in whole
   * sectors, and its count is the answer, a fuse_written. */
  SHARE_LANE_READ = 8193,
  /* As FUSE_WRITE, with the position in place of the bytes. */
  SHARE_LANE_WRITE = 8194
};

struct fuse_in {
  uint32_t len, opcode;
  uint64_t unique, nodeid;
  uint32_t uid, gid, pid, extensions;
};

struct fuse_out {
  uint32_t len;
  int32_t error;
  uint64_t unique;
};

struct fuse_attr {
  uint64_t ino, size, blocks, atime, mtime, ctime;
  uint32_t atimensec, mtimensec, ctimensec, mode, nlink, uid, gid, rdev, blksize, flags;
};

struct fuse_entry {
  uint64_t nodeid, generation, entry_valid, attr_valid;
  uint32_t entry_valid_nsec, attr_valid_nsec;
  struct fuse_attr attr;
};

struct fuse_attr_out {
  uint64_t valid;
  uint32_t valid_nsec, dummy;
  struct fuse_attr attr;
};

struct fuse_opened { uint64_t fh; uint32_t open_flags, padding; };
struct fuse_getattr { uint32_t flags, dummy; uint64_t fh; };
struct fuse_mknod { uint32_t mode, rdev, umask, padding; };
struct fuse_mkdir { uint32_t mode, umask; };
struct fuse_rename2 { uint64_t newdir; uint32_t flags, padding; };
struct fuse_open { uint32_t flags, open_flags; };
struct fuse_create { uint32_t flags, mode, umask, open_flags; };
struct fuse_read { uint64_t fh, offset; uint32_t size, read_flags; uint64_t owner; uint32_t flags, padding; };
struct fuse_write { uint64_t fh, offset; uint32_t size, write_flags; uint64_t owner; uint32_t flags, padding; };
struct fuse_written { uint32_t size, padding; };
struct fuse_fsync { uint64_t fh; uint32_t flags, padding; };
struct fuse_setxattr { uint32_t size, flags; };
struct fuse_fallocate { uint64_t fh, offset, length; uint32_t mode, padding; };
struct fuse_lseek { uint64_t fh, offset; uint32_t whence, padding; };
struct fuse_copy { uint64_t fh_in, off_in, nodeid_out, fh_out, off_out, len, flags; };

struct fuse_setattr {
  uint32_t valid, padding;
  uint64_t fh, size, lock_owner, atime, mtime, ctime;
  uint32_t atimensec, mtimensec, ctimensec, mode, unused4, uid, gid, unused5;
};

struct fuse_statfs {
  uint64_t blocks, bfree, bavail, files, ffree;
  uint32_t bsize, namelen, frsize, padding, spare[6];
};

struct fuse_dirent { uint64_t ino, off; uint32_t namelen, type; };

#define FATTR_MODE 1u
#define FATTR_UID 2u
#define FATTR_GID 4u
#define FATTR_SIZE 8u
#define FATTR_ATIME 16u
#define FATTR_MTIME 32u
#define FATTR_FH 64u
#define FATTR_ATIME_NOW 128u
#define FATTR_MTIME_NOW 256u
#define FATTR_KILL 2048u
#define FATTR_ANY                                                                          \
  (FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE | FATTR_ATIME | FATTR_MTIME |           \
   FATTR_ATIME_NOW | FATTR_MTIME_NOW)
#define FUSE_WRITE_KILL 4u

/* Of a request's `extensions`, where the kernel has padding: the answer ends with the attributes of
 * the directory in which a name was changed, or of the file that was written, for which the client's
 * kernel asks next. */
#define SHARE_TELLS 0x10000u

/* With that of a listing which has come to the directory's end: so many bytes behind its entries, all
 * zero. A shorter answer than there is room for may have been cut by an error as well. */
#define SHARE_LISTED_BYTES 8u

/* In place of a handle where a request only reads: the request's node is opened for it alone. Of a
 * directory whose positions hold for one opening that is refused, by EBADF. A READDIRPLUS looks up
 * what lies in the first `read_flags` bytes of its answer only, unless 0. */
#define SHARE_NO_HANDLE 0u

/* Of a handle that the host has chosen: the first request on it opens the request's node, to be read,
 * and it stays open until it is released, as any other. None of ours has that bit. */
#define SHARE_HANDLE_CHOSEN (1ull << 62)

_Static_assert(sizeof(struct fuse_in) == 40, "fuse_in_header");
_Static_assert(sizeof(struct fuse_attr) == 88, "fuse_attr");
_Static_assert(sizeof(struct fuse_entry) == 128, "fuse_entry_out");
_Static_assert(sizeof(struct fuse_setattr) == 88, "fuse_setattr_in");
_Static_assert(sizeof(struct fuse_statfs) == 80, "fuse_statfs_out");
_Static_assert(sizeof(struct fuse_read) == 40 && sizeof(struct fuse_write) == 40, "fuse_read_in");

#endif
