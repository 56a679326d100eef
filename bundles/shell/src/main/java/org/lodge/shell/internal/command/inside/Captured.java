package org.lodge.shell.internal.command.inside;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Keeps the beginning of what is written to it, and lets the rest go. */
final class Captured extends OutputStream {
  private final int mostBytes;
  private byte[] bytes = new byte[1024];
  private int size;
  private boolean truncated;

  Captured(int mostBytes) {
    this.mostBytes = mostBytes;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] more, int offset, int length) {
    int kept = Math.min(length, mostBytes - size);
    truncated |= kept < length;
    if (size + kept > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.clamp(2L * (size + kept), 0, mostBytes));
    }
    System.arraycopy(more, offset, bytes, size, kept);
    size += kept;
  }

  /** As UTF-8; what is none is replaced. */
  synchronized String text() {
    return new String(bytes, 0, size, StandardCharsets.UTF_8);
  }

  synchronized boolean truncated() {
    return truncated;
  }
}
