package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_METHOD;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageType;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataOffer;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlKeyboard;
import org.lodge.wayland.protocol.opcode.WlPointer;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpPresentation;
import org.lodge.wayland.protocol.opcode.WpPresentationFeedback;
import org.lodge.wayland.protocol.opcode.XdgActivationTokenV1;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionDeviceV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionOfferV1;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionSourceV1;
import org.lodge.wayland.protocol.opcode.ZwpTextInputV3;
import org.lodge.wayland.protocol.opcode.ZxdgExportedV2;

/**
 * What the compositor says, interface by interface: which events are changed, kept from the client
 * or watched on their way. All others are delivered as they are.
 */
final class Events {
  private static final int MOST_KEYMAP_BYTES = 1 << 20;

  /** States of an {@code xdg_toplevel}. */
  private static final int MAXIMIZED = 1;

  private static final int FULLSCREEN = 2;

  private final Routing routing;
  private final Registries registries;
  private final ShellRequests shell;
  private final SelectionRequests selections;
  private final DragEvents drags;
  private final Motion motion;
  private final PassRequests passes;
  private final Presentation presentation;

  Events(Routing routing, Requests requests, ClockOffset offset) {
    this.routing = routing;
    registries = requests.registries();
    shell = requests.shell();
    selections = requests.selections();
    passes = requests.passes();
    presentation = new Presentation(routing, offset);
    drags = new DragEvents(routing);
    motion = new Motion(routing);
  }

  void handle(Message event) throws WaylandException, IOException {
    WaylandObject receiver = routing.objects.ofUpstream(event.object());
    int opcode = event.type().opcode();
    if (receiver.isOwn()) {
      own(receiver, opcode, event);
      return;
    }
    boolean handled =
        switch (receiver.type.index()) {
          case WlDisplay.INDEX -> display(opcode, event);
          case WlRegistry.INDEX -> registries.told(receiver, opcode, event);
          case WlShm.INDEX -> ShmFormat.bytesPerPixel(event.word(0)) == 0;
          case WlBuffer.INDEX -> {
            if (receiver.role instanceof ShmBuffer buffer && !buffer.destroyed) {
              buffer.busy = false;
            }
            yield false;
          }
          case WlKeyboard.INDEX -> keyboard(receiver, opcode, event);
          case WlSurface.INDEX -> {
            if (receiver.role instanceof Surface surface && surface.frame() != null) {
              frame(surface.frame(), receiver, opcode, event);
            }
            yield false;
          }
          case WlPointer.INDEX -> motion.hold(receiver, opcode, event);
          case WlDataSource.INDEX -> dataSource(receiver, opcode, event);
          case ZwpPrimarySelectionSourceV1.INDEX, ZwpPrimarySelectionOfferV1.INDEX -> refuse(event);
          case WlDataDevice.INDEX, WlDataOffer.INDEX, ZwpPrimarySelectionDeviceV1.INDEX ->
              drags.handle(receiver, opcode, event);
          case XdgActivationTokenV1.INDEX, ZxdgExportedV2.INDEX -> passes.told(receiver, event);
          case WpPresentation.INDEX, WpPresentationFeedback.INDEX ->
              presentation.handle(receiver, opcode, event);
          case ZwpTextInputV3.INDEX -> textInput(receiver, opcode, event);
          case XdgSurface.INDEX, XdgToplevel.INDEX, XdgPopup.INDEX ->
              shell(receiver, opcode, event);
          default -> false;
        };
    if (!handled) {
      if (event.type().handleCount() > 0) {
        refuse(event);
      }
      routing.deliver(receiver, event);
    }
  }

  /** All that was read has been handled. */
  void batchEnded() {
    motion.release();
  }

  private void own(WaylandObject receiver, int opcode, Message event) throws WaylandException {
    if (receiver.role == drags) {
      drags.hidden(receiver, opcode, event);
    } else if (event.type().newIdArgument() >= 0) {
      routing.deliver(receiver, event);
    } else if (receiver.role instanceof Screens.Screen screen) {
      if (screen.told(receiver, opcode, event)) {
        shell.screensChanged();
      }
    } else if (receiver.role instanceof Frame frame) {
      frame(frame, receiver, opcode, event);
    } else if (routing.frames != null && routing.frames.isRegistry(receiver)) {
      if (opcode == WlRegistry.EVENT_GLOBAL) {
        routing.frames.announced(event.word(0), event.string(1), event.word(2));
      } else {
        routing.frames.screens().removed(event.word(0));
        shell.screensChanged();
      }
    }
  }

  private void frame(Frame frame, WaylandObject receiver, int opcode, Message event)
      throws WaylandException {
    boolean entered = opcode == WlSurface.EVENT_ENTER;
    if (entered || opcode == WlSurface.EVENT_LEAVE) {
      WaylandObject output = routing.named(event, 0);
      if (output != null && output.role instanceof Screens.Screen screen) {
        frame.shownOn(receiver, screen, entered);
      }
    }
  }

  private boolean display(int opcode, Message event) throws WaylandException {
    if (opcode == WlDisplay.EVENT_DELETE_ID) {
      WaylandObject gone = routing.objects.deleted(event.word(0));
      if (!gone.isOwn()) {
        routing.toClient.words(1, WlDisplay.EVENT_DELETE_ID, gone.clientId);
      }
      return true;
    }
    WaylandObject culprit = routing.objects.ofUpstream(event.word(0));
    boolean known = culprit != null && !culprit.isOwn();
    String untrustedText = Names.clean(event.string(2), false);
    routing
        .toClient
        .begin(1, WlDisplay.EVENT_ERROR, untrustedText.length() * 3 + 24)
        .word(known ? culprit.clientId : 1)
        .word(known ? event.word(1) : WaylandException.IMPLEMENTATION)
        .string(untrustedText)
        .end();
    return true;
  }

  private boolean keyboard(WaylandObject receiver, int opcode, Message event)
      throws WaylandException, IOException {
    switch (opcode) {
      case WlKeyboard.EVENT_KEYMAP -> {
        Handle handle = routing.compositor.takeHandle();
        int untrustedSize = event.word(2);
        if (!(handle instanceof FileHandle file)
            || untrustedSize < 1
            || untrustedSize > MOST_KEYMAP_BYTES) {
          handle.close();
          throw WaylandException.ofDisplay(INVALID_METHOD, "the compositor sends no keymap");
        }
        // What the file lacks stays 0, which ends the text.
        ByteBuffer content = ByteBuffer.allocate(untrustedSize);
        routing.compositor.readRows(file, 0, untrustedSize, untrustedSize, 1, content);
        file.close();
        FileHandle copy = routing.client.makeFile(untrustedSize, true);
        routing.client.writeRows(copy, 0, untrustedSize, untrustedSize, 1, content.clear());
        routing.toClient.pass(copy);
        routing.deliver(receiver, event);
        routing.toClient.step(to -> copy.close());
        return true;
      }
      case WlKeyboard.EVENT_ENTER -> selections.focus(true);
      case WlKeyboard.EVENT_LEAVE -> selections.focus(false);
      default -> {}
    }
    return false;
  }

  private boolean dataSource(WaylandObject receiver, int opcode, Message event)
      throws WaylandException, IOException {
    if (opcode == WlDataSource.EVENT_SEND) {
      Handle handle = routing.compositor.takeHandle();
      if (!(handle instanceof PipeHandle into)
          || receiver.zombie
          || drags.isMark(event)
          || event.length(0) > SelectionRequests.MOST_TYPE_BYTES) {
        handle.close();
        return true;
      }
      PasteSink counted = routing.guest.account().takeTransfer(PasteSink.of(into));
      PipeHandle from = PipePump.makePipe(routing.client, counted);
      if (from != null) {
        routing.toClient.pass(from);
        routing.deliver(receiver, event);
        PipePump.start(from, counted, routing.limits.transferBytes());
      }
      return true;
    }
    return opcode == WlDataSource.EVENT_TARGET && drags.isMark(event);
  }

  /** Keeps on which surface text is entered. */
  private boolean textInput(WaylandObject receiver, int opcode, Message event)
      throws WaylandException {
    if (opcode == ZwpTextInputV3.EVENT_ENTER) {
      WaylandObject surface = routing.named(event, 0);
      WaylandObject shown = surface != null && surface.isOwn() ? surface.alias : surface;
      receiver.role = shown == null ? null : shown.role;
    } else if (opcode == ZwpTextInputV3.EVENT_LEAVE) {
      receiver.role = null;
    }
    return false;
  }

  /** Sizes are told without the frame. */
  private boolean shell(WaylandObject receiver, int opcode, Message event) {
    if (routing.frames == null) {
      return false;
    }
    int border = routing.frames.border();
    Frame frame = receiver.role instanceof ShellSurface window ? window.frame : null;
    if (receiver.type.index() == XdgSurface.INDEX) {
      if (frame != null) {
        frame.geometry().told(event.word(0));
      }
      return false;
    }
    if (frame != null
        && receiver.type.index() == XdgToplevel.INDEX
        && opcode == XdgToplevel.EVENT_CONFIGURE) {
      frame.geometry().told(event.word(0), event.word(1), isFilling(event));
    }
    if (receiver.type.index() == XdgPopup.INDEX) {
      if (opcode == XdgPopup.EVENT_CONFIGURE) {
        event.setWord(2, Frame.smaller(event.word(2), border));
        event.setWord(3, Frame.smaller(event.word(3), border));
      }
    } else if (opcode == XdgToplevel.EVENT_CONFIGURE
        || opcode == XdgToplevel.EVENT_CONFIGURE_BOUNDS) {
      event.setWord(0, Frame.smaller(event.word(0), border));
      event.setWord(1, Frame.smaller(event.word(1), border));
    }
    return false;
  }

  private static boolean isFilling(Message configure) {
    for (int at = 0; at + Integer.BYTES <= configure.length(2); at += Integer.BYTES) {
      int state = configure.byteAt(2, at);
      if (state == MAXIMIZED || state == FULLSCREEN) {
        return true;
      }
    }
    return false;
  }

  /** A descriptor that nobody would know what to do with. */
  private boolean refuse(Message event) throws WaylandException {
    MessageType type = event.type();
    throw WaylandException.ofDisplay(INVALID_METHOD, "the compositor must not send " + type);
  }
}
