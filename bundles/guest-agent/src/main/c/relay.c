/* Bytes between a connection to the host and something in the guest, both ways, each at the pace
 * of its reader: nothing is read while what was read before waits to be written. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"

#define READ_BYTES 65536
#define ROUNDS_PER_TURN 8

/* One direction. Between turns it has a block only where the writer could not take all. */
struct flow {
  uint8_t *block;
  uint32_t start;
  uint32_t end;
  bool source_ended;
  bool done;
};

struct relay {
  struct watch link;   /* to the host */
  struct watch input;  /* read here; written too, unless there is an output */
  struct watch output;
  struct flow to_host;
  struct flow from_host;
  enum local local;
  bool link_connects;
  bool local_connects;
  uint32_t reply_due; /* bytes of the host's reply that are not relayed */
  uint8_t reply[LODGE_REPLY_BYTES];
  uint64_t received;
  bool answer_due;
  uint64_t call;
  relay_ended ended;
  void *owner;
  bool is_call;
  bool used;
  struct relay *next;
};

static struct relay relays[RELAYS_MAX];
static struct relay *free_relays;
static struct relay *dying;
static size_t ever_taken; /* those beyond are free, and not resident */
static int relays_used;
static int sockets_used;
static int calls_used;

static uint8_t scratch[READ_BYTES];

static void drop(struct flow *flow) {
  if (flow->block != NULL) {
    block_give(flow->block);
    flow->block = NULL;
  }
  flow->done = true;
}

void relay_close(struct relay *relay, int error) {
  if (!relay->used) {
    return;
  }
  relay->used = false;
  drop(&relay->to_host);
  drop(&relay->from_host);
  watch_end(&relay->link);
  watch_end(&relay->input);
  watch_end(&relay->output);
  relay->next = dying;
  dying = relay;
  if (relay->answer_due) {
    send_result(relay->call, error != 0 ? error : ECONNRESET, strerror(error));
  }
  if (relay->ended != NULL) {
    relay->ended(relay->owner, error);
  }
}

void relays_reclaim(void) {
  while (dying != NULL) {
    struct relay *relay = dying;
    dying = relay->next;
    relay->next = free_relays;
    free_relays = relay;
    relays_used--;
    sockets_used -= relay->local == LOCAL_SOCKET;
    calls_used -= relay->is_call;
  }
}

static bool is_file(const struct relay *relay) {
  return relay->local == LOCAL_READ_FILE || relay->local == LOCAL_WRITE_FILE;
}

static void want(struct relay *relay) {
  struct flow *out = &relay->to_host;
  struct flow *in = &relay->from_host;
  if (relay->link_connects || relay->local_connects) {
    watch_want(&relay->link, relay->link_connects ? EPOLLOUT : -1);
    watch_want(&relay->input, relay->local_connects ? EPOLLOUT : -1);
    return;
  }
  uint32_t link = 0;
  if (!out->done && (out->block != NULL || relay->local == LOCAL_READ_FILE)) {
    link |= EPOLLOUT;
  }
  if (relay->reply_due > 0 || (!in->done && in->block == NULL)) {
    link |= EPOLLIN;
  }
  /* With nothing to wait for, a hang-up is news only once the host's end of file was read. */
  watch_want(&relay->link, link != 0 || in->done ? (int64_t)link : -1);
  if (is_file(relay)) {
    return;
  }
  struct watch *writes = relay->output.fd >= 0 ? &relay->output : &relay->input;
  uint32_t read_events = !out->done && out->block == NULL && relay->reply_due == 0 ? EPOLLIN : 0;
  uint32_t write_events = !in->done && in->block != NULL ? EPOLLOUT : 0;
  if (writes == &relay->input) {
    read_events |= write_events;
  } else {
    watch_want(writes, write_events != 0 ? (int64_t)write_events : -1);
  }
  watch_want(&relay->input, read_events != 0 ? (int64_t)read_events : -1);
}

/* The source has ended and all is written. */
static void finish(struct relay *relay, struct flow *flow) {
  flow->done = true;
  if (flow == &relay->to_host) {
    shutdown(relay->link.fd, SHUT_WR);
  } else if (relay->local == LOCAL_PIPES) {
    watch_end(&relay->output);
  } else if (relay->local == LOCAL_SOCKET) {
    shutdown(relay->input.fd, SHUT_WR);
  }
}

/* Whether a failed read means the end of the source. */
static bool is_end(const struct relay *relay, const struct flow *flow, int error) {
  return flow == &relay->to_host && relay->local == LOCAL_TERMINAL && error == EIO;
}

/* Writes; what does not fit now goes to the flow's block. False where the relay is gone. */
static bool put(struct relay *relay, struct flow *flow, int to, const uint8_t *bytes,
                uint32_t count) {
  uint32_t done = 0;
  while (done < count) {
    ssize_t written = write(to, bytes + done, count - done);
    if (written >= 0) {
      done += (uint32_t)written;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      if (flow == &relay->from_host && relay->local != LOCAL_WRITE_FILE) {
        relay_no_input(relay);
        return relay->used;
      }
      relay_close(relay, errno);
      return false;
    }
  }
  if (done == count) {
    if (flow->block != NULL) {
      block_give(flow->block);
      flow->block = NULL;
    }
    return true;
  }
  if (flow->block == NULL) {
    flow->block = block_take();
    memcpy(flow->block, bytes + done, count - done);
    flow->start = 0;
    flow->end = count - done;
  } else {
    flow->start += done;
  }
  return true;
}

/* Moves what can be moved in one direction. False where the relay is gone. */
static bool move(struct relay *relay, struct flow *flow, int from, int to) {
  for (int round = 0; round < ROUNDS_PER_TURN && !flow->done; round++) {
    if (flow->block != NULL) {
      if (!put(relay, flow, to, flow->block + flow->start, flow->end - flow->start)) {
        return false;
      }
      if (flow->block != NULL) {
        return true;
      }
      continue;
    }
    if (flow->source_ended) {
      finish(relay, flow);
      break;
    }
    ssize_t count = read(from, scratch, sizeof scratch);
    if (count == 0 || (count < 0 && is_end(relay, flow, errno))) {
      flow->source_ended = true;
    } else if (count < 0) {
      if (errno == EAGAIN) {
        break;
      }
      if (errno != EINTR) {
        relay_close(relay, errno);
        return false;
      }
    } else {
      if (flow == &relay->from_host) {
        relay->received += (uint64_t)count;
      }
      if (!put(relay, flow, to, scratch, (uint32_t)count)) {
        return false;
      }
      if (flow->block != NULL) {
        break;
      }
    }
  }
  return true;
}

/* Reads the host's reply to a call; a refusal ends the relay. */
static bool take_reply(struct relay *relay) {
  while (relay->reply_due > 0) {
    size_t have = LODGE_REPLY_BYTES - relay->reply_due;
    ssize_t count = read(relay->link.fd, relay->reply + have, relay->reply_due);
    if (count <= 0) {
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
      }
      relay_close(relay, ECONNREFUSED);
      return false;
    }
    relay->reply_due -= (uint32_t)count;
  }
  struct reader in = {relay->reply, LODGE_REPLY_BYTES, false};
  int status = read_u16(&in);
  if (status != 0 || read_u16(&in) != 0) {
    relay_close(relay, status != 0 ? status : EPROTO);
    return false;
  }
  return true;
}

static void work(struct relay *relay) {
  int writes = relay->output.fd >= 0 ? relay->output.fd : relay->input.fd;
  if (relay->reply_due > 0) {
    if (relay->to_host.block != NULL &&
        !put(relay, &relay->to_host, relay->link.fd, relay->to_host.block + relay->to_host.start,
             relay->to_host.end - relay->to_host.start)) {
      return;
    }
    if (!take_reply(relay)) {
      return;
    }
    if (relay->reply_due > 0) {
      want(relay);
      return;
    }
  }
  if (!move(relay, &relay->to_host, relay->input.fd, relay->link.fd) ||
      !move(relay, &relay->from_host, relay->link.fd, writes)) {
    return;
  }
  if (relay->to_host.done && relay->from_host.done) {
    relay_close(relay, 0);
  } else {
    want(relay);
  }
}

static void connected(struct relay *relay, struct watch *watch, bool *connects) {
  int outcome = connect_outcome(watch->fd);
  if (outcome == EINPROGRESS) {
    return;
  }
  if (outcome != 0) {
    relay_close(relay, outcome);
    return;
  }
  *connects = false;
  if (relay->link_connects || relay->local_connects) {
    want(relay);
    return;
  }
  if (relay->answer_due) {
    relay->answer_due = false;
    send_result(relay->call, 0, "");
  }
  work(relay);
}

static void link_ready(struct watch *watch, uint32_t events) {
  struct relay *relay = (struct relay *)((char *)watch - offsetof(struct relay, link));
  if (relay->link_connects) {
    connected(relay, watch, &relay->link_connects);
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0 && relay->from_host.done &&
             relay->reply_due == 0) {
    relay_close(relay, ECONNRESET);
  } else {
    work(relay);
  }
}

static void input_ready(struct watch *watch, uint32_t events) {
  struct relay *relay = (struct relay *)((char *)watch - offsetof(struct relay, input));
  (void)events;
  if (relay->local_connects) {
    connected(relay, watch, &relay->local_connects);
  } else {
    work(relay);
  }
}

static void output_ready(struct watch *watch, uint32_t events) {
  (void)events;
  work((struct relay *)((char *)watch - offsetof(struct relay, output)));
}

static void close_both(int read_fd, int write_fd) {
  if (read_fd >= 0) {
    close(read_fd);
  }
  if (write_fd >= 0) {
    close(write_fd);
  }
}

bool relays_are_free(int count) { return relays_used + count <= RELAYS_MAX; }

static bool has_room(enum local local, bool is_call) {
  return relays_are_free(1) && (local != LOCAL_SOCKET || sockets_used < RELAYS_OF_SOCKETS) &&
         (!is_call || calls_used < RELAYS_OF_CALLS);
}

struct relay *relay_begin(enum local local, int read_fd, int write_fd, uint64_t token,
                          const struct service *service, bool local_connects,
                          relay_ended ended, void *owner) {
  int link = -1;
  bool room = has_room(local, service != NULL);
  if (room) {
    link = service != NULL ? carrier_dial_as_root() : carrier_dial();
  }
  if (link < 0) {
    int error = room ? errno : EMFILE;
    close_both(read_fd, write_fd);
    errno = error;
    return NULL;
  }
  struct relay *relay = free_relays;
  if (relay != NULL) {
    free_relays = relay->next;
  } else {
    relay = &relays[ever_taken++];
  }
  relays_used++;
  sockets_used += local == LOCAL_SOCKET;
  calls_used += service != NULL;
  *relay = (struct relay){
      .local = local,
      .link_connects = true,
      .local_connects = local_connects,
      .reply_due = service != NULL ? LODGE_REPLY_BYTES : 0,
      .ended = ended,
      .owner = owner,
      .is_call = service != NULL,
      .used = true,
  };
  watch_begin(&relay->link, link, link_ready);
  watch_begin(&relay->input, read_fd, input_ready);
  watch_begin(&relay->output, write_fd, output_ready);
  relay->to_host.block = block_take();
  relay->to_host.end = (uint32_t)put_preface(
      relay->to_host.block, BLOCK_BYTES, service != NULL ? LODGE_CALL : LODGE_ANNOUNCED, token, 0,
      service);
  relay->to_host.source_ended = read_fd < 0;
  relay->from_host.done = local == LOCAL_READ_FILE || (local == LOCAL_PIPES && write_fd < 0);
  want(relay);
  return relay;
}

void relay_no_input(struct relay *relay) {
  drop(&relay->from_host);
  if (!relay->link_connects) {
    shutdown(relay->link.fd, SHUT_RD);
  }
  if (relay->local == LOCAL_PIPES) {
    watch_end(&relay->output);
  }
  if (relay->to_host.done) {
    relay_close(relay, 0);
  } else {
    want(relay);
  }
}

void relay_answer(struct relay *relay, uint64_t call) {
  relay->answer_due = true;
  relay->call = call;
}

void relay_disown(struct relay *relay) {
  relay->ended = NULL;
  relay->owner = NULL;
}

uint64_t relay_received(const struct relay *relay) { return relay->received; }

int relay_local_fd(const struct relay *relay) { return relay->input.fd; }
