package org.lodge.wayland.router.internal;

import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WlPointer;

/**
 * Keeps pointer motion from filling the queue of a client that is slow to read: while much waits,
 * only the last position is kept, and told before whatever else the pointer does.
 */
final class Motion {
  private static final int MUCH_BYTES = 16_384;

  private final Routing routing;
  private WaylandObject pointer;
  private int timeMillis;
  private int x;
  private int y;

  /** The frame that ends what was held needs no event of its own. */
  private boolean frameHeld;

  Motion(Routing routing) {
    this.routing = routing;
  }

  /**
   * @return whether the event is kept
   */
  boolean hold(WaylandObject receiver, int opcode, Message event) {
    if (opcode == WlPointer.EVENT_MOTION && routing.client.queuedBytes() > MUCH_BYTES) {
      if (pointer != null && pointer != receiver) {
        send();
      }
      pointer = receiver;
      timeMillis = event.word(0);
      x = event.word(1);
      y = event.word(2);
      frameHeld = false;
      return true;
    }
    if (pointer == null) {
      return false;
    }
    if (opcode == WlPointer.EVENT_FRAME && receiver == pointer && !frameHeld) {
      frameHeld = true;
      return true;
    }
    send();
    return false;
  }

  /** Sends what is kept where there is room again. */
  void release() {
    if (pointer != null && routing.client.queuedBytes() <= MUCH_BYTES) {
      send();
    }
  }

  private void send() {
    if (!pointer.zombie) {
      routing.toClient.words(pointer.clientId, WlPointer.EVENT_MOTION, timeMillis, x, y);
      if (frameHeld) {
        routing.toClient.words(pointer.clientId, WlPointer.EVENT_FRAME);
      }
    }
    pointer = null;
  }
}
