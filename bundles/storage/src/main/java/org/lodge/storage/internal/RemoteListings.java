package org.lodge.storage.internal;

import org.lodge.filesystem.Call;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.storage.internal.Link.LostException;

/** Directories of a storage guest, as a client guest reads them: page by page. */
final class RemoteListings {
  /** A directory is listed by so much at once. */
  private static final int LISTED_BYTES = Call.BUFFER_BYTES;

  private final RemoteCalls calls;
  private final RemoteHandles handles;
  private final RemoteEntries entries;
  private final ToldAttributes told;

  RemoteListings(
      RemoteCalls calls, RemoteHandles handles, RemoteEntries entries, ToldAttributes told) {
    this.calls = calls;
    this.handles = handles;
    this.entries = entries;
    this.told = told;
  }

  int read(Call call, long number, long offset, boolean plus, DirectorySink into) {
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
      return read(call, handle, offset, plus, into);
    } finally {
      told.endOfReading(handle.node);
    }
  }

  /** As much as fits into one answer is asked for, and what the client has no room for is kept. */
  private int read(Call call, RemoteHandle handle, long offset, boolean plus, DirectorySink into) {
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
              int listed = give(link, exchange, handle.node, plus, into, rest);
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
  private int give(
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
                  wanted
                      && remote > 0
                      && entries.found(link, exchange, at, directory, name, entry) == 0;
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
}
