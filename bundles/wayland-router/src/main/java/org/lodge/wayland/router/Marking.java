package org.lodge.wayland.router;

/** What tells people whose a window is, beside the guest's name in its title and application id. */
public enum Marking {
  /** A frame in the guest's colour, drawn by Lodge. */
  FRAME,
  /** A frame of Lodge too, because the compositor that was to mark the window can't. */
  FRAME_INSTEAD,
  /** The compositor, which knows the guest by a security context. */
  CONTEXT,
  /** Nothing. */
  NAME
}
