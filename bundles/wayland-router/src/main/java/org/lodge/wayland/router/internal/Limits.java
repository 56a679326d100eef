package org.lodge.wayland.router.internal;

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
 */
record Limits(
    int connections,
    int objects,
    int windows,
    int bufferSide,
    long pixelBytes,
    int rectangles,
    long transferBytes) {
  static final Limits DEFAULT = new Limits(128, 65_536, 500, 16_384, 1L << 30, 4096, 64L << 20);
}
