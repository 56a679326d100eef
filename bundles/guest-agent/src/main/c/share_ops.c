/* FUSE's requests on files of this guest. Every name is one component, resolved beneath its
 * directory without links; nothing but regular files and directories is ever opened. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lane.h"
#include "share.h"

#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS 0x04
#define RESOLVE_BENEATH 0x08
#define OPENAT2 437
/* Of statfs. */
#define OVERLAYFS 0x794c7630
#define FUSE 0x65735546
#define OPEN_FLAGS (O_ACCMODE | O_TRUNC | O_APPEND | O_SYNC | O_DSYNC)

struct how {
  uint64_t flags, mode, resolve;
};

static int proc_self_fd;

void share_ops_begin(int proc_fds) { proc_self_fd = proc_fds; }

static int result(int outcome) { return outcome < 0 ? -errno : outcome; }

static int beneath(int directory, const char *name, int flags, mode_t mode) {
  struct how how = {(uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC), mode,
                    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
  return result((int)syscall(OPENAT2, directory, name, &how, sizeof how));
}

/* The file behind a descriptor once more; for regular files and directories alone. */
static int reopen(int fd, int flags) {
  char name[16];
  snprintf(name, sizeof name, "%d", fd);
  return result(openat(proc_self_fd, name, flags | O_CLOEXEC | O_NONBLOCK));
}

static const char *proc_path(int fd, char into[40]) {
  snprintf(into, 40, "/proc/self/fd/%d", fd);
  return into;
}

/* A name at an offset of the body; NULL where it is none. */
static const char *name_at(const struct exchange *x, size_t offset, size_t *next) {
  if (offset >= x->length) {
    return NULL;
  }
  const char *name = (const char *)x->body + offset;
  size_t length = strnlen(name, x->length - offset);
  bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
  if (length == x->length - offset || length == 0 || length > NAME_MAX || dots ||
      strchr(name, '/') != NULL) {
    return NULL;
  }
  if (next != NULL) {
    *next = offset + length + 1;
  }
  return name;
}

static long entry_of(int fd, struct exchange *x) {
  if (fd < 0) {
    return fd;
  }
  int error = node_found(fd, (struct fuse_entry *)x->out);
  return error < 0 ? error : (long)sizeof(struct fuse_entry);
}

static long lookup(struct exchange *x, int directory) {
  const char *name = name_at(x, 0, NULL);
  return name == NULL ? -ENOENT : entry_of(beneath(directory, name, O_PATH, 0), x);
}

static long get_attributes(struct exchange *x, const struct node *node) {
  struct fuse_attr_out *out = (struct fuse_attr_out *)x->out;
  *out = (struct fuse_attr_out){0};
  attributes_of(node->fd, &out->attr);
  return sizeof *out;
}

/* As the kernel does for whoever may not keep them. */
static void kill_privileges(int fd) {
  struct stat status;
  char path[40];
  if (fstat(fd, &status) == 0) {
    mode_t gone = status.st_mode & (S_ISUID | ((status.st_mode & S_IXGRP) != 0 ? S_ISGID : 0u));
    if (gone != 0) {
      chmod(proc_path(fd, path), status.st_mode & 07777 & ~gone);
    }
  }
}

static int resize(const struct fuse_setattr *in, const struct node *node) {
  char path[40];
  if (node->type != S_IFREG) {
    return node->type == S_IFDIR ? -EISDIR : -EINVAL;
  }
  if ((in->valid & FATTR_KILL) != 0) {
    kill_privileges(node->fd);
  }
  struct held *handle = (in->valid & FATTR_FH) != 0 ? held_get(in->fh, false) : NULL;
  int error = result(handle != NULL ? ftruncate(handle->fd, (off_t)in->size)
                                    : truncate(proc_path(node->fd, path), (off_t)in->size));
  if (handle != NULL) {
    held_put(handle);
  }
  return error;
}

static long set_attributes(struct exchange *x, const struct node *node) {
  const struct fuse_setattr *in = (const struct fuse_setattr *)x->body;
  char path[40];
  int error = 0;
  if ((in->valid & FATTR_MODE) != 0) {
    error = node->type == S_IFLNK ? -EOPNOTSUPP
                                  : result(chmod(proc_path(node->fd, path), in->mode & 07777));
  }
  /* A chown to nobody sets nothing, and is a change of the file all the same. */
  bool nothing = (in->valid & FATTR_ANY) == 0;
  if (error == 0 && (nothing || (in->valid & (FATTR_UID | FATTR_GID)) != 0)) {
    error = result(fchownat(node->fd, "", (in->valid & FATTR_UID) != 0 ? in->uid : (uid_t)-1,
                            (in->valid & FATTR_GID) != 0 ? in->gid : (gid_t)-1,
                            AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
  }
  if (error == 0 && (in->valid & FATTR_SIZE) != 0) {
    error = resize(in, node);
  }
  if (error == 0 &&
      (in->valid & (FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW)) != 0) {
    struct timespec times[2] = {{(time_t)in->atime, UTIME_OMIT}, {(time_t)in->mtime, UTIME_OMIT}};
    if ((in->valid & (FATTR_ATIME | FATTR_ATIME_NOW)) != 0) {
      times[0].tv_nsec = (in->valid & FATTR_ATIME_NOW) != 0 ? UTIME_NOW : (long)in->atimensec;
    }
    if ((in->valid & (FATTR_MTIME | FATTR_MTIME_NOW)) != 0) {
      times[1].tv_nsec = (in->valid & FATTR_MTIME_NOW) != 0 ? UTIME_NOW : (long)in->mtimensec;
    }
    error = result((int)syscall(SYS_utimensat, node->fd, "", times,
                                AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
  }
  return error < 0 ? error : get_attributes(x, node);
}

/* Gives what was just made to whom the host says, unless its directory passes its group on. */
static int settle(const struct exchange *x, int directory, int fd) {
  struct stat parent = {0};
  struct stat made = {0};
  if (fstatat(fd, "", &made, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    return -errno;
  }
  uid_t uid = made.st_uid == x->in->uid ? (uid_t)-1 : x->in->uid;
  gid_t gid = made.st_gid == x->in->gid ? (gid_t)-1 : x->in->gid;
  if (gid != (gid_t)-1 && fstatat(directory, "", &parent, AT_EMPTY_PATH) == 0 &&
      (parent.st_mode & S_ISGID) != 0) {
    gid = (gid_t)-1;
  }
  if (uid == (uid_t)-1 && gid == (gid_t)-1) {
    return 0;
  }
  return result(fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

static long settled(struct exchange *x, int directory, int fd) {
  if (fd < 0) {
    return fd;
  }
  int error = settle(x, directory, fd);
  if (error < 0) {
    close(fd);
    return error;
  }
  return entry_of(fd, x);
}

/* The mode of what is about to be made, unless a default access control list masks it. */
static mode_t masked(int directory, uint32_t mode, uint32_t mask) {
  char path[40];
  bool listed = mask != 0 &&
                getxattr(proc_path(directory, path), "system.posix_acl_default", NULL, 0) > 0;
  return listed ? mode : mode & ~mask;
}

static long made(struct exchange *x, int directory, const char *name, int outcome) {
  return outcome < 0 ? -errno : settled(x, directory, beneath(directory, name, O_PATH, 0));
}

static long make(struct exchange *x, int directory) {
  size_t next;
  const char *name;
  switch (x->in->opcode) {
    case FUSE_SYMLINK:
      name = name_at(x, 0, &next);
      if (name == NULL || next >= x->length || memchr(x->body + next, 0, x->length - next) == NULL) {
        return -EINVAL;
      }
      return made(x, directory, name, symlinkat((const char *)x->body + next, directory, name));
    case FUSE_MKDIR: {
      const struct fuse_mkdir *in = (const struct fuse_mkdir *)x->body;
      name = name_at(x, sizeof *in, NULL);
      return name == NULL ? -EINVAL
                          : made(x, directory, name, mkdirat(directory, name, masked(directory, in->mode & 07777, in->umask)));
    }
    default: {
      const struct fuse_mknod *in = (const struct fuse_mknod *)x->body;
      mode_t type = in->mode & S_IFMT;
      name = name_at(x, sizeof *in, NULL);
      if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK && type != 0) {
        return -EPERM;
      }
      return name == NULL ? -EINVAL : made(x, directory, name, mknodat(directory, name, masked(directory, in->mode, in->umask), 0));
    }
  }
}

/* What has the name and may lose it, held until node_put; NULL where nothing need be. */
static struct node *kept(int directory, const char *name) {
  int fd = nodes_let_go() ? beneath(directory, name, O_PATH, 0) : -1;
  return fd < 0 ? NULL : node_keep(fd);
}

static int without(struct node *former, int outcome) {
  int answer = result(outcome);
  if (former != NULL) {
    node_put(former);
  }
  return answer;
}

static long change_name(struct exchange *x, const struct node *node) {
  size_t next;
  const char *name;
  if (x->in->opcode == FUSE_UNLINK || x->in->opcode == FUSE_RMDIR) {
    name = name_at(x, 0, NULL);
    int flags = x->in->opcode == FUSE_RMDIR ? AT_REMOVEDIR : 0;
    if (name == NULL) {
      return -EINVAL;
    }
    struct node *former = kept(node->fd, name);
    return without(former, unlinkat(node->fd, name, flags));
  }
  bool link = x->in->opcode == FUSE_LINK;
  struct node *other = node_get(*(const uint64_t *)x->body);
  if (other == NULL) {
    return -ESTALE;
  }
  long error = -EINVAL;
  if (link) {
    char path[40];
    name = name_at(x, 8, NULL);
    if (name != NULL) {
      error = result(linkat(AT_FDCWD, proc_path(other->fd, path), node->fd, name, AT_SYMLINK_FOLLOW));
      error = error < 0 ? error : entry_of(beneath(node->fd, name, O_PATH, 0), x);
    }
  } else {
    const struct fuse_rename2 *in = (const struct fuse_rename2 *)x->body;
    name = name_at(x, sizeof *in, &next);
    const char *to = name == NULL ? NULL : name_at(x, next, NULL);
    if (to != NULL) {
      struct node *former = kept(other->fd, to);
      error = without(former, (int)syscall(SYS_renameat2, node->fd, name, other->fd, to, in->flags));
    }
  }
  node_put(other);
  return error;
}

static long opened(struct exchange *x, size_t at, int fd, bool directory) {
  struct fuse_opened *out = (struct fuse_opened *)(x->out + at);
  *out = (struct fuse_opened){.fh = held_add(fd, directory)};
  return out->fh == 0 ? -ENFILE : (long)(at + sizeof *out);
}

static int node_open(const struct node *node, bool directory, uint32_t flags) {
  if (node->type != (directory ? S_IFDIR : S_IFREG)) {
    return directory ? -ENOTDIR : -EACCES;
  }
  return reopen(node->fd, directory ? O_DIRECTORY : (int)flags & OPEN_FLAGS);
}

static long open_node(struct exchange *x, const struct node *node, uint32_t flags, size_t at) {
  bool directory = x->in->opcode == FUSE_OPENDIR;
  int fd = node_open(node, directory, flags);
  return fd < 0 ? fd : opened(x, at, fd, directory);
}

/* What somebody else has put there meanwhile must not be opened: so the file is made exclusively,
 * and what is there already is looked up and opened as any file is. */
static long create(struct exchange *x, int directory) {
  const struct fuse_create *in = (const struct fuse_create *)x->body;
  bool nameless = x->in->opcode == FUSE_TMPFILE;
  const char *name = nameless ? "." : name_at(x, sizeof *in, NULL);
  if (name == NULL) {
    return -EINVAL;
  }
  int access = (int)in->flags & OPEN_FLAGS;
  int flags = nameless ? O_TMPFILE | ((access & O_ACCMODE) == 0 ? O_RDWR : access)
                       : O_CREAT | O_EXCL | access;
  mode_t mode = masked(directory, in->mode & 07777, in->umask);
  int fd = beneath(directory, name, flags | O_NONBLOCK, mode);
  if (fd == -EEXIST && !nameless && (in->flags & O_EXCL) == 0) {
    long found = entry_of(beneath(directory, name, O_PATH, 0), x);
    if (found < 0) {
      return found;
    }
    uint64_t id = ((struct fuse_entry *)x->out)->nodeid;
    struct node *node = node_get(id);
    long length = node == NULL ? -ESTALE : open_node(x, node, in->flags, sizeof(struct fuse_entry));
    if (node != NULL) {
      node_put(node);
    }
    if (length < 0) {
      node_forget(id, 1);
    }
    return length;
  }
  if (fd < 0) {
    return fd;
  }
  long found = settled(x, directory, reopen(fd, O_PATH));
  if (found < 0) {
    close(fd);
    return found;
  }
  long length = opened(x, sizeof(struct fuse_entry), fd, false);
  if (length < 0) {
    node_forget(((struct fuse_entry *)x->out)->nodeid, 1);
  }
  return length;
}

static long write_bytes(struct exchange *x, struct held *handle, const uint8_t *bytes,
                        size_t length) {
  const struct fuse_write *in = (const struct fuse_write *)x->body;
  size_t done = 0;
  if (in->size > length || in->offset > (uint64_t)INT64_MAX - in->size) {
    return -EINVAL;
  }
  if ((in->write_flags & FUSE_WRITE_KILL) != 0) {
    kill_privileges(handle->fd);
  }
  while (done < in->size) {
    ssize_t count = pwrite(handle->fd, bytes + done, in->size - done, (off_t)(in->offset + done));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      if (done == 0 && count < 0) {
        return -errno;
      }
      break;
    }
    done += (size_t)count;
  }
  handle->written += done;
  *(struct fuse_written *)x->out = (struct fuse_written){.size = (uint32_t)done};
  return sizeof(struct fuse_written);
}

static long write_file(struct exchange *x, struct held *handle) {
  size_t head = sizeof(struct fuse_write);
  return write_bytes(x, handle, x->body + head, x->length - head);
}

/* By lane: its sectors come and go in pages of ours, without a copy by this kernel. */

static uint64_t position_in_lane(const struct exchange *x) {
  uint64_t position;
  memcpy(&position, x->body + sizeof(struct fuse_read), sizeof position);
  return position;
}

static size_t sectors(size_t bytes) {
  return (bytes + LODGE_SECTOR_BYTES - 1) & ~(size_t)(LODGE_SECTOR_BYTES - 1);
}

static long write_from_lane(struct exchange *x, struct held *handle) {
  size_t size = ((const struct fuse_write *)x->body)->size;
  if (size > SHARE_DATA_MAX) {
    return -EINVAL;
  }
  return lane_get(x->out, sectors(size), position_in_lane(x))
             ? write_bytes(x, handle, x->out, size)
             : -errno;
}

static long read_file(struct exchange *x, const struct held *handle) {
  const struct fuse_read *in = (const struct fuse_read *)x->body;
  size_t done = 0;
  if (in->size > SHARE_DATA_MAX || in->offset > (uint64_t)INT64_MAX - in->size) {
    return -EINVAL;
  }
  while (done < in->size) {
    ssize_t count = pread(handle->fd, x->out + done, in->size - done, (off_t)(in->offset + done));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && done == 0) {
      return -errno;
    }
    if (count <= 0) {
      break;
    }
    done += (size_t)count;
  }
  return (long)done;
}

static long read_to_lane(struct exchange *x, const struct held *handle) {
  long done = read_file(x, handle);
  if (done < 0) {
    return done;
  }
  size_t whole = sectors((size_t)done);
  memset(x->out + done, 0, whole - (size_t)done);
  if (!lane_put(x->out, whole, position_in_lane(x))) {
    return -errno;
  }
  *(struct fuse_written *)x->out = (struct fuse_written){.size = (uint32_t)done};
  return sizeof(struct fuse_written);
}

struct linux_dirent {
  uint64_t ino;
  int64_t off;
  uint16_t size;
  uint8_t type;
  char name[];
};

static long list(struct exchange *x, const struct held *handle) {
  const struct fuse_read *in = (const struct fuse_read *)x->body;
  bool plus = x->in->opcode == FUSE_READDIRPLUS;
  size_t room = in->size < 65536 ? in->size : 65536;
  size_t looked_up = in->read_flags == 0 ? room : in->read_flags;
  size_t head = (plus ? sizeof(struct fuse_entry) : 0) + sizeof(struct fuse_dirent);
  uint8_t entries[16384] __attribute__((aligned(8)));
  size_t used = 0;
  if (lseek(handle->fd, (off_t)in->offset, SEEK_SET) < 0) {
    return -errno;
  }
  for (;;) {
    long count = syscall(SYS_getdents64, handle->fd, entries, sizeof entries);
    if (count <= 0) {
      bool tells = count == 0 && (x->in->extensions & SHARE_TELLS) != 0;
      memset(x->out + used, 0, tells ? SHARE_LISTED_BYTES : 0);
      return count < 0 && used == 0 ? -errno : (long)(used + (tells ? SHARE_LISTED_BYTES : 0));
    }
    for (long at = 0; at < count;) {
      struct linux_dirent *entry = (struct linux_dirent *)(entries + at);
      size_t length = strlen(entry->name);
      size_t size = (head + length + 7) & ~(size_t)7;
      if (size > room - used) {
        return (long)used;
      }
      uint8_t *to = x->out + used;
      memset(to, 0, size);
      bool dots = strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0;
      if (plus && !dots && used + size <= looked_up) {
        int fd = beneath(handle->fd, entry->name, O_PATH, 0);
        if (fd >= 0 && node_found(fd, (struct fuse_entry *)to) < 0) {
          memset(to, 0, sizeof(struct fuse_entry));
        }
      }
      struct fuse_dirent head_of = {entry->ino, (uint64_t)entry->off, (uint32_t)length, entry->type};
      memcpy(to + head - sizeof head_of, &head_of, sizeof head_of);
      memcpy(to + head, entry->name, length);
      used += size;
      at += entry->size;
    }
  }
}

static long with_attributes(struct exchange *x, int fd, long answer) {
  bool told = answer >= 0 && (x->in->extensions & SHARE_TELLS) != 0 &&
              attributes_of(fd, (struct fuse_attr *)(x->out + answer));
  return told ? answer + (long)sizeof(struct fuse_attr) : answer;
}

static long execute_on(struct exchange *x, struct held *handle) {
  long answer;
  switch (x->in->opcode) {
    case FUSE_READ:
      answer = read_file(x, handle);
      break;
    case FUSE_WRITE:
      answer = with_attributes(x, handle->fd, write_file(x, handle));
      break;
    case SHARE_LANE_READ:
      answer = read_to_lane(x, handle);
      break;
    case SHARE_LANE_WRITE:
      answer = with_attributes(x, handle->fd, write_from_lane(x, handle));
      break;
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
      answer = list(x, handle);
      break;
    case FUSE_FALLOCATE: {
      const struct fuse_fallocate *in = (const struct fuse_fallocate *)x->body;
      answer = result(fallocate(handle->fd, (int)in->mode, (off_t)in->offset, (off_t)in->length));
      break;
    }
    case FUSE_LSEEK: {
      const struct fuse_lseek *in = (const struct fuse_lseek *)x->body;
      off_t found = lseek(handle->fd, (off_t)in->offset, (int)in->whence);
      answer = found < 0 ? -errno : 8;
      memcpy(x->out, &found, 8);
      break;
    }
    case FUSE_COPY_FILE_RANGE: {
      const struct fuse_copy *in = (const struct fuse_copy *)x->body;
      struct held *to = held_get(in->fh_out, false);
      off_t from_offset = (off_t)in->off_in;
      off_t to_offset = (off_t)in->off_out;
      ssize_t copied = -1;
      errno = EBADF;
      if (to != NULL) {
        copied = copy_file_range(handle->fd, &from_offset, to->fd, &to_offset,
                                 in->len < INT_MAX ? in->len : INT_MAX - 4095, 0);
        to->written += copied > 0 ? (uint64_t)copied : 0;
      }
      answer = copied < 0 ? -errno : (long)sizeof(struct fuse_written);
      *(struct fuse_written *)x->out = (struct fuse_written){.size = (uint32_t)copied};
      if (to != NULL) {
        held_put(to);
      }
      break;
    }
    default: {
      const struct fuse_fsync *in = (const struct fuse_fsync *)x->body;
      answer = result((in->flags & 1) != 0 ? fdatasync(handle->fd) : fsync(handle->fd));
    }
  }
  return answer;
}

static bool only_reads(uint32_t opcode) {
  return opcode == FUSE_READ || opcode == SHARE_LANE_READ || opcode == FUSE_READDIR ||
         opcode == FUSE_READDIRPLUS;
}

/* Whether the next who opens the directory may go on at a position of the former: there are file
 * systems that list it as it was when it was opened, by counting. */
static bool positions_stay(int fd) {
  struct statfs of;
  return fstatfs(fd, &of) == 0 && of.f_type != OVERLAYFS && of.f_type != FUSE;
}

static int open_to_read(const struct exchange *x, bool directory) {
  struct node *node = node_get(x->in->nodeid);
  if (node == NULL) {
    return -ESTALE;
  }
  int fd = node_open(node, directory, O_RDONLY);
  node_put(node);
  return fd;
}

/* What is read once needs no handle: opening it by itself costs the host a round trip. */
static long on_closed(struct exchange *x, bool directory) {
  int fd = open_to_read(x, directory);
  if (fd < 0) {
    return fd;
  }
  struct held once = {.fd = fd, .directory = directory};
  long answer = directory && !positions_stay(fd) ? -EBADF : execute_on(x, &once);
  close(fd);
  return answer;
}

static long on_handle(struct exchange *x) {
  bool directory = x->in->opcode == FUSE_READDIR || x->in->opcode == FUSE_READDIRPLUS ||
                   x->in->opcode == FUSE_FSYNCDIR;
  uint64_t number = *(const uint64_t *)x->body;
  if (number == SHARE_NO_HANDLE && only_reads(x->in->opcode)) {
    return on_closed(x, directory);
  }
  struct held *handle = held_get(number, directory);
  if (handle == NULL && (number & SHARE_HANDLE_CHOSEN) != 0 && !directory) {
    int fd = open_to_read(x, false);
    if (fd < 0) {
      return fd;
    }
    handle = held_choose(number, fd);
  }
  if (handle == NULL) {
    return -EBADF;
  }
  long answer = execute_on(x, handle);
  held_put(handle);
  return answer;
}

static long attribute(struct exchange *x, const struct node *node) {
  char path[40];
  size_t head = x->in->opcode == FUSE_REMOVEXATTR ? 0 : 8;
  const char *name = (const char *)x->body + head;
  if (node->type != S_IFREG && node->type != S_IFDIR) {
    return -EOPNOTSUPP;
  }
  proc_path(node->fd, path);
  if (x->in->opcode == FUSE_LISTXATTR) {
    ssize_t length = listxattr(path, (char *)x->out, 65536);
    return length < 0 ? -errno : length;
  }
  if (x->length <= head) {
    return -EINVAL;
  }
  size_t length = strnlen(name, x->length - head);
  if (length == 0 || length > NAME_MAX || length == x->length - head) {
    return -EINVAL;
  }
  if (x->in->opcode == FUSE_REMOVEXATTR) {
    return result(removexattr(path, name));
  }
  if (x->in->opcode == FUSE_GETXATTR) {
    ssize_t size = getxattr(path, name, x->out, 65536);
    return size < 0 ? -errno : size;
  }
  const struct fuse_setxattr *in = (const struct fuse_setxattr *)x->body;
  if (in->size > x->length - head - length - 1) {
    return -EINVAL;
  }
  return result(setxattr(path, name, name + length + 1, in->size, (int)in->flags));
}

static long statistics(struct exchange *x, const struct node *node) {
  struct statfs from;
  if (fstatfs(node->fd, &from) != 0) {
    return -errno;
  }
  *(struct fuse_statfs *)x->out = (struct fuse_statfs){
      .blocks = from.f_blocks, .bfree = from.f_bfree, .bavail = from.f_bavail,
      .files = from.f_files, .ffree = from.f_ffree, .bsize = (uint32_t)from.f_bsize,
      .namelen = (uint32_t)from.f_namelen, .frsize = (uint32_t)from.f_frsize};
  return sizeof(struct fuse_statfs);
}

static long sync_all(const struct node *node) {
  int fd = reopen(node->fd, node->type == S_IFDIR ? O_DIRECTORY : O_RDONLY);
  if (fd < 0) {
    return fd;
  }
  int error = result((int)syscall(SYS_syncfs, fd));
  close(fd);
  if (error == 0 && nodes_elsewhere()) {
    sync(); /* the host takes all files of the share for synced */
  }
  return error;
}

static long on_node(struct exchange *x, const struct node *node) {
  switch (x->in->opcode) {
    case FUSE_LOOKUP:
      return lookup(x, node->fd);
    case FUSE_GETATTR:
      return get_attributes(x, node);
    case FUSE_SETATTR:
      return set_attributes(x, node);
    case FUSE_READLINK: {
      ssize_t length = readlinkat(node->fd, "", (char *)x->out, PATH_MAX);
      return length < 0 ? -errno : length;
    }
    case FUSE_SYMLINK:
    case FUSE_MKNOD:
    case FUSE_MKDIR:
      return make(x, node->fd);
    case FUSE_UNLINK:
    case FUSE_RMDIR:
    case FUSE_RENAME2:
    case FUSE_LINK:
      return change_name(x, node);
    case FUSE_OPEN:
    case FUSE_OPENDIR:
      return open_node(x, node, *(const uint32_t *)x->body, 0);
    case FUSE_CREATE:
    case FUSE_TMPFILE:
      return create(x, node->fd);
    case FUSE_STATFS:
      return statistics(x, node);
    case FUSE_SYNCFS:
      return sync_all(node);
    default:
      return attribute(x, node);
  }
}

static bool changes_names(uint32_t opcode) {
  switch (opcode) {
    case FUSE_SYMLINK: case FUSE_MKNOD: case FUSE_MKDIR: case FUSE_UNLINK: case FUSE_RMDIR:
    case FUSE_RENAME2: case FUSE_LINK: case FUSE_CREATE:
      return true;
    default:
      return false;
  }
}

/* What each request must carry at least; 0 where it is not known. */
static size_t least(uint32_t opcode) {
  switch (opcode) {
    case FUSE_LOOKUP: case FUSE_UNLINK: case FUSE_RMDIR: case FUSE_REMOVEXATTR:
    case FUSE_READLINK: case FUSE_STATFS: case SHARE_LANE_PROBE:
      return 1;
    case FUSE_SYMLINK:
      return 2;
    case FUSE_FORGET: case FUSE_LISTXATTR: case FUSE_OPEN: case FUSE_OPENDIR: case FUSE_SYNCFS:
    case FUSE_RELEASE: case FUSE_RELEASEDIR:
      return 8;
    case FUSE_MKDIR: case FUSE_LINK: case FUSE_SETXATTR: case FUSE_GETXATTR:
      return 9;
    case FUSE_GETATTR: case FUSE_FSYNC: case FUSE_FSYNCDIR: case FUSE_TMPFILE:
      return 16;
    case FUSE_MKNOD: case FUSE_RENAME2: case FUSE_CREATE:
      return 17;
    case FUSE_LSEEK:
      return sizeof(struct fuse_lseek);
    case FUSE_FALLOCATE:
      return sizeof(struct fuse_fallocate);
    case FUSE_READ: case FUSE_WRITE: case FUSE_READDIR: case FUSE_READDIRPLUS:
      return sizeof(struct fuse_read);
    case SHARE_LANE_READ: case SHARE_LANE_WRITE:
      return sizeof(struct fuse_read) + 8;
    case FUSE_COPY_FILE_RANGE:
      return sizeof(struct fuse_copy);
    case FUSE_SETATTR:
      return sizeof(struct fuse_setattr);
    default:
      return 0;
  }
}

/* Those that move data or wait for a disk are not. Waking another thread for the next request costs
 * more than the others take. */
bool share_is_quick(const struct fuse_in *in) {
  switch (in->opcode) {
    case SHARE_LANE_READ: case SHARE_LANE_WRITE:
    case FUSE_READ: case FUSE_WRITE: case FUSE_FSYNC: case FUSE_FSYNCDIR: case FUSE_FALLOCATE:
    case FUSE_COPY_FILE_RANGE: case FUSE_SYNCFS: case FUSE_READDIRPLUS:
      return false;
    case FUSE_SETATTR:
      return in->len < sizeof *in + sizeof(struct fuse_setattr) ||
             (((const struct fuse_setattr *)(in + 1))->valid & FATTR_SIZE) == 0;
    case FUSE_RELEASE:
      return in->len >= sizeof *in + 8 && held_closes_quickly(*(const uint64_t *)(in + 1), false);
    default:
      return true;
  }
}

bool share_is_silent(uint32_t opcode) {
  return opcode == FUSE_FORGET || opcode == FUSE_RELEASE || opcode == FUSE_RELEASEDIR;
}

long share_execute(struct exchange *x) {
  size_t needed = least(x->in->opcode);
  if (needed == 0) {
    return -ENOSYS;
  }
  if (x->length < needed) {
    return -EINVAL;
  }
  switch (x->in->opcode) {
    case FUSE_FORGET:
      node_forget(x->in->nodeid, *(const uint64_t *)x->body);
      return 0;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
      held_close(*(const uint64_t *)x->body, x->in->opcode == FUSE_RELEASEDIR);
      return 0;
    case SHARE_LANE_PROBE:
      return lane_there() ? 0 : -ENOSYS;
    case SHARE_LANE_READ: case SHARE_LANE_WRITE:
    case FUSE_READ: case FUSE_WRITE: case FUSE_READDIR: case FUSE_READDIRPLUS: case FUSE_FSYNC:
    case FUSE_FSYNCDIR: case FUSE_FALLOCATE: case FUSE_LSEEK: case FUSE_COPY_FILE_RANGE:
      return on_handle(x);
    default: {
      struct node *node = node_get(x->in->nodeid);
      if (node == NULL) {
        return -ESTALE;
      }
      long answer = on_node(x, node);
      answer = changes_names(x->in->opcode) ? with_attributes(x, node->fd, answer) : answer;
      node_put(node);
      return answer;
    }
  }
}
