package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.util.ArrayList;
import java.util.List;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlDataOffer;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionDeviceManagerV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionDeviceV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionSourceV1;

/**
 * Clipboard, primary selection and drags. Selections never reach the compositor: they go to the
 * guest's {@link Selections}, and come from there. A drag goes through the compositor, which knows
 * where the pointer is; what is dragged bears the mark of its guest there, and offers are shown to
 * clients of the same guest only.
 */
final class SelectionRequests {
  static final int MOST_TYPES = 64;
  static final int MOST_TYPE_BYTES = 256;

  /** Each is told of each change: more than programs use for all seats. */
  private static final int MOST_DEVICES = 32;

  private final Conversation conversation;
  private final Routing routing;
  private final List<WaylandObject> devices = new ArrayList<>();
  private boolean focused;

  /** Types that a source offers. */
  static final class Source {
    final List<String> types = new ArrayList<>();
    Selections.Content content;

    /** The compositor has been told whose it is. */
    boolean marked;
  }

  /** A client's wish to hear of a selection. */
  static final class Device {
    final SelectionKind kind;

    /** An offer that has come and of which it is not known yet what it is for. */
    final List<WaylandObject> waiting = new ArrayList<>();

    /** A drag is over a surface of the client. */
    boolean entered;

    Device(SelectionKind kind) {
      this.kind = kind;
    }
  }

  /** What an offer made here stands for. */
  record Offer(Selections.Content content) {}

  SelectionRequests(Conversation conversation, Routing routing) {
    this.conversation = conversation;
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    switch (receiver.type.index()) {
      case WlDataDeviceManager.INDEX -> {
        made(routing.forward(receiver, request), opcode, SelectionKind.CLIPBOARD);
        return true;
      }
      case ZwpPrimarySelectionDeviceManagerV1.INDEX -> {
        if (opcode == ZwpPrimarySelectionDeviceManagerV1.DESTROY) {
          return false;
        }
        made(routing.forward(receiver, request), opcode, SelectionKind.PRIMARY);
        return true;
      }
      case WlDataSource.INDEX, ZwpPrimarySelectionSourceV1.INDEX -> {
        return source(receiver, opcode, request);
      }
      case WlDataDevice.INDEX -> {
        return dataDevice(receiver, opcode, request);
      }
      case ZwpPrimarySelectionDeviceV1.INDEX -> {
        if (opcode == ZwpPrimarySelectionDeviceV1.SET_SELECTION) {
          select(request, SelectionKind.PRIMARY);
          return true;
        }
        devices.remove(receiver);
        return false;
      }
      default -> {
        return offer(receiver, request);
      }
    }
  }

  /** In both managers opcode 0 makes a source and 1 a device. */
  private void made(WaylandObject object, int opcode, SelectionKind kind) throws WaylandException {
    if (opcode == WlDataDeviceManager.CREATE_DATA_SOURCE) {
      object.role = new Source();
    } else {
      if (devices.size() >= MOST_DEVICES) {
        throw WaylandException.ofDisplay(NO_MEMORY, "more than " + MOST_DEVICES + " data devices");
      }
      object.role = new Device(kind);
      devices.add(object);
      if (focused) {
        announce(object);
      }
    }
  }

  private boolean source(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    Source source = (Source) receiver.role;
    switch (request.type().name()) {
      case "offer" -> {
        if (source.types.size() >= MOST_TYPES || request.length(0) > MOST_TYPE_BYTES) {
          throw WaylandException.ofDisplay(NO_MEMORY, "a data source with too many types");
        }
        String type = request.string(0);
        routing.objects.charge(receiver, Heap.bytesOf(type));
        source.types.add(type);
      }
      case "destroy" -> {
        if (source.content != null) {
          for (SelectionKind kind : SelectionKind.values()) {
            routing.guest.selections().clear(kind, source.content);
          }
        }
      }
      default -> {}
    }
    return false;
  }

  private boolean dataDevice(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    switch (opcode) {
      case WlDataDevice.SET_SELECTION -> {
        select(request, SelectionKind.CLIPBOARD);
        return true;
      }
      case WlDataDevice.START_DRAG -> {
        Surface icon = routing.argument(request, 2, Surface.class);
        if (icon != null) {
          SurfaceRequests.take(icon, Surface.Role.DRAG_ICON);
        }
        mark(routing.argument(request, 0));
        return false;
      }
      default -> {
        devices.remove(receiver);
        return false;
      }
    }
  }

  /**
   * Lets all offers of what is dragged say whose it is. That the compositor begins a drag is not to
   * be seen: it ignores one whose serial is old.
   *
   * @param source null for a drag within the client
   */
  private void mark(WaylandObject source) {
    if (source == null || ((Source) source.role).marked) {
      return;
    }
    ((Source) source.role).marked = true;
    String mark = routing.guest.dragMark();
    routing
        .toCompositor
        .begin(source.upstreamId, WlDataSource.OFFER, mark.length() + 8)
        .string(mark)
        .end();
  }

  private void select(Message request, SelectionKind kind) throws WaylandException {
    WaylandObject object = routing.argument(request, 0);
    if (!focused) {
      return;
    }
    Selections.Content content = null;
    if (object != null) {
      Source source = (Source) object.role;
      content = new ClientContent(conversation, object, kind, source.types);
      source.content = content;
    }
    routing.guest.selections().set(kind, content);
  }

  private boolean offer(WaylandObject receiver, Message request) throws WaylandException {
    boolean isOurs = receiver.upstreamId == 0;
    if (request.type().handleCount() > 0) {
      Handle handle = routing.client.takeHandle();
      boolean tooLong = request.length(0) > MOST_TYPE_BYTES;
      if (tooLong || !(handle instanceof PipeHandle into) || !into.writable()) {
        handle.close();
      } else if (isOurs) {
        paste(((Offer) receiver.role).content(), request.string(0), PasteSink.of(into));
      } else {
        drop(receiver, request, PasteSink.of(into));
      }
      return true;
    }
    if (receiver.type.index() == WlDataOffer.INDEX
        && request.type().opcode() == WlDataOffer.ACCEPT
        && request.length(1) > MOST_TYPE_BYTES) {
      return true;
    }
    if (isOurs && request.type().isDestructor()) {
      routing.objects.destroyed(receiver);
    }
    return isOurs;
  }

  /** Nobody asks a program for what it does not offer. */
  private static void paste(Selections.Content content, String untrustedType, PasteSink into) {
    if (content.types().contains(untrustedType)) {
      content.sendTo(untrustedType, into);
    } else {
      into.close();
    }
  }

  private void drop(WaylandObject offer, Message request, PasteSink into) throws WaylandException {
    PasteSink counted = routing.guest.account().takeTransfer(into);
    PipeHandle from = PipePump.makePipe(routing.compositor, counted);
    if (from != null) {
      routing.toCompositor.pass(from);
      routing.forward(offer, request);
      PipePump.start(from, counted, routing.limits.transferBytes());
    }
  }

  /** The client has got the keyboard, or lost it: with it come the selections. */
  void focus(boolean gained) {
    if (gained && !focused) {
      for (WaylandObject device : devices) {
        announce(device);
      }
    }
    focused = gained;
  }

  /** The guest has another selection. */
  void changed(SelectionKind kind) {
    for (WaylandObject device : devices) {
      if (focused && ((Device) device.role).kind == kind) {
        announce(device);
      }
    }
  }

  /**
   * Makes an offer, which keeps its content's types for as long as the client keeps it.
   *
   * @return null where the client keeps too much
   */
  private WaylandObject offer(SelectionKind kind, int version, Selections.Content content) {
    int bytes = content.types().stream().mapToInt(Heap::bytesOf).sum();
    WaylandObject offer = null;
    try {
      offer = routing.objects.createForClient(kind.offerType, version);
      routing.objects.charge(offer, bytes);
      offer.role = new Offer(content);
      return offer;
    } catch (WaylandException full) {
      if (offer != null) {
        routing.objects.destroyed(offer);
      }
      return null;
    }
  }

  private void announce(WaylandObject device) {
    SelectionKind kind = ((Device) device.role).kind;
    Selections.Content content = routing.guest.selections().get(kind);
    if (content == null) {
      routing.toClient.words(device.clientId, kind.eventSelection, 0);
      return;
    }
    WaylandObject offer = offer(kind, device.version, content);
    if (offer == null) {
      return;
    }
    routing.toClient.words(device.clientId, kind.eventDataOffer, offer.clientId);
    for (String type : content.types()) {
      routing
          .toClient
          .begin(offer.clientId, kind.eventOffer, type.length() * 3 + 8)
          .string(type)
          .end();
    }
    routing.toClient.words(device.clientId, kind.eventSelection, offer.clientId);
  }
}
