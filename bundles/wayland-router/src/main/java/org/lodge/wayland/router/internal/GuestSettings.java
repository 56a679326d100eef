package org.lodge.wayland.router.internal;

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
    /** The compositor, which knows guests by security contexts; Lodge sets title and app_id. */
    COMPOSITOR
  }

  private static final int[] PALETTE = {
    0xd33f49, 0x2e86de, 0x27ae60, 0xf39c12, 0x8e44ad, 0x16a085, 0xe67e22, 0xc2185b
  };

  /** A colour by the guest's name. */
  static GuestSettings of(String guest) {
    int color = PALETTE[Math.floorMod(guest.hashCode() * 31, PALETTE.length)];
    return new GuestSettings(Frame.ROUTER, color, 4);
  }
}
