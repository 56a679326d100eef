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
    Account account,
    Names names,
    Selections selections,
    Passes tokens,
    Passes handles) {
  Guest(String name, GuestSettings settings, Limits limits) {
    this(
        name,
        settings,
        new Account(limits),
        new Names(name),
        new Selections(),
        new Passes(),
        new Passes());
  }

  Limits limits() {
    return account.limits;
  }

  /** The same guest, whose new connections are shown otherwise. */
  Guest withSettings(GuestSettings changed) {
    return new Guest(name, changed, account, names, selections, tokens, handles);
  }
}
