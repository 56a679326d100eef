/* What the parts of the agent share. One thread, one epoll, fixed tables: nothing here allocates
 * by a size that comes from outside. */
#ifndef LODGE_AGENT_H
#define LODGE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lane.h"
#include "request.h"
#include "wire.h"

/* loop.c: descriptors that are waited for. */

struct watch {
  int fd; /* -1: none */
  int64_t registered; /* events epoll waits for, or -1 */
  void (*ready)(struct watch *, uint32_t events);
};

void loop_begin(void);
/* Waits once and handles what happened. */
void loop_turn(void);
/* Takes ownership of the descriptor; it is non-blocking and not waited for yet. */
void watch_begin(struct watch *, int fd, void (*ready)(struct watch *, uint32_t events));
/* Waits for these events; not even for errors where negative. */
void watch_want(struct watch *, int64_t events);
void watch_end(struct watch *);

/* carrier.c: how the host is reached. */

void carrier_use_unix(const char *path);
/* False where another agent serves this guest: the newest would have the main channel, by turns.
 * Where there are no virtio sockets yet that is not known, and to be asked again. */
bool carrier_is_ours(void);
bool carrier_is_unix(void);
/* The path of that socket. */
const char *carrier_unix(void);
/* A non-blocking socket that connects, or -1. */
int carrier_dial(void);
/* The same from a port that only root can have, where this process can: so the host knows it from a
 * program of an ordinary user. */
int carrier_dial_as_root(void);
/* Rows come there by megabytes: gives them room, so that who sends them need not wait for each word
 * of what has been read. */
void carrier_takes_rows(int fd);
/* Whether it can be given memory to send from without a copy, by MSG_ZEROCOPY. */
bool carrier_takes_pages(int fd);
/* What EPOLLERR means there: an end, or only that such memory has been sent, which this takes note
 * of. */
bool carrier_has_failed(int fd);
/* A connect that was begun has an outcome: 0, an errno, or EINPROGRESS. */
int connect_outcome(int fd);

/* A service that a program of the guest calls. */
struct service {
  const char *name;
  const char *argument;
  const char *target;
};

size_t put_preface(uint8_t *into, size_t room, int kind, uint64_t token, uint32_t flags,
                   const struct service *);

/* channel.c: the main channel. */

void channel_begin(void);
bool channel_is_open(void);
void send_result(uint64_t call, int error, const char *text);
void send_result_body(uint64_t call, const void *body, size_t length);
void send_exited(uint64_t call, uint32_t code, uint32_t signal);

/* blocks.c: memory for bytes that could not go on at once. There is one for every use: two for
 * each connection, one for each handle up to a number that is checked. */

#define BLOCK_BYTES 69632
#define RELAYS_MAX 320
#define BLOCKS_MAX 1152

/* Zeroes for as long as the agent lives, as a static array has them, but only once they are needed
 * and in small pages: of a large table few entries are ever used. */
void *table_make(size_t bytes);
uint8_t *block_take(void);
void block_give(uint8_t *block);
/* How many are lent. */
int blocks_taken(void);

/* relay.c: bytes between a connection to the host and something in the guest. */

/* Of all relays, for sockets: what other guests reach and what programs here call. The rest is for
 * programs and files of the host, which nobody is to keep out. */
#define RELAYS_OF_SOCKETS (RELAYS_MAX - 96)
/* Of those, for what programs here call: any of them may call as often as it likes. */
#define RELAYS_OF_CALLS 160

struct relay;

enum local {
  LOCAL_SOCKET,   /* reads and writes one descriptor, half-closes */
  LOCAL_TERMINAL, /* as a socket, but its end is an error, and it has no half-close */
  LOCAL_PIPES,    /* reads one, writes another */
  LOCAL_READ_FILE,
  LOCAL_WRITE_FILE
};

/* Told when a relay has ended, by its error or 0; the relay must not be used after. */
typedef void (*relay_ended)(void *owner, int error);

/* Takes ownership of the descriptors, also where there is no room: NULL then. `write_fd` is -1
 * where it is the same as `read_fd`, or nothing is written. With a service it is a call, else an
 * announced connection. */
struct relay *relay_begin(enum local, int read_fd, int write_fd, uint64_t token,
                          const struct service *, bool local_connects, relay_ended, void *owner);
/* Nobody reads what the host still sends. */
void relay_no_input(struct relay *);
/* The call is answered once both sides are connected, or fail to be. */
void relay_answer(struct relay *, uint64_t call);
/* The owner wants to hear no more. */
void relay_disown(struct relay *);
void relay_close(struct relay *, int error);
/* Whether so many can begin that are not for sockets. */
bool relays_are_free(int count);
/* How many bytes came from the host. */
uint64_t relay_received(const struct relay *);
/* The descriptor of a terminal, for its size. */
int relay_local_fd(const struct relay *);
void relays_reclaim(void);

/* carriage.c: as a relay, for a Unix socket with its descriptors. */

/* Takes ownership of the descriptor, also where it fails, with errno. With a service it is a call,
 * else an announced connection whose call is answered. */
bool carriage_begin(int local_fd, bool local_connects, uint64_t token, const struct service *,
                    uint64_t call);
void carriages_reclaim(void);
/* handle.c: the same for what they have. */
void handles_reclaim(void);
/* In a child: it gets back the limits that the agent was started with. */
void carriages_leave_program(void);

/* made.c: the folder of an absolute path, if only that is missing. */

void make_folder_of(const char *path);

/* program.c: programs that the host runs. */

void programs_begin(void);
void program_exec(struct request *);
void program_resize(const struct request *);
void program_signal(const struct request *);
/* The host has gone: programs get a hang-up, as from a terminal that was closed. */
void programs_hang_up(void);

/* user.c: the guest's users, read from its own files: a static program has no name services. */

#define GROUPS_MAX 32
#define USER_VARIABLES 4

struct user {
  uid_t uid;
  gid_t gid;
  gid_t groups[GROUPS_MAX];
  size_t group_count;
  /* HOME=, USER=, LOGNAME= and SHELL= */
  char variables[USER_VARIABLES][288];
};

bool user_find(const char *name, struct user *into);

/* files.c, local.c, stats.c, power.c: the other requests. */

void file_get(const struct request *);
void file_put(const struct request *);
void local_open(const struct request *);
void local_listen(const struct request *);
void local_unlisten(const struct request *);
/* share.c: a directory, served by a process of its own. */
void share_open(const struct request *);
size_t stats_write(uint8_t *into, size_t room);
size_t clocks_write(uint8_t *into, size_t room);
int power_down(uint32_t kind);

/* up.c: whether the guest has come up since its boot. */

void up_keep(void);
bool up_said(void);

/* stats.c: the first line of a small file, or nothing. */
void read_line(const char *path, char *into, size_t room);

/* root.c: the agent may start in an initramfs and outlive it. */

void root_begin(bool in_initramfs, char *name);
/* For process 1 in an initramfs: returns in a new process, while this one becomes /init. */
void root_first_program(char **arguments);
/* Returns in a new process, and in another one whenever that has ended; nobody else in an initramfs
 * would start the agent again. */
void root_guard(void);
/* Moves to the root of process 1, where that has changed. */
void root_follow(void);
/* False while the guest is in its initramfs, whose files are not those it is going to have. */
bool root_is_final(void);

#endif
