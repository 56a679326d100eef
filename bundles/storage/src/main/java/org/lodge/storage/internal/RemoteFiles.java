package org.lodge.storage.internal;

import java.util.List;
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
import org.lodge.storage.internal.RemoteCalls.Twice;

/**
 * A folder of a storage guest: each call becomes a FUSE message to that guest. While the guest is
 * away calls wait, as long as the share says. After its return, or ours, files are found again by
 * their names and are the same only with the same inode; else {@link Errno#ESTALE}. What was asked
 * before and not answered is asked again where twice is as once or can be told.
 */
final class RemoteFiles implements FileSystem {
  private final Links links;
  private final RemoteSettings settings;
  private final RemoteNodes nodes;
  private final RemoteHandles handles;
  private final RemoteCalls calls;
  private final LookAhead ahead;
  private final ToldAttributes told;
  private final RemoteEntries entries;
  private final RemoteAttributes attributes;
  private final RemoteOpens opens;
  private final RemoteNames names;
  private final RemoteListings listings;
  private final RemoteData data;

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
    ahead = new LookAhead(calls, nodes, links, neighbours);
    told = new ToldAttributes(ahead::touched);
    entries = new RemoteEntries(calls, nodes, settings, links, ahead, told);
    attributes = new RemoteAttributes(calls, nodes, settings, links, ahead, told);
    opens = new RemoteOpens(calls, nodes, handles, links, told);
    names = new RemoteNames(calls, nodes, entries, opens, ahead, told);
    listings = new RemoteListings(calls, nodes, handles, entries, links, ahead, told);
    data = new RemoteData(calls, nodes, handles, told, lanes, settings.from());
  }

  @Override
  public boolean waits() {
    return true;
  }

  @Override
  public int lookup(Call call, long parent, Name name, Entry into) {
    return entries.lookup(call, parent, name, into);
  }

  @Override
  public void forget(long id, long uses) {
    entries.forget(id, uses);
  }

  @Override
  public int getAttributes(Call call, long id, long handle, Attributes into) {
    return attributes.get(call, id, into);
  }

  @Override
  public int setAttributes(Call call, long id, long handle, Change change, Attributes into) {
    return attributes.set(call, id, change, into);
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
            x -> x.copyTo(call.buffer()));
  }

  @Override
  public int symlink(Call call, long parent, Name name, Name target, Entry into) {
    return names.make(
        call,
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
    return names.make(
        call,
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
    return names.make(
        call,
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
    return names.remove(call, Op.UNLINK, parent, name);
  }

  @Override
  public int removeDirectory(Call call, long parent, Name name) {
    return names.remove(call, Op.RMDIR, parent, name);
  }

  @Override
  public int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
    return names.rename(call, parent, name, toParent, toName, flags);
  }

  @Override
  public int link(Call call, long id, long toParent, Name toName, Entry into) {
    return names.link(call, id, toParent, toName, into);
  }

  @Override
  public int open(Call call, long id, int flags, Opened opened) {
    return opens.open(call, Op.OPEN, id, flags, opened);
  }

  @Override
  public int openDirectory(Call call, long id, int flags, Opened opened) {
    return opens.open(call, Op.OPENDIR, id, 0, opened);
  }

  @Override
  public int create(
      Call call, long parent, Name name, int flags, int mode, Entry into, Opened opened) {
    return names.create(call, Op.CREATE, parent, name, flags, mode, into, opened);
  }

  @Override
  public int temporaryFile(Call call, long parent, int flags, int mode, Entry into, Opened opened) {
    Name none = new Name().of(call.buffer(), 0, 0);
    return names.create(call, Op.TMPFILE, parent, none, flags, mode, into, opened);
  }

  @Override
  public int read(Call call, long id, long number, long offset, Data data) {
    return this.data.read(call, number, offset, data);
  }

  @Override
  public int write(
      Call call, long id, long number, long offset, Data data, boolean killPrivileges) {
    return this.data.write(call, number, offset, data, killPrivileges);
  }

  @Override
  public int flush(Call call, long id, long number) {
    return handles.get(number, false) == null ? -Errno.EBADF : 0;
  }

  @Override
  public void release(long id, long number) {
    opens.release(number, false);
  }

  @Override
  public void releaseDirectory(long id, long number) {
    opens.release(number, true);
  }

  @Override
  public int sync(Call call, long id, long number, boolean dataOnly) {
    return data.sync(call, Op.FSYNC, number, false, dataOnly);
  }

  @Override
  public int syncDirectory(Call call, long id, long number, boolean dataOnly) {
    return data.sync(call, Op.FSYNCDIR, number, true, dataOnly);
  }

  @Override
  public int readDirectory(
      Call call, long id, long number, long offset, boolean plus, DirectorySink into) {
    return listings.read(call, number, offset, plus, into);
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
    return attributes.getXattr(call, id, name);
  }

  @Override
  public int listXattrs(Call call, long id) {
    return attributes.listXattrs(call, id);
  }

  @Override
  public int setXattr(Call call, long id, Name name, int sizeBytes, int flags) {
    return attributes.setXattr(call, id, name, sizeBytes, flags);
  }

  @Override
  public int removeXattr(Call call, long id, Name name) {
    return attributes.removeXattr(call, id, name);
  }

  @Override
  public int allocate(Call call, long id, long number, int mode, long offset, long sizeBytes) {
    return data.allocate(call, number, mode, offset, sizeBytes);
  }

  @Override
  public long seek(Call call, long id, long number, long offset, int whence) {
    return data.seek(call, number, offset, whence);
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
    return data.copy(call, number, offset, toNumber, toOffset, sizeBytes);
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
