package org.lodge.vm.internal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Cuts what a guest writes into lines that are safe to show: control characters are spelled out, so
 * that no guest drives the terminal of a person who reads its log.
 */
final class ConsoleLines {
  private static final int MAX_LINE = 1000;

  private final Consumer<String> lines;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final StringBuilder line = new StringBuilder();
  private byte[] rest = new byte[0];
  private boolean carriageReturn;

  ConsoleLines(Consumer<String> lines) {
    this.lines = lines;
  }

  void write(byte[] untrustedBytes, int length) {
    ByteBuffer in = ByteBuffer.allocate(rest.length + length);
    in.put(rest).put(untrustedBytes, 0, length).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, false);
    rest = new byte[in.remaining()];
    in.get(rest);
    out.flip();
    while (out.hasRemaining()) {
      character(out.get());
    }
  }

  private void character(char c) {
    if (c == '\n') {
      carriageReturn = false;
      end();
      return;
    }
    if (carriageReturn) {
      line.append("\\r");
      carriageReturn = false;
    }
    if (c == '\r') {
      carriageReturn = true;
    } else if (c == '\t') {
      line.append(c);
    } else if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
      line.append(
          c < 0x100 ? String.format("\\x%02x", (int) c) : String.format("\\u%04x", (int) c));
    } else {
      line.append(c);
    }
    if (line.length() >= MAX_LINE && !Character.isHighSurrogate(c)) {
      end();
    }
  }

  private void end() {
    lines.accept(line.toString());
    line.setLength(0);
  }

  /** The guest is gone: what it had begun is a line too. */
  void close() {
    if (!line.isEmpty()) {
      end();
    }
  }
}
