package org.lodge.filesystem.internal;

import java.util.function.IntSupplier;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;

/**
 * What makes, removes and changes files, counted by a {@link Quota}: under its lock each call
 * learns what a file has, does what it does, and settles what has become of it. Where there is no
 * quota it goes straight to the file system behind.
 */
final class Metered {
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_TRUNC = 0x200;
  private static final int O_APPEND = 0x400;
  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;
  private static final int NO_REPLACE = 1;
  private static final int EXCHANGE = 2;
  private static final int UNKNOWN = -1;

  private final FileSystem behind;
  private final Quota quota;
  private final Repeats repeats;

  /** Guarded by the quota's lock, as all below. */
  private final Attributes now = new Attributes();

  private final Entry other = new Entry();

  Metered(FileSystem behind, Quota quota, Repeats repeats) {
    this.behind = behind;
    this.quota = quota;
    this.repeats = repeats;
  }

  /**
   * Takes what a file needs to become so long.
   *
   * @param handle of the file, 0 for none
   * @return how long it is, or why it can't be longer
   */
  private long begin(Call call, long node, long handle, long end, boolean mayShrink) {
    if (end < 0) {
      return -Errno.EFBIG;
    }
    if (handle != 0 && !quota.isOf(handle, node)) {
      return -Errno.EBADF;
    }
    int result = behind.getAttributes(call, node, handle, now);
    if (result < 0) {
      return result;
    }
    long before = now.sizeBytes;
    long least = mayShrink ? Math.min(before, end) : before;
    return quota.begin(node, before, least, Math.max(before, end)) ? before : -Errno.EDQUOT;
  }

  /**
   * @param result negative where it is not known what was done, so the file is asked
   */
  private void end(Call call, long node, long handle, long result, long sizeBytes) {
    boolean told = result < 0 && behind.getAttributes(call, node, handle, now) == 0;
    long asked = told ? now.sizeBytes : Quota.UNKNOWN;
    quota.end(result < 0 ? asked : sizeBytes);
  }

  int setAttributes(Call call, long node, long handle, Change change, Attributes into) {
    if (!change.has(Change.SIZE) || !quota.limitsBytes()) {
      return behind.setAttributes(call, node, handle, change, into);
    }
    quota.lock();
    try {
      long before = begin(call, node, handle, change.sizeBytes, true);
      if (before < 0) {
        return (int) before;
      }
      int result = behind.setAttributes(call, node, handle, change, into);
      end(call, node, handle, result, into.sizeBytes);
      return result;
    } finally {
      quota.unlock();
    }
  }

  int write(Call call, long node, long handle, long offset, Data data, boolean killPrivileges) {
    if (!quota.limitsBytes()) {
      return behind.write(call, node, handle, offset, data, killPrivileges);
    }
    quota.lock();
    try {
      long before = begin(call, node, handle, offset + data.sizeBytes(), false);
      if (before < 0) {
        return (int) before;
      }
      int result = behind.write(call, node, handle, offset, data, killPrivileges);
      end(call, node, handle, result, result == 0 ? before : offset + result);
      return result;
    } finally {
      quota.unlock();
    }
  }

  /** What is allocated behind the end is no length that could be counted. */
  int allocate(Call call, long node, long handle, int mode, long offset, long sizeBytes) {
    if (!quota.limitsBytes()) {
      return behind.allocate(call, node, handle, mode, offset, sizeBytes);
    }
    boolean keeps = (mode & KEEP_SIZE) != 0;
    quota.lock();
    try {
      long end = offset + sizeBytes;
      long before = begin(call, node, handle, keeps ? 0 : end, false);
      if (before < 0) {
        return (int) before;
      }
      boolean counts = !keeps || (mode & PUNCH_HOLE) != 0 || end <= before;
      int result =
          counts ? behind.allocate(call, node, handle, mode, offset, sizeBytes) : -Errno.EOPNOTSUPP;
      end(call, node, handle, result, keeps ? before : end);
      return result;
    } finally {
      quota.unlock();
    }
  }

  long copy(
      Call call,
      long node,
      long handle,
      long offset,
      long toNode,
      long toHandle,
      long toOffset,
      long sizeBytes) {
    if (!quota.limitsBytes()) {
      return behind.copy(call, node, handle, offset, toNode, toHandle, toOffset, sizeBytes);
    }
    quota.lock();
    try {
      long before = begin(call, toNode, toHandle, toOffset + sizeBytes, false);
      if (before < 0) {
        return before;
      }
      long result = behind.copy(call, node, handle, offset, toNode, toHandle, toOffset, sizeBytes);
      end(call, toNode, toHandle, result, result == 0 ? before : toOffset + result);
      return result;
    } finally {
      quota.unlock();
    }
  }

  /** What is appended has no offset by which it could be counted. */
  private int kept(int flags) {
    return quota.limitsBytes() ? flags & ~O_APPEND : flags;
  }

  int open(Call call, long node, int flags, Opened opened) {
    if (!quota.limitsAny()) {
      return behind.open(call, node, flags, opened);
    }
    boolean truncates = (flags & O_TRUNC) != 0 && quota.limitsBytes();
    quota.lock();
    try {
      long before = truncates ? begin(call, node, 0, 0, true) : 0;
      if (before < 0) {
        return (int) before;
      }
      int result = behind.open(call, node, kept(flags), opened);
      if (result >= 0) {
        quota.opened(opened.handle, node);
      }
      if (truncates) {
        end(call, node, result < 0 ? 0 : opened.handle, UNKNOWN, 0);
      }
      return result;
    } finally {
      quota.unlock();
    }
  }

  int create(Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    if (!quota.limitsAny()) {
      return made(call, parent, name, flags, mode, into, opened);
    }
    quota.lock();
    try {
      int result =
          adding(
              call,
              parent,
              name,
              () -> made(call, parent, name, kept(flags) | O_EXCL, mode, into, opened));
      if (result >= 0) {
        quota.opened(opened.handle, into.node);
      }
      boolean isThere = result == -Errno.EEXIST || result == -Errno.EDQUOT;
      return isThere && (flags & O_EXCL) == 0
          ? openThere(call, parent, name, flags, result, into, opened)
          : result;
    } finally {
      quota.unlock();
    }
  }

  private int made(
      Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    int result = behind.create(call, parent, name, flags, mode, into, opened);
    return repeats.created(call, result, parent, name, flags, into, opened);
  }

  /** Only what is made is one more file, and only what was there is truncated. */
  private int openThere(
      Call call, long parent, Name name, int flags, int otherwise, Entry into, Opened opened) {
    int result = behind.lookup(call, parent, name, into);
    if (result < 0) {
      return result == -Errno.ENOENT ? otherwise : result;
    }
    result = open(call, into.node, flags & ~(O_CREAT | O_EXCL), opened);
    if (result < 0) {
      behind.forget(into.node, 1);
      quota.forgotten(into.node);
    }
    return result;
  }

  int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened) {
    if (!quota.limitsAny()) {
      return behind.temporaryFile(call, parent, flags, mode, into, opened);
    }
    quota.lock();
    try {
      if (!quota.addFile()) {
        return -Errno.EDQUOT;
      }
      int result = behind.temporaryFile(call, parent, kept(flags), mode, into, opened);
      if (result < 0) {
        quota.removeFile();
      } else {
        quota.opened(opened.handle, into.node);
        quota.nameless(into.node, 0);
      }
      return result;
    } finally {
      quota.unlock();
    }
  }

  /** Makes a file of whatever kind. */
  int add(Call call, long parent, Name name, IntSupplier making) {
    if (!quota.limitsAny()) {
      return making.getAsInt();
    }
    quota.lock();
    try {
      return adding(call, parent, name, making);
    } finally {
      quota.unlock();
    }
  }

  private int adding(Call call, long parent, Name name, IntSupplier making) {
    if (!quota.addFile()) {
      return -Errno.EDQUOT;
    }
    int result = making.getAsInt();
    if (result < 0 && !isThereAllTheSame(call, parent, name, result)) {
      quota.removeFile();
    }
    return result;
  }

  /** Whether what failed may have made the name, such as a file that could not be opened then. */
  private boolean isThereAllTheSame(Call call, long parent, Name name, int result) {
    if (result == -Errno.EEXIST) {
      return false;
    }
    int found = behind.lookup(call, parent, name, other);
    if (found >= 0) {
      behind.forget(other.node, 1);
    }
    return found >= 0 || found == -Errno.ENFILE || found == -Errno.EIO;
  }

  int link(Call call, long node, long toParent, Name toName, Entry into) {
    if (!quota.limitsAny()) {
      return linked(call, node, toParent, toName, into);
    }
    quota.lock();
    try {
      int result = linked(call, node, toParent, toName, into);
      if (result >= 0 || isThereAllTheSame(call, toParent, toName, result)) {
        quota.named(node);
      }
      return result;
    } finally {
      quota.unlock();
    }
  }

  private int linked(Call call, long node, long toParent, Name toName, Entry into) {
    int result = behind.link(call, node, toParent, toName, into);
    return repeats.linked(call, result, node, toParent, toName, into);
  }

  int unlink(Call call, long parent, Name name) {
    return removing(
        call,
        parent,
        name,
        () -> repeats.removed(call, behind.unlink(call, parent, name), Errno.ENOENT));
  }

  int removeDirectory(Call call, long parent, Name name) {
    return removing(
        call,
        parent,
        name,
        () -> repeats.removed(call, behind.removeDirectory(call, parent, name), Errno.ENOENT));
  }

  int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    IntSupplier renaming =
        () -> {
          int result = behind.rename(call, parent, name, toParent, toName, flags);
          return repeats.renamed(call, result, toParent, toName);
        };
    return (flags & (NO_REPLACE | EXCHANGE)) != 0
        ? renaming.getAsInt()
        : removing(call, toParent, toName, renaming);
  }

  /** What takes a name from a file, if there is one: gone or not, it is known until all is done. */
  private int removing(Call call, long parent, Name name, IntSupplier removal) {
    if (!quota.limitsAny()) {
      return removal.getAsInt();
    }
    quota.lock();
    try {
      int found = behind.lookup(call, parent, name, other);
      if (found < 0 && found != -Errno.ENOENT) {
        return found;
      }
      int result = removal.getAsInt();
      if (found >= 0) {
        settleRemoved(call, result);
      }
      return result;
    } finally {
      quota.unlock();
    }
  }

  private void settleRemoved(Call call, int result) {
    int told = behind.getAttributes(call, other.node, 0, now);
    if (told == -Errno.ESTALE && result >= 0) {
      // Whoever keeps the files let go of it.
      now.take(other.attributes);
      now.links = now.isDirectory() ? 0 : now.links - 1;
      told = 0;
    }
    if (told >= 0 && now.links == 0) {
      quota.nameless(other.node, now.isRegularFile() ? now.sizeBytes : 0);
    }
    behind.forget(other.node, 1);
    quota.forgotten(other.node);
  }
}
