package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.util.Map;

/**
 * What a guest may take. A connection that goes beyond ends with an error of its own.
 *
 * @param connections of the guest at a time
 * @param objects of one connection
 * @param windows of one connection
 * @param bufferSide width or height of a buffer in pixels
 * @param pixelBytes that the guest's buffers may take in the display's guest
 * @param rectangles in one region, and as damage in one commit before they become one
 * @param transferBytes through one pipe of a clipboard or drag
 * @param heapBytes of Lodge's own memory that the guest's objects and unread messages may take
 */
record Limits(
    int connections,
    int objects,
    int windows,
    int bufferSide,
    long pixelBytes,
    int rectangles,
    long transferBytes,
    long heapBytes) {
  static final Limits DEFAULT =
      new Limits(128, 65_536, 500, 16_384, 1L << 30, 4096, 64L << 20, 32L << 20);

  /**
   * As the policy's rule says: {@code connections}, {@code objects}, {@code windows}, {@code
   * buffer-side}, {@code pixels}, {@code rectangles}, {@code transfer}, {@code heap}; a number may
   * end in K, M or G.
   *
   * @throws IOException naming the option that is wrong, and what it may be
   */
  static Limits of(Map<String, String> options) throws IOException {
    return new Limits(
        (int) number(options, "connections", DEFAULT.connections, 1, 4096),
        (int) number(options, "objects", DEFAULT.objects, 64, 1 << 20),
        (int) number(options, "windows", DEFAULT.windows, 1, 10_000),
        (int) number(options, "buffer-side", DEFAULT.bufferSide, 64, 32_767),
        number(options, "pixels", DEFAULT.pixelBytes, 1 << 20, 1L << 40),
        (int) number(options, "rectangles", DEFAULT.rectangles, 16, 1 << 20),
        number(options, "transfer", DEFAULT.transferBytes, 4096, 1L << 40),
        number(options, "heap", DEFAULT.heapBytes, 1 << 20, 1L << 40));
  }

  private static long number(
      Map<String, String> options, String name, long otherwise, long least, long most)
      throws IOException {
    String asked = options.get(name);
    if (asked == null) {
      return otherwise;
    }
    if (asked.matches("[0-9]{1,13}[KMG]?")) {
      String digits = asked.replaceAll("[KMG]", "");
      int shift =
          digits.equals(asked) ? 0 : 10 * (1 + "KMG".indexOf(asked.charAt(digits.length())));
      long value = Long.parseLong(digits);
      if (value <= most >> shift && value << shift >= least) {
        return value << shift;
      }
    }
    throw new IOException("option " + name + "=" + asked + " is not " + least + " to " + most);
  }
}
