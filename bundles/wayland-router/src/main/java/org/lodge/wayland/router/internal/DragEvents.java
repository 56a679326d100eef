package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataOffer;

/**
 * Offers of the compositor: those of its selection are put away, for selections are kept here;
 * those of a drag are shown where they bear the mark of the same guest.
 */
final class DragEvents {
  private final Routing routing;

  /** An offer that the client does not know yet. */
  private static final class Held {
    final WaylandObject object;
    final List<String> types = new ArrayList<>();
    int actions = -1;

    /** A program of the same guest drags it. */
    boolean ours;

    Held(WaylandObject object) {
      this.object = object;
    }
  }

  private Held held;

  DragEvents(Routing routing) {
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message event) throws WaylandException {
    if (receiver.type.index() == WlDataOffer.INDEX) {
      return opcode == WlDataOffer.EVENT_OFFER && isMark(event);
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
        if (isMark(event)) {
          held.ours = true;
        } else if (held.types.size() < SelectionRequests.MOST_TYPES
            && event.length(0) <= SelectionRequests.MOST_TYPE_BYTES) {
          held.types.add(event.string(0));
        }
      }
      case WlDataOffer.EVENT_SOURCE_ACTIONS -> held.actions = event.word(0);
      default -> {}
    }
  }

  /** Whether the event's first argument is what tells that a drag is the guest's. */
  boolean isMark(Message event) {
    return routing.guest.dragMark().equals(event.string(0));
  }

  private boolean drag(
      WaylandObject receiver, SelectionRequests.Device device, int opcode, Message event)
      throws WaylandException {
    switch (opcode) {
      case WlDataDevice.EVENT_ENTER -> {
        int offer = event.word(4);
        if (held != null && held.ours && held.object.upstreamId == offer) {
          show(receiver);
        }
        drop();
        device.entered = offer == 0 || isShown(offer);
        return !device.entered;
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

  private boolean isShown(int offer) {
    WaylandObject object = routing.objects.ofUpstream(offer);
    return object != null && !object.isOwn() && !object.zombie;
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
