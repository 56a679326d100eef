/* What the guest looks like from inside:
 *
 *    0 u64 up for milliseconds   8 u32 load of 1, 12 of 5, 16 of 15 minutes, in hundredths
 *   20 u32 programs              24 u64 memory, 32 available of it
 *   40 u64 bytes of /, 48 available of them                        56 u16 number of addresses
 *   58 then each: u8 4 or 6, u8 length of the prefix, u8 length of the name, name of the
 *      interface, 4 or 16 bytes of the address
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "agent.h"

#define ADDRESSES_MAX 32
#define ADDRESSES_AT 56
#define NAME_MOST 16

static uint64_t available_memory(void) {
  char line[128];
  unsigned long long kib = 0;
  FILE *file = fopen("/proc/meminfo", "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
      break;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return kib * 1024;
}

static uint8_t prefix_length(const uint8_t *mask, size_t bytes) {
  uint8_t length = 0;
  for (size_t i = 0; i < bytes; i++) {
    for (int bit = 7; bit >= 0 && (mask[i] >> bit & 1) != 0; bit--) {
      length++;
    }
  }
  return length;
}

static bool write_address(struct writer *out, const struct ifaddrs *of) {
  if (of->ifa_addr == NULL || of->ifa_netmask == NULL || (of->ifa_flags & IFF_LOOPBACK) != 0) {
    return false;
  }
  const uint8_t *address;
  const uint8_t *mask;
  size_t bytes;
  if (of->ifa_addr->sa_family == AF_INET) {
    address = (const uint8_t *)&((const struct sockaddr_in *)of->ifa_addr)->sin_addr;
    mask = (const uint8_t *)&((const struct sockaddr_in *)of->ifa_netmask)->sin_addr;
    bytes = 4;
  } else if (of->ifa_addr->sa_family == AF_INET6) {
    address = (const uint8_t *)&((const struct sockaddr_in6 *)of->ifa_addr)->sin6_addr;
    mask = (const uint8_t *)&((const struct sockaddr_in6 *)of->ifa_netmask)->sin6_addr;
    bytes = 16;
  } else {
    return false;
  }
  size_t name = strnlen(of->ifa_name, NAME_MOST);
  write_number(out, bytes == 4 ? 4 : 6, 1);
  write_number(out, prefix_length(mask, bytes), 1);
  write_number(out, name, 1);
  write_bytes(out, of->ifa_name, name);
  write_bytes(out, address, bytes);
  return true;
}

static uint16_t write_addresses(struct writer *out) {
  struct ifaddrs *all = NULL;
  uint16_t count = 0;
  if (getifaddrs(&all) != 0) {
    return 0;
  }
  for (struct ifaddrs *at = all; at != NULL && count < ADDRESSES_MAX; at = at->ifa_next) {
    count = (uint16_t)(count + (write_address(out, at) ? 1 : 0));
  }
  freeifaddrs(all);
  return count;
}

size_t stats_write(uint8_t *into, size_t room) {
  struct writer out = {into, room, 0};
  struct sysinfo info = {0};
  struct statvfs disk = {0};
  struct timespec up = {0};
  sysinfo(&info);
  clock_gettime(CLOCK_BOOTTIME, &up);
  write_u64(&out, (uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000);
  for (int i = 0; i < 3; i++) {
    write_u32(&out, (uint32_t)(info.loads[i] * 100 / (1 << SI_LOAD_SHIFT)));
  }
  write_u32(&out, info.procs);
  write_u64(&out, (uint64_t)info.totalram * info.mem_unit);
  write_u64(&out, available_memory());
  bool known = statvfs("/", &disk) == 0;
  write_u64(&out, known ? (uint64_t)disk.f_blocks * disk.f_frsize : 0);
  write_u64(&out, known ? (uint64_t)disk.f_bavail * disk.f_frsize : 0);
  write_u16(&out, 0);
  uint16_t count = write_addresses(&out);
  into[ADDRESSES_AT] = (uint8_t)count;
  return out.used;
}

size_t clocks_write(uint8_t *into, size_t room) {
  static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME};
  struct writer out = {into, room, 0};
  for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
    struct timespec now = {0};
    clock_gettime(clocks[i], &now);
    write_u64(&out, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
  }
  return out.used;
}
