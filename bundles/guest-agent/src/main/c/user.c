#include <stdio.h>
#include <stdlib.h>

#include "agent.h"

#define LINE_MAX_BYTES 4096

/* Splits a line at its colons; false where it has fewer fields. */
static bool split(char *line, char *fields[], size_t count) {
  line[strcspn(line, "\n")] = 0;
  for (size_t i = 0; i < count; i++) {
    fields[i] = line;
    char *colon = strchr(line, ':');
    if (colon == NULL) {
      return i == count - 1;
    }
    if (i < count - 1) {
      *colon = 0;
      line = colon + 1;
    }
  }
  return true;
}

static bool number(const char *text, uint32_t *into) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  *into = (uint32_t)value;
  return *text >= '0' && *text <= '9' && *end == 0 && value < UINT32_MAX;
}

/* Whether a list of names with commas between has this one. */
static bool has_member(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *at = list; *at != 0; at += *at == ',' ? 1 : 0) {
    size_t part = strcspn(at, ",");
    if (part == length && strncmp(at, name, length) == 0) {
      return true;
    }
    at += part;
  }
  return false;
}

static void add_groups(const char *name, struct user *into) {
  static char line[LINE_MAX_BYTES];
  char *fields[4]; /* name, password, gid, members */
  uint32_t gid;
  FILE *file = fopen("/etc/group", "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (into->group_count < GROUPS_MAX && split(line, fields, 4) && number(fields[2], &gid) &&
        gid != into->gid && has_member(fields[3], name)) {
      into->groups[into->group_count++] = gid;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
}

bool user_find(const char *name, struct user *into) {
  static char line[LINE_MAX_BYTES];
  char *fields[7]; /* name, password, uid, gid, comment, home, shell */
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool found = false;
  FILE *file = fopen("/etc/passwd", "re");
  while (!found && file != NULL && fgets(line, sizeof line, file) != NULL) {
    found = split(line, fields, 7) && strcmp(fields[0], name) == 0 && number(fields[2], &uid) &&
            number(fields[3], &gid);
  }
  if (file != NULL) {
    fclose(file);
  }
  if (!found) {
    return false;
  }
  const char *names[USER_VARIABLES] = {"HOME", "USER", "LOGNAME", "SHELL"};
  const char *values[USER_VARIABLES] = {fields[5], name, name,
                                        fields[6][0] != 0 ? fields[6] : "/bin/sh"};
  for (size_t i = 0; i < USER_VARIABLES; i++) {
    snprintf(into->variables[i], sizeof into->variables[i], "%s=%s", names[i], values[i]);
  }
  into->uid = uid;
  into->gid = gid;
  into->groups[0] = gid;
  into->group_count = 1;
  add_groups(name, into);
  return true;
}
