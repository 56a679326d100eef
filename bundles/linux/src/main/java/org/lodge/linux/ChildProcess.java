package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.SpawnCalls;

/**
 * A child that inherits chosen descriptors ({@code posix_spawn(3)}), which {@link ProcessBuilder}
 * can't give: it closes all but the standard ones.
 *
 * <p>Not thread-safe. The child shares the standard streams and the process group of its parent,
 * and has no signal blocked.
 */
public final class ChildProcess implements AutoCloseable {

  /** The number of the first descriptor handed over; the rest follow without a gap. */
  public static final int FIRST_INHERITED = 3;

  /** More than {@code posix_spawnattr_t} and its kin take in any C library. */
  private static final int OPAQUE_BYTES = 1024;

  private static final int SIGNAL_BITS = 0x7f;

  private final int pid;
  private final Pidfd pidfd;

  private ChildProcess(int pid, Pidfd pidfd) {
    this.pid = pid;
    this.pidfd = pidfd;
  }

  /**
   * Starts a program.
   *
   * @param command the program's path and its arguments
   * @param environment all of it
   * @param inherited duplicates of them become descriptors 3 and up; every other descriptor of this
   *     process is closed in the child
   */
  public static ChildProcess start(
      List<String> command, Map<String, String> environment, List<? extends Fd> inherited)
      throws LinuxException {
    List<Fd> high = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actions = arena.allocate(OPAQUE_BYTES, 16);
      MemorySegment attributes = arena.allocate(OPAQUE_BYTES, 16);
      MemorySegment signals = arena.allocate(OPAQUE_BYTES, 16);
      SpawnCalls.posix_spawn_file_actions_init(actions.address());
      SpawnCalls.posix_spawnattr_init(attributes.address());
      SpawnCalls.posix_spawnattr_setflags(attributes.address(), SpawnCalls.POSIX_SPAWN_SETSIGMASK);
      SpawnCalls.posix_spawnattr_setsigmask(attributes.address(), signals.address());
      for (int i = 0; i < inherited.size(); i++) {
        // Above all targets, so that no dup2 overwrites the source of a later one.
        int copy =
            LibC.fcntl(
                inherited.get(i).number(),
                LibC.F_DUPFD_CLOEXEC,
                FIRST_INHERITED + inherited.size());
        if (copy < 0) {
          throw LibC.failure("dup " + inherited.get(i) + " for " + command.getFirst());
        }
        high.add(Fd.adopt(copy));
        SpawnCalls.posix_spawn_file_actions_adddup2(actions.address(), copy, FIRST_INHERITED + i);
      }
      // The JVM opens some files without close-on-exec.
      if (LibC.syscall(
              SpawnCalls.CLOSE_RANGE,
              FIRST_INHERITED,
              0xffffffffL,
              SpawnCalls.CLOSE_RANGE_CLOEXEC,
              0)
          != 0) {
        throw LibC.failure("close_range");
      }
      MemorySegment pid = arena.allocate(ValueLayout.JAVA_INT);
      int failed =
          SpawnCalls.posix_spawn(
              pid.address(),
              command.getFirst(),
              actions.address(),
              attributes.address(),
              strings(arena, command).address(),
              strings(arena, assignments(environment)).address());
      SpawnCalls.posix_spawn_file_actions_destroy(actions.address());
      if (failed != 0) {
        throw LibC.failure("start " + command.getFirst(), failed);
      }
      int child = pid.get(ValueLayout.JAVA_INT, 0);
      return new ChildProcess(child, Pidfd.open(child));
    } finally {
      high.forEach(Fd::close);
    }
  }

  private static List<String> assignments(Map<String, String> environment) {
    return environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
  }

  private static MemorySegment strings(Arena arena, List<String> strings) {
    MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, strings.size() + 1L);
    for (int i = 0; i < strings.size(); i++) {
      pointers.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(strings.get(i)));
    }
    return pointers;
  }

  /** Readable once the child has ended. Belongs to this object. */
  public Pidfd pidfd() {
    return pidfd;
  }

  /**
   * Waits for the end and lets the kernel forget the child; to be called once.
   *
   * @return the exit code, or the negated number of the signal that ended it
   */
  public int reap() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
      while (SpawnCalls.waitpid(pid, status.address(), 0) < 0) {
        if (LibC.errno() != LinuxException.EINTR) {
          throw LibC.failure("waitpid " + pid);
        }
      }
      int word = status.get(ValueLayout.JAVA_INT, 0);
      int signal = word & SIGNAL_BITS;
      return signal == 0 ? word >> 8 & 0xff : -signal;
    }
  }

  /** Lets go of the child without touching it. */
  @Override
  public void close() {
    pidfd.close();
  }
}
