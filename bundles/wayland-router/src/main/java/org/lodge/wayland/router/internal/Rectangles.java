package org.lodge.wayland.router.internal;

import java.util.Arrays;

/**
 * A bounded list of rectangles. What does not fit any more makes one of all: never too little is
 * covered. Rectangles without an area are left out. Coordinates are clipped to ±2^30, so that sums
 * of two never overflow.
 */
final class Rectangles {
  static final int MOST = 64;

  private static final int FAR = 1 << 30;

  private int[] sides = new int[16];
  private int count;

  int count() {
    return count;
  }

  boolean isEmpty() {
    return count == 0;
  }

  int left(int index) {
    return sides[index * 4];
  }

  int top(int index) {
    return sides[index * 4 + 1];
  }

  int right(int index) {
    return sides[index * 4 + 2];
  }

  int bottom(int index) {
    return sides[index * 4 + 3];
  }

  void clear() {
    count = 0;
  }

  /** Any numbers may come: they are what a client sent. */
  void add(long x, long y, long width, long height) {
    if (width > 0 && height > 0) {
      addSides(clip(x), clip(y), clip(x + width), clip(y + height));
    }
  }

  void addAll(Rectangles others) {
    for (int i = 0; i < others.count; i++) {
      addSides(others.left(i), others.top(i), others.right(i), others.bottom(i));
    }
  }

  void addSides(int left, int top, int right, int bottom) {
    if (left >= right || top >= bottom) {
      return;
    }
    for (int i = 0; i < count; i++) {
      if (left(i) <= left && top(i) <= top && right(i) >= right && bottom(i) >= bottom) {
        return;
      }
    }
    if (count == MOST) {
      collapse();
      left = Math.min(left, left(0));
      top = Math.min(top, top(0));
      right = Math.max(right, right(0));
      bottom = Math.max(bottom, bottom(0));
      count = 0;
    }
    if (sides.length < (count + 1) * 4) {
      sides = Arrays.copyOf(sides, sides.length * 2);
    }
    int at = count++ * 4;
    sides[at] = left;
    sides[at + 1] = top;
    sides[at + 2] = right;
    sides[at + 3] = bottom;
  }

  /** Makes one of all. */
  void collapse() {
    for (int i = 1; i < count; i++) {
      sides[0] = Math.min(sides[0], left(i));
      sides[1] = Math.min(sides[1], top(i));
      sides[2] = Math.max(sides[2], right(i));
      sides[3] = Math.max(sides[3], bottom(i));
    }
    count = Math.min(count, 1);
  }

  /** The area within 0, 0, width, height; overlaps count twice. */
  long area(int width, int height) {
    long area = 0;
    for (int i = 0; i < count; i++) {
      long across = Math.min(right(i), width) - (long) Math.max(left(i), 0);
      long down = Math.min(bottom(i), height) - (long) Math.max(top(i), 0);
      area += Math.max(across, 0) * Math.max(down, 0);
    }
    return area;
  }

  private static int clip(long value) {
    return Math.clamp(value, -FAR, FAR);
  }
}
