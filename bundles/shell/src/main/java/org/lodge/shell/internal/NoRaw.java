package org.lodge.shell.internal;

import org.lodge.shell.Terminal;

/** The raw mode of what is no terminal. */
final class NoRaw implements Terminal.Raw {

  @Override
  public int key(long timeoutMillis) {
    return -1;
  }

  @Override
  public void close() {}
}
