package org.lodge.wayland.router.internal;

/** What a surface can show. */
sealed interface Buffer permits ShmBuffer, Buffer.SinglePixel {
  int width();

  int height();

  /** A colour without memory. */
  record SinglePixel() implements Buffer {
    @Override
    public int width() {
      return 1;
    }

    @Override
    public int height() {
      return 1;
    }
  }
}
