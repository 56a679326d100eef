/*
 * A hostile driver of a virtio PCI device, inside a guest: takes the device from the kernel, gives it rings of garbage,
 * of loops, of too many and of valid requests in turns, and kicks without pause. Layouts: virtio 1.2, 2.7 and 4.1.4.
 *
 *   ring-storm /sys/bus/pci/devices/0000:01:00.0 SECONDS
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PCI_COMMAND 4
#define PCI_MEMORY_AND_MASTER 6
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_VENDOR 9
#define CAP_COMMON 1
#define CAP_NOTIFY 2
#define STATUS_DRIVER_OK 15
#define STATUS_FEATURES_OK 11
#define STATUS_NEEDS_RESET 64
#define QUEUE_SIZE 128
#define DESC_NEXT 1
#define DESC_WRITE 2
#define PAGE 4096
#define ROUND_MILLIS 50

struct common {
  uint32_t device_feature_select, device_feature, driver_feature_select, driver_feature;
  uint16_t msix_config, num_queues;
  uint8_t status, generation;
  uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
  uint32_t queue_desc[2], queue_driver[2], queue_device[2];
};

struct descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};

struct available {
  uint16_t flags, index, ring[QUEUE_SIZE];
};

static const char *device;
static volatile struct common *common;
static volatile uint16_t *notify;
static volatile struct descriptor *table;
static volatile struct available *available;
static uint8_t *data;
static uint64_t table_at, available_at, used_at, data_at;
static uint64_t kicks, valid;
static unsigned seed = 1;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int file(const char *name, int flags) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", device, name);
  int fd = open(path, flags);
  if (fd < 0) fail(path);
  return fd;
}

static void say(const char *name, const char *word) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", device, name);
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, word, strlen(word)) < 0) perror(path);
  close(fd);
}

/* A page of this process and where the device finds it. */
static void *page(uint64_t *at) {
  void *made = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
  int map = open("/proc/self/pagemap", O_RDONLY);
  uint64_t entry;
  if (made == MAP_FAILED || pread(map, &entry, 8, (uintptr_t)made / PAGE * 8) != 8) fail("pagemap");
  close(map);
  *at = (entry & ((1ull << 55) - 1)) * PAGE;
  return made;
}

static uint8_t *bar(int number, uint32_t offset) {
  char name[16];
  snprintf(name, sizeof name, "resource%d", number);
  int fd = file(name, O_RDWR | O_SYNC);
  uint8_t *map = mmap(0, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail(name);
  close(fd);
  return map + offset;
}

static void find_structures(void) {
  uint8_t config[256];
  int fd = file("config", O_RDWR);
  uint16_t command;
  if (pread(fd, &command, 2, PCI_COMMAND) != 2) fail("config");
  command |= PCI_MEMORY_AND_MASTER;
  if (pwrite(fd, &command, 2, PCI_COMMAND) != 2 || pread(fd, config, 256, 0) != 256) fail("config");
  close(fd);
  for (int at = config[PCI_CAPABILITIES]; at != 0; at = config[at + 1]) {
    uint32_t offset;
    memcpy(&offset, config + at + 8, 4);
    if (config[at] == PCI_CAP_VENDOR && config[at + 3] == CAP_COMMON) common = (void *)bar(config[at + 4], offset);
    if (config[at] == PCI_CAP_VENDOR && config[at + 3] == CAP_NOTIFY) notify = (void *)bar(config[at + 4], offset);
  }
  if (!common || !notify) {
    fprintf(stderr, "%s is no modern virtio device\n", device);
    exit(1);
  }
}

static void give(volatile uint32_t *field, uint64_t address) {
  field[0] = address;
  field[1] = address >> 32;
}

static void start(void) {
  common->status = 0;
  while (common->status != 0) usleep(1000);
  memset((void *)table, 0, PAGE);
  memset((void *)available, 0, PAGE);
  common->status = 3;
  common->driver_feature_select = 0;
  common->driver_feature = 0;
  common->driver_feature_select = 1;
  common->driver_feature = 1;
  common->status = STATUS_FEATURES_OK;
  common->queue_select = 0;
  common->queue_size = QUEUE_SIZE;
  give(common->queue_desc, table_at);
  give(common->queue_driver, available_at);
  give(common->queue_device, used_at);
  common->queue_enable = 1;
  common->status = STATUS_DRIVER_OK;
}

static void describe(int index, uint64_t address, uint32_t length, int flags, int next) {
  table[index].address = address;
  table[index].length = length;
  table[index].flags = flags;
  table[index].next = next;
}

static void offer(int count) {
  for (int i = 0; i < count; i++) available->ring[(uint16_t)(available->index + i) % QUEUE_SIZE] = rand_r(&seed) % 40 * 3;
  __sync_synchronize();
  available->index += count;
}

static void mischief(int kind) {
  switch (kind) {
    case 0: /* garbage everywhere */
      for (int i = 0; i < PAGE; i++) ((volatile uint8_t *)table)[i] = rand_r(&seed);
      offer(1 + rand_r(&seed) % QUEUE_SIZE);
      break;
    case 1: /* a loop of descriptors */
      for (int i = 0; i < QUEUE_SIZE; i++) describe(i, data_at, 16, DESC_NEXT, (i + 1) % QUEUE_SIZE);
      offer(1);
      break;
    case 2: /* an index that jumps */
      available->index += 5000;
      break;
    default: /* reads that are all right, all at one place; each may be out only once */
      for (int i = 0; i < 120; i += 3) {
        describe(i, data_at, 16, DESC_NEXT, i + 1);
        describe(i + 1, data_at + 512, 2048, DESC_NEXT | DESC_WRITE, i + 2);
        describe(i + 2, data_at + 256, 1, DESC_WRITE, 0);
      }
      for (int i = 0; i < 40; i++) available->ring[(uint16_t)(available->index + i) % QUEUE_SIZE] = i * 3;
      __sync_synchronize();
      available->index += 40;
      valid += 40;
  }
}

static uint64_t millis(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "usage: ring-storm DEVICE SECONDS\n");
    return 2;
  }
  device = words[1];
  uint64_t end = millis() + 1000ull * atoi(words[2]);
  const char *name = strrchr(device, '/') + 1;
  say("driver/unbind", name);
  say("enable", "1");
  find_structures();
  table = page(&table_at);
  available = page(&available_at);
  volatile uint16_t *used = page(&used_at);
  data = page(&data_at);
  int rounds = 0, broken = 0, served = 0;
  for (; millis() < end; rounds++) {
    used[1] = 0;
    start();
    mischief(rounds % 4);
    uint64_t until = millis() + ROUND_MILLIS;
    uint16_t seen = 0;
    while (millis() < until) {
      for (int i = 0; i < 100; i++, kicks++) *notify = 0;
      if (rounds % 4 == 3 && used[1] == available->index) mischief(3);
    }
    seen = used[1];
    served += seen;
    broken += (common->status & STATUS_NEEDS_RESET) != 0;
  }
  common->status = 0;
  printf("rounds=%d kicks=%llu valid=%llu served=%d needs-reset=%d\n", rounds, (unsigned long long)kicks,
         (unsigned long long)valid, served, broken);
  return 0;
}
