/* The host's requests, as checked copies. */
#ifndef LODGE_REQUEST_H
#define LODGE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

struct exec_request {
  bool terminal;
  uint32_t uid;
  uint32_t gid;
  uint16_t rows;
  uint16_t columns;
  uint64_t token;
  uint64_t error_token;
  const char *folder;
  const char *user; /* or NULL */
  char *arguments[LODGE_ARGUMENTS_MAX + 1];
  char *environment[LODGE_ARGUMENTS_MAX + 1];
  char strings[LODGE_BODY_MAX];
};

struct request {
  uint16_t type;
  uint64_t call;
  uint64_t token;
  uint64_t size;
  uint32_t number; /* signal, kind of shutdown, or flags of a share */
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  uint16_t rows;
  uint16_t columns;
  uint16_t target;
  uint16_t port;
  char path[LODGE_PATH_MAX];
  char name[LODGE_NAME_MAX + 1];
  char argument[LODGE_ARGUMENT_MAX + 1];
  char aim[LODGE_NAME_MAX + 1]; /* whom a call goes to */
  struct exec_request exec;
};

/* Reads one message's body into a request. False where it is not what its type says. */
bool parse_request(uint16_t type, uint64_t call, const uint8_t *body, size_t length,
                   struct request *into);

#endif
