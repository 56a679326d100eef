package org.lodge.wayland.router.internal;

import java.io.IOException;
import org.lodge.agent.handles.HandleConnection;

/**
 * Copies what has changed in a buffer from the client's memory to the compositor's, after all that
 * was sent before and before all that is sent after.
 */
final class Pixels {
  private final Routing routing;
  private volatile long copiedBytes;

  /** The client's memory is shorter than it said. */
  static final class MissingPixels extends IOException {
    private static final long serialVersionUID = 1;

    MissingPixels(long bytes) {
      super("a pool whose file lacks " + bytes + " bytes");
    }
  }

  Pixels(Routing routing) {
    this.routing = routing;
  }

  /** Of the connection, so far; for any thread. */
  long copiedBytes() {
    return copiedBytes;
  }

  void copy(ShmBuffer buffer, Rectangles rectangles) {
    int[] sides = new int[rectangles.count() * 4];
    int count = 0;
    for (int i = 0; i < rectangles.count(); i++) {
      int left = Math.max(rectangles.left(i), 0);
      int top = Math.max(rectangles.top(i), 0);
      int right = Math.min(rectangles.right(i), buffer.width);
      int bottom = Math.min(rectangles.bottom(i), buffer.height);
      if (left < right && top < bottom) {
        sides[count++] = left;
        sides[count++] = top;
        sides[count++] = right - left;
        sides[count++] = bottom - top;
        copiedBytes += (long) (right - left) * (bottom - top) * buffer.bytesPerPixel;
      }
    }
    if (count > 0) {
      int numbers = count;
      routing.toCompositor.stepWithClient(compositor -> transfer(buffer, sides, numbers));
    }
  }

  private void transfer(ShmBuffer buffer, int[] sides, int numbers) throws IOException {
    HandleConnection client = routing.client;
    for (int i = 0; i < numbers; i += 4) {
      long within =
          (long) sides[i + 1] * buffer.strideBytes + (long) sides[i] * buffer.bytesPerPixel;
      int rowBytes = sides[i + 2] * buffer.bytesPerPixel;
      client.transferRows(
          buffer.pool.clientFile,
          buffer.clientOffset + within,
          buffer.strideBytes,
          buffer.pool.compositorFile,
          buffer.compositorOffset + within,
          buffer.strideBytes,
          rowBytes,
          sides[i + 3]);
    }
    long missing = client.awaitTransfers();
    if (missing > 0) {
      throw new MissingPixels(missing);
    }
  }
}
