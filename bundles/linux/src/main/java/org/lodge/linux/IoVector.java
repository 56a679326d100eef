package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.internal.FileCalls;

/**
 * A reusable list of memory ranges for one scattered read or gathered write, and the scratch memory
 * that a system call needs. One thread at a time; allocates nothing after construction.
 */
public final class IoVector {
  /** What the kernel takes in one call ({@code UIO_MAXIOV}). */
  public static final int ENTRIES_MAX = 1024;

  private static final int ENTRY_BYTES = 16;

  private final int entriesMax;
  private final MemorySegment entries;
  private final MemorySegment capture;
  private int count;
  private int first;
  private long sizeBytes;

  /** With room for {@link #ENTRIES_MAX} ranges. Its memory lives as long as the object. */
  public IoVector() {
    this(ENTRIES_MAX);
  }

  /**
   * With less room.
   *
   * @param entriesMax at most {@link #ENTRIES_MAX}
   */
  public IoVector(int entriesMax) {
    this.entriesMax = entriesMax;
    entries = Arena.ofAuto().allocate((long) entriesMax * ENTRY_BYTES, 8);
    capture = Arena.ofAuto().allocate(FileCalls.captureLayout());
  }

  public void clear() {
    count = 0;
    first = 0;
    sizeBytes = 0;
  }

  /**
   * Adds a range. The caller sees to it that the memory stays mapped during the call.
   *
   * @return false where the list is full
   */
  public boolean add(long address, long lengthBytes) {
    if (count == entriesMax) {
      return false;
    }
    entries.set(ValueLayout.JAVA_LONG, (long) count * ENTRY_BYTES, address);
    entries.set(ValueLayout.JAVA_LONG, (long) count * ENTRY_BYTES + 8, lengthBytes);
    count++;
    sizeBytes += lengthBytes;
    return true;
  }

  /** How many bytes are left to transfer. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Takes away the first bytes, which were transferred. */
  public void advance(long transferredBytes) {
    sizeBytes -= transferredBytes;
    long left = transferredBytes;
    while (left > 0) {
      long at = (long) first * ENTRY_BYTES;
      long length = entries.get(ValueLayout.JAVA_LONG, at + 8);
      if (left < length) {
        long address = entries.get(ValueLayout.JAVA_LONG, at);
        entries.set(ValueLayout.JAVA_LONG, at, address + left);
        entries.set(ValueLayout.JAVA_LONG, at + 8, length - left);
        return;
      }
      left -= length;
      first++;
    }
  }

  long address() {
    return entries.address() + (long) first * ENTRY_BYTES;
  }

  /** Where the first range begins. */
  long firstAddress() {
    return entries.get(ValueLayout.JAVA_LONG, (long) first * ENTRY_BYTES);
  }

  int count() {
    return count - first;
  }

  MemorySegment capture() {
    return capture;
  }
}
