package org.lodge.wayland.router.internal;

/** A buffer of a client in shared memory, and its place at the compositor. */
final class ShmBuffer implements Buffer {
  final ShmPool pool;
  final int width;
  final int height;
  final int strideBytes;
  final int format;
  final int bytesPerPixel;
  final long clientOffset;
  final long compositorOffset;
  final long sizeBytes;

  /** What has changed on the surface since the buffer was copied last. */
  final Rectangles stale = new Rectangles();

  /** On which the buffer was shown last; null where all of it must be copied. */
  Surface surface;

  /** The compositor has it and has not released it. */
  boolean busy;

  boolean destroyed;

  /** It has the edge of an icon, which nothing may be copied over any more. */
  boolean edged;

  ShmBuffer(
      ShmPool pool,
      int width,
      int height,
      int strideBytes,
      int format,
      long clientOffset,
      long compositorOffset,
      long sizeBytes) {
    this.pool = pool;
    this.width = width;
    this.height = height;
    this.strideBytes = strideBytes;
    this.format = format;
    bytesPerPixel = ShmFormat.bytesPerPixel(format);
    this.clientOffset = clientOffset;
    this.compositorOffset = compositorOffset;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }
}
