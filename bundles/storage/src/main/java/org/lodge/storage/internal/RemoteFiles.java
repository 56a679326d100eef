package org.lodge.storage.internal;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
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
import org.lodge.lane.Lanes;
import org.lodge.storage.internal.Link.LostException;
import org.lodge.storage.internal.RemoteCalls.Fill;
import org.lodge.storage.internal.RemoteCalls.Twice;

/**
 * A folder of a storage guest: each call becomes a FUSE message to that guest. While the guest is
 * away calls wait, as long as the share says. After its return, or ours, files are found again by
 * their names and are the same only with the same inode; else {@link Errno#ESTALE}. What was asked
 * before and not answered is asked again where twice is as once or can be told.
 */
final class RemoteFiles implements FileSystem {
  private static final int O_ACCMODE = 3;
  private static final int O_TRUNC = 0x200;
  private static final int O_APPEND = 0x400;
  private static final long NO_CHANGE = 0;

  /** Of {@code fuse_write_in}. */
  private static final int KILL_PRIVILEGES = 4;

  private static final int RENAME_EXCHANGE = 2;

  /** A directory is listed by so much at once. */
  private static final int LISTED_BYTES = Call.BUFFER_BYTES;

  /** Of {@code fallocate(2)}: it moves what lies behind. */
  private static final int COLLAPSE_OR_INSERT = 8 | 32;

  private final Links links;
  private final RemoteSettings settings;
  private final RemoteNodes nodes;
  private final RemoteHandles handles;
  private final RemoteCalls calls;
  private final RemoteData data;
  private final ToldAttributes told = new ToldAttributes();
  private final LookAhead ahead;

  /**
   * @param neighbours the other shares of that storage guest
   */
  RemoteFiles(
      Links links, RemoteSettings settings, Ledger ledger, Lanes lanes, Neighbours neighbours) {
    this.links = links;
    this.settings = settings;
    nodes = new RemoteNodes(ledger);
    handles = new RemoteHandles(ledger);
    calls = new RemoteCalls(links, settings, nodes, handles);
    data = new RemoteData(calls, lanes, settings.from());
    ahead = new LookAhead(calls, nodes, links, neighbours);
  }

  @Override
  public boolean waits() {
    return true;
  }

  private void show(Attributes attributes) {
    if (settings.guestUid() >= 0) {
      attributes.uid = settings.guestUid();
      attributes.gid = settings.guestUid();
    }
  }

  /** A request that gives a node: LOOKUP, MKDIR and their kin. */
  private int entry(
      Call call,
      Twice twice,
      int opcode,
      long parent,
      Name name,
      Entry into,
      long begun,
      Body body) {
    return (int)
        calls.run(
            call,
            twice,
            (link, exchange) -> {
              long remote = calls.resolve(link, parent);
              if (remote < 0) {
                return remote;
              }
              int bytes = Replies.ENTRY_BYTES;
              exchange.request(opcode, remote, calls.uid(call), calls.gid(call), bytes, bytes);
              if (begun != NO_CHANGE) {
                exchange.tells();
              }
              long outcome = body.write(link, exchange);
              if (outcome < 0) {
                return outcome;
              }
              link.ask(exchange);
              if (begun != NO_CHANGE) {
                told.told(parent, begun, true, exchange);
              }
              return exchange.error() < 0
                  ? exchange.error()
                  : found(link, exchange, 0, parent, name, into);
            });
  }

  /** A request that makes a name in a directory. */
  private int made(
      Call call, Twice twice, int opcode, long parent, Name name, Entry into, Body body) {
    long begun = told.begin(parent);
    long change = ahead.change(parent, name);
    try {
      return entry(call, twice, opcode, parent, name, into, begun, body);
    } finally {
      ahead.changed(parent, name, change, false);
      end(parent);
    }
  }

  /** A node has changed of which no answer tells more. */
  private void changed(long node) {
    told.begin(node);
    end(node);
  }

  /** A change of a node is over that {@link ToldAttributes#begin} was told of. */
  private void end(long node) {
    told.end(node);
    ahead.touched(node);
  }

  private interface Body {
    /** 0 or more, or why the request can't be made. */
    long write(Link link, Exchange exchange) throws LostException;
  }

  private int found(Link link, Exchange exchange, int at, long directory, Name name, Entry into) {
    long remote = exchange.getLong(at);
    boolean good =
        Replies.attributes(exchange, at + Replies.ENTRY_ATTRIBUTES, into.attributes) && remote > 0;
    return good
        ? given(link, remote, Replies.device(exchange, at), directory, name, into)
        : notGiven(link, remote, -Errno.EIO);
  }

  /** Gives the client a node for a file whose attributes are in the entry. */
  private int given(Link link, long remote, int device, long directory, Name name, Entry into) {
    Attributes attributes = into.attributes;
    int type = attributes.mode & Attributes.TYPE;
    long node = nodes.found(link, directory, name, remote, device, attributes.inode, type);
    if (node < 0) {
      return notGiven(link, remote, (int) node);
    }
    into.node = node;
    into.generation = 0;
    show(attributes);
    return 0;
  }

  /** What can't be given to the client its storage guest need not keep either. */
  private int notGiven(Link link, long remote, int error) {
    if (remote > ROOT) {
      calls.tell(link, Op.FORGET, remote, 1);
    }
    return error;
  }

  @Override
  public int lookup(Call call, long parent, Name name, Entry into) {
    Link open = call.ageNanosMax() > 0 ? links.now() : null;
    int known = open == null ? LookAhead.ASK : known(open, call, parent, name, into);
    if (known != LookAhead.ASK) {
      return known;
    }
    int result =
        entry(
            call,
            Twice.AS_ONCE,
            Op.LOOKUP,
            parent,
            name,
            into,
            NO_CHANGE,
            (link, exchange) -> {
              exchange.name(name);
              return 0;
            });
    if (open != null && (result == 0 || result == -Errno.ENOENT)) {
      ahead.missed(open, parent, result == 0);
    }
    return result;
  }

  private int known(Link link, Call call, long parent, Name name, Entry into) {
    LookAhead.Found found = new LookAhead.Found();
    int known = ahead.find(link, parent, name, call.ageNanosMax(), into.attributes, found);
    boolean refused = known == 0 && given(link, found.remote, found.device, parent, name, into) < 0;
    return refused ? LookAhead.ASK : known;
  }

  @Override
  public void forget(long id, long uses) {
    Link link = links.now();
    long remote = link == null ? 0 : nodes.remote(id, link);
    long looked = nodes.forget(id, uses, link);
    told.forget(id);
    ahead.forget(id);
    if (looked > 0 && remote > 0) {
      calls.tell(link, Op.FORGET, remote, looked);
    }
  }

  @Override
  public int getAttributes(Call call, long id, long handle, Attributes into) {
    Link open = call.ageNanosMax() > 0 ? links.now() : null;
    if (open != null
        && told.get(id, open.epoch, call.ageNanosMax(), into)
        && !ahead.isTouchedElsewhere(into.inode, into.ageNanos)) {
      show(into);
      return 0;
    }
    return attributes(
        call,
        Op.GETATTR,
        id,
        into,
        (link, exchange, out) -> out.putLong(0).putLong(0),
        exchange -> {});
  }

  private int attributes(
      Call call, int opcode, long id, Attributes into, Fill fill, Consumer<Exchange> answered) {
    return (int)
        calls.onNode(
            call,
            Twice.AS_ONCE,
            opcode,
            id,
            104,
            104,
            fill,
            exchange -> {
              answered.accept(exchange);
              if (!Replies.attributes(exchange, Replies.ATTR_OUT_ATTRIBUTES, into)) {
                return -Errno.EIO;
              }
              show(into);
              return 0;
            });
  }

  @Override
  public int setAttributes(Call call, long id, long handle, Change change, Attributes into) {
    if (settings.guestUid() >= 0 && change.has(Change.UID | Change.GID)) {
      boolean same =
          (!change.has(Change.UID) || change.uid == settings.guestUid())
              && (!change.has(Change.GID) || change.gid == settings.guestUid());
      if (!same) {
        return -Errno.EPERM;
      }
      change.valid &= ~(Change.UID | Change.GID);
    }
    int fields = change.valid & Op.SETATTR_FIELDS;
    boolean writes = change.has(Change.SIZE);
    long begun = told.begin(id);
    try {
      return attributes(
          call,
          Op.SETATTR,
          id,
          into,
          (link, exchange, out) -> {
            out.putInt(fields).putInt(0).putLong(0).putLong(change.sizeBytes).putLong(0);
            out.putLong(change.accessSeconds).putLong(change.modifySeconds).putLong(0);
            out.putInt(change.accessNanos).putInt(change.modifyNanos).putInt(0).putInt(change.mode);
            out.putInt(0).putInt(change.uid).putInt(change.gid).putInt(0);
          },
          exchange -> {
            if (writes) {
              nodes.written(exchange.link(), id);
            }
            told.changed(id, begun, exchange);
          });
    } finally {
      end(id);
    }
  }

  @Override
  public int readLink(Call call, long id) {
    return (int)
        calls.onNode(
            call,
            Twice.AS_ONCE,
            Op.READLINK,
            id,
            1,
            4095,
            (link, x, out) -> out.put((byte) 0),
            x -> buffered(call, x));
  }

  private static long buffered(Call call, Exchange exchange) {
    MemorySegment.copy(exchange.memory(), 0, call.buffer(), 0, exchange.length());
    return exchange.length();
  }

  @Override
  public int symlink(Call call, long parent, Name name, Name target, Entry into) {
    return made(
        call,
        Twice.SHOWS,
        Op.SYMLINK,
        parent,
        name,
        into,
        (link, exchange) -> {
          exchange.name(name);
          exchange.name(target);
          return 0;
        });
  }

  @Override
  public int makeNode(Call call, long parent, Name name, int mode, int device, Entry into) {
    return made(
        call,
        Twice.SHOWS,
        Op.MKNOD,
        parent,
        name,
        into,
        (link, exchange) -> {
          exchange.out().putInt(mode).putInt(0).putInt(call.umask()).putInt(0);
          exchange.name(name);
          return 0;
        });
  }

  @Override
  public int makeDirectory(Call call, long parent, Name name, int mode, Entry into) {
    return made(
        call,
        Twice.SHOWS,
        Op.MKDIR,
        parent,
        name,
        into,
        (link, exchange) -> {
          exchange.out().putInt(mode & 07777).putInt(call.umask());
          exchange.name(name);
          return 0;
        });
  }

  @Override
  public int unlink(Call call, long parent, Name name) {
    return remove(call, Op.UNLINK, parent, name);
  }

  @Override
  public int removeDirectory(Call call, long parent, Name name) {
    return remove(call, Op.RMDIR, parent, name);
  }

  private int remove(Call call, int opcode, long parent, Name name) {
    long begun = told.begin(parent);
    long change = ahead.change(parent, name);
    int result = -Errno.EIO;
    try {
      result =
          (int)
              calls.onNode(
                  call,
                  Twice.SHOWS,
                  opcode,
                  parent,
                  0,
                  0,
                  (link, exchange, out) -> {
                    exchange.tells();
                    exchange.name(name);
                  },
                  exchange -> {
                    told.told(parent, begun, true, exchange);
                    return 0;
                  });
      return result;
    } finally {
      ahead.changed(parent, name, change, result == 0);
      end(parent);
      if (opcode == Op.RMDIR) {
        told.forgetAll();
      } else {
        told.forgetFiles();
      }
    }
  }

  @Override
  public int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    told.begin(parent);
    told.begin(toParent);
    long change = ahead.change(parent, name);
    long toChange = ahead.change(toParent, toName);
    int result = -Errno.EIO;
    try {
      result = renamed(call, parent, name, toParent, toName, flags);
      return result;
    } finally {
      ahead.changed(parent, name, change, result == 0 && (flags & RENAME_EXCHANGE) == 0);
      ahead.changed(toParent, toName, toChange, false);
      end(parent);
      end(toParent);
      told.forgetAll();
    }
  }

  private int renamed(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    return (int)
        calls.run(
            call,
            (flags & RENAME_EXCHANGE) != 0 ? Twice.NEVER : Twice.SHOWS,
            (link, exchange) -> {
              long remote = calls.resolve(link, parent);
              long remoteTo = calls.resolve(link, toParent);
              if (remote < 0 || remoteTo < 0) {
                return -Errno.ESTALE;
              }
              exchange.request(Op.RENAME2, remote, calls.uid(call), calls.gid(call), 0, 0);
              exchange.out().putLong(remoteTo).putInt(flags).putInt(0);
              exchange.name(name);
              exchange.name(toName);
              link.ask(exchange);
              // Where a repeat finds it gone, it is there; if not, nothing is taken for it there.
              if (exchange.error() == 0 || exchange.error() == -Errno.ENOENT && call.isRepeat()) {
                boolean exchanged = (flags & RENAME_EXCHANGE) != 0;
                nodes.moved(parent, name, toParent, toName, exchanged);
              }
              return exchange.error();
            });
  }

  @Override
  public int link(Call call, long id, long toParent, Name toName, Entry into) {
    int result =
        made(
            call,
            Twice.SHOWS,
            Op.LINK,
            toParent,
            toName,
            into,
            (link, exchange) -> {
              long remote = calls.resolve(link, id);
              exchange.out().putLong(remote);
              exchange.name(toName);
              return remote;
            });
    changed(id);
    return result;
  }

  @Override
  public int open(Call call, long id, int flags, Opened opened) {
    int result = open(call, Op.OPEN, id, flags, opened);
    if ((flags & O_TRUNC) != 0) {
      changed(id);
    }
    return result;
  }

  @Override
  public int openDirectory(Call call, long id, int flags, Opened opened) {
    return open(call, Op.OPENDIR, id, 0, opened);
  }

  private int open(Call call, int opcode, long id, int flags, Opened opened) {
    if (opensLater(id, opcode == Op.OPENDIR, flags)) {
      opened.handle = handles.add(id, flags, opcode == Op.OPENDIR, 0, 0);
      return opened.handle == 0 ? -Errno.ENFILE : 0;
    }
    return (int)
        calls.run(
            call,
            Twice.AS_ONCE,
            (link, exchange) -> {
              long remote = calls.resolve(link, id);
              if (remote < 0) {
                return remote;
              }
              long handle = RemoteCalls.openOn(link, exchange, opcode, remote, flags);
              if (handle >= 0 && (flags & O_TRUNC) != 0) {
                nodes.written(link, id);
              }
              return handle < 0
                  ? handle
                  : keep(link, id, flags, opcode == Op.OPENDIR, handle, opened);
            });
  }

  /**
   * Whether opening a file needs no question: it is known there by a descriptor, and what is there
   * is the first read's to tell. Where the guest is away or was, whoever opens it must know.
   */
  private boolean opensLater(long id, boolean directory, int flags) {
    Link open = links.now();
    return open != null
        && open.readsClosed(directory)
        && (flags & (O_ACCMODE | O_TRUNC)) == 0
        && nodes.remote(id, open) > 0
        && (id == ROOT
            ? directory
            : nodes.isOfType(id, directory ? Attributes.DIRECTORY : Attributes.REGULAR));
  }

  private int keep(Link link, long node, int flags, boolean directory, long remote, Opened opened) {
    opened.handle = handles.add(node, flags, directory, remote, link.epoch);
    if (opened.handle != 0) {
      return 0;
    }
    int opcode = directory ? Op.RELEASEDIR : Op.RELEASE;
    calls.tell(link, opcode, Math.max(0, nodes.remote(node, link)), remote);
    return -Errno.ENFILE;
  }

  @Override
  public int create(
      Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    return create(call, Op.CREATE, parent, name, flags, mode, into, opened);
  }

  @Override
  public int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened) {
    Name none = new Name().of(call.buffer(), 0, 0);
    return create(call, Op.TMPFILE, parent, none, flags, mode, into, opened);
  }

  private int create(
      Call call,
      int opcode,
      long parent,
      Name name,
      int flags,
      int mode,
      Entry into,
      Opened opened) {
    long begun = told.begin(parent);
    long change = ahead.change(parent, name);
    try {
      return create(call, opcode, parent, name, flags, mode, into, opened, begun);
    } finally {
      ahead.changed(parent, name, change, false);
      end(parent);
    }
  }

  private int create(
      Call call,
      int opcode,
      long parent,
      Name name,
      int flags,
      int mode,
      Entry into,
      Opened opened,
      long begun) {
    return (int)
        calls.run(
            call,
            opcode == Op.TMPFILE ? Twice.AS_ONCE : Twice.SHOWS,
            (link, exchange) -> {
              long remote = calls.resolve(link, parent);
              if (remote < 0) {
                return remote;
              }
              int bytes = Replies.ENTRY_BYTES + Replies.OPENED_BYTES;
              exchange.request(opcode, remote, calls.uid(call), calls.gid(call), bytes, bytes);
              exchange.tells();
              exchange.out().putInt(flags).putInt(mode & 07777).putInt(call.umask()).putInt(0);
              exchange.name(name);
              link.ask(exchange);
              if (exchange.error() < 0) {
                return exchange.error();
              }
              told.told(parent, begun, true, exchange);
              long handle = exchange.getLong(Replies.ENTRY_BYTES) & Long.MAX_VALUE;
              int result = found(link, exchange, 0, parent, name, into);
              if (result < 0) {
                calls.tell(link, Op.RELEASE, Math.max(0, exchange.getLong(0)), handle);
                return result;
              }
              result = keep(link, into.node, flags, false, handle, opened);
              if (result < 0) {
                forget(into.node, 1);
              }
              return result;
            });
  }

  @Override
  public int read(Call call, long id, long number, long offset, Data data) {
    RemoteHandle handle = handles.get(number, false);
    if (handle == null) {
      return -Errno.EBADF;
    }
    int result = this.data.read(call, handle, offset, data);
    // The time of access changes.
    told.begin(id);
    told.end(id);
    return result;
  }

  @Override
  public int write(
      Call call, long id, long number, long offset, Data data, boolean killPrivileges) {
    RemoteHandle handle = handles.get(number, false);
    if (handle == null) {
      return -Errno.EBADF;
    }
    long begun = told.begin(handle.node);
    try {
      return this.data.write(
          call,
          (handle.flags & O_APPEND) != 0 ? Twice.NEVER : Twice.AS_ONCE,
          number,
          offset,
          data,
          killPrivileges ? KILL_PRIVILEGES : 0,
          (link, answer) -> {
            nodes.written(link, handle.node);
            told.told(handle.node, begun, false, answer);
          });
    } finally {
      end(handle.node);
    }
  }

  @Override
  public int flush(Call call, long id, long number) {
    return handles.get(number, false) == null ? -Errno.EBADF : 0;
  }

  @Override
  public void release(long id, long number) {
    release(number, false);
  }

  @Override
  public void releaseDirectory(long id, long number) {
    release(number, true);
  }

  private void release(long number, boolean directory) {
    RemoteHandle handle = handles.get(number, directory);
    if (handle == null) {
      return;
    }
    handles.remove(number);
    Link link = links.now();
    synchronized (handle) {
      if (link != null && link.epoch == handle.epoch) {
        int opcode = directory ? Op.RELEASEDIR : Op.RELEASE;
        calls.tell(link, opcode, Math.max(0, nodes.remote(handle.node, link)), handle.remote);
      }
    }
  }

  @Override
  public int sync(Call call, long id, long number, boolean dataOnly) {
    return sync(call, Op.FSYNC, number, false, dataOnly);
  }

  @Override
  public int syncDirectory(Call call, long id, long number, boolean dataOnly) {
    return sync(call, Op.FSYNCDIR, number, true, dataOnly);
  }

  /** A guest that was booted again may have lost what it had taken: whoever syncs must know. */
  private int sync(Call call, int opcode, long number, boolean directory, boolean dataOnly) {
    RemoteHandle handle = handles.get(number, directory);
    if (handle == null) {
      return -Errno.EBADF;
    }
    int writes = nodes.writes();
    int result =
        calls.onHandle(
            call,
            Twice.AS_ONCE,
            opcode,
            number,
            directory,
            (link, exchange, out) -> out.putInt(dataOnly ? 1 : 0).putInt(0));
    if (nodes.takeLost(handle.node)) {
      return -Errno.EIO;
    }
    if (result == 0) {
      nodes.synced(handle.node, writes);
    }
    return result;
  }

  @Override
  public int readDirectory(
      Call call, long id, long number, long offset, boolean plus, DirectorySink into) {
    RemoteHandle handle = handles.get(number, true);
    if (handle == null) {
      return -Errno.EBADF;
    }
    NamesAhead ahead = handle.takeAhead(offset);
    if (ahead != null && (ahead.isOver() || ahead.hasNames() && !plus)) {
      int passed = ahead.give(into);
      handle.keepAhead(ahead);
      return passed == 0 && ahead.hasNames() ? -Errno.EINVAL : 0;
    }
    // The time of access changes.
    told.begin(handle.node);
    try {
      return readDirectory(call, handle, offset, plus, into);
    } finally {
      told.end(handle.node);
    }
  }

  /** As much as fits into one answer is asked for, and what the client has no room for is kept. */
  private int readDirectory(
      Call call, RemoteHandle handle, long offset, boolean plus, DirectorySink into) {
    int room = Math.min(into.sizeBytes(), LISTED_BYTES);
    return (int)
        calls.reading(
            call,
            handle,
            offset == 0,
            (link, exchange, node, remote) -> {
              int size = link.readsClosed(false) ? LISTED_BYTES : room;
              int opcode = plus ? Op.READDIRPLUS : Op.READDIR;
              exchange.request(opcode, node, calls.uid(call), calls.gid(call), 0, size);
              exchange.tells();
              exchange.out().putLong(remote).putLong(offset).putInt(size).putInt(plus ? room : 0);
              exchange.out().putLong(0).putLong(0);
              link.ask(exchange);
              if (exchange.error() < 0) {
                return exchange.error();
              }
              NamesAhead rest = new NamesAhead(offset);
              int listed = entries(link, exchange, handle.node, plus, into, rest);
              if (listed < 0) {
                return -Errno.EIO;
              }
              // A short answer alone may be one that an error has cut.
              if (listed < exchange.length()) {
                rest.end();
              }
              handle.keepAhead(rest);
              return 0;
            });
  }

  /**
   * @param rest gets what does not fit
   * @return as {@link Replies#entries}
   */
  private int entries(
      Link link,
      Exchange exchange,
      long directory,
      boolean plus,
      DirectorySink into,
      NamesAhead rest)
      throws LostException {
    Entry entry = new Entry();
    int listed =
        Replies.entries(
            exchange,
            plus,
            (name, at, names) -> {
              long remote = plus ? exchange.getLong(at) : 0;
              long inode = exchange.getLong(names - 24);
              long next = exchange.getLong(names - 16);
              int type = exchange.getInt(names - 4) & 15;
              boolean waits = rest.hasNames() || !into.fits(name.length());
              boolean wanted = !waits && into.wants(name, next);
              boolean looked =
                  wanted && remote > 0 && found(link, exchange, at, directory, name, entry) == 0;
              if (waits) {
                rest.add(name, inode, type, next);
              } else {
                rest.passed(next, wanted);
              }
              if (wanted) {
                into.add(name, inode, type, next, looked ? entry : null);
              } else if (remote > 0) {
                // Known to the storage guest only.
                calls.tell(link, Op.FORGET, remote, 1);
              }
            });
    if (listed < 0) {
      link.end("a directory with an entry that can't be");
    }
    return listed;
  }

  @Override
  public int statistics(Call call, long id, Statistics into) {
    int bytes = Replies.STATFS_BYTES;
    return (int)
        calls.onNode(
            call,
            Twice.AS_ONCE,
            Op.STATFS,
            id,
            bytes,
            bytes,
            (link, x, out) -> out.put((byte) 0),
            x -> {
              into.blocks = x.getLong(0);
              into.freeBlocks = x.getLong(8);
              into.availableBlocks = x.getLong(16);
              into.files = x.getLong(24);
              into.freeFiles = x.getLong(32);
              into.blockSizeBytes = x.getInt(40);
              into.nameBytesMax = x.getInt(44);
              into.fragmentBytes = x.getInt(48);
              return 0;
            });
  }

  @Override
  public int getXattr(Call call, long id, Name name) {
    return (int)
        calls.onNode(
            call,
            Twice.AS_ONCE,
            Op.GETXATTR,
            id,
            0,
            Call.BUFFER_BYTES,
            (link, exchange, out) -> {
              out.putLong(0);
              exchange.name(name);
            },
            exchange -> buffered(call, exchange));
  }

  @Override
  public int listXattrs(Call call, long id) {
    return (int)
        calls.onNode(
            call,
            Twice.AS_ONCE,
            Op.LISTXATTR,
            id,
            0,
            Call.BUFFER_BYTES,
            (link, exchange, out) -> out.putLong(0),
            exchange -> buffered(call, exchange));
  }

  @Override
  public int setXattr(Call call, long id, Name name, int sizeBytes, int flags) {
    told.begin(id);
    try {
      return calls.onNode(
          call,
          Twice.SHOWS,
          Op.SETXATTR,
          id,
          (link, exchange, out) -> {
            out.putInt(sizeBytes).putInt(flags);
            exchange.name(name);
            exchange.bytes(call.buffer(), sizeBytes);
          });
    } finally {
      end(id);
    }
  }

  @Override
  public int removeXattr(Call call, long id, Name name) {
    told.begin(id);
    try {
      return calls.onNode(
          call, Twice.SHOWS, Op.REMOVEXATTR, id, (link, exchange, out) -> exchange.name(name));
    } finally {
      end(id);
    }
  }

  @Override
  public int allocate(Call call, long id, long number, int mode, long offset, long sizeBytes) {
    RemoteHandle handle = handles.get(number, false);
    if (handle == null) {
      return -Errno.EBADF;
    }
    long result =
        calls.onHandle(
            call,
            (mode & COLLAPSE_OR_INSERT) != 0 ? Twice.NEVER : Twice.AS_ONCE,
            Op.FALLOCATE,
            number,
            false,
            0,
            0,
            (link, exchange, out) -> out.putLong(offset).putLong(sizeBytes).putInt(mode).putInt(0),
            exchange -> {
              nodes.written(exchange.link(), handle.node);
              return 0;
            });
    changed(handle.node);
    return (int) result;
  }

  @Override
  public long seek(Call call, long id, long number, long offset, int whence) {
    return calls.onHandle(
        call,
        Twice.AS_ONCE,
        Op.LSEEK,
        number,
        false,
        8,
        8,
        (link, exchange, out) -> out.putLong(offset).putInt(whence).putInt(0),
        exchange -> Math.max(-Errno.EIO, exchange.getLong(0)));
  }

  @Override
  public long copy(
      Call call,
      long id,
      long number,
      long offset,
      long toNode,
      long toNumber,
      long toOffset,
      long sizeBytes) {
    RemoteHandle to = handles.get(toNumber, false);
    if (to == null) {
      return -Errno.EBADF;
    }
    long result =
        calls.onHandle(
            call,
            Twice.AS_ONCE,
            Op.COPY_FILE_RANGE,
            number,
            false,
            8,
            8,
            (link, exchange, out) -> {
              // Where the target is gone the guest says so of handle 0.
              long remote = Math.max(0, calls.resolve(link, to));
              out.putLong(offset).putLong(0).putLong(remote).putLong(toOffset);
              out.putLong(sizeBytes).putLong(0);
            },
            exchange -> {
              nodes.written(exchange.link(), to.node);
              long copied = Integer.toUnsignedLong(exchange.getInt(0));
              return copied > sizeBytes ? -Errno.EIO : copied;
            });
    changed(to.node);
    return result;
  }

  @Override
  public int syncAll(Call call, long id) {
    int writes = nodes.writes();
    int result =
        calls.onNode(call, Twice.AS_ONCE, Op.SYNCFS, id, (link, exchange, out) -> out.putLong(0));
    if (nodes.takeAnyLost()) {
      return -Errno.EIO;
    }
    if (result == 0) {
      nodes.syncedAll(writes);
    }
    return result;
  }

  /** The storage guest forgets all with the connection. */
  @Override
  public void reset() {
    told.forgetAll();
    if (handles.reset() | nodes.reset() | ahead.reset()) {
      links.renew();
    }
  }

  @Override
  public String place() {
    return settings.from();
  }

  @Override
  public int identify(long id, FileIdentity into) {
    return nodes.identify(id, into) ? 0 : -Errno.ESTALE;
  }

  @Override
  public List<Count> counts() {
    int open = handles.count();
    return List.of(new Count("nodes", "files", nodes.count()), new Count("open", "files", open));
  }

  @Override
  public void close() {
    ahead.close();
    links.close();
    handles.close();
  }
}
