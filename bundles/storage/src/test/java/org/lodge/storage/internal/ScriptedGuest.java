package org.lodge.storage.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A storage guest that answers as a test says. */
final class ScriptedGuest extends StorageStream {
  /** Instead of an answer: the connection ends. */
  static final int CUT = 1;

  /** What was asked, or told: opcodes. */
  final List<Integer> asked = new ArrayList<>();

  private final Script script;

  interface Script {
    /**
     * @param body of the request
     * @param reply takes what follows the header of an answer
     * @return 0, a negated error or {@link #CUT}
     */
    int answer(int opcode, ByteBuffer body, ByteBuffer reply);
  }

  ScriptedGuest(Script script) {
    this.script = script;
  }

  /** The name with which a request's body ends. */
  static String name(ByteBuffer body) {
    byte[] text = new byte[body.remaining() - 1];
    body.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  /** A regular file's entry. */
  static int entry(ByteBuffer reply, long node, long inode) {
    int at = reply.position();
    reply.putLong(at, node).putLong(at + 40, inode).putInt(at + 100, PlainGuest.FILE);
    reply.position(at + 128);
    return 0;
  }

  @Override
  public synchronized void write(ByteBuffer from) {
    ByteBuffer all = from.order(ByteOrder.LITTLE_ENDIAN);
    while (all.hasRemaining()) {
      int at = all.position();
      int length = all.getInt(at);
      ByteBuffer body = all.slice(at + 40, length - 40).order(ByteOrder.LITTLE_ENDIAN);
      answer(all.getInt(at + 4), all.getLong(at + 8), body);
      all.position(at + length);
    }
  }

  private void answer(int opcode, long unique, ByteBuffer body) {
    asked.add(opcode);
    if (opcode == Op.FORGET || opcode == Op.RELEASE) {
      return;
    }
    ByteBuffer reply = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN).position(16);
    int result = script.answer(opcode, body, reply);
    if (result == CUT) {
      reset();
      return;
    }
    reply.position(result < 0 ? 16 : reply.position());
    reply.putInt(0, reply.position()).putInt(4, result).putLong(8, unique);
    replies.add(reply.flip());
  }
}
