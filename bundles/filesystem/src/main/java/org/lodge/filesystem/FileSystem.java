package org.lodge.filesystem;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A tree of files for one guest. Files are numbered nodes that live from the {@link #lookup} or
 * making that gave them until as many of those are forgotten; open files and directories are
 * numbered handles. It knows nothing of FUSE's messages, which {@code device-fs} decodes, and
 * nothing of queues.
 *
 * <p>Results: 0 or more, or a negated {@link Errno}. Nothing is thrown for what a guest may do:
 * unknown nodes, wrong handles, senseless flags get their error. Names were checked before: 1 to
 * 255 bytes, no slash, neither {@code .} nor {@code ..}. Sizes and offsets are not negative.
 * Constants of flags, modes and whences are Linux's own.
 *
 * <p>Thread-safe: several threads call at once, each with a {@link Call} of its own, and a call may
 * take as long as the disk behind does. Where {@link #waits} is true it may take much longer.
 */
@ConsumerType
public interface FileSystem extends AutoCloseable {

  /** The node that is there without a lookup. */
  long ROOT = 1;

  /** Whether calls may wait for something else than a disk, so that each needs a thread. */
  boolean waits();

  /**
   * Whether a node is the same file for as long as it is known. Where it may become another one,
   * only what is open tells them apart, and nobody may keep what was read of the node.
   */
  default boolean nodesStay() {
    return true;
  }

  /** Finds a name; counts as one use of the node that it gives. */
  int lookup(Call call, long parent, Name name, Entry into);

  /** Takes back uses of a node; with the last one the number is free for another file. */
  void forget(long node, long uses);

  /**
   * @param handle of an open file of this node, 0 for none
   */
  int getAttributes(Call call, long node, long handle, Attributes into);

  /** Changes what {@code change} names, and tells the attributes as they are then. */
  int setAttributes(Call call, long node, long handle, Change change, Attributes into);

  /** Puts the target into {@link Call#buffer}; its length. */
  int readLink(Call call, long node);

  int symlink(Call call, long parent, Name name, Name target, Entry into);

  /**
   * Makes a regular file, a FIFO or a socket; anything else is refused with {@link Errno#EPERM}
   *
   * @param mode type and permissions; {@link Call#umask} says what is still to be masked, as for
   *     all that is made
   */
  int makeNode(Call call, long parent, Name name, int mode, int device, Entry into);

  int makeDirectory(Call call, long parent, Name name, int mode, Entry into);

  int unlink(Call call, long parent, Name name);

  int removeDirectory(Call call, long parent, Name name);

  /**
   * @param flags of {@code renameat2(2)}
   */
  int rename(Call call, long parent, Name name, long toParent, Name toName, int flags);

  /** One more name for a file; counts as one use of its node. */
  int link(Call call, long node, long toParent, Name toName, Entry into);

  /** Opens a regular file; {@code opened} says how. */
  int open(Call call, long node, int flags, Opened opened);

  /** Makes and opens a regular file, or opens the one that is there as {@code flags} say. */
  int create(Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened);

  /** Makes and opens a regular file without a name in a directory's file system. */
  int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened);

  /** Reads into the ranges of {@code data}; the number of bytes, less where the file ends. */
  int read(Call call, long node, long handle, long offset, Data data);

  /**
   * Writes the ranges of {@code data}; the number of bytes.
   *
   * @param killPrivileges whether bits that give privileges must go, as after any other's write
   */
  int write(Call call, long node, long handle, long offset, Data data, boolean killPrivileges);

  /** One of the file's descriptors in the guest was closed. Never waits. */
  int flush(Call call, long node, long handle);

  void release(long node, long handle);

  /** Waits until what was written is durable. */
  int sync(Call call, long node, long handle, boolean dataOnly);

  int openDirectory(Call call, long node, int flags, Opened opened);

  /**
   * Gives entries, from an offset that an earlier entry had or 0, until {@code into} takes no more.
   *
   * @param plus whether each that is wanted is looked up too, and counts as used
   */
  int readDirectory(
      Call call, long node, long handle, long offset, boolean plus, DirectorySink into);

  void releaseDirectory(long node, long handle);

  int syncDirectory(Call call, long node, long handle, boolean dataOnly);

  int statistics(Call call, long node, Statistics into);

  /** Puts the value into {@link Call#buffer}; its length. */
  int getXattr(Call call, long node, Name name);

  /** Puts the names, each ended by NUL, into {@link Call#buffer}; their length. */
  int listXattrs(Call call, long node);

  /** Sets it to the first bytes of {@link Call#buffer}. */
  int setXattr(Call call, long node, Name name, int sizeBytes, int flags);

  int removeXattr(Call call, long node, Name name);

  /**
   * @param mode of {@code fallocate(2)}
   */
  int allocate(Call call, long node, long handle, int mode, long offset, long sizeBytes);

  /** The offset that {@code SEEK_DATA} or {@code SEEK_HOLE} finds. */
  long seek(Call call, long node, long handle, long offset, int whence);

  /** Copies between open files; the number of bytes. */
  long copy(
      Call call,
      long node,
      long handle,
      long offset,
      long toNode,
      long toHandle,
      long toOffset,
      long sizeBytes);

  /** Waits until everything that was written is durable. */
  int syncAll(Call call, long node);

  /**
   * Where the files are: for two file systems of one place the same {@link #identify identity}
   * means the same file. Empty for the host.
   */
  default String place() {
    return "";
  }

  /** Which file a node is, whoever else may share it; {@link Errno#ESTALE} where none is known. */
  default int identify(long node, FileIdentity into) {
    return -Errno.ENOSYS;
  }

  /**
   * What is in the way of a lock takes its place; its type is {@link FileLock#UNLOCK} if nothing.
   */
  default int testLock(long node, FileLock lock) {
    return -Errno.ENOSYS;
  }

  /** What {@link #lock} gives where the waiter will be told. */
  int WAITING = 1;

  /**
   * Takes a lock, or gives one back. Never waits itself.
   *
   * @param waiter told later where somebody else's lock is in the way; null to get {@link
   *     Errno#EAGAIN} then
   * @return {@link #WAITING} where the waiter is, or has already been, told
   */
  default int lock(long node, FileLock lock, LockWaiter waiter) {
    return -Errno.ENOSYS;
  }

  /**
   * @return true where it waited; it will not be told any more
   */
  default boolean stopWaiting(LockWaiter waiter) {
    return false;
  }

  /** Takes all locks of one kind from their owner, who has closed the file. */
  default void unlock(long node, long owner, boolean wholeFile) {}

  /** The guest has left the file system or begins anew: no node, handle or lock is its own now. */
  default void reset() {}

  /** What this file system counts beside the requests of its device. */
  default List<Count> counts() {
    return List.of();
  }

  /** A number for people; {@code unit} such as {@code files}. */
  record Count(String name, String unit, long value) {}

  /** Lets go of everything. Calls under way and later ones get an error. */
  @Override
  void close();
}
