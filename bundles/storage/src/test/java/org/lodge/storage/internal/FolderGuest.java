package org.lodge.storage.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A storage guest with one directory of files, as one of its connections sees it. */
final class FolderGuest extends StorageStream {
  private static final int ENOENT = -2;

  /** What all connections see. */
  static final class Folder {
    final TreeMap<String, File> files = new TreeMap<>();

    /** Names that are said to be nodes of others. */
    final Map<String, Long> lies = new HashMap<>();

    private long lastInode = 1000;

    synchronized void put(String name, long sizeBytes) {
      files.put(name, new File(++lastInode, sizeBytes));
    }

    synchronized void remove(String name) {
      files.remove(name);
    }

    synchronized Long size(String name) {
      File file = files.get(name);
      return file == null ? null : file.sizeBytes;
    }
  }

  static final class File {
    final long inode;
    long sizeBytes;

    File(long inode, long sizeBytes) {
      this.inode = inode;
      this.sizeBytes = sizeBytes;
    }
  }

  final List<Integer> asked = new ArrayList<>();

  /** By node. */
  final Map<Long, Long> uses = new HashMap<>();

  private final Folder folder;

  FolderGuest(Folder folder) {
    this.folder = folder;
  }

  synchronized long count(int opcode) {
    return asked.stream().filter(each -> each == opcode).count();
  }

  synchronized long usesInAll() {
    return uses.values().stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public synchronized void write(ByteBuffer from) {
    ByteBuffer requests = from.order(ByteOrder.LITTLE_ENDIAN);
    while (requests.hasRemaining()) {
      int at = requests.position();
      int length = requests.getInt(at);
      ByteBuffer body = requests.slice(at + 40, length - 40).order(ByteOrder.LITTLE_ENDIAN);
      asked.add(requests.getInt(at + 4));
      synchronized (folder) {
        answer(requests.getInt(at + 4), requests.getLong(at + 8), requests.getLong(at + 16), body);
      }
      requests.position(at + length);
    }
  }

  private void answer(int opcode, long unique, long node, ByteBuffer body) {
    ByteBuffer reply = ByteBuffer.allocate(80_000).order(ByteOrder.LITTLE_ENDIAN).position(16);
    int error =
        switch (opcode) {
          case Op.LOOKUP -> entry(reply, name(body, 0));
          case Op.CREATE -> {
            folder.files.computeIfAbsent(name(body, 16), n -> new File(++folder.lastInode, 0));
            int result = entry(reply, name(body, 16));
            reply.putLong(1).putLong(0);
            yield result;
          }
          case Op.UNLINK -> folder.files.remove(name(body, 0)) == null ? ENOENT : 0;
          case Op.RENAME2 -> {
            String old = name(body, 16);
            File moved = folder.files.remove(old);
            if (moved != null) {
              folder.files.put(name(body, 16 + old.length() + 1), moved);
            }
            yield moved == null ? ENOENT : 0;
          }
          case Op.SETATTR -> {
            File file = byNode(node);
            if (file != null) {
              file.sizeBytes = body.getLong(16);
              attributes(reply.putLong(0).putLong(0), file.inode, file.sizeBytes, 0100644);
            }
            yield file == null ? ENOENT : 0;
          }
          case Op.OPENDIR -> {
            reply.putLong(1).putLong(0);
            yield 0;
          }
          case Op.READDIR, Op.READDIRPLUS -> {
            list(reply, opcode == Op.READDIRPLUS, (int) body.getLong(8), body.getInt(16));
            yield 0;
          }
          case Op.FORGET -> {
            uses.merge(node, -body.getLong(0), Long::sum);
            yield 1;
          }
          case Op.RELEASE, Op.RELEASEDIR -> 1;
          default -> -38;
        };
    if (error <= 0) {
      int length = error < 0 ? 16 : reply.position();
      reply.putInt(0, length).putInt(4, error).putLong(8, unique);
      replies.add(reply.flip().limit(length));
    }
  }

  private File byNode(long node) {
    return folder.files.values().stream()
        .filter(file -> file.inode == node)
        .findFirst()
        .orElse(null);
  }

  private static String name(ByteBuffer body, int at) {
    int end = at;
    while (body.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - at];
    body.get(at, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private int entry(ByteBuffer into, String name) {
    File file = folder.files.get(name);
    if (file == null) {
      return ENOENT;
    }
    long node = folder.lies.getOrDefault(name, file.inode);
    uses.merge(node, 1L, Long::sum);
    into.putLong(node).putLong(1).position(into.position() + 24);
    attributes(into, file.inode, file.sizeBytes, 0100644);
    return 0;
  }

  private static void attributes(ByteBuffer into, long inode, long size, int mode) {
    int at = into.position();
    into.putLong(at, inode).putLong(at + 8, size).putInt(at + 60, mode).putInt(at + 64, 1);
    into.position(at + 88);
  }

  private void list(ByteBuffer into, boolean plus, int offset, int room) {
    List<String> names = new ArrayList<>(List.of(".", ".."));
    names.addAll(folder.files.keySet());
    for (int i = offset; i < names.size(); i++) {
      String name = names.get(i);
      int bytes = (plus ? 128 : 0) + 24 + name.length() + 7 & ~7;
      if (into.position() - 16 + bytes > room) {
        return;
      }
      int end = into.position() + bytes;
      boolean dots = name.startsWith(".");
      if (plus && !dots) {
        entry(into, name);
      } else if (plus) {
        into.position(into.position() + 128);
      }
      long inode = dots ? 7 : folder.files.get(name).inode;
      into.putLong(inode).putLong(i + 1).putInt(name.length()).putInt(8);
      into.put(name.getBytes(StandardCharsets.UTF_8)).position(end);
    }
  }
}
