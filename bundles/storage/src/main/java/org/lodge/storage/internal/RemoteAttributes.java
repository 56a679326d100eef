package org.lodge.storage.internal;

import java.util.function.Consumer;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.Name;
import org.lodge.storage.internal.RemoteCalls.Fill;
import org.lodge.storage.internal.RemoteCalls.Twice;

/**
 * Attributes of a storage guest's files, and extended ones. What the guest has told lately with
 * another answer it is not asked for.
 */
final class RemoteAttributes {
  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final RemoteSettings settings;
  private final Links links;
  private final LookAhead ahead;
  private final ToldAttributes told;

  RemoteAttributes(
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

  int get(Call call, long id, Attributes into) {
    Link open = call.ageNanosMax() > 0 ? links.now() : null;
    if (open != null
        && told.get(id, open.epoch, call.ageNanosMax(), into)
        && !ahead.isTouchedElsewhere(into.inode, into.ageNanos)) {
      settings.show(into);
      return 0;
    }
    return request(
        call,
        Op.GETATTR,
        id,
        into,
        (link, exchange, out) -> out.putLong(0).putLong(0),
        exchange -> {});
  }

  int set(Call call, long id, Change change, Attributes into) {
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
      return request(
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
      told.end(id);
    }
  }

  private int request(
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
              settings.show(into);
              return 0;
            });
  }

  int getXattr(Call call, long id, Name name) {
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
            exchange -> exchange.copyTo(call.buffer()));
  }

  int listXattrs(Call call, long id) {
    return (int)
        calls.onNode(
            call,
            Twice.AS_ONCE,
            Op.LISTXATTR,
            id,
            0,
            Call.BUFFER_BYTES,
            (link, exchange, out) -> out.putLong(0),
            exchange -> exchange.copyTo(call.buffer()));
  }

  int setXattr(Call call, long id, Name name, int sizeBytes, int flags) {
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
      told.end(id);
    }
  }

  int removeXattr(Call call, long id, Name name) {
    told.begin(id);
    try {
      return calls.onNode(
          call, Twice.SHOWS, Op.REMOVEXATTR, id, (link, exchange, out) -> exchange.name(name));
    } finally {
      told.end(id);
    }
  }
}
