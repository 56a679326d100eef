package org.lodge.images.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The shared libraries that a program or library asks for by name: the DT_NEEDED entries of a
 * 64-bit little-endian ELF file (System V ABI, chapters 4 and 5).
 */
final class ElfLibraries {

  private static final int HEADER_BYTES = 64;
  private static final int PROGRAM_HEADER_BYTES = 56;
  private static final int DYNAMIC_ENTRY_BYTES = 16;
  private static final int MOST_BYTES = 1 << 20;
  private static final int LOAD = 1;
  private static final int DYNAMIC = 2;
  private static final long NEEDED = 1;
  private static final long STRING_TABLE = 5;

  /** A part of the file; shorter where the file ends. */
  interface Bytes {
    byte[] at(long offset, int length) throws IOException;
  }

  private record Segment(int type, long offset, long address, long fileBytes) {}

  private ElfLibraries() {}

  /** Empty for what is no such file, or is linked statically. */
  static List<String> needed(Bytes file) throws IOException {
    ByteBuffer header = buffer(file.at(0, HEADER_BYTES));
    if (header.limit() < HEADER_BYTES
        || header.getInt(0) != 0x464c457f
        || header.get(4) != 2
        || header.get(5) != 1
        || header.getShort(54) != PROGRAM_HEADER_BYTES) {
      return List.of();
    }
    List<Segment> segments = segments(file, header.getLong(32), header.getShort(56) & 0xffff);
    List<String> needed = new ArrayList<>();
    for (Segment segment : segments) {
      if (segment.type() == DYNAMIC) {
        needed.addAll(dynamic(file, segment, segments));
      }
    }
    return needed;
  }

  private static List<Segment> segments(Bytes file, long offset, int count) throws IOException {
    ByteBuffer table = buffer(file.at(offset, count * PROGRAM_HEADER_BYTES));
    List<Segment> segments = new ArrayList<>();
    for (int at = 0; at + PROGRAM_HEADER_BYTES <= table.limit(); at += PROGRAM_HEADER_BYTES) {
      segments.add(
          new Segment(
              table.getInt(at),
              table.getLong(at + 8),
              table.getLong(at + 16),
              table.getLong(at + 32)));
    }
    return segments;
  }

  private static List<String> dynamic(Bytes file, Segment dynamic, List<Segment> segments)
      throws IOException {
    int length = Math.clamp(dynamic.fileBytes(), 0, MOST_BYTES);
    ByteBuffer entries = buffer(file.at(dynamic.offset(), length));
    List<Long> names = new ArrayList<>();
    long stringsAddress = 0;
    for (int at = 0; at + DYNAMIC_ENTRY_BYTES <= entries.limit(); at += DYNAMIC_ENTRY_BYTES) {
      long tag = entries.getLong(at);
      if (tag == NEEDED) {
        names.add(entries.getLong(at + 8));
      } else if (tag == STRING_TABLE) {
        stringsAddress = entries.getLong(at + 8);
      }
    }
    List<String> needed = new ArrayList<>();
    for (Segment segment : segments) {
      long distance = stringsAddress - segment.address();
      if (segment.type() == LOAD && distance >= 0 && distance < segment.fileBytes()) {
        for (long name : names) {
          needed.add(text(file.at(segment.offset() + distance + Math.max(0, name), 256)));
        }
        break;
      }
    }
    return needed;
  }

  private static String text(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
