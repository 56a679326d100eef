package org.lodge.filesystem.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Errno;
import org.lodge.linux.InodeFd;

/** Whose files are whose: the guest's numbers and the host's. Thread-safe. */
final class Owners {
  private static final int MASK = mask();
  private static final MemorySegment DEFAULT_LIST =
      Arena.global().allocateFrom("system.posix_acl_default");

  private final int guestUid;
  private final int hostUid;

  Owners(DirectorySettings settings) {
    guestUid = settings.uid();
    hostUid = settings.hostUid();
  }

  private static int mask() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("Umask:"))
          .mapToInt(line -> Integer.parseInt(line.substring(6).strip(), 8))
          .findFirst()
          .orElse(0777);
    } catch (IOException e) {
      return 0777;
    }
  }

  private boolean one() {
    return guestUid >= 0;
  }

  /** Turns owners as the host counts them into what the guest is to see. */
  void show(Attributes attributes) {
    if (one()) {
      attributes.uid = guestUid;
      attributes.gid = guestUid;
    }
  }

  /**
   * The mode of what is about to be made. Where the directory has a default access control list the
   * host's kernel masks it by that list, as it would for the guest's process, and {@link #settle}
   * must leave it so: Lodge's own mask does not count then.
   */
  int masked(Call call, InodeFd directory, int mode) {
    int umask = call.umask();
    return umask == 0 || hasDefaultList(call, directory) ? mode : mode & ~umask;
  }

  private static boolean hasDefaultList(Call call, InodeFd directory) {
    return directory.getXattr(call.scratch(), DEFAULT_LIST.address(), 0, 0) > 0;
  }

  /**
   * Gives a file that was just made to whom it belongs, with the permissions that were asked for.
   * Where Lodge may not give files away they stay its user's. The file's status is in the call's
   * scratch, and is asked for again.
   */
  int settle(Call call, InodeFd parent, InodeFd made, int mode) {
    int asked = mode & 07777;
    int uid = one() ? hostUid : call.uid();
    int gid = one() ? hostUid : call.gid();
    boolean changed = false;
    if (gid != -1 && gid != call.scratch().gid()) {
      int inherits = parent.stat(call.scratch());
      gid = inherits == 0 && (call.scratch().mode() & Attributes.SET_GID) != 0 ? -1 : gid;
      made.stat(call.scratch());
    }
    boolean otherUid = uid != -1 && uid != call.scratch().uid();
    boolean otherGid = gid != -1 && gid != call.scratch().gid();
    if (otherUid || otherGid) {
      int result = made.chown(call.scratch(), otherUid ? uid : -1, otherGid ? gid : -1);
      if (result < 0 && result != -Errno.EPERM) {
        return result;
      }
      changed = true;
    }
    boolean link = (call.scratch().mode() & Attributes.TYPE) == Attributes.SYMLINK;
    boolean privileged = (asked & (Attributes.SET_UID | Attributes.SET_GID)) != 0;
    boolean mayBeLost = (asked & MASK) != 0;
    if (!link && (mayBeLost || changed && privileged)) {
      int now = call.scratch().mode();
      int permissions = (hasDefaultList(call, parent) ? now : asked) & 0777;
      int bits = asked & 07000 | now & Attributes.SET_GID;
      int result = made.chmod(call.scratch(), permissions | bits);
      if (result < 0) {
        return result;
      }
      changed = true;
    }
    return changed ? made.stat(call.scratch()) : 0;
  }

  int change(Call call, InodeFd file, Change change) {
    if (one()) {
      boolean same =
          (!change.has(Change.UID) || change.uid == guestUid)
              && (!change.has(Change.GID) || change.gid == guestUid);
      return same ? 0 : -Errno.EPERM;
    }
    return file.chown(
        call.scratch(),
        change.has(Change.UID) ? change.uid : -1,
        change.has(Change.GID) ? change.gid : -1);
  }
}
