package org.lodge.storage.internal;

import org.lodge.filesystem.Call;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.storage.internal.RemoteCalls.Twice;

/**
 * Names that a client guest makes, changes and removes in directories of a storage guest. Each such
 * change ends what is known of the directory, but for what its answer tells.
 */
final class RemoteNames {
  private static final int RENAME_EXCHANGE = 2;

  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final RemoteEntries entries;
  private final RemoteOpens opens;
  private final LookAhead ahead;
  private final ToldAttributes told;

  RemoteNames(
      RemoteCalls calls,
      RemoteNodes nodes,
      RemoteEntries entries,
      RemoteOpens opens,
      LookAhead ahead,
      ToldAttributes told) {
    this.calls = calls;
    this.nodes = nodes;
    this.entries = entries;
    this.opens = opens;
    this.ahead = ahead;
    this.told = told;
  }

  /** A request that makes a name in a directory. */
  int make(Call call, int opcode, long parent, Name name, Entry into, RemoteEntries.Body body) {
    long begun = told.begin(parent);
    long change = ahead.change(parent, name);
    try {
      return entries.entry(call, Twice.SHOWS, opcode, parent, name, into, begun, body);
    } finally {
      ahead.changed(parent, name, change, false);
      told.end(parent);
    }
  }

  int link(Call call, long id, long toParent, Name toName, Entry into) {
    int result =
        make(
            call,
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
    told.changes(id);
    return result;
  }

  int create(
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
      told.end(parent);
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
              long handle = exchange.getLong(Replies.ENTRY_BYTES) & Op.HANDLE;
              int result = entries.found(link, exchange, 0, parent, name, into);
              if (result < 0) {
                calls.tell(link, Op.RELEASE, Math.max(0, exchange.getLong(0)), handle);
                return result;
              }
              result = opens.keep(link, into.node, flags, false, handle, opened);
              if (result < 0) {
                entries.forget(into.node, 1);
              }
              return result;
            });
  }

  int remove(Call call, int opcode, long parent, Name name) {
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
      told.end(parent);
      if (opcode == Op.RMDIR) {
        told.forgetAll();
      } else {
        told.forgetFiles();
      }
    }
  }

  int rename(Call call, long parent, Name name, long toParent, Name toName, int flags) {
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
      told.end(parent);
      told.end(toParent);
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
}
