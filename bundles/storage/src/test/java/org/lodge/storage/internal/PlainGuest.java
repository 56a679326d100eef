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
  private static final int EBADF = 9;
  private static final int EIO = 5;

  /** Opcodes, one list for each write to the connection. */
  final List<List<Integer>> writes = new ArrayList<>();

  /** The names that each directory has. */
  final List<String> listed = new ArrayList<>();

  /** Whether it opens files by reading them. */
  boolean readsClosed = true;

  /** Whether it lists directories that are not open. */
  boolean listsClosed = true;

  /** From which name on its directories can't be read. */
  int unreadable = Integer.MAX_VALUE;

  /** Whether it says that a directory and the one above it are files in it. */
  boolean givesDots;

  /** The handles by which files were read. */
  final List<Long> read = new ArrayList<>();

  /** Of all the listings that it was asked for. */
  long listedBytes;

  /** What an answer to a change of attributes says that it is. */
  int changedType = FOLDER;

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
      answer(asked, at, asked.getInt(at + 4), asked.getLong(at + 8));
      int end = at + asked.getInt(at);
      asked.position(Math.min(end, asked.limit()));
      dataBytes = end - asked.position();
    }
    writes.add(together);
  }

  private void answer(ByteBuffer asked, int at, int opcode, long unique) {
    boolean changesNames = opcode == Op.CREATE || opcode == Op.UNLINK || opcode == Op.MKDIR;
    boolean telling =
        tells && (changesNames || opcode == Op.WRITE) && asked.getInt(at + 36) == TELLS;
    boolean reads = opcode == Op.READ || opcode == Op.READDIR || opcode == Op.READDIRPLUS;
    ByteBuffer reply = ByteBuffer.allocate(70_000).order(ByteOrder.LITTLE_ENDIAN).position(16);
    long handle = reads ? asked.getLong(at + 40) : 1;
    boolean closed = handle == Op.NO_HANDLE || (handle & Op.CHOSEN) != 0;
    if (closed && !(opcode == Op.READ ? readsClosed : listsClosed)) {
      replies.add(reply.putInt(0, 16).putInt(4, -EBADF).putLong(8, unique).flip());
      return;
    }
    if (reads && opcode != Op.READ && asked.getLong(at + 48) >= unreadable) {
      replies.add(reply.putInt(0, 16).putInt(4, -EIO).putLong(8, unique).flip());
      return;
    }
    switch (opcode) {
      case Op.LOOKUP, Op.MKDIR, Op.CREATE -> {
        reply.putLong(++count).putLong(1).position(56);
        attributes(reply, opcode == Op.MKDIR ? FOLDER : FILE);
        reply.position(reply.position() + (opcode == Op.CREATE ? 16 : 0));
      }
      case Op.GETATTR -> attributes(reply.position(32), FOLDER);
      case Op.SETATTR -> attributes(reply.position(32), changedType);
      case Op.UNLINK -> {}
      case Op.WRITE -> reply.putInt(4).putInt(0);
      case Op.OPEN, Op.OPENDIR -> reply.putLong(1).putLong(0);
      case Op.READ -> {
        read.add(handle);
        reply.putInt(0);
      }
      case Op.READDIR, Op.READDIRPLUS -> {
        list(asked, at, opcode == Op.READDIRPLUS, reply);
        listedBytes += reply.position() - 16;
      }
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

  private void list(ByteBuffer asked, int at, boolean plus, ByteBuffer into) {
    int size = asked.getInt(at + 56);
    int lookedUp = asked.getInt(at + 60) == 0 ? size : asked.getInt(at + 60);
    for (int next = (int) asked.getLong(at + 48); next < listed.size(); next++) {
      if (next == unreadable) {
        return;
      }
      String name = listed.get(next);
      int end = into.position() - 16 + ((plus ? 128 : 0) + 24 + name.length() + 7 & ~7);
      if (end > size) {
        return;
      }
      if (plus) {
        boolean dots = name.equals(".") || name.equals("..");
        entry(into, end <= lookedUp && (givesDots || !dots));
      }
      into.putLong(1000 + next).putLong(next + 1).putInt(name.length()).putInt(8);
      into.put(name.getBytes(StandardCharsets.UTF_8)).position(end + 16);
    }
    if (asked.getInt(at + 36) == TELLS) {
      into.putLong(0);
    }
  }

  private void entry(ByteBuffer into, boolean lookedUp) {
    int at = into.position();
    if (lookedUp) {
      into.putLong(++count).putLong(1).position(at + 40);
      attributes(into, FILE);
    }
    into.position(at + 128);
  }

  private void attributes(ByteBuffer into, int mode) {
    int at = into.position();
    into.putLong(at, ++count).putLong(at + 8, count).putInt(at + 60, mode).putInt(at + 64, 1);
    into.position(at + 88);
  }

  /** Of what it has told last. */
  synchronized long lastSizeBytes() {
    return count;
  }
}
