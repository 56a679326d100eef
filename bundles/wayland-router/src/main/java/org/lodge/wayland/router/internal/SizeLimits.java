package org.lodge.wayland.router.internal;

import java.util.Arrays;
import org.lodge.wayland.protocol.opcode.XdgToplevel;

/**
 * The least and the most size of a window with its frame, as its program wants them. The least is
 * told no larger than a screen, else the compositor might want the window larger than it may be.
 *
 * <p>They are kept until the program's own commit: one of the frame in between would apply the one
 * without the other, and compositors end the connection where the least is larger than the most.
 */
final class SizeLimits {
  private static final int UNKNOWN = Integer.MIN_VALUE;

  private final int[] pending = new int[4];

  /** Width and height of the least and of the most, as for all here. */
  private final int[] applied = new int[4];

  /** What the compositor knows. */
  private final int[] told = new int[4];

  private final int[] wanted = new int[4];

  /** They include the frame. */
  void least(int width, int height) {
    pending[0] = width;
    pending[1] = height;
  }

  void most(int width, int height) {
    pending[2] = width;
    pending[3] = height;
  }

  /** The program commits them. */
  void apply() {
    System.arraycopy(pending, 0, applied, 0, pending.length);
  }

  /** The window is hidden or gone, by which some compositors forget them. */
  void forget() {
    Arrays.fill(pending, 0);
    Arrays.fill(applied, 0);
    Arrays.fill(told, UNKNOWN);
  }

  /**
   * Tells what has changed.
   *
   * @param toplevel the compositor's number of the window
   * @return whether the window must be committed for that
   */
  boolean send(Outbox out, int toplevel, WindowGeometry geometry) {
    System.arraycopy(applied, 0, wanted, 0, applied.length);
    if (applied[0] > 0 || applied[1] > 0) {
      wanted[0] = Math.min(applied[0], geometry.across());
      wanted[1] = Math.min(applied[1], geometry.down());
    }
    if (Arrays.equals(wanted, told)) {
      return false;
    }
    if (wanted[0] != told[0] || wanted[1] != told[1]) {
      out.words(toplevel, XdgToplevel.SET_MIN_SIZE, wanted[0], wanted[1]);
    }
    if (wanted[2] != told[2] || wanted[3] != told[3]) {
      out.words(toplevel, XdgToplevel.SET_MAX_SIZE, wanted[2], wanted[3]);
    }
    System.arraycopy(wanted, 0, told, 0, wanted.length);
    return true;
  }
}
