package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/**
 * A storage guest that answers as it likes: mostly with a reply of the right form and random
 * content, sometimes with lies about length, error or request, sometimes not at all but with the
 * end of the connection.
 */
final class HostileGuest extends StorageStream {
  private final Random random;
  private final ByteBuffer asked = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
  private volatile boolean over;

  HostileGuest(Random random) {
    this.random = random;
  }

  @Override
  public synchronized void write(ByteBuffer from) throws IOException {
    if (over) {
      throw new IOException("reset");
    }
    asked.put(from);
    while (asked.position() >= 4 && asked.position() >= asked.getInt(0)) {
      int length = asked.getInt(0);
      answer(asked.getInt(4), asked.getLong(8), length);
      asked.flip().position(length);
      asked.compact();
    }
  }

  private void answer(int opcode, long unique, int length) {
    if (opcode == Op.FORGET || opcode == Op.RELEASE || opcode == Op.RELEASEDIR) {
      return;
    }
    int body = random.nextInt(3) == 0 ? random.nextInt(300) : usual(opcode);
    boolean fails = random.nextInt(6) == 0;
    ByteBuffer reply = ByteBuffer.allocate(16 + body).order(ByteOrder.LITTLE_ENDIAN);
    reply.putInt(random.nextInt(40) == 0 ? random.nextInt() : 16 + (fails ? 0 : body));
    reply.putInt(fails ? -random.nextInt(600) : 0);
    reply.putLong(random.nextInt(40) == 0 ? random.nextLong() : unique);
    fill(reply, opcode);
    boolean lists = opcode == Op.READDIR || opcode == Op.READDIRPLUS;
    if (lists && !fails && body >= 200 && random.nextInt(4) > 0) {
      list(reply.position(16).limit(16 + body - 8), opcode == Op.READDIRPLUS ? 128 : 0);
      body = reply.position() - 16;
      reply.putInt(0, reply.position());
    }
    reply.clear().limit(16 + (fails ? 0 : body));
    replies.add(reply);
    if (random.nextInt(100) == 0) {
      reset();
    }
  }

  private static int usual(int opcode) {
    return switch (opcode) {
      case Op.LOOKUP, Op.MKDIR, Op.MKNOD, Op.SYMLINK, Op.LINK -> 128;
      case Op.GETATTR, Op.SETATTR -> 104;
      case Op.CREATE, Op.TMPFILE -> 144;
      case Op.OPEN, Op.OPENDIR -> 16;
      case Op.WRITE, Op.LSEEK, Op.COPY_FILE_RANGE -> 8;
      case Op.STATFS -> 80;
      case Op.READDIRPLUS -> 1600;
      case Op.READ, Op.READLINK, Op.READDIR, Op.GETXATTR, Op.LISTXATTR -> 200;
      default -> 0;
    };
  }

  private void fill(ByteBuffer reply, int opcode) {
    int at = reply.position();
    while (reply.remaining() >= 4) {
      reply.putInt(random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(5));
    }
    int mode =
        switch (opcode) {
          case Op.GETATTR, Op.SETATTR -> at + 16 + 60;
          default -> at + 40 + 60;
        };
    if (mode + 4 <= reply.capacity() && random.nextInt(4) > 0) {
      reply.putInt(mode, random.nextBoolean() ? 0100644 : 0040755);
    }
  }

  /** Entries that look well, but for some names, and go on anywhere. */
  private void list(ByteBuffer reply, int head) {
    while (random.nextInt(12) > 0 && reply.remaining() >= head + 32) {
      int at = reply.position() + head;
      reply.putLong(at, random.nextInt(5)).putLong(at + 8, random.nextInt(5) - 1);
      reply.putInt(at + 16, random.nextInt(40) == 0 ? 0 : 1 + random.nextInt(8)).putInt(at + 20, 8);
      reply.putLong(at + 24, 0x6867666564636261L);
      if (random.nextInt(40) == 0) {
        reply.put(at + 24, (byte) "/\0.".charAt(random.nextInt(3)));
      }
      reply.position(at + 32);
    }
    if (random.nextInt(3) == 0) {
      reply.limit(reply.capacity()).putLong(0);
    }
  }

  @Override
  public void reset() {
    over = true;
    super.reset();
  }
}
