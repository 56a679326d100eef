/*
 * Feeds the agent's reader with seeds that are changed at random, under the sanitizers. Each body
 * lies in memory of exactly its size, so that one byte too many is found.
 * usage: fuzz SECONDS SEED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "request.h"
#include "wire.h"

static uint64_t state;

static uint32_t next(uint32_t bound) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 32) % bound;
}

static size_t seed(uint8_t *into, size_t room, uint16_t *type) {
  struct writer out = {into, room, 0};
  *type = (uint16_t)(1 + next(11));
  switch (*type) {
    case LODGE_EXEC: {
      uint16_t arguments = (uint16_t)(1 + next(20));
      uint16_t entries = (uint16_t)next(20);
      uint32_t flags = next(4);
      write_u32(&out, flags);
      write_u32(&out, 0);
      write_u32(&out, 0);
      write_u32(&out, 0x00500018);
      write_u64(&out, 1);
      write_u64(&out, 2);
      write_u16(&out, arguments);
      write_u16(&out, entries);
      write_string(&out, "/tmp", 100);
      for (int i = 0; i < arguments + entries; i++) {
        write_string(&out, "PATH=/usr/bin:/bin", next(19));
      }
      if ((flags & LODGE_EXEC_USER) != 0) {
        write_string(&out, "nobody", 1 + next(6));
      }
      break;
    }
    case LODGE_PUT:
      write_u64(&out, 1);
      write_u64(&out, 100);
      write_u32(&out, 0644);
      write_string(&out, "/tmp/file", 100);
      break;
    case LODGE_OPEN:
      write_u64(&out, 1);
      write_u16(&out, (uint16_t)(1 + next(2)));
      write_u16(&out, (uint16_t)next(2));
      write_string(&out, "/run/socket", next(12));
      break;
    case LODGE_LISTEN:
      write_u32(&out, 0600);
      write_u64(&out, 0);
      write_u16(&out, 6);
      write_u16(&out, 4);
      write_u16(&out, 3);
      write_u16(&out, 5);
      write_bytes(&out, "/tmp/snameargvault", 18);
      break;
    case LODGE_GET:
      write_u64(&out, 1);
      write_string(&out, "/etc/os-release", 100);
      break;
    case LODGE_UNLISTEN:
      write_string(&out, "/tmp/s", 100);
      break;
    default:
      write_u32(&out, 1 + next(3));
  }
  return out.used;
}

int main(int count, char **arguments) {
  static struct request request;
  static uint8_t bytes[LODGE_BODY_MAX];
  time_t end = time(NULL) + (count > 1 ? atoi(arguments[1]) : 1);
  state = (count > 2 ? strtoull(arguments[2], NULL, 10) : 1) * 0x9e3779b97f4a7c15u + 1;
  unsigned long runs = 0;
  unsigned long understood = 0;
  while (time(NULL) < end) {
    for (int i = 0; i < 2000; i++, runs++) {
      uint16_t type;
      size_t length = seed(bytes, sizeof bytes, &type);
      for (uint32_t changes = next(4); changes > 0 && length > 0; changes--) {
        bytes[next((uint32_t)length)] = (uint8_t)(next(3) == 0 ? 0xff : next(256));
      }
      if (next(4) == 0) {
        length = next((uint32_t)length + 1);
      } else if (next(8) == 0) {
        size_t more = length + next(2000);
        memset(bytes + length, (int)next(256), more - length);
        length = more;
      }
      if (next(50) == 0) {
        type = (uint16_t)next(65536);
      }
      uint8_t *exact = malloc(length);
      memcpy(exact, bytes, length);
      if (parse_request(type, runs, exact, length, &request)) {
        understood++;
        if (type == LODGE_EXEC) {
          size_t total = strlen(request.exec.folder);
          for (int a = 0; request.exec.arguments[a] != NULL; a++) {
            total += strlen(request.exec.arguments[a]);
          }
          for (int e = 0; request.exec.environment[e] != NULL; e++) {
            total += strlen(request.exec.environment[e]);
          }
          total += request.exec.user != NULL ? strlen(request.exec.user) : 0;
          if (total > length) {
            abort();
          }
        }
      }
      free(exact);
    }
  }
  printf("%lu requests, %lu understood\n", runs, understood);
  return understood > 0 && understood < runs ? 0 : 1;
}
