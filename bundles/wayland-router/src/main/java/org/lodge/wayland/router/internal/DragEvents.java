package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataOffer;

/**
 * Offers of the compositor: those of its selection are put away, for selections are kept here;
 * those of a drag are shown where the drag began in the same guest.
 */
final class DragEvents {
  private final Conversation conversation;
  private final Routing routing;

  /** An offer that the client does not know yet. */
  private static final class Held {
    final WaylandObject object;
    final List<String> types = new ArrayList<>();
    int actions = -1;

    Held(WaylandObject object) {
      this.object = object;
    }
  }

  private Held held;

  DragEvents(Conversation conversation, Routing routing) {
    this.conversation = conversation;
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message event) throws WaylandException {
    if (receiver.type.index() == WlDataOffer.INDEX) {
      return false;
    }
    SelectionRequests.Device device = (SelectionRequests.Device) receiver.role;
    if (opcode == device.kind.eventDataOffer) {
      drop();
      held =
          new Held(
              routing.objects.hideFromClient(
                  event.word(0), device.kind.offerType, receiver.version));
      held.object.role = this;
      return true;
    }
    if (opcode == device.kind.eventSelection) {
      drop();
      return true;
    }
    return drag(receiver, device, opcode, event);
  }

  /** An event for an offer that the client does not know. */
  void hidden(WaylandObject offer, int opcode, Message event) {
    if (held == null || held.object != offer) {
      return;
    }
    switch (opcode) {
      case WlDataOffer.EVENT_OFFER -> {
        if (held.types.size() < 64) {
          held.types.add(event.string(0));
        }
      }
      case WlDataOffer.EVENT_SOURCE_ACTIONS -> held.actions = event.word(0);
      default -> {}
    }
  }

  /** A drag that this client began is over. */
  void ended() {
    conversation.display().dragEnded(routing.guest);
  }

  private boolean drag(
      WaylandObject receiver, SelectionRequests.Device device, int opcode, Message event)
      throws WaylandException {
    switch (opcode) {
      case WlDataDevice.EVENT_ENTER -> {
        boolean foreign = !event.isNull(4);
        boolean may = !foreign || conversation.display().mayDrop(routing.guest);
        device.entered = may;
        if (foreign && may && held != null) {
          show(receiver);
        } else if (foreign) {
          drop();
        }
        return !may;
      }
      case WlDataDevice.EVENT_LEAVE -> {
        boolean told = device.entered;
        device.entered = false;
        return !told;
      }
      default -> {
        return !device.entered;
      }
    }
  }

  /** Lets the client know of the offer, under a number of its own. */
  private void show(WaylandObject device) throws WaylandException {
    WaylandObject hidden = held.object;
    hidden.zombie = true;
    WaylandObject shown =
        routing.objects.createFromServer(hidden.upstreamId, hidden.type, hidden.version);
    Outbox out = routing.toClient;
    out.words(device.clientId, WlDataDevice.EVENT_DATA_OFFER, shown.clientId);
    for (String type : held.types) {
      out.begin(shown.clientId, WlDataOffer.EVENT_OFFER, type.length() * 3 + 8).string(type).end();
    }
    if (held.actions >= 0) {
      out.words(shown.clientId, WlDataOffer.EVENT_SOURCE_ACTIONS, held.actions);
    }
    held = null;
  }

  private void drop() {
    if (held != null) {
      int destroy = held.object.type.index() == WlDataOffer.INDEX ? WlDataOffer.DESTROY : 1;
      routing.toCompositor.words(held.object.upstreamId, destroy);
      held.object.zombie = true;
      held = null;
    }
  }
}
