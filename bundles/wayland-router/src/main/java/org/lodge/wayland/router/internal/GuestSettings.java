package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.util.Map;
import org.lodge.wayland.router.Marking;

/**
 * How the windows of a guest are shown.
 *
 * @param frame who draws what says whose a window is
 * @param color of the frame, 0xRRGGBB
 * @param borderPixels of the frame of a window, in surface coordinates
 */
record GuestSettings(Frame frame, int color, int borderPixels) {
  /** Who marks windows. */
  enum Frame {
    /** Lodge wraps each window in one of its own. */
    ROUTER,
    /** The compositor, which knows guests by security contexts; where it does not, Lodge. */
    COMPOSITOR,
    /** Nobody: title and application id bear the guest's name, as always. */
    NONE
  }

  private static final int[] PALETTE = {
    0xd33f49, 0x2e86de, 0x27ae60, 0xf39c12, 0x8e44ad, 0x16a085, 0xe67e22, 0xc2185b
  };

  private static final int BORDER_PIXELS = 4;
  private static final int MOST_BORDER_PIXELS = 64;

  /**
   * As the policy's rule says; without a colour there, one by the guest's name.
   *
   * @throws IOException naming the option that is wrong
   */
  static GuestSettings of(String guest, Map<String, String> options) throws IOException {
    int color = PALETTE[Math.floorMod(guest.hashCode() * 31, PALETTE.length)];
    String asked = options.get("color");
    if (asked != null) {
      if (!asked.matches("#?[0-9a-fA-F]{6}")) {
        throw new IOException("option color=" + asked + " is not of the form RRGGBB");
      }
      color = Integer.parseInt(asked.replace("#", ""), 16);
    }
    String border = options.getOrDefault("border", String.valueOf(BORDER_PIXELS));
    if (!border.matches("[1-9][0-9]?") || Integer.parseInt(border) > MOST_BORDER_PIXELS) {
      throw new IOException("option border=" + border + " is not 1 to " + MOST_BORDER_PIXELS);
    }
    return new GuestSettings(
        frame(options.getOrDefault("frame", "router")), color, Integer.parseInt(border));
  }

  /**
   * @param context whether the display knows the guest by a security context
   */
  Marking marking(boolean context) {
    return switch (frame) {
      case ROUTER -> Marking.FRAME;
      case COMPOSITOR -> context ? Marking.CONTEXT : Marking.FRAME_INSTEAD;
      case NONE -> Marking.NAME;
    };
  }

  GuestSettings withFrame(Frame other) {
    return new GuestSettings(other, color, borderPixels);
  }

  private static Frame frame(String name) throws IOException {
    return switch (name) {
      case "router" -> Frame.ROUTER;
      case "compositor" -> Frame.COMPOSITOR;
      case "none" -> Frame.NONE;
      default ->
          throw new IOException("option frame=" + name + " is not router, compositor or none");
    };
  }
}
