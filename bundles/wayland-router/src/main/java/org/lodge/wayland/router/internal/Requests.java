package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_OBJECT;
import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlDataOffer;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlPointer;
import org.lodge.wayland.protocol.opcode.WlRegion;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlShmPool;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpCursorShapeDeviceV1;
import org.lodge.wayland.protocol.opcode.WpCursorShapeManagerV1;
import org.lodge.wayland.protocol.opcode.WpSinglePixelBufferManagerV1;
import org.lodge.wayland.protocol.opcode.WpViewport;
import org.lodge.wayland.protocol.opcode.WpViewporter;
import org.lodge.wayland.protocol.opcode.XdgActivationTokenV1;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgPositioner;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgSystemBellV1;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconManagerV1;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconV1;
import org.lodge.wayland.protocol.opcode.XdgToplevelTagManagerV1;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.protocol.opcode.ZwpIdleInhibitManagerV1;
import org.lodge.wayland.protocol.opcode.ZwpLockedPointerV1;
import org.lodge.wayland.protocol.opcode.ZwpPointerConstraintsV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionDeviceManagerV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionDeviceV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionOfferV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionSourceV1;
import org.lodge.wayland.protocol.opcode.ZwpTabletToolV2;
import org.lodge.wayland.protocol.opcode.ZwpTextInputV3;
import org.lodge.wayland.protocol.opcode.ZxdgExportedV2;
import org.lodge.wayland.protocol.opcode.ZxdgExporterV2;
import org.lodge.wayland.protocol.opcode.ZxdgImportedV2;
import org.lodge.wayland.protocol.opcode.ZxdgImporterV2;

/**
 * What a client asks for, interface by interface: which requests are changed, answered here or
 * watched on their way. All others are sent on as they are.
 */
final class Requests {
  private static final int MOST_REGISTRIES = 32;

  private final Routing routing;
  private final ShmRequests shm;
  private final SurfaceRequests surfaces;
  private final CursorRequests cursors;
  private final ShellRequests shell;
  private final SelectionRequests selections;
  private final PassRequests passes;
  private final IconRequests icons;
  private final LockRequests locks;
  private int registries;

  /** What a client was told of globals, in one registry. */
  static final class Registry {
    /** A bind may be on its way for what was removed; compositors allow for it a while, too. */
    private static final int MOST_REMOVED = 64;

    private final Map<Integer, Advertised> globals = new HashMap<>();
    private final SequencedMap<Integer, Advertised> removed = new LinkedHashMap<>();
    private int most;

    /**
     * @return whether there have never been so many
     */
    boolean add(int name, Advertised global) {
      removed.remove(name);
      globals.put(name, global);
      boolean more = globals.size() > most;
      most = Math.max(most, globals.size());
      return more;
    }

    /**
     * @return whether the client knows it
     */
    boolean remove(int name) {
      Advertised global = globals.remove(name);
      if (global == null) {
        return false;
      }
      removed.put(name, global);
      if (removed.size() > MOST_REMOVED) {
        removed.pollFirstEntry();
      }
      return true;
    }

    /**
     * @return null where there is none
     */
    Advertised find(int untrustedName) {
      Advertised global = globals.get(untrustedName);
      return global == null ? removed.get(untrustedName) : global;
    }
  }

  /** A global as the client may bind it. */
  record Advertised(String name, int version) {}

  Requests(Conversation conversation, Routing routing, Pixels pixels) {
    this.routing = routing;
    shm = new ShmRequests(routing);
    shell = new ShellRequests(conversation.display(), routing);
    cursors = new CursorRequests(routing);
    surfaces = new SurfaceRequests(routing, shm, pixels, cursors);
    selections = new SelectionRequests(conversation, routing);
    passes = new PassRequests(conversation.display(), routing);
    icons = new IconRequests(routing, pixels);
    locks = new LockRequests(routing);
  }

  ShellRequests shell() {
    return shell;
  }

  SelectionRequests selections() {
    return selections;
  }

  PassRequests passes() {
    return passes;
  }

  void close() {
    shm.close();
    passes.close();
    routing.heap.close();
  }

  void handle(Message request) throws WaylandException, IOException {
    WaylandObject receiver = routing.objects.ofClient(request.object());
    int opcode = request.type().opcode();
    boolean handled =
        switch (receiver.type.index()) {
          case WlDisplay.INDEX -> display(receiver, opcode, request);
          case WlRegistry.INDEX -> bind(receiver, request);
          case WlShm.INDEX, WlShmPool.INDEX, WlBuffer.INDEX ->
              shm.handle(receiver, opcode, request);
          case WpSinglePixelBufferManagerV1.INDEX -> singlePixel(receiver, opcode, request);
          case WlCompositor.INDEX,
              WlSurface.INDEX,
              WlRegion.INDEX,
              WlSubcompositor.INDEX,
              WlSubsurface.INDEX,
              WpViewporter.INDEX,
              WpViewport.INDEX ->
              surfaces.handle(receiver, opcode, request);
          case WlPointer.INDEX,
              ZwpTabletToolV2.INDEX,
              WpCursorShapeManagerV1.INDEX,
              WpCursorShapeDeviceV1.INDEX ->
              cursors.handle(receiver, opcode, request);
          case XdgWmBase.INDEX,
              XdgPositioner.INDEX,
              XdgSurface.INDEX,
              XdgToplevel.INDEX,
              XdgPopup.INDEX ->
              shell.handle(receiver, opcode, request);
          case WlDataDeviceManager.INDEX,
              WlDataSource.INDEX,
              WlDataDevice.INDEX,
              WlDataOffer.INDEX,
              ZwpPrimarySelectionDeviceManagerV1.INDEX,
              ZwpPrimarySelectionSourceV1.INDEX,
              ZwpPrimarySelectionDeviceV1.INDEX,
              ZwpPrimarySelectionOfferV1.INDEX ->
              selections.handle(receiver, opcode, request);
          case XdgActivationV1.INDEX,
              XdgActivationTokenV1.INDEX,
              ZxdgExporterV2.INDEX,
              ZxdgExportedV2.INDEX,
              ZxdgImporterV2.INDEX,
              ZxdgImportedV2.INDEX ->
              passes.handle(receiver, opcode, request);
          case XdgToplevelIconManagerV1.INDEX, XdgToplevelIconV1.INDEX ->
              icons.handle(receiver, opcode, request);
          case ZwpPointerConstraintsV1.INDEX, ZwpLockedPointerV1.INDEX ->
              locks.handle(receiver, opcode, request);
          case XdgToplevelTagManagerV1.INDEX -> tag(receiver, opcode, request);
          case ZwpTextInputV3.INDEX -> textInput(receiver, opcode, request);
          case ZwpIdleInhibitManagerV1.INDEX, XdgSystemBellV1.INDEX -> {
            routing.forwardForWindow(receiver, request);
            yield true;
          }
          default -> false;
        };
    if (!handled) {
      routing.forward(receiver, request);
    }
  }

  private boolean display(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    if (opcode != WlDisplay.GET_REGISTRY) {
      return false;
    }
    if (++registries > MOST_REGISTRIES) {
      throw WaylandException.ofDisplay(NO_MEMORY, "more than " + MOST_REGISTRIES + " registries");
    }
    routing.forward(receiver, request).role = new Registry();
    return true;
  }

  private boolean bind(WaylandObject receiver, Message request) throws WaylandException {
    Registry registry = (Registry) receiver.role;
    Advertised global = registry.find(request.word(0));
    String untrustedName = request.string(1);
    int untrustedVersion = request.word(2);
    if (global == null || !global.name().equals(untrustedName)) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT, "invalid global " + Names.clean(untrustedName, true));
    }
    if (untrustedVersion < 1 || untrustedVersion > global.version()) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT,
          "invalid version for global " + global.name() + ": have " + global.version());
    }
    Interface type = Interfaces.named(global.name());
    WaylandObject bound = routing.objects.create(request.word(3), type, untrustedVersion);
    request.setWord(3, bound.upstreamId);
    request.setObject(receiver.upstreamId);
    routing.toCompositor.copy(request);
    return true;
  }

  private boolean singlePixel(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    if (opcode != WpSinglePixelBufferManagerV1.CREATE_U32_RGBA_BUFFER) {
      return false;
    }
    routing.forward(receiver, request).role = new Buffer.SinglePixel();
    return true;
  }

  /** Tags and descriptions are names, and say whose the window is as titles do. */
  private boolean tag(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    if (opcode == XdgToplevelTagManagerV1.DESTROY) {
      return false;
    }
    // Before the message is begun: what is half written must not be sent.
    int toplevel = routing.argument(request, 0).upstreamId;
    String untrustedName = request.string(1);
    String name =
        opcode == XdgToplevelTagManagerV1.SET_TOPLEVEL_TAG
            ? routing.guest.names().appId(untrustedName)
            : routing.guest.names().title(untrustedName);
    routing
        .toCompositor
        .begin(receiver.upstreamId, opcode, name.length() * 3 + 12)
        .word(toplevel)
        .string(name)
        .end();
    return true;
  }

  /** The rectangle lies on the surface that has the keyboard, which is the frame's. */
  private boolean textInput(WaylandObject receiver, int opcode, Message request) {
    if (opcode == ZwpTextInputV3.SET_CURSOR_RECTANGLE
        && receiver.role instanceof Surface surface
        && surface.xdg != null
        && surface.xdg.frame != null) {
      Frame frame = surface.xdg.frame;
      request.setWord(0, Frame.moved(request.word(0), frame.contentX()));
      request.setWord(1, Frame.moved(request.word(1), frame.contentY()));
    }
    return false;
  }
}
