package org.lodge.wayland.router.internal;

/** A guest with windows, and what its connections share. */
record Guest(
    String name, GuestSettings settings, Account account, Names names, Selections selections) {
  Guest(String name, GuestSettings settings, Limits limits) {
    this(name, settings, new Account(limits), new Names(name), new Selections());
  }

  Limits limits() {
    return account.limits;
  }

  /** The same guest, whose new connections are shown otherwise. */
  Guest withSettings(GuestSettings changed) {
    return new Guest(name, changed, account, names, selections);
  }
}
