package org.lodge.storage.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Statistics;

/**
 * A folder of which the guest sees one regular file. The file is whatever has that name at the
 * time: when another one is renamed over it, whoever opens or looks at it next has the new one, and
 * what is open stays the old one. While there is none the guest gets {@link Errno#ENOENT}. The
 * guest can neither make it nor remove it, nor see what else is in the folder.
 */
final class OneFile implements FileSystem {
  /** The file, whichever it is; everything else that a guest may name is unknown. */
  static final long FILE = 2;

  private static final int READ_AND_SEARCH = 0555;
  private static final long LIST = 1;

  private final FileSystem folder;
  private final MemorySegment nameBytes;

  /** What was opened is in use until it is closed, whatever has the name meanwhile. */
  private final Map<Long, Long> nodeOfHandle = new ConcurrentHashMap<>();

  OneFile(FileSystem folder, String name, Ledger ledger) {
    this.folder = folder;
    ledger.forEachOpen(cell -> nodeOfHandle.put(ledger.handle(cell), ledger.parent(cell)));
    nameBytes = Arena.ofAuto().allocateFrom(name);
  }

  private Name name() {
    return new Name().of(nameBytes, 0, (int) nameBytes.byteSize() - 1);
  }

  private boolean isName(Name asked) {
    return MemorySegment.ofArray(asked.bytes())
            .mismatch(nameBytes.asSlice(0, nameBytes.byteSize() - 1))
        == -1;
  }

  private interface OnFile {
    long on(long node);
  }

  /** Does something to the file that has the name now. */
  private long now(Call call, long node, OnFile what) {
    return node == FILE ? now(call, new Entry(), what) : -Errno.EPERM;
  }

  private long now(Call call, Entry entry, OnFile what) {
    int result = folder.lookup(call, ROOT, name(), entry);
    if (result < 0) {
      return result;
    }
    if (!entry.attributes.isRegularFile()) {
      folder.forget(entry.node, 1);
      return -Errno.ENOENT;
    }
    long node = entry.node;
    try {
      return what.on(node);
    } finally {
      folder.forget(node, 1);
    }
  }

  /** Does something to the file that was opened. */
  private long open(long handle, OnFile what) {
    Long node = nodeOfHandle.get(handle);
    return node == null ? -Errno.EBADF : what.on(node);
  }

  @Override
  public boolean waits() {
    return folder.waits();
  }

  @Override
  public boolean nodesStay() {
    return false;
  }

  @Override
  public int lookup(Call call, long parent, Name name, Entry into) {
    if (parent != ROOT || !isName(name)) {
      return -Errno.ENOENT;
    }
    int result = (int) now(call, into, node -> 0);
    into.node = FILE;
    into.generation = 0;
    return result;
  }

  @Override
  public void forget(long node, long uses) {}

  @Override
  public int getAttributes(Call call, long node, long handle, Attributes into) {
    if (node == ROOT) {
      int result = folder.getAttributes(call, ROOT, 0, into);
      into.mode = Attributes.DIRECTORY | READ_AND_SEARCH;
      into.links = 2;
      return result;
    }
    return (int)
        (nodeOfHandle.containsKey(handle)
            ? open(handle, file -> folder.getAttributes(call, file, handle, into))
            : now(call, node, file -> folder.getAttributes(call, file, 0, into)));
  }

  @Override
  public int setAttributes(Call call, long node, long handle, Change change, Attributes into) {
    return (int)
        (nodeOfHandle.containsKey(handle)
            ? open(handle, file -> folder.setAttributes(call, file, handle, change, into))
            : now(call, node, file -> folder.setAttributes(call, file, 0, change, into)));
  }

  @Override
  public int readLink(Call call, long node) {
    return -Errno.EINVAL;
  }

  @Override
  public int symlink(Call call, long parent, Name name, Name target, Entry into) {
    return -Errno.EPERM;
  }

  @Override
  public int makeNode(Call call, long parent, Name name, int mode, int device, Entry into) {
    return -Errno.EPERM;
  }

  @Override
  public int makeDirectory(Call call, long parent, Name name, int mode, Entry into) {
    return -Errno.EPERM;
  }

  @Override
  public int unlink(Call call, long parent, Name name) {
    return -Errno.EPERM;
  }

  @Override
  public int removeDirectory(Call call, long parent, Name name) {
    return -Errno.EPERM;
  }

  @Override
  public int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    return -Errno.EPERM;
  }

  @Override
  public int link(Call call, long node, long toParent, Name toName, Entry into) {
    return -Errno.EPERM;
  }

  @Override
  public int open(Call call, long node, int flags, Opened opened) {
    if (node != FILE) {
      return -Errno.EPERM;
    }
    Entry entry = new Entry();
    int result = folder.lookup(call, ROOT, name(), entry);
    if (result < 0) {
      return result;
    }
    result = folder.open(call, entry.node, flags, opened);
    if (result < 0) {
      folder.forget(entry.node, 1);
    } else {
      nodeOfHandle.put(opened.handle, entry.node);
    }
    return result;
  }

  @Override
  public int create(
      Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    return -Errno.EPERM;
  }

  @Override
  public int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened) {
    return -Errno.EPERM;
  }

  @Override
  public int read(Call call, long node, long handle, long offset, Data data) {
    return (int) open(handle, file -> folder.read(call, file, handle, offset, data));
  }

  @Override
  public int write(
      Call call, long node, long handle, long offset, Data data, boolean killPrivileges) {
    return (int)
        open(handle, file -> folder.write(call, file, handle, offset, data, killPrivileges));
  }

  @Override
  public int flush(Call call, long node, long handle) {
    return (int) open(handle, file -> folder.flush(call, file, handle));
  }

  @Override
  public void release(long node, long handle) {
    Long file = nodeOfHandle.remove(handle);
    if (file != null) {
      folder.release(file, handle);
      folder.forget(file, 1);
    }
  }

  @Override
  public int sync(Call call, long node, long handle, boolean dataOnly) {
    return (int) open(handle, file -> folder.sync(call, file, handle, dataOnly));
  }

  @Override
  public int openDirectory(Call call, long node, int flags, Opened opened) {
    opened.handle = LIST;
    return node == ROOT ? 0 : -Errno.ENOTDIR;
  }

  @Override
  public int readDirectory(
      Call call, long node, long handle, long offset, boolean plus, DirectorySink into) {
    if (node != ROOT || offset != 0 || !into.fits((int) nameBytes.byteSize())) {
      return node == ROOT ? 0 : -Errno.EBADF;
    }
    Entry entry = new Entry();
    int result = lookup(call, ROOT, name(), entry);
    if (result == 0) {
      int regular = Attributes.REGULAR >>> 12;
      into.add(name(), entry.attributes.inode, regular, 1, plus ? entry : null);
    }
    return result == -Errno.ENOENT ? 0 : result;
  }

  @Override
  public void releaseDirectory(long node, long handle) {}

  @Override
  public int syncDirectory(Call call, long node, long handle, boolean dataOnly) {
    return 0;
  }

  @Override
  public int statistics(Call call, long node, Statistics into) {
    return folder.statistics(call, ROOT, into);
  }

  @Override
  public int getXattr(Call call, long node, Name name) {
    return (int) now(call, node, file -> folder.getXattr(call, file, name));
  }

  @Override
  public int listXattrs(Call call, long node) {
    return (int) now(call, node, file -> folder.listXattrs(call, file));
  }

  @Override
  public int setXattr(Call call, long node, Name name, int sizeBytes, int flags) {
    // Looking the name up may use the buffer in which the value lies.
    byte[] value = call.buffer().asSlice(0, sizeBytes).toArray(ValueLayout.JAVA_BYTE);
    return (int)
        now(
            call,
            node,
            file -> {
              MemorySegment.copy(value, 0, call.buffer(), ValueLayout.JAVA_BYTE, 0, sizeBytes);
              return folder.setXattr(call, file, name, sizeBytes, flags);
            });
  }

  @Override
  public int removeXattr(Call call, long node, Name name) {
    return (int) now(call, node, file -> folder.removeXattr(call, file, name));
  }

  @Override
  public int allocate(Call call, long node, long handle, int mode, long offset, long sizeBytes) {
    return (int) open(handle, file -> folder.allocate(call, file, handle, mode, offset, sizeBytes));
  }

  @Override
  public long seek(Call call, long node, long handle, long offset, int whence) {
    return open(handle, file -> folder.seek(call, file, handle, offset, whence));
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
    return open(
        handle,
        from ->
            open(
                toHandle,
                to -> folder.copy(call, from, handle, offset, to, toHandle, toOffset, sizeBytes)));
  }

  @Override
  public int syncAll(Call call, long node) {
    return folder.syncAll(call, ROOT);
  }

  @Override
  public String place() {
    return folder.place();
  }

  /** Who asks has it open: where several are, each replaced by the next, it is the last one. */
  @Override
  public int identify(long node, FileIdentity into) {
    long handle = node == FILE ? nodeOfHandle.keySet().stream().max(Long::compare).orElse(0L) : 0;
    Long file = nodeOfHandle.get(handle);
    return file == null ? -Errno.ESTALE : folder.identify(file, into);
  }

  @Override
  public void reset() {
    nodeOfHandle.clear();
    folder.reset();
  }

  @Override
  public List<Count> counts() {
    return folder.counts();
  }

  @Override
  public void close() {
    folder.close();
  }
}
