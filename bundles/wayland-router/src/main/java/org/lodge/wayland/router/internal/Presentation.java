package org.lodge.wayland.router.internal;

import java.util.OptionalLong;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WpPresentation;
import org.lodge.wayland.protocol.opcode.WpPresentationFeedback;

/**
 * When frames were shown: told by CLOCK_MONOTONIC of the program's guest, whatever clock the
 * compositor in the other guest goes by. As long as the clocks are not known a frame counts as
 * discarded, which tells no time.
 */
final class Presentation {
  private static final long SECOND_NANOS = 1_000_000_000L;

  private final Routing routing;
  private final ClockOffset offset;
  private int clock = ClockOffset.CLOCK_MONOTONIC;

  Presentation(Routing routing, ClockOffset offset) {
    this.routing = routing;
    this.offset = offset;
  }

  boolean handle(WaylandObject receiver, int opcode, Message event) {
    if (receiver.type.index() == WpPresentation.INDEX) {
      clock = event.word(0);
      offset.refresh();
      event.setWord(0, ClockOffset.CLOCK_MONOTONIC);
      return false;
    }
    if (opcode != WpPresentationFeedback.EVENT_PRESENTED) {
      return false;
    }
    offset.refresh();
    long seconds = (long) event.word(0) << 32 | Integer.toUnsignedLong(event.word(1));
    long untrustedNanos = seconds * SECOND_NANOS + Integer.toUnsignedLong(event.word(2));
    OptionalLong shown =
        isKnownClock() ? offset.toGuest(untrustedNanos, clock) : OptionalLong.empty();
    if (shown.isEmpty() || shown.getAsLong() < 0) {
      if (!receiver.zombie) {
        routing.toClient.words(receiver.clientId, WpPresentationFeedback.EVENT_DISCARDED);
      }
      receiver.zombie = true;
      return true;
    }
    long told = shown.getAsLong() / SECOND_NANOS;
    event.setWord(0, (int) (told >>> 32));
    event.setWord(1, (int) told);
    event.setWord(2, (int) (shown.getAsLong() % SECOND_NANOS));
    return false;
  }

  private boolean isKnownClock() {
    return clock == ClockOffset.CLOCK_REALTIME
        || clock == ClockOffset.CLOCK_MONOTONIC
        || clock == ClockOffset.CLOCK_MONOTONIC_RAW;
  }
}
