package org.lodge.storage.internal;

import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Name;
import org.lodge.storage.internal.Link.LostException;
import org.lodge.storage.internal.RemoteCalls.Twice;

/**
 * The nodes that a client guest has of a storage guest's files: what is looked up, made or listed
 * there becomes one, until it is forgotten.
 */
final class RemoteEntries {
  /** In place of what {@link ToldAttributes#begin} gives. */
  private static final long NO_CHANGE = 0;

  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final RemoteSettings settings;
  private final Links links;
  private final LookAhead ahead;
  private final ToldAttributes told;

  RemoteEntries(
      RemoteCalls calls,
      RemoteNodes nodes,
      RemoteSettings settings,
      Links links,
      LookAhead ahead,
      ToldAttributes told) {
    this.calls = calls;
    this.nodes = nodes;
    this.settings = settings;
    this.links = links;
    this.ahead = ahead;
    this.told = told;
  }

  int lookup(Call call, long parent, Name name, Entry into) {
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

  /** As {@link #lookup}, without a question; {@link LookAhead#ASK} where it needs one. */
  int known(Link link, Call call, long parent, Name name, Entry into) {
    LookAhead.Found found = new LookAhead.Found();
    int known = ahead.find(link, parent, name, call.ageNanosMax(), into.attributes, found);
    boolean refused = known == 0 && given(link, found.remote, found.device, parent, name, into) < 0;
    return refused ? LookAhead.ASK : known;
  }

  /**
   * A request that gives a node: LOOKUP, MKDIR and their kin.
   *
   * @param begun of the change that it is of its directory
   */
  int entry(
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

  interface Body {
    /** 0 or more, or why the request can't be made. */
    long write(Link link, Exchange exchange) throws LostException;
  }

  /** Gives the client a node for the file that an entry of an answer is about. */
  int found(Link link, Exchange exchange, int at, long directory, Name name, Entry into) {
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
    settings.show(attributes);
    return 0;
  }

  /** What can't be given to the client its storage guest need not keep either. */
  private int notGiven(Link link, long remote, int error) {
    if (remote > FileSystem.ROOT) {
      calls.tell(link, Op.FORGET, remote, 1);
    }
    return error;
  }

  void forget(long id, long uses) {
    Link link = links.now();
    long remote = link == null ? 0 : nodes.remote(id, link);
    long looked = nodes.forget(id, uses, link);
    told.forget(id);
    ahead.forget(id);
    if (looked > 0 && remote > 0) {
      calls.tell(link, Op.FORGET, remote, looked);
    }
  }
}
