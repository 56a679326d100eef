package org.lodge.filesystem;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Bytes that end with NUL, in native memory where no guest can change them. Reused. */
public final class Name {
  private MemorySegment memory = MemorySegment.NULL;
  private long offset;
  private int length;

  /**
   * @param memory native; holds a NUL at {@code offset + length}
   */
  public Name of(MemorySegment memory, long offset, int length) {
    this.memory = memory;
    this.offset = offset;
    this.length = length;
    return this;
  }

  /** Where the bytes lie, for system calls. */
  public long address() {
    return memory.address() + offset;
  }

  /** Without the NUL. */
  public int length() {
    return length;
  }

  public byte at(int index) {
    return memory.get(ValueLayout.JAVA_BYTE, offset + index);
  }

  public boolean startsWith(byte[] prefix) {
    if (length < prefix.length) {
      return false;
    }
    for (int i = 0; i < prefix.length; i++) {
      if (at(i) != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    byte[] copy = new byte[length];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, copy, 0, length);
    return copy;
  }

  /** For people: bytes that are no UTF-8 are replaced. */
  @Override
  public String toString() {
    return new String(bytes(), StandardCharsets.UTF_8);
  }
}
