/* The files that the host knows. Those not in use let go of their descriptors where there are many,
 * as each pins memory of the kernel, and are found again by their file handles. */
#define _GNU_SOURCE
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES_MAX 1000000u
#define NODES_LEAST 20000u
/* What a node takes, and which part of the guest's memory all of them may. */
#define NODE_BYTES 200u
#define MEMORY_PART 8u
#ifndef NODES_HELD_MAX
#define NODES_HELD_MAX 8192u
#endif
/* Among them those that have no name, and which whoever has them open may yet read. */
#define NODES_NAMELESS_MAX NODES_HELD_MAX
#define HANDLE_BYTES 128
#define HANDLES_MAX 65536u
#define BUCKETS 65536u
#define CHOSEN_BUCKETS 4096u
/* So that no number has the bit of those that the host has chosen. */
#define HANDLE_COUNTS 0x3fffffffu
#define WRITTEN_LITTLE 65536u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct node **nodes; /* by id - 1 */
static uint32_t nodes_room;
static uint32_t nodes_used;
static uint32_t nodes_max;
static uint32_t nodes_held;
static uint32_t hand;
static int mount_fd; /* the root, opened, as those that find files by handles want it */
static bool handles_work = true;
static bool elsewhere;
static bool let_go; /* of any descriptor, ever */
static uint32_t *free_nodes;
static uint32_t free_count;
static struct node *buckets[BUCKETS];
static struct held *handles[HANDLES_MAX];
static uint32_t handle_counts[HANDLES_MAX];
static uint32_t handle_hint;
static struct held *chosen[CHOSEN_BUCKETS];
static uint32_t chosen_count;

static void fill(const struct stat *from, struct fuse_attr *into) {
  *into = (struct fuse_attr){
      .ino = from->st_ino,
      .size = (uint64_t)from->st_size,
      .blocks = (uint64_t)from->st_blocks,
      .atime = (uint64_t)from->st_atim.tv_sec,
      .mtime = (uint64_t)from->st_mtim.tv_sec,
      .ctime = (uint64_t)from->st_ctim.tv_sec,
      .atimensec = (uint32_t)from->st_atim.tv_nsec,
      .mtimensec = (uint32_t)from->st_mtim.tv_nsec,
      .ctimensec = (uint32_t)from->st_ctim.tv_nsec,
      .mode = from->st_mode,
      .nlink = (uint32_t)from->st_nlink,
      .uid = from->st_uid,
      .gid = from->st_gid,
      .rdev = (uint32_t)from->st_rdev,
      .blksize = (uint32_t)from->st_blksize};
}

bool attributes_of(int fd, struct fuse_attr *into) {
  struct stat status = {0};
  bool known = fstatat(fd, "", &status, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0;
  if (known) {
    fill(&status, into);
  }
  return known;
}

static uint32_t bucket_of(uint64_t dev, uint64_t ino) {
  return (uint32_t)(((ino ^ (dev << 40)) * 0x9e3779b97f4a7c15u) >> 32) & (BUCKETS - 1);
}

static bool grow(void) {
  uint32_t room = nodes_room == 0 ? 256 : nodes_room * 2;
  struct node **more = realloc(nodes, room * sizeof *nodes);
  if (more == NULL) {
    return false;
  }
  nodes = more;
  uint32_t *more_free = realloc(free_nodes, room * sizeof *free_nodes);
  if (more_free == NULL) {
    return false;
  }
  free_nodes = more_free;
  nodes_room = room;
  return true;
}

static struct node *insert(int fd, const struct stat *status) {
  if (free_count == 0 && (nodes_used == nodes_max || (nodes_used == nodes_room && !grow()))) {
    return NULL;
  }
  struct node *node = calloc(1, sizeof *node);
  if (node == NULL) {
    return NULL;
  }
  uint32_t slot = free_count > 0 ? free_nodes[--free_count] : nodes_used++;
  node->id = slot + 1;
  node->ino = status->st_ino;
  node->dev = status->st_dev;
  node->type = status->st_mode & S_IFMT;
  node->fd = fd;
  nodes_held++;
  node->uses = 1;
  nodes[slot] = node;
  elsewhere |= node->dev != nodes[0]->dev;
  struct node **bucket = &buckets[bucket_of(node->dev, node->ino)];
  node->next = *bucket;
  *bucket = node;
  return node;
}

bool nodes_begin(int root_fd) {
  struct stat status;
  uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t fit = memory / MEMORY_PART / NODE_BYTES;
  nodes_max = fit < NODES_LEAST ? NODES_LEAST : fit > NODES_MAX ? NODES_MAX : (uint32_t)fit;
  mount_fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  handles_work = mount_fd >= 0;
  return fstat(root_fd, &status) == 0 && insert(root_fd, &status) != NULL;
}

/* It is not found by its inode any more. */
static void hide(const struct node *node) {
  struct node **at = &buckets[bucket_of(node->dev, node->ino)];
  while (*at != NULL && *at != node) {
    at = &(*at)->next;
  }
  if (*at != NULL) {
    *at = node->next;
  }
}

static void drop(struct node *node) {
  hide(node);
  nodes[node->id - 1] = NULL;
  free_nodes[free_count++] = (uint32_t)(node->id - 1);
  if (node->fd >= 0) {
    close(node->fd);
    nodes_held--;
  }
  free(node->handle);
  free(node);
}

union any_handle {
  struct file_handle head;
  uint8_t bytes[sizeof(struct file_handle) + HANDLE_BYTES];
};

/* Its length, or 0 where there is none. */
static size_t handle_of(int fd, union any_handle *into) {
  int mount;
  *into = (union any_handle){.head = {.handle_bytes = HANDLE_BYTES}};
  bool is = name_to_handle_at(fd, "", &into->head, &mount, AT_EMPTY_PATH) == 0;
  return is ? sizeof(struct file_handle) + into->head.handle_bytes : 0;
}

/* Makes the handle by which a file of the root's file system is found again. */
static bool describe(struct node *node) {
  union any_handle handle;
  if (node->dev != nodes[0]->dev) {
    return false;
  }
  size_t length = handle_of(node->fd, &handle);
  if (length == 0) {
    handles_work &= errno != EOPNOTSUPP;
    return false;
  }
  node->handle = malloc(length);
  if (node->handle != NULL) {
    memcpy(node->handle, &handle, length);
  }
  return node->handle != NULL;
}

/* A file without a name is found by its handle only while somebody holds it. */
static bool is_to_stay(struct node *node) {
  struct stat status;
  if (nodes_held >= NODES_HELD_MAX + NODES_NAMELESS_MAX) {
    return false;
  }
  node->nameless = node->nameless || (fstat(node->fd, &status) == 0 && status.st_nlink == 0);
  return node->nameless;
}

/* Lets some descriptors go where there are too many. */
static void make_room(void) {
  for (uint32_t tried = 0; handles_work && nodes_held >= NODES_HELD_MAX && tried < nodes_used; tried++) {
    hand = hand + 1 < nodes_used ? hand + 1 : 1;
    struct node *node = hand < nodes_used ? nodes[hand] : NULL;
    if (node != NULL && node->fd >= 0 && node->pins == 0 && !is_to_stay(node) &&
        (node->handle != NULL || describe(node))) {
      let_go = true;
      close(node->fd);
      node->fd = -1;
      nodes_held--;
    }
  }
}

static bool hold(struct node *node) {
  if (node->fd < 0) {
    make_room();
    node->fd = open_by_handle_at(mount_fd, node->handle, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    nodes_held += node->fd >= 0;
  }
  return node->fd >= 0;
}

static struct node *known(uint64_t id) {
  return id >= 1 && id <= nodes_used ? nodes[id - 1] : NULL;
}

struct node *node_get(uint64_t id) {
  pthread_mutex_lock(&lock);
  struct node *node = known(id);
  if (node != NULL && hold(node)) {
    node->pins++;
  } else {
    node = NULL;
  }
  pthread_mutex_unlock(&lock);
  return node;
}

void node_put(struct node *node) {
  pthread_mutex_lock(&lock);
  node->pins--;
  if (node->uses == 0 && node->pins == 0) {
    drop(node);
  }
  pthread_mutex_unlock(&lock);
}

/* An inode that nobody holds may be another file's by now, which the handle tells. */
static bool is_still(const struct node *node, int fd) {
  if (node->fd >= 0) {
    return true;
  }
  union any_handle handle;
  size_t length = handle_of(fd, &handle);
  return length == sizeof(struct file_handle) + node->handle->handle_bytes &&
         memcmp(node->handle, &handle, length) == 0;
}

static struct node *of(const struct stat *status) {
  struct node *node = buckets[bucket_of(status->st_dev, status->st_ino)];
  while (node != NULL && (node->ino != status->st_ino || node->dev != status->st_dev ||
                          node->type != (status->st_mode & S_IFMT))) {
    node = node->next;
  }
  return node;
}

bool nodes_let_go(void) {
  pthread_mutex_lock(&lock);
  bool any = let_go;
  pthread_mutex_unlock(&lock);
  return any;
}

struct node *node_keep(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) {
    close(fd);
    return NULL;
  }
  pthread_mutex_lock(&lock);
  struct node *node = of(&status);
  bool takes = node != NULL && node->fd < 0 && is_still(node, fd);
  if (takes) {
    make_room();
    node->fd = fd;
    nodes_held++;
  }
  if (node != NULL && node->fd >= 0) {
    node->pins++;
  } else {
    node = NULL;
  }
  pthread_mutex_unlock(&lock);
  if (!takes) {
    close(fd);
  }
  return node;
}

int node_found(int fd, struct fuse_entry *entry) {
  struct stat status;
  if (fstatat(fd, "", &status, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  pthread_mutex_lock(&lock);
  struct node *node = of(&status);
  if (node != NULL && !is_still(node, fd)) {
    hide(node);
    node = NULL;
  }
  if (node != NULL) {
    node->uses++;
    close(fd);
  } else {
    make_room();
    node = insert(fd, &status);
  }
  uint64_t id = node != NULL ? node->id : 0;
  pthread_mutex_unlock(&lock);
  if (id == 0) {
    close(fd);
    return -ENFILE;
  }
  /* The host tells files apart by device and inode; an inode that is held needs no generation. */
  *entry = (struct fuse_entry){.nodeid = id, .generation = status.st_dev};
  fill(&status, &entry->attr);
  return 0;
}

void node_forget(uint64_t id, uint64_t uses) {
  pthread_mutex_lock(&lock);
  struct node *node = id == FUSE_ROOT ? NULL : known(id);
  if (node != NULL) {
    node->uses = uses >= node->uses ? 0 : node->uses - uses;
    if (node->uses == 0 && node->pins == 0) {
      drop(node);
    }
  }
  pthread_mutex_unlock(&lock);
}

bool nodes_elsewhere(void) {
  pthread_mutex_lock(&lock);
  bool any = elsewhere;
  pthread_mutex_unlock(&lock);
  return any;
}

uint64_t held_add(int fd, bool directory) {
  struct held *handle = calloc(1, sizeof *handle);
  uint64_t id = 0;
  pthread_mutex_lock(&lock);
  for (uint32_t tried = 0; handle != NULL && id == 0 && tried < HANDLES_MAX; tried++) {
    uint32_t slot = (handle_hint + tried) % HANDLES_MAX;
    if (handles[slot] == NULL) {
      handle->fd = fd;
      handle->directory = directory;
      handle->pins = 1;
      handles[slot] = handle;
      handle_hint = slot + 1;
      id = (uint64_t)handle_counts[slot] << 32 | (slot + 1);
    }
  }
  pthread_mutex_unlock(&lock);
  if (id == 0) {
    free(handle);
    close(fd);
  }
  return id;
}

static struct held **chosen_at(uint64_t id) {
  struct held **at = &chosen[id % CHOSEN_BUCKETS];
  while (*at != NULL && (*at)->number != id) {
    at = &(*at)->next;
  }
  return at;
}

struct held *held_choose(uint64_t id, int fd) {
  struct held *made = calloc(1, sizeof *made);
  pthread_mutex_lock(&lock);
  struct held **at = chosen_at(id);
  if (*at == NULL && made != NULL && chosen_count < HANDLES_MAX) {
    *made = (struct held){.fd = fd, .pins = 1, .number = id};
    *at = made;
    chosen_count++;
    made = NULL;
    fd = -1;
  }
  struct held *handle = *at;
  if (handle != NULL) {
    handle->pins++;
  }
  pthread_mutex_unlock(&lock);
  free(made);
  if (fd >= 0) {
    close(fd);
  }
  return handle;
}

static struct held *held_known(uint64_t id, bool directory) {
  if ((id & SHARE_HANDLE_CHOSEN) != 0) {
    return directory ? NULL : *chosen_at(id);
  }
  uint64_t slot = (id & 0xffffffffu) - 1;
  struct held *handle =
      slot < HANDLES_MAX && handle_counts[slot] == id >> 32 ? handles[slot] : NULL;
  return handle != NULL && handle->directory == directory ? handle : NULL;
}

struct held *held_get(uint64_t id, bool directory) {
  pthread_mutex_lock(&lock);
  struct held *handle = held_known(id, directory);
  if (handle != NULL) {
    handle->pins++;
  }
  pthread_mutex_unlock(&lock);
  return handle;
}

void held_put(struct held *handle) {
  pthread_mutex_lock(&lock);
  bool last = --handle->pins == 0;
  pthread_mutex_unlock(&lock);
  if (last) {
    close(handle->fd);
    free(handle);
  }
}

void held_close(uint64_t id, bool directory) {
  pthread_mutex_lock(&lock);
  struct held *handle = held_known(id, directory);
  if (handle != NULL && (id & SHARE_HANDLE_CHOSEN) != 0) {
    *chosen_at(id) = handle->next;
    chosen_count--;
  } else if (handle != NULL) {
    uint64_t slot = (id & 0xffffffffu) - 1;
    handles[slot] = NULL;
    handle_counts[slot] = (handle_counts[slot] + 1) & HANDLE_COUNTS;
  }
  pthread_mutex_unlock(&lock);
  if (handle != NULL) {
    held_put(handle);
  }
}

bool held_closes_quickly(uint64_t id, bool directory) {
  pthread_mutex_lock(&lock);
  const struct held *handle = held_known(id, directory);
  bool quickly = handle == NULL || handle->written <= WRITTEN_LITTLE;
  pthread_mutex_unlock(&lock);
  return quickly;
}
