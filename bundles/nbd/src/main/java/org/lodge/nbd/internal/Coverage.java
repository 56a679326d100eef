package org.lodge.nbd.internal;

/**
 * Which bytes of a read have come. Servers may send the parts in any order, each byte once; most
 * send them in order, which costs nothing here. Reused.
 */
final class Coverage {
  private static final int PARTS_MOST = 256;

  private final int[] begins = new int[PARTS_MOST];
  private final int[] ends = new int[PARTS_MOST];
  private int parts;

  void clear() {
    parts = 0;
  }

  /** False where some of it has come before, or all is in too many parts. */
  boolean add(int begin, int end) {
    int at = parts;
    while (at > 0 && begins[at - 1] >= begin) {
      at--;
    }
    if (at > 0 && ends[at - 1] > begin || at < parts && begins[at] < end) {
      return false;
    }
    if (at > 0 && ends[at - 1] == begin) {
      ends[at - 1] = end;
      return true;
    }
    if (parts == PARTS_MOST) {
      return false;
    }
    System.arraycopy(begins, at, begins, at + 1, parts - at);
    System.arraycopy(ends, at, ends, at + 1, parts - at);
    begins[at] = begin;
    ends[at] = end;
    parts++;
    return true;
  }

  /** Whether all bytes from 0 on have come; parts that touch from behind are joined here. */
  boolean isWhole(int bytes) {
    int reached = 0;
    for (int i = 0; i < parts; i++) {
      if (begins[i] != reached) {
        return false;
      }
      reached = ends[i];
    }
    return reached == bytes;
  }
}
