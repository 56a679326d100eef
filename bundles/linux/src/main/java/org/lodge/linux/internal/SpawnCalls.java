package org.lodge.linux.internal;

import com.sun.jna.Native;

/**
 * The C library's functions that start a process; apart from {@link LibC} because few need them.
 */
public final class SpawnCalls {
  public static final int CLOSE_RANGE = 436;
  public static final int CLOSE_RANGE_CLOEXEC = 4;
  public static final short POSIX_SPAWN_SETSIGMASK = 8;

  static {
    Native.register(SpawnCalls.class, "c");
  }

  private SpawnCalls() {}

  public static native int posix_spawn(
      long pid, String path, long fileActions, long attributes, long arguments, long environment);

  public static native int posix_spawn_file_actions_init(long fileActions);

  public static native int posix_spawn_file_actions_destroy(long fileActions);

  public static native int posix_spawn_file_actions_adddup2(long fileActions, int fd, int newFd);

  public static native int posix_spawnattr_init(long attributes);

  public static native int posix_spawnattr_setflags(long attributes, short flags);

  public static native int posix_spawnattr_setsigmask(long attributes, long mask);

  public static native int waitpid(int pid, long status, int options);
}
