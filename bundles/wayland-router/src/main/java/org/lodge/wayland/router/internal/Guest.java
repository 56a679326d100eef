package org.lodge.wayland.router.internal;

/**
 * A guest with windows, and what its connections share.
 *
 * @param dragMark a type that the router adds to whatever the guest drags, so that an offer tells
 *     whose it is; no program gets to know it
 * @param tokens of activation
 * @param handles of exported windows
 */
record Guest(
    String name,
    GuestSettings settings,
    Limits limits,
    Account account,
    Names names,
    Selections selections,
    Passes tokens,
    Passes handles,
    String dragMark) {
  private static final String DRAG_TYPE = "application/x-lodge-drag-";

  Guest(String name, GuestSettings settings, Limits limits) {
    this(
        name,
        settings,
        limits,
        new Account(),
        new Names(name),
        new Selections(),
        new Passes(),
        new Passes(),
        DRAG_TYPE + Passes.random());
  }

  boolean takeConnection() {
    return account.takeConnection(limits.connections());
  }

  boolean takePixels(long bytes) {
    return account.takePixels(bytes, limits.pixelBytes());
  }

  /** Whether its objects, and what waits for its programs, take more than they may. */
  boolean isBeyondHeap() {
    return account.heapBytes() > limits.heapBytes();
  }

  /** The same guest, whose new connections are shown and limited otherwise. */
  Guest with(GuestSettings changed, Limits others) {
    return new Guest(name, changed, others, account, names, selections, tokens, handles, dragMark);
  }
}
