package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.lodge.connect.ByteStream;

/** What tests do with streams. */
final class Streams {
  private static final Duration LIMIT = Duration.ofSeconds(TestGuest.LIMIT_SECONDS);

  private Streams() {}

  static void send(ByteStream stream, String text) throws IOException {
    stream.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  static void assertReceives(ByteStream stream, String text) {
    assertEquals(text, receive(stream, text.length()));
  }

  static String receive(ByteStream stream, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    Assertions.assertTimeoutPreemptively(
        LIMIT,
        () -> {
          while (buffer.hasRemaining() && stream.read(buffer) >= 0) {
            continue;
          }
        });
    return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
  }

  static void assertEnd(ByteStream stream) {
    Assertions.assertTimeoutPreemptively(
        LIMIT, () -> assertEquals(-1, stream.read(ByteBuffer.allocate(1))));
  }

  static void assertReset(ByteStream stream) {
    Assertions.assertTimeoutPreemptively(
        LIMIT,
        () -> {
          assertThrows(
              IOException.class,
              () -> {
                while (true) {
                  stream.read(ByteBuffer.allocate(1));
                  send(stream, "x");
                }
              });
        });
  }
}
