package org.lodge.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameTest {

  @Test
  void offsetsAreThoseOfTheTable() {
    ByteBuffer frame = Frame.encode(Frame.STDOUT, new byte[] {7, 8});
    assertEquals(7, frame.remaining());
    assertEquals(65, frame.get(0));
    assertEquals(2, frame.getInt(1));
    assertEquals(7, frame.get(5));
  }

  @Test
  void everyFrameComesBackAsItWasSent() throws IOException {
    Random random = new Random(1);
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    byte[][] payloads = new byte[50][];
    for (int i = 0; i < payloads.length; i++) {
      payloads[i] = new byte[random.nextInt(2000)];
      random.nextBytes(payloads[i]);
      stream.write(Frame.encode(Frame.STDIN, payloads[i]).array());
    }
    var channel = Channels.newChannel(new ByteArrayInputStream(stream.toByteArray()));
    for (byte[] payload : payloads) {
      assertArrayEquals(payload, Frame.read(channel).payload());
    }
    assertNull(Frame.read(channel));
  }

  @Test
  void anyBytesEitherParseWithinBoundsOrAreRefused() {
    Random random = new Random(20261123);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      if (bytes.length > 4 && random.nextBoolean()) {
        bytes[0] = (byte) (random.nextBoolean() ? 1 + random.nextInt(5) : 65 + random.nextInt(5));
        bytes[1] = bytes[2] = bytes[3] = 0;
      }
      var channel = Channels.newChannel(new ByteArrayInputStream(bytes));
      try {
        Frame frame;
        while ((frame = Frame.read(channel)) != null) {
          assertTrue(frame.payload().length <= bytes.length);
        }
      } catch (IOException e) {
        assertTrue(e.getMessage() != null);
      }
    }
  }

  @Test
  void aFrameLongerThanTheLimitIsRefusedBeforeItIsRead() {
    byte[] header = {Frame.RUN, 0, 1, 0, 1};
    var channel = Channels.newChannel(new ByteArrayInputStream(header));
    assertThrows(IOException.class, () -> Frame.read(channel));
  }

  @Test
  void anEndWithinAFrameIsToldFromAnEndBetweenFrames() {
    byte[] cut = {Frame.STDIN, 0, 0, 0, 4, 1, 2};
    var channel = Channels.newChannel(new ByteArrayInputStream(cut));
    assertThrows(EOFException.class, () -> Frame.read(channel));
  }

  @Test
  void argumentsAreQuotedAsJson() {
    StringBuilder json = new StringBuilder();
    Main.quote(json, "a\"b\\c\n\u0001é");
    assertEquals("\"a\\\"b\\\\c\\u000a\\u0001é\"", json.toString());
  }
}
