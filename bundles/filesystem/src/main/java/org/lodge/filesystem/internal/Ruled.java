package org.lodge.filesystem.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.LockWaiter;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Rules;
import org.lodge.filesystem.Statistics;

/**
 * A file system under the rules of its share. They hold here, on the host, whatever the one behind
 * does; and what that one answers loses here what it must not give.
 */
final class Ruled implements FileSystem {
  private static final int O_ACCMODE = 3;
  private static final int O_TRUNC = 0x200;
  private static final int RENAME_WHITEOUT = 4;

  /** To keep the size, punch holes and zero ranges: nobody's kernel asks for more. */
  private static final int ALLOCATIONS = 1 | 2 | 16;

  private static final int PRIVILEGES = Attributes.SET_UID | Attributes.SET_GID;

  /** For one answer: whoever keeps the files could go on with hidden names for ever. */
  private static final int READS_MAX = 1 << 16;

  private final FileSystem behind;
  private final Rules rules;
  private final NameFilter hidden;
  private final XattrPolicy xattrs;
  private final Pace pace;
  private final Quota quota;
  private final Metered metered;
  private final Repeats repeats;
  private final LockTable.Session locks;
  private volatile boolean revoked;

  /**
   * @param locks among those of all who share what is behind
   */
  Ruled(FileSystem behind, Rules rules, LockTable.Session locks, Ledger ledger) {
    this.behind = behind;
    repeats = new Repeats(behind);
    this.locks = locks;
    this.rules = rules;
    hidden = new NameFilter(rules.hidden());
    xattrs = new XattrPolicy(rules);
    pace = new Pace(rules.operationsPerSecond());
    quota = new Quota(rules.quotaBytes(), rules.quotaFiles(), ledger, this::isKnown);
    metered = new Metered(behind, quota, repeats);
  }

  private boolean isKnown(long node) {
    return behind.identify(node, new FileIdentity()) != -Errno.ESTALE;
  }

  /** From now on everything fails. */
  void revoke() {
    locks.revoke();
    close();
  }

  /** 0, or why nothing can be read. */
  private int reading() {
    pace.pass();
    return revoked ? -Errno.EIO : 0;
  }

  /** 0, or why nothing can be changed. */
  private int changing() {
    int result = reading();
    return result == 0 && rules.readOnly() ? -Errno.EROFS : result;
  }

  /** 0, or why this name can't be changed. */
  private int naming(Name name) {
    int result = changing();
    return result == 0 && hidden.hides(name) ? -Errno.EACCES : result;
  }

  private int mode(int mode) {
    boolean directory = (mode & Attributes.TYPE) == Attributes.DIRECTORY;
    return rules.setUid() || directory ? mode : mode & ~PRIVILEGES;
  }

  private void clean(Attributes attributes) {
    attributes.mode = mode(attributes.mode);
  }

  private int clean(int result, Entry entry) {
    if (result >= 0) {
      clean(entry.attributes);
    }
    return result;
  }

  @Override
  public boolean nodesStay() {
    return behind.nodesStay();
  }

  @Override
  public boolean waits() {
    return behind.waits() || pace.limits();
  }

  @Override
  public int lookup(Call call, long parent, Name name, Entry into) {
    int result = reading();
    if (result == 0 && hidden.hides(name)) {
      result = -Errno.ENOENT;
    }
    return result < 0 ? result : clean(behind.lookup(call, parent, name, into), into);
  }

  @Override
  public void forget(long node, long uses) {
    if (!revoked) {
      behind.forget(node, uses);
      quota.forgotten(node);
    }
  }

  @Override
  public int getAttributes(Call call, long node, long handle, Attributes into) {
    int result = reading();
    if (result == 0) {
      result = behind.getAttributes(call, node, handle, into);
      clean(into);
    }
    return result;
  }

  @Override
  public int setAttributes(Call call, long node, long handle, Change change, Attributes into) {
    int result = changing();
    if (result == 0 && change.has(Change.MODE) && !rules.setUid()) {
      result = behind.getAttributes(call, node, handle, into);
      change.mode = mode(into.mode & Attributes.TYPE | change.mode & 07777) & 07777;
    }
    if (result == 0) {
      result = metered.setAttributes(call, node, handle, change, into);
      clean(into);
    }
    return result;
  }

  @Override
  public int readLink(Call call, long node) {
    int result = reading();
    return result < 0 ? result : behind.readLink(call, node);
  }

  @Override
  public int symlink(Call call, long parent, Name name, Name target, Entry into) {
    return adding(
        call,
        parent,
        name,
        Attributes.SYMLINK,
        into,
        () -> behind.symlink(call, parent, name, target, into));
  }

  private int adding(Call call, long parent, Name name, int type, Entry into, IntSupplier making) {
    int result = naming(name);
    return result < 0
        ? result
        : clean(
            metered.add(
                call,
                parent,
                name,
                () -> repeats.made(call, making.getAsInt(), parent, name, type, into)),
            into);
  }

  @Override
  public int makeNode(Call call, long parent, Name name, int mode, int device, Entry into) {
    int type = mode & Attributes.TYPE;
    return type == 0x2000 || type == 0x6000
        ? -Errno.EPERM
        : adding(
            call,
            parent,
            name,
            type,
            into,
            () -> behind.makeNode(call, parent, name, mode(mode), 0, into));
  }

  @Override
  public int makeDirectory(Call call, long parent, Name name, int mode, Entry into) {
    return adding(
        call,
        parent,
        name,
        Attributes.DIRECTORY,
        into,
        () -> behind.makeDirectory(call, parent, name, mode & 07777, into));
  }

  @Override
  public int unlink(Call call, long parent, Name name) {
    int result = naming(name);
    return result < 0 ? result : metered.unlink(call, parent, name);
  }

  @Override
  public int removeDirectory(Call call, long parent, Name name) {
    int result = naming(name);
    return result < 0 ? result : metered.removeDirectory(call, parent, name);
  }

  @Override
  public int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    int result = naming(name);
    if (result == 0 && hidden.hides(toName)) {
      result = -Errno.EACCES;
    }
    if (result == 0 && (flags & RENAME_WHITEOUT) != 0) {
      // A whiteout is a device node.
      result = -Errno.EINVAL;
    }
    return result < 0 ? result : metered.rename(call, parent, name, toParent, toName, flags);
  }

  @Override
  public int link(Call call, long node, long toParent, Name toName, Entry into) {
    int result = naming(toName);
    return result < 0 ? result : clean(metered.link(call, node, toParent, toName, into), into);
  }

  private int opening(int flags) {
    boolean changes = (flags & O_ACCMODE) != 0 || (flags & O_TRUNC) != 0;
    return changes ? changing() : reading();
  }

  @Override
  public int open(Call call, long node, int flags, Opened opened) {
    int result = opening(flags);
    return result < 0 ? result : metered.open(call, node, flags, opened);
  }

  @Override
  public int create(
      Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    int result = naming(name);
    return result < 0
        ? result
        : clean(metered.create(call, parent, name, flags, file(mode), into, opened), into);
  }

  private int file(int mode) {
    return rules.setUid() ? mode : mode & ~PRIVILEGES;
  }

  @Override
  public int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened) {
    int result = changing();
    return result < 0
        ? result
        : clean(metered.temporaryFile(call, parent, flags, file(mode), into, opened), into);
  }

  @Override
  public int read(Call call, long node, long handle, long offset, Data data) {
    int result = reading();
    return result < 0 ? result : behind.read(call, node, handle, offset, data);
  }

  @Override
  public int write(
      Call call, long node, long handle, long offset, Data data, boolean killPrivileges) {
    int result = changing();
    return result < 0 ? result : metered.write(call, node, handle, offset, data, killPrivileges);
  }

  @Override
  public int flush(Call call, long node, long handle) {
    return revoked ? -Errno.EIO : behind.flush(call, node, handle);
  }

  @Override
  public void release(long node, long handle) {
    LockTable.Key file = locks.holdsNone() ? null : key(node);
    if (file != null) {
      locks.release(file, handle);
    }
    if (!revoked) {
      behind.release(node, handle);
    }
    quota.released(handle);
  }

  @Override
  public int sync(Call call, long node, long handle, boolean dataOnly) {
    int result = reading();
    return result < 0 ? result : behind.sync(call, node, handle, dataOnly);
  }

  @Override
  public int openDirectory(Call call, long node, int flags, Opened opened) {
    int result = reading();
    return result < 0 ? result : behind.openDirectory(call, node, flags, opened);
  }

  /** An empty answer would be the end, so what begins with many hidden names is read on. */
  @Override
  public int readDirectory(
      Call call, long node, long handle, long offset, boolean plus, DirectorySink into) {
    Visible visible = new Visible(into, offset);
    int result;
    int times = 0;
    do {
      visible.begin();
      result = times++ == READS_MAX ? -Errno.EIO : reading();
      if (result == 0) {
        result = behind.readDirectory(call, node, handle, visible.next, plus, visible);
      }
    } while (result >= 0 && visible.isAllHidden());
    return result;
  }

  /** Takes what may be seen of a directory. */
  private final class Visible implements DirectorySink {
    private final DirectorySink into;
    private boolean hides;
    private boolean shows;

    /** Behind the last hidden entry. */
    private long next;

    private Visible(DirectorySink into, long offset) {
      this.into = into;
      next = offset;
    }

    private void begin() {
      hides = false;
    }

    /** Whether there may be more although nothing was added. */
    private boolean isAllHidden() {
      return hides && !shows;
    }

    @Override
    public int sizeBytes() {
      return into.sizeBytes();
    }

    @Override
    public boolean wants(Name name, long nextOffset) {
      if (!hidden.hides(name)) {
        shows = true;
        return into.wants(name, nextOffset);
      }
      hides = true;
      next = nextOffset;
      return false;
    }

    @Override
    public boolean fits(int nameBytes) {
      return into.fits(nameBytes);
    }

    @Override
    public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
      if (entry != null) {
        clean(entry.attributes);
      }
      into.add(name, inode, type, nextOffset, entry);
    }
  }

  @Override
  public void releaseDirectory(long node, long handle) {
    if (!revoked) {
      behind.releaseDirectory(node, handle);
    }
  }

  @Override
  public int syncDirectory(Call call, long node, long handle, boolean dataOnly) {
    int result = reading();
    return result < 0 ? result : behind.syncDirectory(call, node, handle, dataOnly);
  }

  @Override
  public int statistics(Call call, long node, Statistics into) {
    int result = reading();
    return result < 0 ? result : behind.statistics(call, node, into);
  }

  @Override
  public int getXattr(Call call, long node, Name name) {
    int result = reading(name);
    return result < 0 ? result : behind.getXattr(call, node, name);
  }

  @Override
  public int listXattrs(Call call, long node) {
    int result = reading();
    int length = result < 0 ? result : behind.listXattrs(call, node);
    return length < 0 ? length : xattrs.filter(call.buffer(), length, new Name());
  }

  private int reading(Name xattr) {
    int result = reading();
    return result == 0 && !xattrs.allows(xattr) ? -Errno.EOPNOTSUPP : result;
  }

  private int changing(Name xattr) {
    int result = changing();
    return result == 0 && !xattrs.allows(xattr) ? -Errno.EOPNOTSUPP : result;
  }

  @Override
  public int setXattr(Call call, long node, Name name, int sizeBytes, int flags) {
    int result = changing(name);
    if (result < 0) {
      return result;
    }
    result = behind.setXattr(call, node, name, sizeBytes, flags);
    return repeats.attributeMade(call, result, node, name, sizeBytes);
  }

  @Override
  public int removeXattr(Call call, long node, Name name) {
    int result = changing(name);
    return result < 0
        ? result
        : repeats.removed(call, behind.removeXattr(call, node, name), Errno.ENODATA);
  }

  @Override
  public int allocate(Call call, long node, long handle, int mode, long offset, long sizeBytes) {
    int result = changing();
    if (result == 0 && (mode & ~ALLOCATIONS) != 0) {
      result = -Errno.EOPNOTSUPP;
    }
    return result < 0 ? result : metered.allocate(call, node, handle, mode, offset, sizeBytes);
  }

  @Override
  public long seek(Call call, long node, long handle, long offset, int whence) {
    int result = reading();
    return result < 0 ? result : behind.seek(call, node, handle, offset, whence);
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
    int result = changing();
    return result < 0
        ? result
        : metered.copy(call, node, handle, offset, toNode, toHandle, toOffset, sizeBytes);
  }

  @Override
  public int syncAll(Call call, long node) {
    int result = reading();
    return result < 0 ? result : behind.syncAll(call, node);
  }

  @Override
  public String place() {
    return behind.place();
  }

  @Override
  public int identify(long node, FileIdentity into) {
    return behind.identify(node, into);
  }

  /** Locks hold between guests because they are kept here, whoever keeps the files. */
  private LockTable.Key key(long node) {
    FileIdentity file = new FileIdentity();
    return revoked || behind.identify(node, file) < 0
        ? null
        : new LockTable.Key(file.device, file.inode);
  }

  @Override
  public int testLock(long node, FileLock lock) {
    LockTable.Key file = key(node);
    return file == null ? -Errno.EIO : locks.test(file, lock);
  }

  @Override
  public int lock(long node, FileLock lock, LockWaiter waiter) {
    LockTable.Key file = key(node);
    return file == null ? -Errno.EIO : locks.lock(file, lock, waiter);
  }

  @Override
  public boolean stopWaiting(LockWaiter waiter) {
    return locks.stopWaiting(waiter);
  }

  @Override
  public void unlock(long node, long owner, boolean wholeFile) {
    LockTable.Key file = locks.holdsNone() ? null : key(node);
    if (file != null) {
      FileLock none = new FileLock();
      none.type = FileLock.UNLOCK;
      none.owner = owner;
      none.wholeFile = wholeFile;
      none.last = Long.MAX_VALUE;
      locks.lock(file, none, null);
    }
  }

  @Override
  public void reset() {
    locks.drop(false);
    quota.reset();
    if (!revoked) {
      behind.reset();
      quota.forgottenAll();
    }
  }

  @Override
  public List<Count> counts() {
    List<Count> all = new ArrayList<>(behind.counts());
    all.add(new Count("locks.held", "locks", locks.held()));
    all.add(new Count("locks.waiting", "requests", locks.waiting()));
    return all;
  }

  @Override
  public void close() {
    revoked = true;
    locks.drop(true);
    behind.close();
  }
}
