/* What the parts of a connection with handles share; see handles.h for what it speaks. */
#ifndef LODGE_CARRIAGE_H
#define LODGE_CARRIAGE_H

#include <sys/uio.h>

#include "agent.h"
#include "frame.h"

#define CARRIAGES_MAX 128
#define HANDLES_OF_PROGRAMS_MAX 4096
/* As many as hosts can make: where there are not as many descriptors, they fail one by one. */
#define HANDLES_TOTAL (CARRIAGES_MAX * LODGE_HANDLES_MAX + HANDLES_OF_PROGRAMS_MAX)
#define PIPES_TOTAL (BLOCKS_MAX - 2 * RELAYS_MAX - 2 * CARRIAGES_MAX)
#define PASSES_MAX (LODGE_WINDOW / LODGE_PASS_COST)

/* Beside enum lodge_kind_of_handle. */
#define KIND_LISTENER 4

/* Bytes on their way into something that may take them later; never more than LODGE_WINDOW. */
struct queue {
  uint8_t *block; /* NULL: empty */
  uint32_t start;
  uint32_t end;
  uint32_t window;     /* what the host may still send */
  uint32_t credit_due; /* what went on, and the host was not told */
};

struct handle {
  struct watch watch; /* its descriptor; waited for where it is a pipe or a socket */
  int passed_fd;      /* the end of a pipe that the program is to get, or -1 */
  struct carriage *owner;
  uint32_t id;
  uint32_t uses;  /* reads and passes that are not done */
  uint8_t kind;   /* enum lodge_kind_of_handle */
  uint8_t access; /* what the host may still do: LODGE_READABLE, LODGE_WRITABLE */
  bool closing;
  bool ready; /* there may be something to read */
  struct queue queue;
  bool ends; /* the host writes no more */
  uint32_t read_credit;
  uint32_t failure; /* an errno that is to be told, once */
  bool failed;
  bool counted; /* as a pipe */
  uint8_t ends_due; /* LODGE_PIPE_OUT_ENDED, LODGE_PIPE_IN_ENDED */
  uint32_t end_errno;
  bool mappable; /* a file in memory: the kernel may move its bytes from and to a mapping */
  uint8_t *map;  /* NULL: none */
  size_t map_bytes;
  bool due; /* is in its owner's list of handles with news for the host */
  struct handle *next; /* in that list, or among the free ones */
  struct handle *before; /* of its owner's handles */
  struct handle *after;
};

struct pending_read {
  struct handle *handle;
  uint32_t tag;
  struct rows rows;
  bool by_lane;
  uint64_t position; /* in the lane */
};

/* The rest of a frame's rows, which follow what is unsent. */
struct outgoing {
  struct handle *handle;
  struct rows rows;
  uint32_t left;
};

struct carriage {
  struct watch link;  /* to the host */
  struct watch local; /* the socket of the guest */
  bool used;
  bool link_connects;
  bool local_connects;
  bool link_readable;
  bool local_readable;
  bool lane_due;   /* the host is to be told of the lane */
  bool lends;      /* rows go to the host without a copy by this kernel */
  bool link_ended; /* the host has hung up in order: what it sent still goes on */
  bool local_in_ended;
  bool local_out_ended; /* the program reads no more */
  bool end_due;         /* to be told: the program sends no more */
  bool ends;            /* to be told the program after the queue */
  uint32_t reply_due;
  uint8_t reply[LODGE_REPLY_BYTES];
  bool answer_due;
  uint64_t call;

  uint8_t head[FRAME_HEAD_MAX]; /* of the frame that is coming in */
  size_t head_used;
  struct frame frame;
  uint32_t payload_left;
  struct handle *payload_to;

  uint8_t *unsent; /* a block, or NULL */
  uint32_t unsent_start;
  uint32_t unsent_end;
  struct outgoing outgoing;
  uint32_t local_credit; /* bytes of the program that the host takes */
  struct queue queue;    /* to the program */
  struct handle *passes[PASSES_MAX];
  uint32_t passes_start;
  uint32_t passes_count;

  struct handle *all;
  struct handle *due;
  struct handle *of_host[LODGE_HANDLES_MAX];
  uint32_t of_program;
  struct pending_read reads[LODGE_READS_MAX];
  uint32_t reads_start;
  uint32_t reads_count;
  struct carriage *next;
};

/* carriage.c */

/* Ends it at once. It must not be used after. */
void carriage_end(struct carriage *, const char *why);
/* Says what is to be waited for; ends it where nothing is. */
void carriage_settle(struct carriage *);

/* carriage_in.c: frames of the host take effect. False where the carriage has ended. */

bool carriage_take(struct carriage *, const uint8_t *bytes, size_t count);
/* Where the link's next bytes are to be put without a detour, if anywhere: how many parts that
 * are. What came there is told by the second. */
size_t carriage_target(struct carriage *, struct iovec *into, size_t room);
void carriage_came(struct carriage *, uint32_t count);
/* Gives the program what waits for it. False where the carriage has ended. */
bool carriage_feed(struct carriage *);

/* carriage_out.c: sends what is due until the link takes no more. False where the carriage has
 * ended. */

bool carriage_send(struct carriage *);
bool carriage_has_unsent(const struct carriage *);
/* The rest of a frame's rows is not to be sent, or has been. */
void outgoing_over(struct carriage *);

/* handle.c */

/* NULL where there are too many. */
struct handle *handle_take(struct carriage *, uint32_t id_of_host);
/* How many the program may still send. */
size_t handles_free(const struct carriage *);
/* It becomes a pipe or a socket, of which there are fewer than of handles. False where there are too
 * many. */
bool handle_counts_as_pipe(struct handle *);
/* How many are in use, or were in this turn. */
size_t handles_taken(void);
void handles_end(struct carriage *);
/* The host has hung up: only what still waits to be written stays. */
void handles_hang_up(struct carriage *);
/* Whether something waits to be written to a pipe. */
bool handles_have_output(const struct carriage *);
struct handle *handle_find(struct carriage *, uint32_t id);
/* It has news for the host. */
void handle_due(struct handle *);
void handle_fail(struct handle *, int error);
void handle_close(struct handle *);
/* One use less; the last one of a handle that is closing frees it, or tells the host first. */
void handle_used(struct handle *);
void handle_free(struct handle *);
void handle_ready(struct watch *, uint32_t events);
/* Writes what waits for a pipe. */
void handle_feed(struct handle *);
void handle_want(struct handle *);

/* rows.c */

/* Moves on by bytes that are whole rows, or a part of one. */
void rows_advance(struct rows *, uint64_t count);
/* Whether the next bytes of rows lie in a mapping of their file now. That may be untrue the moment
 * after: only system calls may be given what is in it. */
bool rows_map(struct handle *, const struct rows *, uint64_t bytes);
void rows_unmap(struct handle *);
/* A system call could not use the mapping. */
void rows_never_map(struct handle *);
/* Where the next bytes lie, as far as there is room. How many parts that are. */
size_t rows_vectors(const struct handle *, struct rows, uint64_t bytes, struct iovec *into,
                    size_t room);
/* Moves the sectors of one row, which is all there is, between its file and the lane. False where that
 * can't be, with errno. */
bool row_to_lane(struct handle *, const struct rows *, uint64_t position);
bool row_from_lane(struct handle *, const struct rows *, uint64_t position);
/* How many bytes whole rows have that fit, or a part of one that is too long. */
size_t rows_at_once(const struct rows *, size_t most);
/* Reads so many bytes; fewer only where the file lacks them, or by an error, else 0. */
size_t rows_read(int fd, struct rows, uint8_t *into, size_t count, int *error);
/* Writes bytes and moves on by them; what fails makes the handle fail. */
void rows_write(struct handle *, struct rows *, const uint8_t *bytes, size_t count);

/* made.c: what the host lets the agent make. */

void make_handle(struct handle *, const struct frame *);
void resize_file(struct handle *, uint64_t size, uint32_t seals);

/* descriptor.c */

/* What the program sent, as a handle; never fails: what can't be carried is refused. */
void descriptor_classify(int fd, struct handle *, uint32_t *seals, uint64_t *size);
/* recvmsg with descriptors, 253 at most. -1 with EPROTO where some were lost. */
ssize_t descriptors_receive(int fd, uint8_t *into, size_t room, int *fds, size_t *count);
ssize_t descriptors_send(int fd, const uint8_t *bytes, size_t count, const int *fds, size_t fd_count);

#define DESCRIPTORS_MAX 253
#define DESCRIPTORS_SENT_MAX 28

/* queue.c */

void queue_begin(struct queue *);
void queue_end(struct queue *);
/* The host sends so much; false where that is more than it may. */
bool queue_admit(struct queue *, uint32_t count);
void queue_put(struct queue *, const uint8_t *bytes, uint32_t count);
/* So much went on. */
void queue_done(struct queue *, uint32_t count);
/* Nothing of it will go on. */
void queue_drop(struct queue *);
static inline uint32_t queue_length(const struct queue *queue) {
  return queue->block == NULL ? 0 : queue->end - queue->start;
}
static inline bool queue_owes(const struct queue *queue) {
  return queue->credit_due >= LODGE_WINDOW / 2;
}

#endif
