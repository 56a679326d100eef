package org.lodge.storage.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A storage guest that makes whatever it is asked for, and says so. Each answer about a directory
 * gives that another size.
 */
final class PlainGuest extends StorageStream {
  static final int FILE = 0100644;
  static final int FOLDER = 0040755;

  private static final int TELLS = 0x10000;

  /** Opcodes, one list for each write to the connection. */
  final List<List<Integer>> writes = new ArrayList<>();

  /** The names that each directory has. */
  final List<String> listed = new ArrayList<>();

  private final boolean tells;
  private long count = 10;

  /** Of the last request, yet to come. */
  private int dataBytes;

  /**
   * @param tells whether it knows how to tell of directories
   */
  PlainGuest(boolean tells) {
    this.tells = tells;
  }

  synchronized List<Integer> asked() {
    return writes.stream().flatMap(List::stream).toList();
  }

  synchronized int writeCount() {
    return writes.size();
  }

  @Override
  public synchronized void write(ByteBuffer from) {
    ByteBuffer asked = from.order(ByteOrder.LITTLE_ENDIAN);
    List<Integer> together = new ArrayList<>();
    if (dataBytes > 0) {
      dataBytes -= asked.remaining();
      asked.position(asked.limit());
      return;
    }
    while (asked.hasRemaining()) {
      int at = asked.position();
      together.add(asked.getInt(at + 4));
      answer(asked.getInt(at + 4), asked.getLong(at + 8), asked.getInt(at + 36));
      int end = at + asked.getInt(at);
      asked.position(Math.min(end, asked.limit()));
      dataBytes = end - asked.position();
    }
    writes.add(together);
  }

  private void answer(int opcode, long unique, int extensions) {
    boolean changesNames = opcode == Op.CREATE || opcode == Op.UNLINK || opcode == Op.MKDIR;
    boolean telling = tells && (changesNames || opcode == Op.WRITE) && extensions == TELLS;
    ByteBuffer reply = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN).position(16);
    switch (opcode) {
      case Op.LOOKUP, Op.MKDIR, Op.CREATE -> {
        reply.putLong(++count).putLong(1).position(56);
        attributes(reply, opcode == Op.MKDIR ? FOLDER : FILE);
        reply.position(reply.position() + (opcode == Op.CREATE ? 16 : 0));
      }
      case Op.GETATTR, Op.SETATTR -> attributes(reply.position(32), FOLDER);
      case Op.UNLINK -> {}
      case Op.WRITE -> reply.putInt(4).putInt(0);
      case Op.OPENDIR -> reply.putLong(1).putLong(0);
      case Op.READDIRPLUS -> listed.forEach(name -> entry(reply, name));
      default -> {
        return;
      }
    }
    if (telling) {
      attributes(reply, opcode == Op.WRITE ? FILE : FOLDER);
    }
    reply.putInt(0, reply.position()).putLong(8, unique);
    replies.add(reply.flip());
  }

  private void entry(ByteBuffer into, String name) {
    int at = into.position();
    into.putLong(++count).putLong(1).position(at + 40);
    attributes(into, FILE);
    into.putLong(count).putLong(count).putInt(name.length()).putInt(8);
    into.put(name.getBytes(StandardCharsets.UTF_8));
    into.position(at + (into.position() - at + 7 & ~7));
  }

  private void attributes(ByteBuffer into, int mode) {
    int at = into.position();
    into.putLong(at, ++count).putLong(at + 8, count).putInt(at + 60, mode).position(at + 88);
  }

  /** Of what it has told last. */
  synchronized long lastSizeBytes() {
    return count;
  }
}
