package org.lodge.vm.internal;

/** The last bytes of a stream; the oldest are lost, and counted. Not thread-safe. */
final class ByteRing {
  private final byte[] bytes;
  private long read;
  private long written;
  private long lost;

  ByteRing(int capacity) {
    bytes = new byte[capacity];
  }

  void write(byte[] source, int offset, int length) {
    for (int i = 0; i < length; i++) {
      bytes[(int) (written++ % bytes.length)] = source[offset + i];
    }
    long oldest = written - bytes.length;
    if (oldest > read) {
      lost += oldest - read;
      read = oldest;
    }
  }

  int available() {
    return (int) (written - read);
  }

  int read(byte[] target, int offset, int length) {
    int count = Math.min(length, available());
    for (int i = 0; i < count; i++) {
      target[offset + i] = bytes[(int) (read++ % bytes.length)];
    }
    return count;
  }

  /** All that is held, leaving it. */
  byte[] contents() {
    byte[] copy = new byte[available()];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = bytes[(int) ((read + i) % bytes.length)];
    }
    return copy;
  }

  /** How many bytes were lost since this was asked last. */
  long takeLost() {
    long count = lost;
    lost = 0;
    return count;
  }
}
