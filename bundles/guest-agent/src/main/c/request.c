#include "request.h"

#include "wire.h"

/* One string of an exec request, moved to the request's own memory with a NUL behind it. The body
 * is never larger than that memory, and each string's length before it leaves room for the NUL. */
static char *next_string(struct reader *in, struct exec_request *exec, size_t *used) {
  size_t length = read_u16(in);
  char *string = exec->strings + *used;
  read_string(in, length, string, sizeof exec->strings - *used);
  *used += in->bad ? 0 : length + 1;
  return string;
}

static void parse_exec(struct reader *in, struct exec_request *exec) {
  uint32_t flags = read_u32(in);
  exec->terminal = (flags & LODGE_EXEC_TERMINAL) != 0;
  exec->uid = read_u32(in);
  exec->gid = read_u32(in);
  exec->rows = read_u16(in);
  exec->columns = read_u16(in);
  exec->token = read_u64(in);
  exec->error_token = read_u64(in);
  size_t arguments = read_u16(in);
  size_t entries = read_u16(in);
  if (flags > (LODGE_EXEC_TERMINAL | LODGE_EXEC_USER) || arguments == 0 || arguments > LODGE_ARGUMENTS_MAX ||
      entries > LODGE_ARGUMENTS_MAX) {
    in->bad = true;
    return;
  }
  size_t used = 0;
  exec->folder = next_string(in, exec, &used);
  for (size_t i = 0; i < arguments; i++) {
    exec->arguments[i] = next_string(in, exec, &used);
  }
  exec->arguments[arguments] = NULL;
  for (size_t i = 0; i < entries; i++) {
    exec->environment[i] = next_string(in, exec, &used);
  }
  exec->environment[entries] = NULL;
  exec->user = (flags & LODGE_EXEC_USER) != 0 ? next_string(in, exec, &used) : NULL;
  in->bad |= !in->bad && (exec->arguments[0][0] == 0 ||
                          (exec->user != NULL && exec->user[0] == 0));
}

static void parse_path(struct reader *in, struct request *into, size_t length) {
  read_string(in, length, into->path, sizeof into->path);
  in->bad |= into->path[0] != '/';
}

static void parse_open(struct reader *in, struct request *into) {
  into->token = read_u64(in);
  into->target = read_u16(in);
  into->port = read_u16(in);
  size_t length = read_u16(in);
  if (into->target == LODGE_OPEN_UNIX) {
    parse_path(in, into, length);
  } else {
    in->bad |= into->type == LODGE_OPEN_HANDLES || into->target != LODGE_OPEN_TCP || into->port == 0 || length != 0;
  }
}

static void parse_listen(struct reader *in, struct request *into) {
  into->mode = read_u32(in);
  into->uid = read_u32(in);
  into->gid = read_u32(in);
  size_t path = read_u16(in);
  size_t name = read_u16(in);
  size_t argument = read_u16(in);
  size_t aim = read_u16(in);
  parse_path(in, into, path);
  read_string(in, name, into->name, sizeof into->name);
  read_string(in, argument, into->argument, sizeof into->argument);
  read_string(in, aim, into->aim, sizeof into->aim);
  in->bad |= into->mode > 0777 || into->name[0] == 0 || into->aim[0] == 0;
}

bool parse_request(uint16_t type, uint64_t call, const uint8_t *body, size_t length,
                   struct request *into) {
  struct reader in = {body, length, length > LODGE_BODY_MAX};
  into->type = type;
  into->call = call;
  switch (type) {
    case LODGE_EXEC:
      parse_exec(&in, &into->exec);
      break;
    case LODGE_RESIZE:
      into->rows = read_u16(&in);
      into->columns = read_u16(&in);
      break;
    case LODGE_SIGNAL:
      into->number = read_u32(&in);
      in.bad |= into->number == 0 || into->number > 64;
      break;
    case LODGE_GET:
      into->token = read_u64(&in);
      parse_path(&in, into, read_u16(&in));
      break;
    case LODGE_PUT:
      into->token = read_u64(&in);
      into->size = read_u64(&in);
      into->mode = read_u32(&in);
      parse_path(&in, into, read_u16(&in));
      in.bad |= into->mode > 07777 || into->size > INT64_MAX;
      break;
    case LODGE_SHUTDOWN:
      into->number = read_u32(&in);
      in.bad |= into->number == 0 || into->number > 3;
      break;
    case LODGE_OPEN:
    case LODGE_OPEN_HANDLES:
      parse_open(&in, into);
      break;
    case LODGE_LISTEN:
    case LODGE_LISTEN_HANDLES:
      parse_listen(&in, into);
      break;
    case LODGE_UNLISTEN:
      parse_path(&in, into, read_u16(&in));
      break;
    case LODGE_SHARE:
      into->token = read_u64(&in);
      into->number = read_u32(&in);
      parse_path(&in, into, read_u16(&in));
      in.bad |= into->number > 1;
      break;
    case LODGE_STATS:
    case LODGE_PING:
    case LODGE_CLOCKS:
      break;
    default:
      return false;
  }
  return !in.bad && in.left == 0;
}
