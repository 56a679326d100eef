package org.lodge.filesystem.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.linux.FileFd;
import org.lodge.linux.InodeFd;
import org.lodge.linux.IoVector;

/** The regular files and directories that a guest has open, and what is done to them. */
final class OpenFiles implements AutoCloseable {
  private static final int O_ACCMODE = 3;
  private static final int O_TRUNC = 0x200;
  private static final int O_APPEND = 0x400;
  private static final int O_SYNC = 0x101000;
  private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
  private static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
  private static final int O_TMPFILE = 0x400000 | O_DIRECTORY;

  /** What a guest's flags may say; direct I/O, for one, is between guest and guest's cache. */
  static final int FLAGS = O_ACCMODE | O_TRUNC | O_APPEND | O_SYNC;

  private static final int SEEK_SET = 0;
  private static final int DIRENT_NAME = 19;
  private static final int PRIVILEGES = Attributes.SET_UID | Attributes.SET_GID;

  private final Inodes inodes;
  private final Handles handles;

  OpenFiles(Inodes inodes, int budget, Ledger ledger) {
    this.inodes = inodes;
    handles = new Handles(budget, ledger);
  }

  /** Null where there is none, or its file is not found again after a death of Lodge. */
  Handle get(Call call, long number) {
    return get(call, number, false);
  }

  private Handle get(Call call, long number, boolean directory) {
    Handle handle = handles.get(number, directory);
    return handle == null || handle.fd != null || reopen(call, handle) ? handle : null;
  }

  private boolean reopen(Call call, Handle handle) {
    synchronized (handle) {
      int flags = handle.flags & ~O_TRUNC;
      int fd = handle.fd != null ? 0 : reopened(call, handle, flags);
      if (fd > 0) {
        handle.fd = FileFd.of(fd);
      }
      return handle.fd != null;
    }
  }

  private int reopened(Call call, Handle handle, int flags) {
    Inode inode = inodes.take(call.scratch(), handle.node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      int type = handle.directory ? Attributes.DIRECTORY : Attributes.REGULAR;
      return inode.type == type ? inode.fd.open(call.scratch(), flags) : -Errno.ESTALE;
    } finally {
      inodes.put(inode);
    }
  }

  /** Why {@link #get} gave nothing. */
  int missing(long number) {
    return handles.get(number, false) == null && handles.get(number, true) == null
        ? -Errno.EBADF
        : -Errno.ESTALE;
  }

  int open(Call call, long node, int flags, Opened opened) {
    return open(call, node, flags & FLAGS, Attributes.REGULAR, opened);
  }

  int openDirectory(Call call, long node, Opened opened) {
    return open(call, node, O_DIRECTORY, Attributes.DIRECTORY, opened);
  }

  private int open(Call call, long node, int flags, int type, Opened opened) {
    Inode inode = inodes.take(call.scratch(), node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      if (inode.type != type) {
        return type == Attributes.DIRECTORY ? -Errno.ENOTDIR : -Errno.EACCES;
      }
      int number = inode.fd.open(call.scratch(), flags);
      if (number < 0) {
        return number;
      }
      opened.handle = add(FileFd.of(number), node, flags, type == Attributes.DIRECTORY);
      return opened.handle == 0 ? -Errno.ENFILE : 0;
    } finally {
      inodes.put(inode);
    }
  }

  /** Its number, 0 where there are too many. */
  long add(FileFd file, long node, int flags, boolean directory) {
    return handles.add(file, node, flags, directory);
  }

  int temporary(Call call, InodeFd directory, int flags, int mode) {
    int writable = (flags & O_ACCMODE) == 0 ? 2 : flags & O_ACCMODE;
    MemorySegment dot = call.buffer();
    dot.set(ValueLayout.JAVA_SHORT, 0, (short) '.');
    return directory.create(call.scratch(), dot.address(), writable | O_TMPFILE, mode);
  }

  void reset() {
    handles.reset();
  }

  void remove(long handle, boolean directory) {
    handles.remove(handle, directory);
  }

  int read(Call call, long handle, long offset, Data data) {
    Handle file = get(call, handle);
    if (file == null) {
      return missing(handle);
    }
    IoVector vector = call.scratch().vector();
    vector.clear();
    if (!data.ranges(vector, data.sizeBytes())) {
      return -Errno.EINVAL;
    }
    return (int) file.fd.read(call.scratch(), vector, offset);
  }

  int write(Call call, long node, long handle, long offset, Data data, boolean killPrivileges) {
    Handle file = get(call, handle);
    if (file == null) {
      return missing(handle);
    }
    if (killPrivileges) {
      Inode inode = inodes.take(call.scratch(), node);
      if (inode != null) {
        killPrivileges(call, inode.fd);
        inodes.put(inode);
      }
    }
    IoVector vector = call.scratch().vector();
    vector.clear();
    if (!data.ranges(vector, data.sizeBytes())) {
      return -Errno.EINVAL;
    }
    return (int) file.fd.write(call.scratch(), vector, offset);
  }

  /** As the kernel does for whoever may not keep them (inode_remove_privs). */
  static void killPrivileges(Call call, InodeFd fd) {
    if (fd.stat(call.scratch()) != 0) {
      return;
    }
    int mode = call.scratch().mode();
    boolean groupRuns = (mode & 010) != 0;
    int gone = mode & (groupRuns ? PRIVILEGES : Attributes.SET_UID);
    if (gone != 0) {
      fd.chmod(call.scratch(), mode & 07777 & ~gone);
    }
  }

  int sync(Call call, long handle, boolean dataOnly, boolean directory) {
    Handle file = get(call, handle, directory);
    return file == null ? missing(handle) : file.fd.sync(call.scratch(), dataOnly);
  }

  int syncAll(Call call) {
    Inode root = inodes.take(call.scratch(), FileSystem.ROOT);
    if (root == null) {
      return -Errno.ESTALE;
    }
    try {
      int number = root.fd.open(call.scratch(), O_DIRECTORY);
      if (number < 0) {
        return number;
      }
      try (FileFd file = FileFd.of(number)) {
        return file.syncFileSystem(call.scratch());
      }
    } finally {
      inodes.put(root);
    }
  }

  int allocate(Call call, long handle, int mode, long offset, long sizeBytes) {
    Handle file = get(call, handle);
    return file == null
        ? missing(handle)
        : file.fd.allocate(call.scratch(), mode, offset, sizeBytes);
  }

  long seek(Call call, long handle, long offset, int whence) {
    Handle file = get(call, handle);
    return file == null ? missing(handle) : file.fd.seek(call.scratch(), offset, whence);
  }

  long copy(Call call, long from, long offset, long to, long toOffset, long sizeBytes) {
    Handle source = get(call, from);
    Handle target = get(call, to);
    return source == null || target == null
        ? missing(source == null ? from : to)
        : source.fd.copy(call.scratch(), offset, target.fd, toOffset, sizeBytes);
  }

  /**
   * @param lookups where each entry is looked up; null where that is not wanted
   */
  int readDirectory(
      Call call, long handle, long offset, DirectorySink into, FileSystem lookups, long node) {
    Handle directory = get(call, handle, true);
    if (directory == null) {
      return missing(handle);
    }
    synchronized (directory) {
      if (directory.position != offset) {
        long at = directory.fd.seek(call.scratch(), offset, SEEK_SET);
        if (at < 0) {
          return (int) at;
        }
      }
      directory.position = -1;
      // An entry with its attributes is longer than the host's; what does not fit is read again.
      int wanted = lookups == null ? into.sizeBytes() : into.sizeBytes() / 4;
      int size = Math.clamp(wanted, 1024, Call.BUFFER_BYTES);
      int length = directory.fd.readEntries(call.scratch(), call.buffer().address(), size);
      if (length > 0) {
        directory.position = give(call, length, offset, into, lookups, node);
      } else if (length == 0) {
        directory.position = offset;
      }
      return Math.min(0, length);
    }
  }

  /** Passes on entries; the offset of what comes next, -1 where the host's is another. */
  private static long give(
      Call call, int length, long offset, DirectorySink into, FileSystem lookups, long node) {
    MemorySegment entries = call.buffer();
    Name name = new Name();
    Entry entry = lookups == null ? null : new Entry();
    long next = offset;
    int at = 0;
    while (at < length) {
      int size = Short.toUnsignedInt(entries.get(ValueLayout.JAVA_SHORT, at + 16L));
      int end = at + DIRENT_NAME;
      while (entries.get(ValueLayout.JAVA_BYTE, end) != 0) {
        end++;
      }
      name.of(entries, at + DIRENT_NAME, end - at - DIRENT_NAME);
      long after = entries.get(ValueLayout.JAVA_LONG, at + 8L);
      if (!into.wants(name, after)) {
        next = after;
        at += size;
        continue;
      }
      if (!into.fits(name.length())) {
        return -1;
      }
      boolean self = name.at(0) == '.' && (name.length() == 1 || isDots(name));
      boolean looked = lookups != null && !self && lookups.lookup(call, node, name, entry) == 0;
      next = after;
      into.add(
          name,
          entries.get(ValueLayout.JAVA_LONG, at),
          entries.get(ValueLayout.JAVA_BYTE, at + 18L),
          next,
          looked ? entry : null);
      at += size;
    }
    return next;
  }

  private static boolean isDots(Name name) {
    return name.length() == 2 && name.at(1) == '.';
  }

  int count() {
    return handles.open();
  }

  @Override
  public void close() {
    handles.close();
  }
}
