package org.lodge.vm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** One attachment to a guest's serial console. */
public interface Console extends AutoCloseable {

  /**
   * What the guest writes, from the last screenful (at most 16 KiB) on. A reader that is too slow
   * loses the oldest bytes and reads {@code "\n[lodge: N bytes lost]\n"} in their place; the guest
   * and other readers never wait for it. Ends with the guest.
   */
  InputStream output();

  /** Typed into the guest; flushed at each write. */
  OutputStream input();

  /** Detaches; the guest goes on. */
  @Override
  void close() throws IOException;
}
