package org.lodge.wayland.router.internal;

/**
 * How a surface shows its buffer: the double-buffered state of {@code wl_surface} and {@code
 * wp_viewport} that decides where a pixel of the surface lies in the buffer.
 *
 * @param transform of wl_output: 0 to 7
 * @param sourceX and the others of the source rectangle in 24.8 fixed point; sourceWidth -256 where
 *     none is set
 * @param width and height of the destination; -1 where none is set
 */
record Geometry(
    int scale,
    int transform,
    int sourceX,
    int sourceY,
    int sourceWidth,
    int sourceHeight,
    int width,
    int height) {
  static final int FIXED_ONE = 256;
  static final int NO_SOURCE = -FIXED_ONE;
  static final Geometry PLAIN = new Geometry(1, 0, 0, 0, NO_SOURCE, NO_SOURCE, -1, -1);

  Geometry withScale(int value) {
    return new Geometry(
        value, transform, sourceX, sourceY, sourceWidth, sourceHeight, width, height);
  }

  Geometry withTransform(int value) {
    return new Geometry(scale, value, sourceX, sourceY, sourceWidth, sourceHeight, width, height);
  }

  Geometry withSource(int x, int y, int sourceWidth, int sourceHeight) {
    return new Geometry(scale, transform, x, y, sourceWidth, sourceHeight, width, height);
  }

  Geometry withDestination(int width, int height) {
    return new Geometry(
        scale, transform, sourceX, sourceY, sourceWidth, sourceHeight, width, height);
  }

  private boolean isTurned() {
    return (transform & 1) != 0;
  }

  /** Width of the whole buffer as the surface would show it without a viewport. */
  private int fullWidth(int bufferWidth, int bufferHeight) {
    return (isTurned() ? bufferHeight : bufferWidth) / scale;
  }

  private int fullHeight(int bufferWidth, int bufferHeight) {
    return (isTurned() ? bufferWidth : bufferHeight) / scale;
  }

  int surfaceWidth(int bufferWidth, int bufferHeight) {
    if (width > 0) {
      return width;
    }
    return sourceWidth > 0 ? sourceWidth / FIXED_ONE : fullWidth(bufferWidth, bufferHeight);
  }

  int surfaceHeight(int bufferWidth, int bufferHeight) {
    if (height > 0) {
      return height;
    }
    return sourceHeight > 0 ? sourceHeight / FIXED_ONE : fullHeight(bufferWidth, bufferHeight);
  }

  /** Adds to {@code into} what the rectangles of the surface cover in the buffer, at least. */
  void toBuffer(Rectangles surface, int bufferWidth, int bufferHeight, Rectangles into) {
    int across = fullWidth(bufferWidth, bufferHeight);
    int down = fullHeight(bufferWidth, bufferHeight);
    int shownWidth = Math.max(1, surfaceWidth(bufferWidth, bufferHeight));
    int shownHeight = Math.max(1, surfaceHeight(bufferWidth, bufferHeight));
    long fromX = sourceWidth > 0 ? sourceX : 0;
    long fromY = sourceWidth > 0 ? sourceY : 0;
    long fromWidth = sourceWidth > 0 ? sourceWidth : (long) across * FIXED_ONE;
    long fromHeight = sourceWidth > 0 ? sourceHeight : (long) down * FIXED_ONE;
    // A scaled surface is filtered: neighbours count.
    int blur = fromWidth == (long) shownWidth * FIXED_ONE ? 0 : 1;
    blur |= fromHeight == (long) shownHeight * FIXED_ONE ? 0 : 1;
    for (int i = 0; i < surface.count(); i++) {
      int left = Math.clamp(surface.left(i), 0, shownWidth);
      int right = Math.clamp(surface.right(i), 0, shownWidth);
      int top = Math.clamp(surface.top(i), 0, shownHeight);
      int bottom = Math.clamp(surface.bottom(i), 0, shownHeight);
      if (left >= right || top >= bottom) {
        continue;
      }
      turn(
          Math.clamp(floor(fromX, left * fromWidth, shownWidth) - blur, 0, across),
          Math.clamp(floor(fromY, top * fromHeight, shownHeight) - blur, 0, down),
          Math.clamp(ceil(fromX, right * fromWidth, shownWidth) + blur, 0, across),
          Math.clamp(ceil(fromY, bottom * fromHeight, shownHeight) + blur, 0, down),
          across,
          down,
          into);
    }
  }

  private static int floor(long from, long product, int by) {
    return (int) Math.floorDiv(from + Math.floorDiv(product, by), FIXED_ONE);
  }

  private static int ceil(long from, long product, int by) {
    return (int) Math.ceilDiv(from + Math.ceilDiv(product, by), FIXED_ONE);
  }

  /** Undoes the transform and scale: from what is shown to where it lies in the buffer. */
  private void turn(
      int left, int top, int right, int bottom, int across, int down, Rectangles into) {
    int s = scale;
    switch (transform) {
      case 0 -> into.addSides(left * s, top * s, right * s, bottom * s);
      case 1 -> into.addSides(top * s, (across - right) * s, bottom * s, (across - left) * s);
      case 2 ->
          into.addSides(
              (across - right) * s, (down - bottom) * s, (across - left) * s, (down - top) * s);
      case 3 -> into.addSides((down - bottom) * s, left * s, (down - top) * s, right * s);
      case 4 -> into.addSides((across - right) * s, top * s, (across - left) * s, bottom * s);
      case 5 -> into.addSides(top * s, left * s, bottom * s, right * s);
      case 6 -> into.addSides(left * s, (down - bottom) * s, right * s, (down - top) * s);
      default ->
          into.addSides(
              (down - bottom) * s, (across - right) * s, (down - top) * s, (across - left) * s);
    }
  }
}
