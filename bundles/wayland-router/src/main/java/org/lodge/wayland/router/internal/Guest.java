package org.lodge.wayland.router.internal;

/**
 * A guest with windows, and what its connections share.
 *
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
    Passes handles) {
  Guest(String name, GuestSettings settings, Limits limits) {
    this(
        name,
        settings,
        limits,
        new Account(),
        new Names(name),
        new Selections(),
        new Passes(),
        new Passes());
  }

  boolean takeConnection() {
    return account.takeConnection(limits.connections());
  }

  boolean takePixels(long bytes) {
    return account.takePixels(bytes, limits.pixelBytes());
  }

  /** The same guest, whose new connections are shown and limited otherwise. */
  Guest with(GuestSettings changed, Limits others) {
    return new Guest(name, changed, others, account, names, selections, tokens, handles);
  }
}
