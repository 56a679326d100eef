package org.lodge.wayland.router.internal;

import java.io.IOException;
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
  private final Routing routing;
  private final Registries registries;
  private final ShmRequests shm;
  private final SurfaceRequests surfaces;
  private final CursorRequests cursors;
  private final ShellRequests shell;
  private final SelectionRequests selections;
  private final PassRequests passes;
  private final IconRequests icons;
  private final LockRequests locks;

  Requests(Conversation conversation, Routing routing, Pixels pixels) {
    this.routing = routing;
    registries = new Registries(routing);
    shm = new ShmRequests(routing);
    shell = new ShellRequests(conversation.display(), routing);
    cursors = new CursorRequests(routing);
    surfaces = new SurfaceRequests(routing, shm, pixels, cursors, shell);
    selections = new SelectionRequests(conversation, routing);
    passes = new PassRequests(conversation.display(), routing);
    icons = new IconRequests(routing, pixels);
    locks = new LockRequests(routing);
  }

  Registries registries() {
    return registries;
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
          case WlDisplay.INDEX -> registries.make(receiver, opcode, request);
          case WlRegistry.INDEX -> registries.bind(receiver, request);
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
