package org.lodge.vhostuser.internal;

import java.util.List;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.internal.FrontEnd.Reply;
import org.lodge.vhostuser.internal.Persistence.PendingReply;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a front-end. Each message is dealt with, what came of it is put on record, the
 * message is taken out of the socket, and the answer is sent: killed at any point of this, the next
 * process goes on without the front-end noticing (but for an answer sent twice, if it happens right
 * between sending and noting so).
 */
final class Session {
  private static final Logger log = LoggerFactory.getLogger(Session.class);

  /** As many messages at once as a start has; a flood of them must leave time for other work. */
  private static final int TURN = 64;

  private final Held<UnixStreamSocket> socket;
  private final MessageChannel channel;
  private final FrontEnd frontEnd;
  private final StateRecord record;

  /** The next message may have been dealt with by a process that was killed over it. */
  private boolean maybeAgain;

  private boolean mayHaveMore;

  /** Read and not yet dealt with. */
  private Message postponed;

  private Session(Held<UnixStreamSocket> socket, FrontEnd frontEnd, StateRecord record) {
    this.socket = socket;
    this.channel = new MessageChannel(socket.fd());
    this.frontEnd = frontEnd;
    this.record = record;
  }

  static Session begin(UnixStreamSocket socket, Parts parts) throws LinuxException {
    Session session =
        new Session(Held.of("connection", socket, parts.store), parts.frontEnd, parts.record);
    session.note(null);
    return session;
  }

  /** Goes on where an earlier process was, and sends the answer that it still owed. */
  static Session restore(Held<UnixStreamSocket> socket, Parts parts)
      throws LinuxException, DisconnectedException {
    Session session = new Session(socket, parts.frontEnd, parts.record);
    session.maybeAgain = true;
    if (parts.record.replyDue()) {
      PendingReply reply = Persistence.reply(parts.record.read());
      try (Message waiting = session.channel.next()) {
        if (waiting == null) {
          session.channel.send(
              Message.reply(reply.id(), reply.payload()), session.descriptorsOf(reply.id()));
        }
      }
      parts.record.replySent();
    }
    return session;
  }

  private List<Fd> descriptorsOf(int id) {
    return id == Request.GET_INFLIGHT_FD.id && frontEnd.negotiated.inflight() != null
        ? List.of(frontEnd.negotiated.inflight().file().fd())
        : List.of();
  }

  UnixStreamSocket socket() {
    return socket.fd();
  }

  String name() {
    return socket.name();
  }

  /**
   * Deals with the messages that are there, or as many as are one turn's, unless one has to wait:
   * whether a device's state has moved can be told once it has. What comes after that message is
   * left unread until then, and the thread is free.
   *
   * @return what has to end before this is called again; null where nothing has to
   */
  StateTransfer readSome() throws DisconnectedException, LinuxException {
    mayHaveMore = false;
    for (int count = 0; count < TURN; count++) {
      Message message = postponed != null ? postponed : channel.next();
      postponed = null;
      if (message == null) {
        return null;
      }
      StateTransfer moving = frontEnd.device.moving();
      if (moving != null && message.id() == Request.CHECK_DEVICE_STATE.id) {
        postponed = message;
        return moving;
      }
      try {
        answer(message);
      } finally {
        message.close();
      }
    }
    mayHaveMore = true;
    return null;
  }

  /** Whether messages, or the connection's end, may be there that were not looked at. */
  boolean mayHaveMore() {
    return mayHaveMore;
  }

  /** Whether a message waits for a state to move. */
  boolean waits() {
    return postponed != null && frontEnd.device.moving() != null;
  }

  private void answer(Message message) throws DisconnectedException, LinuxException {
    Request request = Request.of(message.id());
    Reply reply = null;
    boolean refused = false;
    try {
      if (request == null) {
        throw new RefusedException("it is not known here");
      }
      reply = handle(request, message);
    } catch (RefusedException e) {
      refused = !(maybeAgain && request == Request.REM_MEM_REG);
      if (refused) {
        log.warn("{} was refused: {}", message, e.getMessage());
      }
      if (request != null && request.answers) {
        reply = FrontEnd.refusal(request, message);
      }
    }
    maybeAgain = false;
    if (reply == null && message.needsReply() && frontEnd.negotiated.acknowledges()) {
      reply = Reply.of(refused ? 1L : 0L);
    }
    message.close();
    note(reply == null ? null : new PendingReply(message.id(), reply.payload()));
    channel.consume();
    if (reply != null) {
      channel.send(Message.reply(message.id(), reply.payload()), reply.descriptors());
      if (record != null) {
        record.replySent();
      }
    }
  }

  /** A fault of the device's or of the memory's is a refusal, not the end of this thread. */
  private Reply handle(Request request, Message message) throws RefusedException {
    try {
      return frontEnd.handle(request, message, socket());
    } catch (InternalError e) {
      throw new RefusedException("guest memory is gone: its file was truncated", e);
    } catch (RuntimeException | Error e) {
      log.error("{} has failed", message, e);
      throw new RefusedException(e.toString(), e);
    }
  }

  private void note(PendingReply reply) throws LinuxException {
    if (record != null) {
      record.write(Persistence.write(frontEnd, name(), reply, null), reply != null);
    }
    frontEnd.recorded();
  }

  /** The connection has ended; so has all that was said on it. */
  void end() throws LinuxException {
    frontEnd.reset();
    close();
    socket.drop();
    if (record != null) {
      record.write(Persistence.write(frontEnd, "", null, null), false);
    }
    frontEnd.recorded();
  }

  void close() {
    if (postponed != null) {
      postponed.close();
      postponed = null;
    }
    channel.close();
  }
}
