package org.lodge.filesystem;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.function.IntConsumer;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;

/**
 * What a guest knows of a file system: its nodes and what it has open. It lies outside the heap, so
 * that no guest fills that; and in a file in memory, which outlives this process where somebody
 * keeps it. Whoever is killed in the middle of a change leaves at worst one file that is not found
 * again, never one that is taken for another: files are compared before they are used.
 *
 * <p>A cell of 128 bytes is a node, something open, a lock that is held, or what did not fit into
 * another cell. Its number, {@code count << 32 | cell + 1}, is not used twice. The first node is
 * the root, number 1.
 *
 * <pre>
 *   0 u32 kind          4 u32 count          8 u64 parent        16 u64 uses
 *  24 u64 inode        32 u64 remote        40 u64 remote uses   48 u32 device or epoch
 *  52 u16 type, flags  56 u32 stamp         60 u32 held          64 u32 hash, next; twice
 *  80 u32 rest of name 84 u32 file handle   88 u16 name length   90 the name's first 38 bytes
 * a lock:
 *   8 u64 device       16 u64 owner         24 u64 inode         32 u64 first byte
 *  40 u64 last byte    48 u32 pid           52 u16 type, whole   56 u64 handle
 * </pre>
 *
 * <p>Making and removing is thread-safe; whoever has a cell sees to it that one thread at a time
 * uses that and its index.
 */
public final class Ledger implements AutoCloseable {
  /** No cell. */
  public static final int NONE = -1;

  /** How many nodes a guest may know of one file system. */
  public static final int NODES_MAX = 1_000_000;

  /** The longest thing that {@link #setBlob} takes. */
  public static final int BLOB_BYTES_MAX = 112;

  /** Flag of a node: it has writes that no sync has confirmed. */
  public static final int DIRTY = 1;

  /** Flag of a node: such writes may be lost. */
  public static final int LOST = 2;

  /** Numbers for a file system's own use, by index below this. */
  public static final int WORDS = 16;

  private static final long MAGIC = 0x3130_7265_6764_656cL;

  /** Each node may have a file handle in a cell of its own; and some have long names. */
  private static final int CELLS_MAX = 2 * NODES_MAX + NODES_MAX / 4;

  private static final int CELL_BYTES = 128;
  private static final long HEADER_BYTES = 4096;
  private static final long USED = 8;
  private static final long WORDS_AT = 64;
  private static final int FREE = 0;
  private static final int NODE = 1;
  private static final int OPEN = 2;
  private static final int REST = 3;
  private static final int LOCK = 4;
  private static final int COUNT_MAX = 0x7fff_ffff;

  private static final int COUNT = 4;
  private static final int PARENT = 8;
  private static final int LOCK_DEVICE = 8;
  private static final int LOCK_OWNER = 16;
  private static final int USES = 16;
  private static final int INODE = 24;
  private static final int REMOTE = 32;
  private static final int LOCK_FIRST = 32;
  private static final int REMOTE_USES = 40;
  private static final int LOCK_LAST = 40;
  private static final int DEVICE = 48;
  private static final int LOCK_PID = 48;
  private static final int TYPE = 52;
  private static final int FLAGS = 54;
  private static final int LOCK_WHOLE = 54;
  private static final int STAMP = 56;
  private static final int LOCK_HANDLE = 56;
  private static final int HELD = 60;
  private static final int HASH = 64;
  private static final int NEXT = 68;
  private static final int NAME_REST = 80;
  private static final int BLOB = 84;
  private static final int NAME_LENGTH = 88;
  private static final int NAME = 90;
  private static final int NAME_FIRST_BYTES = CELL_BYTES - NAME;
  private static final int REST_NEXT = 4 + 116;
  private static final int REST_DATA = 8;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final VarHandle STATE = INT.varHandle();

  private final Fd file;
  private final SharedMapping mapping;
  private final MemorySegment memory;
  private final int cellsMax;
  private int used;
  private int freeHead = NONE;
  private int nodes;

  private Ledger(Fd file) throws LinuxException {
    this.file = file;
    long cells = (file.status().sizeBytes() - HEADER_BYTES) / CELL_BYTES;
    cellsMax = Math.clamp(cells, 1, CELLS_MAX);
    mapping = SharedMapping.of(file, 0, HEADER_BYTES + (long) cellsMax * CELL_BYTES);
    memory = mapping.segment();
  }

  /** An empty one but for the root, a directory. Pages of it take memory once they are used. */
  public static Ledger create() throws LinuxException {
    Ledger ledger =
        new Ledger(MemFd.sealed("lodge-files", HEADER_BYTES + (long) CELLS_MAX * CELL_BYTES));
    ledger.clear();
    ledger.memory.set(LONG, 0, MAGIC);
    return ledger;
  }

  /**
   * What an earlier process has left; owns the file.
   *
   * @throws LinuxException if it is something else
   */
  public static Ledger restore(Fd file) throws LinuxException {
    Ledger ledger = new Ledger(file);
    if (ledger.memory.get(LONG, 0) != MAGIC) {
      ledger.close();
      throw new LinuxException("restore", LinuxException.EINVAL, "this is no table of files");
    }
    ledger.recover();
    return ledger;
  }

  private void recover() {
    used = Math.clamp(memory.get(INT, USED), 1, cellsMax);
    boolean[] reached = new boolean[used];
    forEach(
        NODE,
        cell -> {
          nodes++;
          memory.set(INT, at(cell) + HELD, 0);
          reach(memory.get(INT, at(cell) + NAME_REST), reached);
          reach(memory.get(INT, at(cell) + BLOB), reached);
        });
    for (int cell = used - 1; cell > 0; cell--) {
      int kind = memory.get(INT, at(cell));
      if (kind == FREE || kind == REST && !reached[cell]) {
        release(cell);
      }
    }
  }

  private void reach(int rest, boolean[] reached) {
    for (int next = rest; next > 0 && next <= used && !reached[next - 1]; ) {
      reached[next - 1] = true;
      next = memory.get(INT, at(next - 1) + REST_NEXT);
    }
  }

  /** To be kept by somebody, so that it can be restored. */
  public Fd file() {
    return file;
  }

  /** The guest begins anew: nothing but the root is left. No cell must be in use. */
  public synchronized void clear() {
    for (int cell = 1; cell < used; cell++) {
      memory.set(INT, at(cell), FREE);
      memory.set(INT, at(cell) + COUNT, memory.get(INT, at(cell) + COUNT) + 1 & COUNT_MAX);
    }
    memory.asSlice(at(0), CELL_BYTES).fill((byte) 0);
    memory.set(SHORT, at(0) + TYPE, (short) Attributes.DIRECTORY);
    memory.set(LONG, at(0) + USES, 1);
    memory.set(INT, at(0), NODE);
    used = Math.max(used, 1);
    memory.set(INT, USED, used);
    freeHead = NONE;
    for (int cell = used - 1; cell > 0; cell--) {
      link(cell);
    }
    nodes = 1;
  }

  private static long at(int cell) {
    return HEADER_BYTES + (long) cell * CELL_BYTES;
  }

  /** A cell that is all zeroes but for its count; NONE where there is no more. */
  private synchronized int take() {
    int cell = freeHead;
    if (cell != NONE) {
      freeHead = memory.get(INT, at(cell) + NEXT) - 1;
    } else if (used < cellsMax) {
      cell = used++;
      memory.set(INT, USED, used);
    } else {
      return NONE;
    }
    memory.asSlice(at(cell) + PARENT, CELL_BYTES - PARENT).fill((byte) 0);
    return cell;
  }

  private synchronized void release(int cell) {
    STATE.setRelease(memory, at(cell), FREE);
    memory.set(INT, at(cell) + COUNT, memory.get(INT, at(cell) + COUNT) + 1 & COUNT_MAX);
    link(cell);
  }

  private void link(int cell) {
    memory.set(INT, at(cell) + NEXT, freeHead + 1);
    freeHead = cell;
  }

  /**
   * Makes a node, in use once.
   *
   * @param stamp tells apart files that have the same inode number one after the other, as far as
   *     is known
   * @return NONE where there are too many
   */
  public int addNode(long parent, Name name, long inode, int device, int type, int stamp) {
    int cell = NONE;
    synchronized (this) {
      if (nodes < NODES_MAX) {
        cell = take();
        nodes += cell == NONE ? 0 : 1;
      }
    }
    if (cell == NONE) {
      return NONE;
    }
    long at = at(cell);
    memory.set(LONG, at + USES, 1);
    memory.set(LONG, at + INODE, inode);
    memory.set(INT, at + DEVICE, device);
    memory.set(SHORT, at + TYPE, (short) type);
    memory.set(INT, at + STAMP, stamp);
    STATE.setRelease(memory, at, NODE);
    move(cell, parent, name);
    return cell;
  }

  /** Says which file a node is, where that was not known when it was made: the root. */
  public void identify(int cell, long inode, int device, int stamp) {
    memory.set(LONG, at(cell) + INODE, inode);
    memory.set(INT, at(cell) + DEVICE, device);
    memory.set(INT, at(cell) + STAMP, stamp);
  }

  /** Removes a node, which must be in no index any more, or something open. */
  public void remove(int cell) {
    releaseRest(cell, NAME_REST);
    releaseRest(cell, BLOB);
    synchronized (this) {
      nodes -= memory.get(INT, at(cell)) == NODE ? 1 : 0;
      release(cell);
    }
  }

  private void releaseRest(int cell, int field) {
    int rest = memory.get(INT, at(cell) + field) - 1;
    memory.set(INT, at(cell) + field, 0);
    while (rest != NONE) {
      int next = memory.get(INT, at(rest) + REST_NEXT) - 1;
      release(rest);
      rest = next;
    }
  }

  /** Makes something open; NONE where there is no room. */
  public int addOpen(long handle, long node, int flags, boolean directory) {
    int cell = take();
    if (cell != NONE) {
      long at = at(cell);
      memory.set(LONG, at + INODE, handle);
      memory.set(LONG, at + PARENT, node);
      memory.set(INT, at + DEVICE, flags);
      memory.set(SHORT, at + TYPE, (short) (directory ? Attributes.DIRECTORY : 0));
      STATE.setRelease(memory, at, OPEN);
    }
    return cell;
  }

  /** The handle of something open. */
  public long handle(int cell) {
    return inode(cell);
  }

  /** With which it was opened. */
  public int openFlags(int cell) {
    return device(cell);
  }

  /** Keeps a lock on a file; NONE where there is no room. */
  public int addLock(long device, long inode, FileLock lock) {
    int cell = take();
    if (cell != NONE) {
      long at = at(cell);
      memory.set(LONG, at + LOCK_DEVICE, device);
      memory.set(LONG, at + INODE, inode);
      memory.set(LONG, at + LOCK_OWNER, lock.owner);
      memory.set(LONG, at + LOCK_HANDLE, lock.handle);
      memory.set(LONG, at + LOCK_FIRST, lock.first);
      memory.set(LONG, at + LOCK_LAST, lock.last);
      memory.set(INT, at + LOCK_PID, lock.pid);
      memory.set(SHORT, at + TYPE, (short) lock.type);
      memory.set(SHORT, at + LOCK_WHOLE, (short) (lock.wholeFile ? 1 : 0));
      STATE.setRelease(memory, at, LOCK);
    }
    return cell;
  }

  /** The lock that a cell keeps. */
  public FileLock lock(int cell) {
    long at = at(cell);
    FileLock lock = new FileLock();
    lock.owner = memory.get(LONG, at + LOCK_OWNER);
    lock.handle = memory.get(LONG, at + LOCK_HANDLE);
    lock.first = memory.get(LONG, at + LOCK_FIRST);
    lock.last = memory.get(LONG, at + LOCK_LAST);
    lock.pid = memory.get(INT, at + LOCK_PID);
    lock.type = memory.get(SHORT, at + TYPE);
    lock.wholeFile = memory.get(SHORT, at + LOCK_WHOLE) != 0;
    return lock;
  }

  /** The device of the file that is locked; its inode is {@link #inode}. */
  public long lockDevice(int cell) {
    return memory.get(LONG, at(cell) + LOCK_DEVICE);
  }

  /** A lock is let go. One that {@link #clear} took along is none any more. */
  public synchronized void removeLock(int cell) {
    if (memory.get(INT, at(cell)) == LOCK) {
      release(cell);
    }
  }

  public void forEachLock(IntConsumer action) {
    forEach(LOCK, action);
  }

  public void forEachNode(IntConsumer action) {
    forEach(NODE, action);
  }

  public void forEachOpen(IntConsumer action) {
    forEach(OPEN, action);
  }

  private void forEach(int kind, IntConsumer action) {
    for (int cell = 0; cell < used; cell++) {
      if (memory.get(INT, at(cell)) == kind) {
        action.accept(cell);
      }
    }
  }

  /** The cell of a number that a guest has said; NONE where it means no node. */
  public int node(long untrustedNumber) {
    int cell = (int) untrustedNumber - 1;
    boolean is =
        cell >= 0
            && cell < used
            && (int) STATE.getAcquire(memory, at(cell)) == NODE
            && number(cell) == untrustedNumber;
    return is ? cell : NONE;
  }

  public long number(int cell) {
    return (long) memory.get(INT, at(cell) + COUNT) << 32 | cell + 1;
  }

  /** How many nodes there are. */
  public synchronized int nodes() {
    return nodes;
  }

  /** The directory in which the node was last found, or the node that is open, by its number. */
  public long parent(int cell) {
    return memory.get(LONG, at(cell) + PARENT);
  }

  public long uses(int cell) {
    return memory.get(LONG, at(cell) + USES);
  }

  public void setUses(int cell, long uses) {
    memory.set(LONG, at(cell) + USES, uses);
  }

  public long inode(int cell) {
    return memory.get(LONG, at(cell) + INODE);
  }

  public int device(int cell) {
    return memory.get(INT, at(cell) + DEVICE);
  }

  public int stamp(int cell) {
    return memory.get(INT, at(cell) + STAMP);
  }

  /** Type bits of the mode. */
  public int type(int cell) {
    return Short.toUnsignedInt(memory.get(SHORT, at(cell) + TYPE));
  }

  public boolean has(int cell, int flag) {
    return (memory.get(SHORT, at(cell) + FLAGS) & flag) != 0;
  }

  public void set(int cell, int flag, boolean value) {
    int before = memory.get(SHORT, at(cell) + FLAGS);
    memory.set(SHORT, at(cell) + FLAGS, (short) (value ? before | flag : before & ~flag));
  }

  /** What another one calls the node, for as long as {@link #epoch} says. */
  public long remote(int cell) {
    return memory.get(LONG, at(cell) + REMOTE);
  }

  public long remoteUses(int cell) {
    return memory.get(LONG, at(cell) + REMOTE_USES);
  }

  public void setRemoteUses(int cell, long uses) {
    memory.set(LONG, at(cell) + REMOTE_USES, uses);
  }

  /** For nodes that have no device. */
  public int epoch(int cell) {
    return device(cell);
  }

  public void setRemote(int cell, long remote, int epoch) {
    memory.set(LONG, at(cell) + REMOTE, remote);
    memory.set(LONG, at(cell) + REMOTE_USES, 0);
    memory.set(INT, at(cell) + DEVICE, epoch);
  }

  /** A number of this process's own, 0 after a restore. */
  public int held(int cell) {
    return memory.get(INT, at(cell) + HELD);
  }

  public void setHeld(int cell, int held) {
    memory.set(INT, at(cell) + HELD, held);
  }

  /** Whether this is where the node was last found. */
  public boolean isAt(int cell, long parent, Name name) {
    if (parent(cell) != parent || nameLength(cell) != name.length()) {
      return false;
    }
    long from = at(cell) + NAME;
    int room = NAME_FIRST_BYTES;
    int rest = memory.get(INT, at(cell) + NAME_REST) - 1;
    for (int i = 0; i < name.length(); i++) {
      if (room == 0) {
        from = at(rest) + REST_DATA;
        room = BLOB_BYTES_MAX;
        rest = memory.get(INT, at(rest) + REST_NEXT) - 1;
      }
      if (memory.get(BYTE, from++) != name.at(i)) {
        return false;
      }
      room--;
    }
    return true;
  }

  private int nameLength(int cell) {
    return memory.get(SHORT, at(cell) + NAME_LENGTH);
  }

  /** The node is found there from now on. A name too long for what room is left is as none. */
  public void move(int cell, long parent, Name name) {
    memory.set(SHORT, at(cell) + NAME_LENGTH, (short) 0);
    releaseRest(cell, NAME_REST);
    memory.set(LONG, at(cell) + PARENT, parent);
    long to = at(cell) + NAME;
    int room = NAME_FIRST_BYTES;
    long linkAt = at(cell) + NAME_REST;
    for (int i = 0; i < name.length(); i++) {
      if (room == 0) {
        int rest = takeRest();
        if (rest == NONE) {
          return;
        }
        memory.set(INT, linkAt, rest + 1);
        linkAt = at(rest) + REST_NEXT;
        to = at(rest) + REST_DATA;
        room = BLOB_BYTES_MAX;
      }
      memory.set(BYTE, to++, name.at(i));
      room--;
    }
    memory.set(SHORT, at(cell) + NAME_LENGTH, (short) name.length());
  }

  private int takeRest() {
    int rest = take();
    if (rest != NONE) {
      memory.set(INT, at(rest), REST);
    }
    return rest;
  }

  /**
   * Copies the name, with a NUL behind it.
   *
   * @param into room for 256 bytes
   * @return its length, 0 where there is none
   */
  public int name(int cell, MemorySegment into) {
    int length = Math.clamp(nameLength(cell), 0, 255);
    int done = Math.min(length, NAME_FIRST_BYTES);
    MemorySegment.copy(memory, at(cell) + NAME, into, 0, done);
    int rest = memory.get(INT, at(cell) + NAME_REST) - 1;
    while (done < length && rest >= 0 && rest < used) {
      int part = Math.min(length - done, BLOB_BYTES_MAX);
      MemorySegment.copy(memory, at(rest) + REST_DATA, into, done, part);
      done += part;
      rest = memory.get(INT, at(rest) + REST_NEXT) - 1;
    }
    into.set(BYTE, done, (byte) 0);
    return done;
  }

  public boolean hasBlob(int cell) {
    return memory.get(INT, at(cell) + BLOB) != 0;
  }

  /** Keeps some bytes with a node that has none yet; false where there is no room. */
  public boolean setBlob(int cell, MemorySegment from, int sizeBytes) {
    int rest = sizeBytes > BLOB_BYTES_MAX ? NONE : takeRest();
    if (rest == NONE) {
      return false;
    }
    MemorySegment.copy(from, 0, memory, at(rest) + REST_DATA, sizeBytes);
    memory.set(INT, at(cell) + BLOB, rest + 1);
    return true;
  }

  /** Copies them, and what lies behind them: {@link #BLOB_BYTES_MAX} bytes. */
  public void blob(int cell, MemorySegment into) {
    int rest = memory.get(INT, at(cell) + BLOB) - 1;
    if (rest >= 0 && rest < used) {
      MemorySegment.copy(memory, at(rest) + REST_DATA, into, 0, BLOB_BYTES_MAX);
    }
  }

  public long word(int index) {
    return memory.get(LONG, WORDS_AT + 8L * index);
  }

  public void setWord(int index, long value) {
    memory.set(LONG, WORDS_AT + 8L * index, value);
  }

  int hash(int cell, int index) {
    return memory.get(INT, at(cell) + HASH + 8L * index);
  }

  int next(int cell, int index) {
    return memory.get(INT, at(cell) + NEXT + 8L * index) - 1;
  }

  void setHash(int cell, int index, int hash) {
    memory.set(INT, at(cell) + HASH + 8L * index, hash);
  }

  void setNext(int cell, int index, int next) {
    memory.set(INT, at(cell) + NEXT + 8L * index, next + 1);
  }

  /** Lets go of the memory; it stays where it is kept. */
  @Override
  public void close() {
    mapping.close();
    file.close();
  }
}
