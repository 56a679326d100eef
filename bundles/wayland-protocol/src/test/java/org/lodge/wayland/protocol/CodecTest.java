package org.lodge.wayland.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;

class CodecTest {
  private static final List<MessageType> EVERY = InterfacesTest.every();

  /** Object n + 1 has the n-th message of all, and only that: any opcode. */
  private static final ObjectTypes BY_OBJECT =
      (object, opcode) -> {
        if (object < 1 || object > EVERY.size()) {
          throw WaylandException.ofDisplay(WaylandException.INVALID_OBJECT, "no such object");
        }
        return EVERY.get(object - 1);
      };

  private final MessageReader reader = new MessageReader();

  @Test
  void whatIsWrittenIsReadWhateverThePieces() throws WaylandException {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<byte[]> written = new ArrayList<>();
      ByteBuffer stream = little(1 << 20);
      for (int i = 0; i < 40; i++) {
        int object = 1 + random.nextInt(EVERY.size());
        int at = stream.position();
        write(stream, object, EVERY.get(object - 1), random);
        written.add(Arrays.copyOfRange(stream.array(), at, stream.position()));
      }
      stream.flip();
      List<byte[]> read = new ArrayList<>();
      while (stream.hasRemaining()) {
        int piece = Math.min(stream.remaining(), 1 + random.nextInt(seed % 2 == 0 ? 3 : 5000));
        ByteBuffer part = stream.slice(stream.position(), piece).order(ByteOrder.LITTLE_ENDIAN);
        stream.position(stream.position() + piece);
        while (part.hasRemaining()) {
          reader.append(part);
          readAll(read);
        }
      }
      assertTrue(reader.isEmpty());
      assertEquals(written.size(), read.size(), "seed " + seed);
      for (int i = 0; i < read.size(); i++) {
        assertTrue(Arrays.equals(written.get(i), read.get(i)), "seed " + seed + " message " + i);
      }
    }
  }

  private void readAll(List<byte[]> read) throws WaylandException {
    Message message = reader.next(BY_OBJECT, 2);
    while (message != null) {
      ByteBuffer copy = little(message.sizeBytes());
      message.copyTo(copy);
      read.add(copy.array());
      message = reader.next(BY_OBJECT, 2);
    }
  }

  @Test
  void noBytesWhateverTheyAreDoMoreThanEndTheConnection() {
    int refused = 0;
    for (int seed = 0; seed < 20_000; seed++) {
      Random random = new Random(seed);
      int object = 1 + random.nextInt(EVERY.size());
      ByteBuffer stream = little(1 << 16);
      write(stream, object, EVERY.get(object - 1), random);
      for (int i = 0; i <= random.nextInt(4); i++) {
        int at = random.nextInt(stream.position());
        stream.put(at, (byte) (random.nextBoolean() ? random.nextInt() : 1 << random.nextInt(8)));
      }
      MessageReader mutated = new MessageReader();
      mutated.append(stream.flip());
      try {
        Message message = mutated.next(BY_OBJECT, 2);
        if (message != null) {
          visit(message);
        }
      } catch (WaylandException e) {
        assertTrue(e.getMessage().length() < 200);
        refused++;
      }
    }
    assertTrue(refused > 1000, "mutations hit: " + refused);
  }

  private static void visit(Message message) {
    MessageType type = message.type();
    for (int i = 0; i < type.argumentCount(); i++) {
      switch (type.kind(i)) {
        case MessageType.HANDLE -> {}
        case MessageType.STRING -> message.string(i);
        case MessageType.ARRAY -> {
          if (message.length(i) > 0) {
            message.byteAt(i, message.length(i) - 1);
          }
        }
        default -> message.word(i);
      }
    }
  }

  @Test
  void aMessageIsHeldBackUntilItsDescriptorIsThere() throws WaylandException {
    MessageType pool = Interfaces.at(WlShm.INDEX).request(WlShm.CREATE_POOL);
    ByteBuffer bytes = little(16);
    new MessageWriter().begin(bytes, 7, WlShm.CREATE_POOL).word(9).word(4096).end();
    reader.append(bytes.flip());
    assertNull(reader.next((object, opcode) -> pool, 0));
    assertTrue(reader.needsHandles());
    Message message = reader.next((object, opcode) -> pool, 1);
    assertEquals(4096, message.word(2));
    assertFalse(reader.needsHandles());
  }

  @Test
  void theLargestMessageIsReadByteByByte() throws WaylandException {
    MessageType title = Interfaces.at(XdgToplevel.INDEX).request(XdgToplevel.SET_TITLE);
    ByteBuffer bytes = little(MessageReader.MAX_MESSAGE_BYTES);
    String text = "x".repeat(MessageReader.MAX_MESSAGE_BYTES - 13);
    new MessageWriter().begin(bytes, 7, XdgToplevel.SET_TITLE).string(text).end();
    assertEquals(MessageReader.MAX_MESSAGE_BYTES, bytes.position());
    for (int i = 0; i < bytes.capacity() - 1; i++) {
      assertEquals(1, reader.append(bytes.slice(i, 1)));
      assertNull(reader.next((object, opcode) -> title, 0));
    }
    reader.append(bytes.slice(bytes.capacity() - 1, 1));
    assertEquals(text, reader.next((object, opcode) -> title, 0).string(0));
  }

  @Test
  void whatLibwaylandRefusesOrOverlooksIsRefused() {
    MessageType title = Interfaces.at(XdgToplevel.INDEX).request(XdgToplevel.SET_TITLE);
    MessageType attach = Interfaces.at(WlSurface.INDEX).request(WlSurface.ATTACH);
    refuses("size of 4", attach, 7, 4 << 16);
    refuses("size of 10", attach, 7, 10 << 16, 0);
    refuses("too short", attach, 7, 16 << 16, 0, 0);
    refuses("longer than its arguments", attach, 7, 24 << 16, 0, 0, 0, 0);
    refuses("null string", title, 7, 12 << 16, 0);
    refuses("without a NUL", title, 7, 16 << 16, 4, 0x61616161);
    refuses("NUL inside", title, 7, 16 << 16, 4, 0x00610061);
    refuses("longer than it", title, 7, 16 << 16, 5, 0x61616161);
    refuses("longer than it", title, 7, 16 << 16, -1, 0x61616161);
    refuses("longer than it", title, 7, 16 << 16, Integer.MAX_VALUE, 0x61616161);
    MessageType frame = Interfaces.at(WlSurface.INDEX).request(WlSurface.FRAME);
    refuses("null object", frame, 7, 12 << 16, 0);
  }

  private static void refuses(String why, MessageType type, int... words) {
    ByteBuffer bytes = little(words.length * Integer.BYTES);
    for (int word : words) {
      bytes.putInt(word);
    }
    MessageReader reader = new MessageReader();
    reader.append(bytes.flip());
    WaylandException refused =
        assertThrows(WaylandException.class, () -> reader.next((object, opcode) -> type, 0));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
  }

  @Test
  void nothingIsAllocatedPerMessage() throws WaylandException {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    MessageType damage = Interfaces.at(WlSurface.INDEX).request(WlSurface.DAMAGE);
    ObjectTypes types = (object, opcode) -> damage;
    ByteBuffer bytes = little(24);
    MessageWriter writer = new MessageWriter();
    long thread = Thread.currentThread().threadId();
    readOne(types, bytes, writer);
    threads.getThreadAllocatedBytes(thread);
    long before = threads.getThreadAllocatedBytes(thread);
    for (int i = 0; i < 10_000; i++) {
      readOne(types, bytes, writer);
    }
    long allocated = threads.getThreadAllocatedBytes(thread) - before;
    assertTrue(allocated < 10_000, "allocated " + allocated + " bytes for 10000 messages");
  }

  private void readOne(ObjectTypes types, ByteBuffer bytes, MessageWriter writer)
      throws WaylandException {
    bytes.clear();
    writer.begin(bytes, 3, WlSurface.DAMAGE).word(1).word(2).word(3).word(4).end();
    reader.append(bytes.flip());
    assertNotNull(reader.next(types, 0));
  }

  private static void write(ByteBuffer into, int object, MessageType type, Random random) {
    MessageWriter writer = new MessageWriter().begin(into, object, type.opcode());
    for (int i = 0; i < type.argumentCount(); i++) {
      boolean absent = type.isNullable(i) && random.nextInt(3) == 0;
      switch (type.kind(i)) {
        case MessageType.HANDLE -> {}
        case MessageType.STRING -> writer.string(absent ? null : "ä".repeat(random.nextInt(40)));
        case MessageType.ARRAY -> {
          byte[] content = new byte[random.nextInt(40)];
          random.nextBytes(content);
          writer.array(content);
        }
        default -> writer.word(absent ? 0 : 1 + random.nextInt(1 << 30));
      }
    }
    writer.end();
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
