package org.lodge.storage.internal;

import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Opened;
import org.lodge.storage.internal.RemoteCalls.Twice;

/** What a client guest opens and closes of a storage guest's files. */
final class RemoteOpens {
  private static final int O_ACCMODE = 3;
  private static final int O_TRUNC = 0x200;

  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final RemoteHandles handles;
  private final Links links;
  private final ToldAttributes told;

  RemoteOpens(
      RemoteCalls calls,
      RemoteNodes nodes,
      RemoteHandles handles,
      Links links,
      ToldAttributes told) {
    this.calls = calls;
    this.nodes = nodes;
    this.handles = handles;
    this.links = links;
    this.told = told;
  }

  int open(Call call, int opcode, long id, int flags, Opened opened) {
    if (opensLater(id, opcode == Op.OPENDIR, flags)) {
      opened.handle = handles.add(id, flags, opcode == Op.OPENDIR, 0, 0);
      return opened.handle == 0 ? -Errno.ENFILE : 0;
    }
    int result = openNow(call, opcode, id, flags, opened);
    if ((flags & O_TRUNC) != 0) {
      told.changes(id);
    }
    return result;
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
        && (id == FileSystem.ROOT
            ? directory
            : nodes.isOfType(id, directory ? Attributes.DIRECTORY : Attributes.REGULAR));
  }

  private int openNow(Call call, int opcode, long id, int flags, Opened opened) {
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

  /** Gives the client a handle for what is open on a connection. */
  int keep(Link link, long node, int flags, boolean directory, long remote, Opened opened) {
    opened.handle = handles.add(node, flags, directory, remote, link.epoch);
    if (opened.handle != 0) {
      return 0;
    }
    int opcode = directory ? Op.RELEASEDIR : Op.RELEASE;
    calls.tell(link, opcode, Math.max(0, nodes.remote(node, link)), remote);
    return -Errno.ENFILE;
  }

  void release(long number, boolean directory) {
    RemoteHandle handle = handles.get(number, directory);
    if (handle == null) {
      return;
    }
    handles.remove(number);
    Link link = links.now();
    if (link != null && handle.isIdle()) {
      calls.close(link, handle);
    }
  }
}
