package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_METHOD;
import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.util.HashSet;
import java.util.Set;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.XdgActivationTokenV1;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;
import org.lodge.wayland.protocol.opcode.ZxdgExportedV2;
import org.lodge.wayland.protocol.opcode.ZxdgExporterV2;
import org.lodge.wayland.protocol.opcode.ZxdgImportedV2;
import org.lodge.wayland.protocol.opcode.ZxdgImporterV2;

/**
 * Activation tokens and handles of exported windows. Neither leaves its guest: programs know them
 * by {@link Passes}, so that what is said in one guest raises or adopts no window of another.
 */
final class PassRequests {
  private static final int MOST_EXPORTED = 64;

  /** Of a token or a handle of a compositor; they have some dozens. */
  private static final int MOST_SECRET_BYTES = 1024;

  /** No compositor makes it; what is imported under it is destroyed at once. */
  private static final String NO_HANDLE = "none";

  private final Display display;
  private final Routing routing;
  private final Set<Exported> exported = new HashSet<>();

  /** A window whose handle is given away. */
  private static final class Exported {
    String name;
  }

  PassRequests(Display display, Routing routing) {
    this.display = display;
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    return switch (receiver.type.index()) {
      case XdgActivationV1.INDEX ->
          opcode == XdgActivationV1.ACTIVATE && activate(receiver, request);
      case XdgActivationTokenV1.INDEX -> token(receiver, opcode, request);
      case ZxdgExporterV2.INDEX ->
          opcode == ZxdgExporterV2.EXPORT_TOPLEVEL && export(receiver, request);
      case ZxdgExportedV2.INDEX -> {
        forget((Exported) receiver.role);
        yield false;
      }
      case ZxdgImporterV2.INDEX ->
          opcode == ZxdgImporterV2.IMPORT_TOPLEVEL && adopt(receiver, request);
      default ->
          opcode == ZxdgImportedV2.SET_PARENT_OF
              && routing.forwardForWindow(receiver, request) == null;
    };
  }

  /** A token or a handle that the compositor has made. */
  boolean told(WaylandObject receiver, Message event) throws WaylandException {
    if (receiver.zombie || event.type().argumentCount() == 0) {
      return receiver.zombie;
    }
    if (event.length(0) > MOST_SECRET_BYTES) {
      throw WaylandException.ofDisplay(INVALID_METHOD, "the compositor makes too long a token");
    }
    String untrustedText = event.string(0);
    String name;
    if (receiver.role instanceof Exported window) {
      name = routing.guest.handles().name(display, untrustedText);
      window.name = name;
    } else {
      name = routing.guest.tokens().name(display, untrustedText);
    }
    routing
        .toClient
        .begin(receiver.clientId, event.type().opcode(), name.length() + 8)
        .string(name)
        .end();
    return true;
  }

  /** The connection has ended, and its windows with it. */
  void close() {
    exported.forEach(window -> routing.guest.handles().remove(window.name));
  }

  /** A token that the guest has not got from this display is a wrong one, which does nothing. */
  private boolean activate(WaylandObject receiver, Message request) throws WaylandException {
    WaylandObject surface = routing.argument(request, 1);
    String untrustedName = request.string(0);
    String token = routing.guest.tokens().find(display, untrustedName);
    if (token != null) {
      routing.guest.tokens().remove(untrustedName);
      routing
          .toCompositor
          .begin(receiver.upstreamId, XdgActivationV1.ACTIVATE, token.length() * 3 + 12)
          .string(token)
          .word(Routing.windowOf(surface))
          .end();
    }
    return true;
  }

  private boolean token(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    switch (opcode) {
      case XdgActivationTokenV1.SET_APP_ID -> {
        String appId = routing.guest.names().appId(request.string(0));
        routing
            .toCompositor
            .begin(receiver.upstreamId, opcode, appId.length() * 3 + 8)
            .string(appId)
            .end();
        return true;
      }
      case XdgActivationTokenV1.SET_SURFACE -> {
        routing.forwardForWindow(receiver, request);
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  private boolean export(WaylandObject receiver, Message request) throws WaylandException {
    if (exported.size() >= MOST_EXPORTED) {
      throw WaylandException.ofDisplay(NO_MEMORY, "more than " + MOST_EXPORTED + " exports");
    }
    Exported window = new Exported();
    routing.forwardForWindow(receiver, request).role = window;
    exported.add(window);
    return true;
  }

  private void forget(Exported window) {
    exported.remove(window);
    routing.guest.handles().remove(window.name);
  }

  private boolean adopt(WaylandObject receiver, Message request) throws WaylandException {
    String handle = routing.guest.handles().find(display, request.string(1));
    String known = handle == null ? NO_HANDLE : handle;
    WaylandObject made = routing.create(receiver, request);
    routing
        .toCompositor
        .begin(receiver.upstreamId, ZxdgImporterV2.IMPORT_TOPLEVEL, known.length() * 3 + 12)
        .word(made.upstreamId)
        .string(known)
        .end();
    return true;
  }
}
