package org.lodge.filesystem.internal;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;

/**
 * Tells what an error means to a request that may have been executed before ({@link
 * Call#isRepeat}): that a name is there already, or there no more, may be its own doing. Only what
 * nobody can have used since is taken for that: an empty file or directory.
 */
final class Repeats {
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int DIRECTORY_LINKS = 2;

  private final FileSystem files;

  Repeats(FileSystem files) {
    this.files = files;
  }

  /**
   * @param type bits of the mode
   */
  int made(Call call, int result, long parent, Name name, int type, Entry into) {
    if (result != -Errno.EEXIST || !call.isRepeat()) {
      return result;
    }
    if (files.lookup(call, parent, name, into) < 0) {
      return result;
    }
    if (!isNew(into.attributes, type)) {
      files.forget(into.node, 1);
      return result;
    }
    return 0;
  }

  private static boolean isNew(Attributes attributes, int type) {
    int asked = type == 0 ? Attributes.REGULAR : type;
    return (attributes.mode & Attributes.TYPE) == asked
        && (!attributes.isRegularFile() || attributes.sizeBytes == 0 && attributes.links == 1)
        && (!attributes.isDirectory() || attributes.links <= DIRECTORY_LINKS);
  }

  /** As {@link #made}, of a file that is open then. */
  int created(Call call, int result, long parent, Name name, int flags, Entry into, Opened opened) {
    int made = made(call, result, parent, name, Attributes.REGULAR, into);
    if (made == result) {
      return result;
    }
    int open = files.open(call, into.node, flags & ~(O_CREAT | O_EXCL), opened);
    if (open < 0) {
      files.forget(into.node, 1);
    }
    return open;
  }

  int linked(Call call, int result, long node, long parent, Name name, Entry into) {
    if (result != -Errno.EEXIST || !call.isRepeat()) {
      return result;
    }
    if (files.lookup(call, parent, name, into) < 0) {
      return result;
    }
    if (into.node != node) {
      files.forget(into.node, 1);
      return result;
    }
    return 0;
  }

  /**
   * @param gone the error that says that it is not there
   */
  int removed(Call call, int result, int gone) {
    return result == -gone && call.isRepeat() ? 0 : result;
  }

  /**
   * That it is there already, with the very value to set.
   *
   * @param sizeBytes of that value, in the call's buffer
   */
  int attributeMade(Call call, int result, long node, Name name, int sizeBytes) {
    if (result != -Errno.EEXIST || !call.isRepeat()) {
      return result;
    }
    byte[] asked = value(call, sizeBytes);
    int there = files.getXattr(call, node, name);
    return there >= 0 && Arrays.equals(asked, value(call, there)) ? 0 : result;
  }

  private static byte[] value(Call call, int sizeBytes) {
    return call.buffer().asSlice(0, sizeBytes).toArray(ValueLayout.JAVA_BYTE);
  }

  int renamed(Call call, int result, long toParent, Name toName) {
    Entry there = new Entry();
    if (result != -Errno.ENOENT
        || !call.isRepeat()
        || files.lookup(call, toParent, toName, there) < 0) {
      return result;
    }
    files.forget(there.node, 1);
    return 0;
  }
}
