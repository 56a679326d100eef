/* Programs that the host runs: with a terminal, or with pipes that this agent relays, so that they
 * see what they would see under a shell. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define PROGRAMS_MAX 64
/* Of them, not for services: what other guests call must not keep the host out. */
#define PROGRAMS_OF_HOST 16

struct program {
  struct watch started; /* ends at exec, or says why there was none */
  pid_t pid;            /* 0: this entry is free */
  uint64_t call;
  struct relay *streams;
  struct relay *errors;
  bool confirmed;
  bool exited;
  int status;
};

static struct program programs[PROGRAMS_MAX];
static struct watch signals = {.fd = -1, .registered = -1};

static struct program *find(uint64_t call) {
  for (int i = 0; i < PROGRAMS_MAX; i++) {
    if (programs[i].pid != 0 && programs[i].call == call) {
      return &programs[i];
    }
  }
  return NULL;
}

/* Whoever was at the other end has gone, rather than closed: as with a terminal, that is a hang-up
 * for a program that still runs. */
static void streams_ended(void *owner, int error) {
  struct program *program = owner;
  program->streams = NULL;
  if (error != 0 && program->pid != 0 && !program->exited) {
    kill(-program->pid, SIGHUP);
  }
}

static void errors_ended(void *owner, int error) {
  (void)error;
  ((struct program *)owner)->errors = NULL;
}

/* The table's entry is free again; what is left to relay goes on without it. */
static void forget(struct program *program) {
  if (program->streams != NULL) {
    relay_disown(program->streams);
  }
  if (program->errors != NULL) {
    relay_disown(program->errors);
  }
  program->pid = 0;
}

static void tell_if_over(struct program *program) {
  if (!program->confirmed || !program->exited) {
    return;
  }
  int status = program->status;
  if (program->streams != NULL) {
    relay_no_input(program->streams);
  }
  send_exited(program->call, WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status) : 0,
              WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0);
  forget(program);
}

static void started(struct watch *watch, uint32_t events) {
  struct program *program = (struct program *)((char *)watch - offsetof(struct program, started));
  int error = 0;
  (void)events;
  ssize_t count = read(watch->fd, &error, sizeof error);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  watch_end(watch);
  program->confirmed = true;
  if (count == (ssize_t)sizeof error) {
    send_result(program->call, error, strerror(error));
    forget(program);
    return;
  }
  uint8_t body[4];
  struct writer out = {body, sizeof body, 0};
  write_u32(&out, (uint32_t)program->pid);
  send_result_body(program->call, body, out.used);
  tell_if_over(program);
}

/* The request's environment, where the user's own variables stand before others of their name. */
static char **environment_of(const struct exec_request *exec, struct user *user) {
  static char *all[LODGE_ARGUMENTS_MAX + USER_VARIABLES + 1];
  size_t count = 0;
  for (size_t i = 0; user != NULL && i < USER_VARIABLES; i++) {
    all[count++] = user->variables[i];
  }
  for (char *const *entry = exec->environment; *entry != NULL; entry++) {
    bool known = false;
    for (size_t i = 0; user != NULL && i < USER_VARIABLES; i++) {
      size_t name = (size_t)(strchr(user->variables[i], '=') - user->variables[i]) + 1;
      known |= strncmp(*entry, user->variables[i], name) == 0;
    }
    if (!known) {
      all[count++] = *entry;
    }
  }
  all[count] = NULL;
  return all;
}

static bool take_identity(const struct exec_request *exec, const struct user *user) {
  if (user != NULL) {
    return setgroups(user->group_count, user->groups) == 0 && setgid(user->gid) == 0 &&
           setuid(user->uid) == 0;
  }
  gid_t group = exec->gid;
  return exec->uid == getuid() ||
         (setgroups(1, &group) == 0 && setgid(group) == 0 && setuid(exec->uid) == 0);
}

static _Noreturn void become(const struct exec_request *exec, struct user *user, const int fds[3],
                             int status_fd) {
  sigset_t none;
  sigemptyset(&none);
  for (int signal_number = 1; signal_number < 32; signal_number++) {
    signal(signal_number, SIG_DFL);
  }
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  carriages_leave_program();
  status_fd = fcntl(status_fd, F_DUPFD_CLOEXEC, 10);
  int high[3];
  for (int i = 0; i < 3; i++) {
    high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
  }
  for (int i = 0; i < 3; i++) {
    dup2(high[i], i);
  }
  if (exec->terminal) {
    ioctl(0, TIOCSCTTY, 0);
  }
  /* An agent that is killed can't hang up any more; its end is the hang-up then. */
  if (take_identity(exec, user) && prctl(PR_SET_PDEATHSIG, SIGHUP) == 0 &&
      chdir(exec->folder[0] != 0 ? exec->folder : "/") == 0) {
    execvpe(exec->arguments[0], exec->arguments, environment_of(exec, user));
  }
  int error = errno;
  if (write(status_fd, &error, sizeof error) < 0) {
    _exit(126);
  }
  _exit(127);
}

static const char *path_of(char *const *environment) {
  for (; *environment != NULL; environment++) {
    if (strncmp(*environment, "PATH=", 5) == 0) {
      return *environment + 5;
    }
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* The descriptors of one program: what it gets, and what the agent keeps. */
struct streams {
  int child[3];
  int read_fd;
  int write_fd;
  int error_fd;
};

static void close_if_open(int fd) {
  if (fd >= 0) {
    close(fd);
  }
}

static void close_streams(struct streams *streams) {
  for (int i = 0; i < 3; i++) {
    close_if_open(streams->child[i]);
  }
  close_if_open(streams->read_fd);
  close_if_open(streams->write_fd);
  close_if_open(streams->error_fd);
}

static bool open_terminal(const struct exec_request *exec, struct streams *streams) {
  struct winsize size = {.ws_row = exec->rows, .ws_col = exec->columns};
  char name[64];
  int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  streams->read_fd = fd;
  if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, sizeof name) != 0) {
    return false;
  }
  ioctl(fd, TIOCSWINSZ, &size);
  for (int i = 0; i < 3; i++) {
    streams->child[i] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  return streams->child[0] >= 0 && streams->child[1] >= 0 && streams->child[2] >= 0;
}

static bool open_pipe(int *ours, int *childs, bool we_read) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return false;
  }
  *ours = ends[we_read ? 0 : 1];
  *childs = ends[we_read ? 1 : 0];
  return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

static bool open_pipes(const struct exec_request *exec, struct streams *streams) {
  if (exec->error_token == 0) {
    streams->child[2] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  }
  return open_pipe(&streams->write_fd, &streams->child[0], false) &&
         open_pipe(&streams->read_fd, &streams->child[1], true) &&
         (exec->error_token == 0 || open_pipe(&streams->error_fd, &streams->child[2], true));
}

/* Gives our ends of the streams to relays. */
static void connect_streams(struct program *program, const struct exec_request *exec,
                            struct streams *streams) {
  program->streams =
      relay_begin(exec->terminal ? LOCAL_TERMINAL : LOCAL_PIPES, streams->read_fd,
                  streams->write_fd, exec->token, NULL, false, streams_ended, program);
  program->errors = streams->error_fd < 0
                        ? NULL
                        : relay_begin(LOCAL_PIPES, streams->error_fd, -1, exec->error_token, NULL,
                                      false, errors_ended, program);
  streams->read_fd = streams->write_fd = streams->error_fd = -1;
}

void program_exec(struct request *request) {
  struct exec_request *exec = &request->exec;
  struct streams streams = {{-1, -1, -1}, -1, -1, -1};
  struct program *program = NULL;
  int status[2] = {-1, -1};
  bool serves = !exec->terminal && exec->error_token == 0;
  int left = serves ? PROGRAMS_OF_HOST : 0;
  for (int i = 0; i < PROGRAMS_MAX && program == NULL; i++) {
    program = programs[i].pid == 0 && left-- == 0 ? &programs[i] : NULL;
  }
  if (program == NULL || find(request->call) != NULL) {
    send_result(request->call, EAGAIN, "too many programs run, or this call does already");
    return;
  }
  if (!relays_are_free(exec->error_token == 0 ? 1 : 2)) {
    send_result(request->call, EMFILE, "too many connections");
    return;
  }
  static struct user found;
  struct user *user = exec->user != NULL ? &found : NULL;
  if (user != NULL && !user_find(exec->user, user)) {
    send_result(request->call, ENOENT, "no such user in /etc/passwd");
    return;
  }
  bool opened = exec->terminal ? open_terminal(exec, &streams) : open_pipes(exec, &streams);
  pid_t pid = -1;
  if (opened && pipe2(status, O_CLOEXEC | O_NONBLOCK) == 0) {
    pid = fork();
    if (pid == 0) {
      setenv("PATH", path_of(exec->environment), 1);
      become(exec, user, streams.child, status[1]);
    }
  }
  int error = errno;
  close_if_open(status[1]);
  if (pid < 0) {
    close_streams(&streams);
    close_if_open(status[0]);
    send_result(request->call, error, strerror(error));
    return;
  }
  *program = (struct program){.pid = pid, .call = request->call};
  watch_begin(&program->started, status[0], started);
  watch_want(&program->started, EPOLLIN);
  connect_streams(program, exec, &streams);
  close_streams(&streams);
}

void program_resize(const struct request *request) {
  struct program *program = find(request->call);
  if (program != NULL && program->streams != NULL) {
    struct winsize size = {.ws_row = request->rows, .ws_col = request->columns};
    ioctl(relay_local_fd(program->streams), TIOCSWINSZ, &size);
  }
}

void program_signal(const struct request *request) {
  struct program *program = find(request->call);
  if (program != NULL && !program->exited) {
    kill(-program->pid, (int)request->number);
  }
}

void programs_hang_up(void) {
  for (int i = 0; i < PROGRAMS_MAX; i++) {
    if (programs[i].pid != 0 && !programs[i].exited) {
      kill(-programs[i].pid, SIGHUP);
    }
  }
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (int i = 0; i < PROGRAMS_MAX; i++) {
      if (programs[i].pid == pid && !programs[i].exited) {
        programs[i].exited = true;
        programs[i].status = status;
        tell_if_over(&programs[i]);
      }
    }
  }
}

static void signalled(struct watch *watch, uint32_t events) {
  struct signalfd_siginfo info;
  (void)events;
  while (read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info) {
  }
  reap();
}

void programs_begin(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) {
    perror("lodge-agent: signalfd");
    exit(1);
  }
  watch_begin(&signals, fd, signalled);
  watch_want(&signals, EPOLLIN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
}
