/* A connection between a Unix socket of the guest and the host, with its descriptors. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carriage.h"

#define TAKES_PER_TURN 24
#define HEADS_BYTES 4096
#define PARTS_MAX 257
#define DESCRIPTORS_WANTED 16384

static struct carriage *carriages;
static struct carriage *free_carriages;
static size_t ever_taken; /* those beyond are free, and not resident */
static struct carriage *dying;
static uint8_t scratch[BLOCK_BYTES];
static struct rlimit former_limit;
static int complaints_left = 64; /* programs must not fill the console */

/* Handles need more descriptors than programs may expect by default. */
static void raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    former_limit = limit;
    limit.rlim_cur = DESCRIPTORS_WANTED;
    limit.rlim_max = limit.rlim_max < DESCRIPTORS_WANTED ? DESCRIPTORS_WANTED : limit.rlim_max;
    if (former_limit.rlim_cur < DESCRIPTORS_WANTED && setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      limit.rlim_cur = limit.rlim_max = former_limit.rlim_max;
      setrlimit(RLIMIT_NOFILE, &limit);
    }
  }
}

void carriages_leave_program(void) {
  if (former_limit.rlim_max != 0) {
    setrlimit(RLIMIT_NOFILE, &former_limit);
  }
}

static void set_up_once(void) {
  static bool done;
  if (done) {
    return;
  }
  done = true;
  carriages = table_make(sizeof(struct carriage[CARRIAGES_MAX]));
  raise_limit();
}

void carriage_end(struct carriage *carriage, const char *why) {
  if (!carriage->used) {
    return;
  }
  if (why != NULL && complaints_left > 0) {
    complaints_left--;
    fprintf(stderr, "lodge-agent: a connection ends: %s\n", why);
  }
  carriage->used = false;
  watch_end(&carriage->link);
  watch_end(&carriage->local);
  handles_end(carriage);
  queue_end(&carriage->queue);
  if (carriage->unsent != NULL) {
    block_give(carriage->unsent);
    carriage->unsent = NULL;
  }
  if (carriage->answer_due) {
    send_result(carriage->call, ECONNRESET, why != NULL ? why : "the connection was reset");
  }
  carriage->next = dying;
  dying = carriage;
}

void carriages_reclaim(void) {
  while (dying != NULL) {
    struct carriage *carriage = dying;
    dying = carriage->next;
    carriage->next = free_carriages;
    free_carriages = carriage;
  }
}

/* The host has hung up in order, and what it sent has gone on. */
static bool is_over(const struct carriage *carriage) {
  return carriage->link_ended && queue_length(&carriage->queue) == 0 &&
         !handles_have_output(carriage);
}

void carriage_settle(struct carriage *carriage) {
  if (carriage->link_connects || carriage->local_connects) {
    watch_want(&carriage->link, carriage->link_connects ? EPOLLOUT : -1);
    watch_want(&carriage->local, carriage->local_connects ? EPOLLOUT : -1);
    return;
  }
  if (is_over(carriage)) {
    carriage_end(carriage, NULL);
    return;
  }
  bool waits = carriage_has_unsent(carriage);
  /* A turn sends so much and no more: what is left then waits for the link as well. */
  bool sends = waits || (carriage->reply_due == 0 && !carriage->link_ended &&
                         (carriage->reads_count > 0 || carriage->due != NULL));
  uint32_t link = (carriage->link_ended ? 0 : EPOLLIN) | (sends ? EPOLLOUT : 0);
  watch_want(&carriage->link, link != 0 ? (int64_t)link : -1);
  bool reads = carriage->reply_due == 0 && !waits && !carriage->link_ended &&
               !carriage->local_in_ended && carriage->local_credit > 0;
  uint32_t local = (reads ? EPOLLIN : 0) | (queue_length(&carriage->queue) > 0 ? EPOLLOUT : 0);
  watch_want(&carriage->local, local != 0 ? (int64_t)local : -1);
}

/* Reads the host's reply to a call; a refusal ends the carriage. */
static bool take_reply(struct carriage *carriage) {
  size_t have = LODGE_REPLY_BYTES - carriage->reply_due;
  ssize_t count = read(carriage->link.fd, carriage->reply + have, carriage->reply_due);
  if (count <= 0) {
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      return true;
    }
    carriage_end(carriage, NULL);
    return false;
  }
  carriage->reply_due -= (uint32_t)count;
  struct reader in = {carriage->reply, LODGE_REPLY_BYTES, false};
  if (carriage->reply_due == 0 && (read_u16(&in) != 0 || read_u16(&in) != 0)) {
    carriage_end(carriage, NULL);
    return false;
  }
  return true;
}

/* Nobody reads what was not sent. */
static void hung_up(struct carriage *carriage) {
  carriage->link_ended = true;
  for (; carriage->reads_count > 0; carriage->reads_count--) {
    handle_used(carriage->reads[carriage->reads_start].handle);
    carriage->reads_start = (carriage->reads_start + 1) % LODGE_READS_MAX;
  }
  outgoing_over(carriage);
  handles_hang_up(carriage);
  if (carriage->unsent != NULL) {
    block_give(carriage->unsent);
    carriage->unsent = NULL;
  }
}

/* Reads what the host sends: rows to where they belong, all else to the scratch. Behind rows only
 * the head of another frame is read, so that its rows can be put where they belong, too. As
 * read(2); `asked` is how much there could have been. */
static ssize_t read_link(struct carriage *carriage, size_t *asked, size_t *in_scratch) {
  struct iovec parts[PARTS_MAX];
  size_t count = carriage_target(carriage, parts, PARTS_MAX - 1);
  size_t direct = 0;
  for (size_t i = 0; i < count; i++) {
    direct += parts[i].iov_len;
  }
  size_t most = carriage->payload_left > 0 ? sizeof scratch : HEADS_BYTES;
  if (count > 0) {
    most = direct == carriage->payload_left ? LODGE_FRAME_BYTES + LODGE_ROWS_BYTES : 0;
  }
  parts[count] = (struct iovec){scratch, most};
  ssize_t got = readv(carriage->link.fd, parts, (int)(most > 0 ? count + 1 : count));
  *asked = direct + most;
  *in_scratch = got > (ssize_t)direct ? (size_t)got - direct : 0;
  if (got > 0 && count > 0) {
    carriage_came(carriage, (uint32_t)((size_t)got - *in_scratch));
  } else if (got < 0 && errno == EFAULT && count > 0) {
    /* Writing will tell what is wrong. */
    rows_never_map(carriage->payload_to);
    errno = EINTR;
  }
  return got;
}

/* False where the carriage has ended. */
static bool receive(struct carriage *carriage) {
  for (int i = 0; i < TAKES_PER_TURN && !carriage->link_ended; i++) {
    if (carriage->reply_due > 0) {
      return take_reply(carriage);
    }
    size_t asked;
    size_t in_scratch;
    ssize_t count = read_link(carriage, &asked, &in_scratch);
    if (count == 0) {
      hung_up(carriage);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && errno == EAGAIN) {
      break;
    } else if (count < 0) {
      carriage_end(carriage, NULL);
      return false;
    } else if (!carriage_take(carriage, scratch, in_scratch)) {
      return false;
    } else if ((size_t)count < asked) {
      break;
    }
  }
  return carriage_feed(carriage);
}

static void connected(struct carriage *carriage, struct watch *watch, bool *connects) {
  int outcome = connect_outcome(watch->fd);
  if (outcome == EINPROGRESS) {
    return;
  }
  if (outcome != 0) {
    carriage_end(carriage, strerror(outcome));
    return;
  }
  *connects = false;
  if (!carriage->link_connects && !carriage->local_connects) {
    if (carriage->answer_due) {
      carriage->answer_due = false;
      send_result(carriage->call, 0, "");
    }
    if (!carriage_send(carriage)) {
      return;
    }
  }
  carriage_settle(carriage);
}

static void link_ready(struct watch *watch, uint32_t events) {
  struct carriage *carriage = (struct carriage *)((char *)watch - offsetof(struct carriage, link));
  if (carriage->link_connects) {
    connected(carriage, watch, &carriage->link_connects);
    return;
  }
  if ((events & EPOLLERR) != 0 && carriage->lends && !carrier_has_failed(watch->fd)) {
    events &= ~(uint32_t)EPOLLERR;
  }
  if ((events & EPOLLERR) != 0 && carriage->link_ended) {
    carriage_end(carriage, NULL);
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !receive(carriage)) {
    return;
  }
  if (carriage_send(carriage)) {
    carriage_settle(carriage);
  }
}

static void local_ready(struct watch *watch, uint32_t events) {
  struct carriage *carriage =
      (struct carriage *)((char *)watch - offsetof(struct carriage, local));
  if (carriage->local_connects) {
    connected(carriage, watch, &carriage->local_connects);
    return;
  }
  carriage->local_readable |= (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
                              !carriage->local_in_ended;
  if (carriage_feed(carriage) && carriage_send(carriage)) {
    carriage_settle(carriage);
  }
}

bool carriage_begin(int local_fd, bool local_connects, uint64_t token,
                    const struct service *service, uint64_t call) {
  set_up_once();
  bool full = free_carriages == NULL && ever_taken == CARRIAGES_MAX;
  int link = -1;
  if (!full) {
    link = service != NULL ? carrier_dial_as_root() : carrier_dial();
  }
  if (link < 0) {
    int error = full ? EMFILE : errno;
    close(local_fd);
    errno = error;
    return false;
  }
  carrier_takes_rows(link);
  struct carriage *carriage = free_carriages;
  if (carriage != NULL) {
    free_carriages = carriage->next;
  } else {
    carriage = &carriages[ever_taken++];
  }
  *carriage = (struct carriage){
      .used = true,
      .link_connects = true,
      .local_connects = local_connects,
      .lane_due = lane_there(),
      .lends = carrier_takes_pages(link),
      .reply_due = service != NULL ? LODGE_REPLY_BYTES : 0,
      .answer_due = service == NULL,
      .call = call,
      .local_credit = LODGE_WINDOW,
  };
  queue_begin(&carriage->queue);
  watch_begin(&carriage->link, link, link_ready);
  watch_begin(&carriage->local, local_fd, local_ready);
  carriage->unsent = block_take();
  carriage->unsent_end = (uint32_t)put_preface(
      carriage->unsent, BLOCK_BYTES, service != NULL ? LODGE_CALL : LODGE_ANNOUNCED, token,
      LODGE_WITH_HANDLES, service);
  carriage_settle(carriage);
  return true;
}
