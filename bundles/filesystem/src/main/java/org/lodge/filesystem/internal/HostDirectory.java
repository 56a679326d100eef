package org.lodge.filesystem.internal;

import java.util.List;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Statistics;
import org.lodge.linux.FileFd;
import org.lodge.linux.InodeFd;
import org.lodge.linux.LinuxException;

/**
 * A directory of the host. Every file is held by a descriptor of its own, found beneath that of its
 * directory, so no name is ever followed twice and no change of the tree leads out of it. Only
 * regular files and directories are ever opened: {@link OpenFiles} has those.
 */
final class HostDirectory implements FileSystem {
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int REGULAR = Attributes.REGULAR;
  private static final int FIFO = 0x1000;
  private static final int SOCKET = 0xc000;
  private static final int RENAME_EXCHANGE = 2;

  private final Inodes inodes;
  private final OpenFiles files;
  private final Owners owners;

  HostDirectory(DirectorySettings settings, Ledger ledger) throws LinuxException {
    InodeFd root = InodeFd.directory(settings.path());
    Call call = new Call();
    root.stat(call.scratch());
    inodes = new Inodes(root, call.scratch(), settings.descriptorsMax() / 2, ledger);
    files = new OpenFiles(inodes, settings.descriptorsMax() / 2, ledger);
    owners = new Owners(settings);
  }

  @Override
  public boolean waits() {
    return false;
  }

  @Override
  public int lookup(Call call, long parent, Name name, Entry into) {
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      return lookup(call, directory, name, into);
    } finally {
      inodes.put(directory);
    }
  }

  private int lookup(Call call, Inode directory, Name name, Entry into) {
    int number = directory.fd.lookup(call.scratch(), name.address());
    return number < 0 ? number : found(call, InodeFd.of(number), directory.node, name, into);
  }

  private int found(Call call, InodeFd fd, long parent, Name name, Entry into) {
    int result = fd.stat(call.scratch());
    if (result < 0) {
      fd.close();
      return result;
    }
    into.attributes.take(call.scratch());
    owners.show(into.attributes);
    into.node = inodes.found(fd, call.scratch(), parent, name);
    into.generation = 0;
    return into.node == 0 ? -Errno.ENFILE : 0;
  }

  @Override
  public void forget(long node, long uses) {
    inodes.forget(node, uses);
  }

  @Override
  public int getAttributes(Call call, long node, long handle, Attributes into) {
    Inode inode = inodes.take(call.scratch(), node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      return attributes(call, inode, into);
    } finally {
      inodes.put(inode);
    }
  }

  private int attributes(Call call, Inode inode, Attributes into) {
    int result = inode.fd.stat(call.scratch());
    if (result == 0) {
      into.take(call.scratch());
      owners.show(into);
    }
    return result;
  }

  @Override
  public int setAttributes(Call call, long node, long handle, Change change, Attributes into) {
    Inode inode = inodes.take(call.scratch(), node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      int result = apply(call, inode, handle, change);
      return result < 0 ? result : attributes(call, inode, into);
    } finally {
      inodes.put(inode);
    }
  }

  private int apply(Call call, Inode inode, long handle, Change change) {
    if (!change.has(Change.ANY)) {
      // A chown to nobody, which is a change of the file all the same.
      return inode.fd.chown(call.scratch(), -1, -1);
    }
    int result = 0;
    if (change.has(Change.MODE)) {
      result =
          inode.type == Attributes.SYMLINK
              ? -Errno.EOPNOTSUPP
              : inode.fd.chmod(call.scratch(), change.mode & 07777);
    }
    if (result == 0 && change.has(Change.UID | Change.GID)) {
      result = owners.change(call, inode.fd, change);
    }
    if (result == 0 && change.has(Change.SIZE)) {
      result = resize(call, inode, handle, change);
    }
    int times = Change.ACCESS_TIME | Change.MODIFY_TIME | Change.ACCESS_NOW | Change.MODIFY_NOW;
    return result == 0 && change.has(times) ? setTimes(call, inode, change) : result;
  }

  private int resize(Call call, Inode inode, long handle, Change change) {
    if (inode.type != REGULAR) {
      return inode.type == Attributes.DIRECTORY ? -Errno.EISDIR : -Errno.EINVAL;
    }
    if (change.has(Change.KILL_PRIVILEGES)) {
      OpenFiles.killPrivileges(call, inode.fd);
    }
    Handle open = handle == 0 ? null : files.get(call, handle);
    return open == null
        ? inode.fd.truncate(call.scratch(), change.sizeBytes)
        : open.fd.truncate(call.scratch(), change.sizeBytes);
  }

  private static int setTimes(Call call, Inode inode, Change change) {
    long now = 0x3fffffff;
    long omit = 0x3ffffffe;
    long access = change.has(Change.ACCESS_TIME) ? change.accessNanos : omit;
    long modify = change.has(Change.MODIFY_TIME) ? change.modifyNanos : omit;
    return inode.fd.setTimes(
        call.scratch(),
        change.accessSeconds,
        change.has(Change.ACCESS_NOW) ? now : access,
        change.modifySeconds,
        change.has(Change.MODIFY_NOW) ? now : modify);
  }

  @Override
  public int readLink(Call call, long node) {
    Inode inode = inodes.take(call.scratch(), node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      return inode.type == Attributes.SYMLINK
          ? inode.fd.readLink(call.scratch(), call.buffer().address(), 4096)
          : -Errno.EINVAL;
    } finally {
      inodes.put(inode);
    }
  }

  @Override
  public int symlink(Call call, long parent, Name name, Name target, Entry into) {
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      int result = directory.fd.symlink(call.scratch(), target.address(), name.address());
      return made(call, directory, name, 0777, result, into);
    } finally {
      inodes.put(directory);
    }
  }

  /** Looks up what was made under a name and gives it its owner. */
  private int made(Call call, Inode directory, Name name, int mode, int result, Entry into) {
    if (result < 0) {
      return result;
    }
    int number = directory.fd.lookup(call.scratch(), name.address());
    return number < 0 ? number : settled(call, directory, InodeFd.of(number), name, mode, into);
  }

  private int settled(Call call, Inode directory, InodeFd fd, Name name, int mode, Entry into) {
    int result = fd.stat(call.scratch());
    if (result == 0) {
      result = owners.settle(call, directory.fd, fd, mode);
    }
    if (result < 0) {
      fd.close();
      return result;
    }
    return found(call, fd, directory.node, name, into);
  }

  @Override
  public int makeNode(Call call, long parent, Name name, int mode, int device, Entry into) {
    int type = mode & Attributes.TYPE;
    if (type != REGULAR && type != FIFO && type != SOCKET && type != 0) {
      return -Errno.EPERM;
    }
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      int masked = owners.masked(call, directory.fd, mode);
      int result = directory.fd.makeNode(call.scratch(), name.address(), masked, 0);
      return made(call, directory, name, masked, result, into);
    } finally {
      inodes.put(directory);
    }
  }

  @Override
  public int makeDirectory(Call call, long parent, Name name, int mode, Entry into) {
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      int masked = owners.masked(call, directory.fd, mode);
      int result = directory.fd.makeDirectory(call.scratch(), name.address(), masked & 07777);
      return made(call, directory, name, masked, result, into);
    } finally {
      inodes.put(directory);
    }
  }

  @Override
  public int unlink(Call call, long parent, Name name) {
    return unlink(call, parent, name, false);
  }

  @Override
  public int removeDirectory(Call call, long parent, Name name) {
    return unlink(call, parent, name, true);
  }

  private int unlink(Call call, long parent, Name name, boolean isDirectory) {
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      return directory.fd.unlink(call.scratch(), name.address(), isDirectory);
    } finally {
      inodes.put(directory);
    }
  }

  @Override
  public int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    Inode from = inodes.take(call.scratch(), parent);
    Inode to = inodes.take(call.scratch(), toParent);
    try {
      if (from == null || to == null) {
        return -Errno.ESTALE;
      }
      int result = from.fd.rename(call.scratch(), name.address(), to.fd, toName.address(), flags);
      if (result == 0) {
        moved(call, to, toName);
      }
      if (result == 0 && (flags & RENAME_EXCHANGE) != 0) {
        moved(call, from, name);
      }
      return result;
    } finally {
      put(from);
      put(to);
    }
  }

  private void moved(Call call, Inode directory, Name name) {
    int number = directory.fd.lookup(call.scratch(), name.address());
    if (number >= 0) {
      try (InodeFd fd = InodeFd.of(number)) {
        if (fd.stat(call.scratch()) == 0) {
          inodes.moved(call.scratch(), directory.node, name);
        }
      }
    }
  }

  @Override
  public int link(Call call, long node, long toParent, Name toName, Entry into) {
    Inode inode = inodes.take(call.scratch(), node);
    Inode to = inodes.take(call.scratch(), toParent);
    try {
      if (inode == null || to == null) {
        return -Errno.ESTALE;
      }
      int result = inode.fd.link(call.scratch(), to.fd, toName.address());
      return result < 0 ? result : lookup(call, to, toName, into);
    } finally {
      put(inode);
      put(to);
    }
  }

  private void put(Inode inode) {
    if (inode != null) {
      inodes.put(inode);
    }
  }

  @Override
  public int open(Call call, long node, int flags, Opened opened) {
    return files.open(call, node, flags, opened);
  }

  /**
   * Whoever makes a file must not open what somebody else has put there meanwhile: so it is made
   * exclusively, and what is there already is looked up and opened as any file is.
   */
  @Override
  public int create(
      Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      int all = flags & OpenFiles.FLAGS | O_CREAT | O_EXCL;
      int masked = owners.masked(call, directory.fd, mode);
      int number = directory.fd.create(call.scratch(), name.address(), all, masked);
      if (number == -Errno.EEXIST && (flags & O_EXCL) == 0) {
        int result = lookup(call, directory, name, into);
        return result < 0 ? result : opened(call, flags, into, opened);
      }
      return number < 0
          ? number
          : created(call, directory, name, number, flags, masked, into, opened);
    } finally {
      inodes.put(directory);
    }
  }

  private int opened(Call call, int flags, Entry into, Opened opened) {
    int result = files.open(call, into.node, flags, opened);
    if (result < 0) {
      inodes.forget(into.node, 1);
    }
    return result;
  }

  private int created(
      Call call,
      Inode directory,
      Name name,
      int number,
      int flags,
      int mode,
      Entry into,
      Opened opened) {
    FileFd file = FileFd.of(number);
    int hold = file.hold(call.scratch());
    if (hold < 0) {
      file.close();
      return hold;
    }
    int result = settled(call, directory, InodeFd.of(hold), name, mode, into);
    if (result < 0) {
      file.close();
      return result;
    }
    opened.handle = files.add(file, into.node, flags & OpenFiles.FLAGS, false);
    if (opened.handle == 0) {
      inodes.forget(into.node, 1);
      return -Errno.ENFILE;
    }
    return 0;
  }

  @Override
  public int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened) {
    Inode directory = inodes.take(call.scratch(), parent);
    if (directory == null) {
      return -Errno.ESTALE;
    }
    try {
      int masked = owners.masked(call, directory.fd, mode);
      int number = files.temporary(call, directory.fd, flags, masked);
      Name none = new Name().of(call.buffer(), 0, 0);
      return number < 0
          ? number
          : created(call, directory, none, number, flags, masked, into, opened);
    } finally {
      inodes.put(directory);
    }
  }

  @Override
  public int read(Call call, long node, long handle, long offset, Data data) {
    return files.read(call, handle, offset, data);
  }

  @Override
  public int write(
      Call call, long node, long handle, long offset, Data data, boolean killPrivileges) {
    return files.write(call, node, handle, offset, data, killPrivileges);
  }

  @Override
  public int flush(Call call, long node, long handle) {
    return files.get(call, handle) == null ? files.missing(handle) : 0;
  }

  @Override
  public void release(long node, long handle) {
    files.remove(handle, false);
  }

  @Override
  public int sync(Call call, long node, long handle, boolean dataOnly) {
    return files.sync(call, handle, dataOnly, false);
  }

  @Override
  public int openDirectory(Call call, long node, int flags, Opened opened) {
    return files.openDirectory(call, node, opened);
  }

  @Override
  public int readDirectory(
      Call call, long node, long handle, long offset, boolean plus, DirectorySink into) {
    return files.readDirectory(call, handle, offset, into, plus ? this : null, node);
  }

  @Override
  public void releaseDirectory(long node, long handle) {
    files.remove(handle, true);
  }

  @Override
  public int syncDirectory(Call call, long node, long handle, boolean dataOnly) {
    return files.sync(call, handle, dataOnly, true);
  }

  @Override
  public int statistics(Call call, long node, Statistics into) {
    Inode inode = inodes.take(call.scratch(), node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      int result = inode.fd.statFileSystem(call.scratch(), call.buffer().address());
      if (result == 0) {
        StatFs.read(call.buffer(), into);
      }
      return result;
    } finally {
      inodes.put(inode);
    }
  }

  @Override
  public int getXattr(Call call, long node, Name name) {
    return xattr(
        call,
        node,
        (fd, buffer) -> fd.getXattr(call.scratch(), name.address(), buffer, Call.BUFFER_BYTES));
  }

  @Override
  public int setXattr(Call call, long node, Name name, int sizeBytes, int flags) {
    return xattr(
        call,
        node,
        (fd, buffer) -> fd.setXattr(call.scratch(), name.address(), buffer, sizeBytes, flags));
  }

  @Override
  public int removeXattr(Call call, long node, Name name) {
    return xattr(call, node, (fd, buffer) -> fd.removeXattr(call.scratch(), name.address()));
  }

  @Override
  public int listXattrs(Call call, long node) {
    return xattr(
        call, node, (fd, buffer) -> fd.listXattrs(call.scratch(), buffer, Call.BUFFER_BYTES));
  }

  private interface XattrCall {
    int on(InodeFd fd, long buffer);
  }

  private int xattr(Call call, long node, XattrCall what) {
    Inode inode = inodes.take(call.scratch(), node);
    if (inode == null) {
      return -Errno.ESTALE;
    }
    try {
      return inode.type == REGULAR || inode.type == Attributes.DIRECTORY
          ? what.on(inode.fd, call.buffer().address())
          : -Errno.EOPNOTSUPP;
    } finally {
      inodes.put(inode);
    }
  }

  @Override
  public int allocate(Call call, long node, long handle, int mode, long offset, long sizeBytes) {
    return files.allocate(call, handle, mode, offset, sizeBytes);
  }

  @Override
  public long seek(Call call, long node, long handle, long offset, int whence) {
    return files.seek(call, handle, offset, whence);
  }

  @Override
  public long copy(
      Call call,
      long node,
      long handle,
      long offset,
      long toNode,
      long toHandle,
      long toOffset,
      long sizeBytes) {
    return files.copy(call, handle, offset, toHandle, toOffset, sizeBytes);
  }

  @Override
  public int syncAll(Call call, long node) {
    return files.syncAll(call);
  }

  @Override
  public int identify(long node, FileIdentity into) {
    return inodes.identify(node, into) ? 0 : -Errno.ESTALE;
  }

  @Override
  public void reset() {
    files.reset();
    inodes.reset();
  }

  @Override
  public List<Count> counts() {
    return List.of(
        new Count("nodes", "files", inodes.count()),
        new Count("nodes.held", "descriptors", inodes.held()),
        new Count("open", "files", files.count()));
  }

  @Override
  public void close() {
    files.close();
    inodes.close();
  }
}
