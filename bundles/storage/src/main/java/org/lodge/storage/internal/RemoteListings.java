package org.lodge.storage.internal;

import org.lodge.filesystem.Call;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Name;
import org.lodge.storage.internal.Link.LostException;

/**
 * Directories of a storage guest, as a client guest reads them: page by page. The guest is asked
 * for more at once, which is kept until the client asks: names here, and their files, where the
 * client wants these too, by {@link LookAhead}.
 */
final class RemoteListings {
  /** A directory is listed by so much at once. */
  private static final int LISTED_BYTES = Call.BUFFER_BYTES;

  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final RemoteHandles handles;
  private final RemoteEntries entries;
  private final Links links;
  private final LookAhead ahead;
  private final ToldAttributes told;

  RemoteListings(
      RemoteCalls calls,
      RemoteNodes nodes,
      RemoteHandles handles,
      RemoteEntries entries,
      Links links,
      LookAhead ahead,
      ToldAttributes told) {
    this.calls = calls;
    this.nodes = nodes;
    this.handles = handles;
    this.entries = entries;
    this.links = links;
    this.ahead = ahead;
    this.told = told;
  }

  int read(Call call, long number, long offset, boolean plus, DirectorySink into) {
    RemoteHandle handle = handles.get(number, true);
    if (handle == null) {
      return -Errno.EBADF;
    }
    NamesAhead kept = handle.takeAhead(offset);
    if (kept != null && (kept.isOver() || kept.hasNames())) {
      int passed = kept.give(into, plus ? new Kept(call, handle.node) : null);
      if (passed > 0 || kept.isOver() || !plus) {
        handle.keepAhead(kept);
        return passed == 0 && kept.hasNames() ? -Errno.EINVAL : 0;
      }
    }
    // The time of access changes.
    told.begin(handle.node);
    try {
      return ask(call, handle, offset, plus, into);
    } finally {
      told.endOfReading(handle.node);
    }
  }

  /** Files of a directory that were listed before the client has asked for them. */
  private final class Kept implements NamesAhead.Files {
    private final Call call;
    private final long directory;
    private final Link link = links.now();
    private final Entry entry = new Entry();

    Kept(Call call, long directory) {
      this.call = call;
      this.directory = directory;
    }

    @Override
    public boolean has(Name name) {
      return Replies.isDots(name)
          || link != null && ahead.has(link, directory, name, call.ageNanosMax());
    }

    @Override
    public Entry take(Name name) {
      boolean known =
          !Replies.isDots(name) && entries.known(link, call, directory, name, entry) == 0;
      return known ? entry : null;
    }
  }

  private int ask(Call call, RemoteHandle handle, long offset, boolean plus, DirectorySink into) {
    int room = Math.min(into.sizeBytes(), LISTED_BYTES);
    boolean first = offset == 0;
    return (int)
        calls.listing(
            call,
            handle,
            first,
            (link, exchange, node, remote) -> {
              // Who has seen the first ones with their files, and wants the next, wants them all.
              Listing files = plus && !first ? keeper(link, call, handle) : null;
              int size = room;
              if (files != null) {
                size = Math.max(room, LookAhead.FILES_BYTES);
              } else if ((first || !plus) && link.readsClosed(false)) {
                size = LISTED_BYTES;
              }
              int opcode = plus ? Op.READDIRPLUS : Op.READDIR;
              exchange.request(opcode, node, calls.uid(call), calls.gid(call), 0, size);
              exchange.tells();
              exchange.out().putLong(remote).putLong(offset).putInt(size);
              exchange.out().putInt(plus && first ? room : 0).putLong(0).putLong(0);
              link.ask(exchange);
              if (exchange.error() < 0) {
                return exchange.error();
              }
              return give(link, exchange, handle, new Page(into, plus, files, offset));
            });
  }

  /** Takes the files that wait for the client's next page; null where they would in vain. */
  private Listing keeper(Link link, Call call, RemoteHandle handle) {
    long inode = handle.node == FileSystem.ROOT ? handle.inode : nodes.inode(handle.node);
    Listing last = handle.files;
    if (call.ageNanosMax() == 0 || inode == 0 || last != null && !ahead.wasOfUse(last)) {
      return null;
    }
    handle.files = ahead.begin(link, handle.node, inode);
    return handle.files;
  }

  /** What the client reads now, and what waits for its next page. */
  private static final class Page {
    final DirectorySink into;
    final boolean plus;
    final Listing files;
    final NamesAhead rest;
    final Entry entry = new Entry();

    Page(DirectorySink into, boolean plus, Listing files, long offset) {
      this.into = into;
      this.plus = plus;
      this.files = files;
      rest = new NamesAhead(offset);
    }
  }

  private long give(Link link, Exchange exchange, RemoteHandle handle, Page page)
      throws LostException {
    int listed =
        Replies.entries(
            exchange,
            page.plus,
            (name, at, names) -> give(link, exchange, handle, page, name, at, names));
    if (listed < 0) {
      link.end("a directory with an entry that can't be");
      return -Errno.EIO;
    }
    // A short answer alone may be one that an error has cut.
    if (listed < exchange.length()) {
      page.rest.end();
    }
    handle.keepAhead(page.rest);
    return 0;
  }

  private void give(
      Link link, Exchange exchange, RemoteHandle handle, Page page, Name name, int at, int names) {
    long remote = page.plus ? exchange.getLong(at) : 0;
    long inode = exchange.getLong(names - 24);
    long next = exchange.getLong(names - 16);
    int type = exchange.getInt(names - 4) & 15;
    if (name.length() == 1 && name.at(0) == '.') {
      handle.inode = inode;
    }
    boolean waits = page.rest.hasNames() || !page.into.fits(name.length());
    boolean wanted = !waits && page.into.wants(name, next);
    boolean taken = wanted;
    if (waits) {
      page.rest.add(name, inode, type, next);
      taken = page.files != null && remote > 0 && ahead.keep(exchange, page.files, name, at);
    } else {
      page.rest.passed(next, wanted);
    }
    if (wanted) {
      boolean looked =
          remote > 0 && entries.found(link, exchange, at, handle.node, name, page.entry) == 0;
      page.into.add(name, inode, type, next, looked ? page.entry : null);
    } else if (remote > 0 && !taken) {
      // Known to the storage guest only.
      calls.tell(link, Op.FORGET, remote, 1);
    }
  }
}
