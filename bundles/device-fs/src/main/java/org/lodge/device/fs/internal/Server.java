package org.lodge.device.fs.internal;

import java.util.function.LongPredicate;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.virtio.DescriptorChain;

/**
 * Decodes FUSE requests, checks what they carry, asks the file system and encodes its answers
 * ({@code linux/fuse.h} 7.31 to 7.45). Thread-safe; each thread brings its lane.
 */
final class Server {
  private final FileSystem files;
  private final Negotiation negotiation;
  private final FsCounters counters;
  private final Caching caching;
  private final int fileFlags;
  private final Locking locking;
  private final LongPredicate inHand;

  /**
   * @param inHand whether a request of this number was taken and is not answered
   */
  Server(
      FileSystem files,
      FsSettings settings,
      Negotiation negotiation,
      FsCounters counters,
      LongPredicate inHand) {
    this.files = files;
    this.inHand = inHand;
    locking = new Locking(files);
    this.negotiation = negotiation;
    this.counters = counters;
    caching = settings.caching();
    fileFlags = settings.fileFlags(files.nodesStay());
  }

  Locking locking() {
    return locking;
  }

  /** Executes a request and answers it. */
  void run(FsRequest request, Lane lane) {
    int result;
    lane.out.begin();
    try {
      result = execute(request, lane);
    } catch (InternalError e) {
      // The guest's memory is gone.
      result = -Errno.EIO;
    }
    if (result != Locking.LATER) {
      answer(request, lane.out, result);
    }
  }

  /** Answers a request that waited, on the thread of whoever has ended the wait. */
  void answerLater(FsRequest request, int result) {
    locking.over(request);
    Reply out = new Reply();
    out.begin();
    answer(request, out, result);
  }

  private int execute(FsRequest request, Lane lane) {
    if (!request.sound) {
      return -Errno.EINVAL;
    }
    boolean write = request.opcode == Opcode.WRITE;
    long length = write ? Opcode.WRITE.leastBytes : request.bodyBytes;
    if (!lane.in.copy(request.chain, Fuse.IN_HEADER_BYTES, length)) {
      return -Errno.E2BIG;
    }
    lane.call.of(request.uid, request.gid, request.pid);
    if (request.chain.isRepeat()) {
      lane.call.repeat();
    }
    return dispatch(request, lane);
  }

  /**
   * @param result negated error, or how many bytes of data lie behind the reply's header already
   */
  private void answer(FsRequest request, Reply out, int result) {
    DescriptorChain chain = request.chain;
    request.isOut = false;
    counters.answered(request, result, System.nanoTime());
    if (request.opcode.isSilent() || chain.writableBytes() < Fuse.OUT_HEADER_BYTES) {
      chain.complete(0);
      return;
    }
    int error = Math.min(0, result);
    if (error < 0) {
      out.begin();
    }
    int written = out.length();
    int total = written + Math.max(0, result);
    if (total > chain.writableBytes()) {
      // The driver left less room than its own request needs.
      out.begin();
      written = Fuse.OUT_HEADER_BYTES;
      total = written;
      error = -Errno.EIO;
    }
    out.header(total, error, request.unique);
    try {
      chain.write(0, out.bytes(), 0, written);
    } catch (InternalError e) {
      chain.complete(0);
      return;
    }
    chain.complete(total);
  }

  private int dispatch(FsRequest request, Lane lane) {
    long node = request.untrustedNode;
    return switch (request.opcode) {
      case INIT -> init(lane);
      case DESTROY -> left();
      case INTERRUPT -> interrupt(lane.in.getLong(0));
      case LOOKUP -> lookup(node, lane);
      case FORGET -> forget(node, lane.in.getLong(0));
      case BATCH_FORGET -> forgetAll(lane.in);
      case GETATTR -> getAttributes(node, lane, false);
      case STATX -> getAttributes(node, lane, true);
      case SETATTR -> setAttributes(node, lane);
      case READLINK -> buffered(lane, files.readLink(lane.call, node));
      case SYMLINK -> symlink(node, lane);
      case MKNOD -> makeNode(node, lane);
      case MKDIR -> makeDirectory(node, lane);
      case UNLINK, RMDIR -> remove(request.opcode, node, lane);
      case RENAME -> rename(node, lane, 8, 0);
      case RENAME2 -> rename(node, lane, 16, lane.in.getInt(8));
      case LINK -> link(node, lane);
      case OPEN -> open(node, lane);
      case CREATE -> create(node, lane);
      case TMPFILE -> temporaryFile(node, lane);
      case READ -> read(request, lane);
      case WRITE -> write(request, lane);
      case FLUSH -> flush(node, lane);
      case RELEASE, RELEASEDIR -> release(request.opcode, node, lane.in);
      case FSYNC -> files.sync(lane.call, node, lane.in.getLong(0), dataOnly(lane.in));
      case FSYNCDIR -> files.syncDirectory(lane.call, node, lane.in.getLong(0), dataOnly(lane.in));
      case OPENDIR -> openDirectory(node, lane);
      case READDIR, READDIRPLUS -> readDirectory(request, lane);
      case STATFS -> statistics(node, lane);
      case GETXATTR -> getXattr(node, lane);
      case LISTXATTR -> sized(lane, lane.in.getInt(0), files.listXattrs(lane.call, node));
      case SETXATTR -> setXattr(node, lane);
      case REMOVEXATTR -> removeXattr(node, lane);
      case FALLOCATE -> allocate(node, lane);
      case LSEEK -> seek(node, lane);
      case COPY_FILE_RANGE -> copy(node, lane, false);
      case COPY_FILE_RANGE_64 -> copy(node, lane, true);
      case SYNCFS -> files.syncAll(lane.call, node);
      case GETLK -> locking.test(request, lane);
      case SETLK -> locking.set(request, lane);
      case SETLKW -> locking.setOrWait(request, lane);
      case IOCTL -> -Errno.ENOTTY;
      // ENOSYS once, and the guest's kernel does these by itself from then on.
      case ACCESS, BMAP, POLL, NOTIFY_REPLY -> -Errno.ENOSYS;
      case SETUPMAPPING, REMOVEMAPPING, UNKNOWN -> -Errno.ENOSYS;
    };
  }

  /** A driver that begins anew knows nothing of what an earlier one had. */
  private int init(Lane lane) {
    files.reset();
    return negotiation.init(lane.in, lane.out);
  }

  private int left() {
    files.reset();
    return 0;
  }

  /** {@link Errno#EAGAIN} makes the driver ask again: the interrupt has overtaken its request. */
  private int interrupt(long untrustedUnique) {
    boolean known = locking.interrupt(untrustedUnique) || inHand.test(untrustedUnique);
    return known ? 0 : -Errno.EAGAIN;
  }

  private int flush(long node, Lane lane) {
    files.unlock(node, lane.in.getLong(16), false);
    return files.flush(lane.call, node, lane.in.getLong(0));
  }

  private static boolean dataOnly(Arguments in) {
    return (in.getInt(8) & Fuse.FSYNC_FDATASYNC) != 0;
  }

  private int lookup(long node, Lane lane) {
    int next = lane.in.name(0, lane.name);
    if (next < 0) {
      return next == -Errno.EINVAL ? -Errno.ENOENT : next;
    }
    lane.call.upToAge(caching.ageNanosMax());
    return entry(lane, files.lookup(lane.call, node, lane.name, lane.entry));
  }

  private int entry(Lane lane, int result) {
    if (result >= 0) {
      lane.out.entry(lane.entry, caching);
    }
    return Math.min(0, result);
  }

  private int forget(long node, long untrustedUses) {
    files.forget(node, untrustedUses);
    return 0;
  }

  private int forgetAll(Arguments in) {
    long untrustedCount = Integer.toUnsignedLong(in.getInt(0));
    long count = Math.min(untrustedCount, (in.length() - 8) / 16);
    for (int i = 0; i < count; i++) {
      files.forget(in.getLong(8 + 16 * i), in.getLong(16 + 16 * i));
    }
    return 0;
  }

  private int getAttributes(long node, Lane lane, boolean statx) {
    boolean open = (lane.in.getInt(0) & Fuse.GETATTR_FH) != 0;
    long handle = open ? lane.in.getLong(8) : 0;
    lane.call.upToAge(caching.ageNanosMax());
    int result = files.getAttributes(lane.call, node, handle, lane.attributes);
    if (result >= 0 && statx) {
      lane.out.statx(lane.attributes, caching);
    } else if (result >= 0) {
      lane.out.attributesOut(lane.attributes, caching);
    }
    return result;
  }

  private int setAttributes(long node, Lane lane) {
    Arguments in = lane.in;
    Change change = lane.change;
    int untrustedValid = in.getInt(0);
    long handle = (untrustedValid & Fuse.FATTR_FH) != 0 ? in.getLong(8) : 0;
    change.valid = untrustedValid;
    change.sizeBytes = in.getLong(16);
    change.accessSeconds = in.getLong(32);
    change.modifySeconds = in.getLong(40);
    change.accessNanos = in.getInt(56);
    change.modifyNanos = in.getInt(60);
    change.mode = in.getInt(68);
    change.uid = in.getInt(76);
    change.gid = in.getInt(80);
    boolean nanos = isNanos(change.accessNanos) && isNanos(change.modifyNanos);
    if (change.has(Change.SIZE) && change.sizeBytes < 0 || !nanos) {
      return -Errno.EINVAL;
    }
    int result = files.setAttributes(lane.call, node, handle, change, lane.attributes);
    if (result >= 0) {
      lane.out.attributesOut(lane.attributes, caching);
    }
    return result;
  }

  private static boolean isNanos(int value) {
    return value >= 0 && value < 1_000_000_000;
  }

  private int buffered(Lane lane, int length) {
    if (length > 0) {
      lane.out.put(lane.call.buffer(), 0, length);
    }
    return Math.min(0, length);
  }

  private int symlink(long node, Lane lane) {
    int next = lane.in.name(0, lane.name);
    if (next >= 0) {
      next = lane.in.text(next, Fuse.PATH_BYTES_MAX, lane.other);
    }
    if (next < 0) {
      return next;
    }
    return lane.other.length() == 0
        ? -Errno.ENOENT
        : entry(lane, files.symlink(lane.call, node, lane.name, lane.other, lane.entry));
  }

  /** Otherwise the guest's kernel has masked what is to be made. */
  private void mask(Lane lane, int offset) {
    if (negotiation.has(Fuse.DONT_MASK)) {
      lane.call.mask(lane.in.getInt(offset) & 0777);
    }
  }

  private int makeNode(long node, Lane lane) {
    int next = lane.in.name(16, lane.name);
    int mode = lane.in.getInt(0);
    int device = lane.in.getInt(4);
    mask(lane, 8);
    return next < 0
        ? next
        : entry(lane, files.makeNode(lane.call, node, lane.name, mode, device, lane.entry));
  }

  private int makeDirectory(long node, Lane lane) {
    int next = lane.in.name(8, lane.name);
    int mode = lane.in.getInt(0);
    mask(lane, 4);
    return next < 0
        ? next
        : entry(lane, files.makeDirectory(lane.call, node, lane.name, mode, lane.entry));
  }

  private int remove(Opcode opcode, long node, Lane lane) {
    int next = lane.in.name(0, lane.name);
    if (next < 0) {
      return next;
    }
    return opcode == Opcode.UNLINK
        ? files.unlink(lane.call, node, lane.name)
        : files.removeDirectory(lane.call, node, lane.name);
  }

  private int rename(long node, Lane lane, int names, int flags) {
    int next = lane.in.name(names, lane.name);
    if (next >= 0) {
      next = lane.in.name(next, lane.other);
    }
    return next < 0
        ? next
        : files.rename(lane.call, node, lane.name, lane.in.getLong(0), lane.other, flags);
  }

  private int link(long node, Lane lane) {
    int next = lane.in.name(8, lane.name);
    long linked = lane.in.getLong(0);
    return next < 0
        ? next
        : entry(lane, files.link(lane.call, linked, node, lane.name, lane.entry));
  }

  /** A guest that gathers writes reads pages before it writes them, and places appends itself. */
  private int flags(int untrustedFlags) {
    if (!negotiation.has(Fuse.WRITEBACK_CACHE)) {
      return untrustedFlags;
    }
    boolean writeOnly = (untrustedFlags & Fuse.O_ACCMODE) == Fuse.O_WRONLY;
    int access = writeOnly ? untrustedFlags & ~Fuse.O_ACCMODE | Fuse.O_RDWR : untrustedFlags;
    return access & ~Fuse.O_APPEND;
  }

  private int open(long node, Lane lane) {
    int flags = flags(lane.in.getInt(0));
    boolean kill = (lane.in.getInt(4) & Fuse.OPEN_KILL_SUIDGID) != 0;
    if (kill && (flags & Fuse.O_TRUNC) != 0) {
      lane.change.valid = Change.SIZE | Change.KILL_PRIVILEGES;
      lane.change.sizeBytes = 0;
      int result = files.setAttributes(lane.call, node, 0, lane.change, lane.attributes);
      if (result < 0) {
        return result;
      }
      flags &= ~Fuse.O_TRUNC;
    }
    int result = files.open(lane.call, node, flags, lane.opened);
    return opened(lane, result, fileFlags);
  }

  private static int opened(Lane lane, int result, int flags) {
    if (result >= 0) {
      lane.out.opened(lane.opened.handle, flags);
    }
    return result;
  }

  private int create(long node, Lane lane) {
    int next = lane.in.name(16, lane.name);
    if (next < 0) {
      return next;
    }
    int flags = flags(lane.in.getInt(0));
    int mode = lane.in.getInt(4);
    mask(lane, 8);
    int result =
        entry(lane, files.create(lane.call, node, lane.name, flags, mode, lane.entry, lane.opened));
    return opened(lane, result, fileFlags);
  }

  private int temporaryFile(long node, Lane lane) {
    int flags = flags(lane.in.getInt(0));
    int mode = lane.in.getInt(4);
    mask(lane, 8);
    int result =
        entry(lane, files.temporaryFile(lane.call, node, flags, mode, lane.entry, lane.opened));
    return opened(lane, result, fileFlags);
  }

  private int read(FsRequest request, Lane lane) {
    long offset = lane.in.getLong(8);
    int untrustedSize = lane.in.getInt(16);
    if (offset < 0 || !lane.data.ofRead(request.chain, untrustedSize)) {
      return -Errno.EINVAL;
    }
    int result =
        files.read(lane.call, request.untrustedNode, lane.in.getLong(0), offset, lane.data);
    counters.read(Math.max(0, result));
    return result;
  }

  private int write(FsRequest request, Lane lane) {
    long offset = lane.in.getLong(8);
    int untrustedSize = lane.in.getInt(16);
    boolean kill = (lane.in.getInt(20) & Fuse.WRITE_KILL_SUIDGID) != 0;
    if (offset < 0 || !lane.data.ofWrite(request.chain, untrustedSize)) {
      return -Errno.EINVAL;
    }
    int result =
        files.write(lane.call, request.untrustedNode, lane.in.getLong(0), offset, lane.data, kill);
    if (result >= 0) {
      counters.written(result);
      lane.out.putInt(result).putInt(0);
    }
    return Math.min(0, result);
  }

  private int release(Opcode opcode, long node, Arguments in) {
    long handle = in.getLong(0);
    if (opcode == Opcode.RELEASE) {
      if ((in.getInt(12) & Fuse.RELEASE_FLOCK_UNLOCK) != 0) {
        files.unlock(node, in.getLong(16), true);
      }
      files.release(node, handle);
    } else {
      files.releaseDirectory(node, handle);
    }
    return 0;
  }

  private int openDirectory(long node, Lane lane) {
    int result = files.openDirectory(lane.call, node, lane.in.getInt(0), lane.opened);
    return opened(lane, result, caching.directoryFlags());
  }

  private int readDirectory(FsRequest request, Lane lane) {
    boolean plus = request.opcode == Opcode.READDIRPLUS;
    long offset = lane.in.getLong(8);
    long untrustedSize = Integer.toUnsignedLong(lane.in.getInt(16));
    long room = Math.max(0, request.chain.writableBytes() - Fuse.OUT_HEADER_BYTES);
    int size = (int) Math.min(Call.BUFFER_BYTES, Math.min(untrustedSize, room));
    DirectoryReply into = lane.directory.begin(lane.out, caching, plus, size);
    lane.call.upToAge(caching.ageNanosMax());
    int result =
        offset < 0
            ? -Errno.EINVAL
            : files.readDirectory(
                lane.call, request.untrustedNode, lane.in.getLong(0), offset, plus, into);
    // What was looked up already must reach the guest, or it would be in use for ever.
    return lane.out.length() > Fuse.OUT_HEADER_BYTES ? 0 : result;
  }

  private int statistics(long node, Lane lane) {
    int result = files.statistics(lane.call, node, lane.statistics);
    if (result >= 0) {
      lane.out.statistics(lane.statistics);
    }
    return result;
  }

  private int getXattr(long node, Lane lane) {
    int next = lane.in.text(8, Fuse.NAME_BYTES_MAX, lane.name);
    return next < 0
        ? next
        : sized(lane, lane.in.getInt(0), files.getXattr(lane.call, node, lane.name));
  }

  /** A result of which the driver may ask the length first, by offering no room. */
  private int sized(Lane lane, int untrustedRoom, int length) {
    if (length < 0) {
      return length;
    }
    if (untrustedRoom == 0) {
      lane.out.putInt(length).putInt(0);
      return 0;
    }
    return Integer.compareUnsigned(length, untrustedRoom) > 0
        ? -Errno.ERANGE
        : buffered(lane, length);
  }

  private int setXattr(long node, Lane lane) {
    int names = negotiation.has(Fuse.SETXATTR_EXT) ? 16 : 8;
    int next = lane.in.text(names, Fuse.NAME_BYTES_MAX, lane.name);
    if (next < 0) {
      return next;
    }
    int untrustedSize = lane.in.getInt(0);
    if (untrustedSize < 0 || untrustedSize > Call.BUFFER_BYTES) {
      return -Errno.E2BIG;
    }
    if (untrustedSize > lane.in.length() - next) {
      return -Errno.EINVAL;
    }
    lane.call
        .buffer()
        .asSlice(0, untrustedSize)
        .copyFrom(lane.in.memory().asSlice(next, untrustedSize));
    int result = files.setXattr(lane.call, node, lane.name, untrustedSize, lane.in.getInt(4));
    boolean kill = names == 16 && (lane.in.getInt(8) & Fuse.SETXATTR_ACL_KILL_SGID) != 0;
    return result == 0 && kill ? killSetGid(node, lane) : result;
  }

  /** Whoever sets the list of a file that is not of his group takes its set-group-id bit. */
  private int killSetGid(long node, Lane lane) {
    int result = files.getAttributes(lane.call, node, 0, lane.attributes);
    if (result == 0 && (lane.attributes.mode & Attributes.SET_GID) != 0) {
      lane.change.valid = Change.MODE;
      lane.change.mode = lane.attributes.mode & 07777 & ~Attributes.SET_GID;
      result = files.setAttributes(lane.call, node, 0, lane.change, lane.attributes);
    }
    return Math.min(0, result);
  }

  private int removeXattr(long node, Lane lane) {
    int next = lane.in.text(0, Fuse.NAME_BYTES_MAX, lane.name);
    return next < 0 ? next : files.removeXattr(lane.call, node, lane.name);
  }

  private int allocate(long node, Lane lane) {
    long offset = lane.in.getLong(8);
    long length = lane.in.getLong(16);
    if (offset < 0 || length <= 0 || offset + length < 0) {
      return -Errno.EINVAL;
    }
    int mode = lane.in.getInt(24);
    return files.allocate(lane.call, node, lane.in.getLong(0), mode, offset, length);
  }

  private int seek(long node, Lane lane) {
    long offset = lane.in.getLong(8);
    if (offset < 0) {
      return -Errno.ENXIO;
    }
    long result = files.seek(lane.call, node, lane.in.getLong(0), offset, lane.in.getInt(16));
    if (result >= 0) {
      lane.out.putLong(result);
    }
    return (int) Math.min(0, result);
  }

  private int copy(long node, Lane lane, boolean wide) {
    Arguments in = lane.in;
    long offset = in.getLong(8);
    long toOffset = in.getLong(32);
    long length = in.getLong(40);
    if (offset < 0 || toOffset < 0 || length < 0 || in.getLong(48) != 0) {
      return -Errno.EINVAL;
    }
    // The reply of the first form counts in 32 bits.
    long most = Math.min(length, 0x7fff_f000L);
    long result =
        files.copy(
            lane.call, node, in.getLong(0), offset, in.getLong(16), in.getLong(24), toOffset, most);
    if (result >= 0 && wide) {
      lane.out.putLong(result);
    } else if (result >= 0) {
      lane.out.putInt((int) result).putInt(0);
    }
    return (int) Math.min(0, result);
  }
}
