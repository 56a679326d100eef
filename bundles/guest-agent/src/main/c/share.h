/* A directory of this guest, served to the host in FUSE's messages over a connection of its own, by
 * a process of its own. */
#ifndef LODGE_SHARE_H
#define LODGE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuse.h"

#define SHARE_DATA_MAX (1u << 20)
#define SHARE_MESSAGE_MAX (SHARE_DATA_MAX + 8192)

/* share_nodes.c: files the host knows, and files it has open. All of it is thread-safe. */

struct node {
  uint64_t id;
  uint64_t ino;
  uint64_t dev;
  uint32_t type; /* bits of the mode; an inode never changes its type */
  int fd;        /* O_PATH; -1 while only the handle knows the file, never between get and put */
  struct file_handle *handle;
  uint64_t uses;
  uint32_t pins;
  bool nameless; /* so that it could not be found again */
  struct node *next;
};

/* The root; takes the descriptor. */
bool nodes_begin(int root_fd);
/* Kept until node_put; NULL where there is none. */
struct node *node_get(uint64_t id);
void node_put(struct node *);
/* Takes the descriptor of a file just found, which is in use once more, and fills in the entry.
 * 0 or a negated errno. */
int node_found(int fd, struct fuse_entry *);
/* Takes the descriptor of a file that may be about to lose its last name. Where the host knows the
 * file, it is held until node_put, and then as far as it has no name; else NULL. */
struct node *node_keep(int fd);
/* Whether any file is known by its handle alone. */
bool nodes_let_go(void);
void node_forget(uint64_t id, uint64_t uses);
/* Whether any file was on another file system than the root: there may be mounts beneath. */
bool nodes_elsewhere(void);

struct held {
  int fd;
  bool directory;
  uint32_t pins;
  uint64_t number; /* of one that the host has chosen */
  struct held *next;
  _Atomic uint64_t written; /* bytes, by which closing it may take long */
};

/* Its number, or 0 where there are too many; takes the descriptor. */
uint64_t held_add(int fd, bool directory);
/* Makes it known by a number that the host has chosen, and gets it; whatever had that number before
 * is what has it. Takes the descriptor; NULL where there are too many. */
struct held *held_choose(uint64_t id, int fd);
struct held *held_get(uint64_t id, bool directory);
void held_put(struct held *);
void held_close(uint64_t id, bool directory);
/* Whether closing it has little to write out; true where it is not open. */
bool held_closes_quickly(uint64_t id, bool directory);

bool attributes_of(int fd, struct fuse_attr *);

/* share_ops.c: what FUSE asks for. */

struct exchange {
  const struct fuse_in *in;
  const uint8_t *body; /* a NUL lies behind it */
  size_t length;
  uint8_t *out; /* room for SHARE_DATA_MAX behind it; begins with a sector's alignment */
};

/* How the kernel names descriptors of this process. */
void share_ops_begin(int proc_fds);
/* The length of the answer, or a negated errno. */
long share_execute(struct exchange *);
/* Whether a request may keep others waiting. */
bool share_is_quick(const struct fuse_in *in);
/* Whether the host expects nothing back. */
bool share_is_silent(uint32_t opcode);

#endif
