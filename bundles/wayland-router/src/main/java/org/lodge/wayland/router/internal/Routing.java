package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_METHOD;
import static org.lodge.wayland.protocol.WaylandException.INVALID_OBJECT;

import java.io.IOException;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageType;
import org.lodge.wayland.protocol.WaylandException;

/**
 * The state of one connection between a client and a compositor, and how a message that needs no
 * more care crosses it: objects are checked, and named as the other side names them.
 *
 * <p>Guarded by the lock of its {@link Conversation}; nothing here waits.
 */
final class Routing {
  final Guest guest;
  final Limits limits;
  final HandleConnection client;
  final HandleConnection compositor;
  final Heap heap;
  final ObjectMap objects;
  final Frames frames;
  Outbox toClient = new Outbox();
  Outbox toCompositor = new Outbox();

  Routing(Guest guest, HandleConnection client, HandleConnection compositor) {
    this.guest = guest;
    this.limits = guest.limits();
    this.client = client;
    this.compositor = compositor;
    boolean framed = guest.settings().frame() == GuestSettings.Frame.ROUTER;
    heap = new Heap(guest.account(), limits.heapBytes());
    objects = new ObjectMap(framed, limits.objects(), heap);
    frames = framed ? new Frames(this) : null;
  }

  /** What a request is, if its object lives. */
  MessageType requestType(int untrustedObject, int untrustedOpcode) throws WaylandException {
    WaylandObject object = objects.ofClient(untrustedObject);
    if (object == null || object.zombie) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT, "invalid object " + Integer.toUnsignedString(untrustedObject));
    }
    MessageType type = object.type.request(untrustedOpcode);
    if (type == null || type.since() > object.version) {
      throw WaylandException.ofDisplay(
          INVALID_METHOD,
          object + " of version " + object.version + " has no request " + untrustedOpcode);
    }
    return type;
  }

  /** What an event is; objects that the client has destroyed get events for a while. */
  MessageType eventType(int untrustedObject, int untrustedOpcode) throws WaylandException {
    WaylandObject object = objects.ofUpstream(untrustedObject);
    if (object == null) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT,
          "the compositor speaks of object " + Integer.toUnsignedString(untrustedObject));
    }
    MessageType type = object.type.event(untrustedOpcode);
    if (type == null || type.since() > object.version) {
      throw WaylandException.ofDisplay(
          INVALID_METHOD, object + " of the compositor has no event " + untrustedOpcode);
    }
    return type;
  }

  /** The living object of the client that an argument names; null where it names none. */
  WaylandObject argument(Message request, int argument) throws WaylandException {
    int untrustedId = request.word(argument);
    if (untrustedId == 0) {
      return null;
    }
    WaylandObject named = objects.ofClient(untrustedId);
    Interface wanted = request.type().type(argument);
    boolean fits = named != null && !named.zombie && (wanted == null || named.type == wanted);
    if (!fits || request.type().isTyped(argument) && wanted == null) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT,
          "invalid object "
              + Integer.toUnsignedString(untrustedId)
              + " in "
              + request.type().toString());
    }
    return named;
  }

  /** The role of the object that an argument names; null where it names none. */
  <T> T argument(Message request, int argument, Class<T> role) throws WaylandException {
    WaylandObject named = argument(request, argument);
    return named == null ? null : role.cast(named.role);
  }

  /**
   * Sends a request on.
   *
   * @return the object that it makes, or null
   */
  WaylandObject forward(WaylandObject receiver, Message request) throws WaylandException {
    return forward(receiver, request, false);
  }

  /** Sends a request on whose surface means a window: where that has a frame, the frame's. */
  WaylandObject forwardForWindow(WaylandObject receiver, Message request) throws WaylandException {
    return forward(receiver, request, true);
  }

  /**
   * @param surface of the client
   * @return the compositor's number of the surface that is its window, or of itself
   */
  static int windowOf(WaylandObject surface) {
    boolean framed =
        surface.role instanceof Surface known && known.xdg != null && known.xdg.frame != null;
    return framed ? ((Surface) surface.role).xdg.frame.surfaceId() : surface.upstreamId;
  }

  private WaylandObject forward(WaylandObject receiver, Message request, boolean forWindow)
      throws WaylandException {
    MessageType type = request.type();
    WaylandObject made = null;
    for (int i = 0; i < type.argumentCount(); i++) {
      switch (type.kind(i)) {
        case MessageType.OBJECT -> {
          WaylandObject named = argument(request, i);
          if (named != null && named.upstreamId == 0) {
            throw WaylandException.ofDisplay(INVALID_OBJECT, "invalid object in " + type);
          }
          request.setWord(i, named == null ? 0 : forWindow ? windowOf(named) : named.upstreamId);
        }
        case MessageType.NEW_ID -> {
          made = objects.create(request.word(i), type.type(i), receiver.version);
          request.setWord(i, made.upstreamId);
        }
        default -> {}
      }
    }
    request.setObject(receiver.upstreamId);
    toCompositor.copy(request);
    if (type.isDestructor()) {
      objects.destroyed(receiver);
    }
    return made;
  }

  /** Takes up the object that a request makes, without sending anything on. */
  WaylandObject create(WaylandObject receiver, Message request) throws WaylandException {
    int argument = request.type().newIdArgument();
    return objects.create(request.word(argument), request.type().type(argument), receiver.version);
  }

  /** Sends an event on, unless the client knows nothing of what it speaks of. */
  void deliver(WaylandObject receiver, Message event) throws WaylandException {
    MessageType type = event.type();
    boolean known = isKnown(receiver);
    for (int i = 0; i < type.argumentCount() && known; i++) {
      if (type.kind(i) == MessageType.OBJECT && !event.isNull(i)) {
        WaylandObject named = named(event, i);
        known = named != null && isKnown(named) || type.isNullable(i);
        event.setWord(i, named != null && isKnown(named) ? clientId(named) : 0);
      }
    }
    int newId = type.newIdArgument();
    if (newId >= 0) {
      takeUp(receiver, event, newId, known);
    }
    if (known) {
      event.setObject(clientId(receiver));
      toClient.copy(event);
    }
    if (type.isDestructor()) {
      receiver.zombie = true;
    }
  }

  private void takeUp(WaylandObject receiver, Message event, int argument, boolean known)
      throws WaylandException {
    Interface type = event.type().type(argument);
    int untrustedId = event.word(argument);
    if (known) {
      WaylandObject made = objects.createFromServer(untrustedId, type, receiver.version);
      event.setWord(argument, made.clientId);
    } else {
      objects.hideFromClient(untrustedId, type, receiver.version);
    }
  }

  /** The object that an event's argument names, in the compositor's numbers. */
  WaylandObject named(Message event, int argument) throws WaylandException {
    int untrustedId = event.word(argument);
    if (untrustedId == 0) {
      return null;
    }
    WaylandObject named = objects.ofUpstream(untrustedId);
    Interface wanted = event.type().type(argument);
    if (named != null && wanted != null && named.type != wanted) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT, "the compositor names " + named + " in " + event.type());
    }
    return named;
  }

  /** Whether the client has an object for this, or one that stands for it. */
  private static boolean isKnown(WaylandObject object) {
    return clientId(object) != 0 && !(isServerMade(object) && object.zombie);
  }

  private static boolean isServerMade(WaylandObject object) {
    return Integer.compareUnsigned(object.upstreamId, ObjectMap.SERVER_FIRST) >= 0;
  }

  private static int clientId(WaylandObject object) {
    return object.isOwn() && object.alias != null ? object.alias.clientId : object.clientId;
  }

  /** Lets an error of one side name the stage where a connection fails. */
  static IOException lost(String side, IOException why) {
    return new IOException("the connection with the " + side + " is lost: " + why.getMessage());
  }
}
