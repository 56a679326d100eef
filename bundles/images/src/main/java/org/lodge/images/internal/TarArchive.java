package org.lodge.images.internal;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The table of contents of a tar archive on disk, so that some entries can be passed on as they are
 * and others left out. Formats: POSIX ustar and pax, GNU long names.
 */
final class TarArchive implements AutoCloseable {

  static final int BLOCK_BYTES = 512;
  private static final int MOST_NAME_BYTES = 1 << 20;

  /**
   * @param path absolute, without a final slash; {@code /} for the root
   * @param type the type flag of its header
   * @param link target of a link
   * @param start of its first header block, extensions included
   * @param end after its last data block
   */
  record Entry(
      String path, char type, String link, long start, long dataStart, long sizeBytes, long end) {

    boolean isFile() {
      return type == '0' || type == '\0';
    }
  }

  private final FileChannel channel;
  private final List<Entry> entries;

  private TarArchive(FileChannel channel, List<Entry> entries) {
    this.channel = channel;
    this.entries = entries;
  }

  static TarArchive open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      return new TarArchive(channel, read(channel));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  List<Entry> entries() {
    return entries;
  }

  /** Bytes of an entry from {@code offset} on; fewer where it ends. */
  byte[] read(Entry entry, long offset, int length) throws IOException {
    long left = offset < 0 ? 0 : Math.max(0, entry.sizeBytes() - offset);
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(left, length));
    readFully(channel, bytes, entry.dataStart() + offset);
    return bytes.array();
  }

  /** Passes an entry on with its headers. */
  void copy(Entry entry, WritableByteChannel out) throws IOException {
    long position = entry.start();
    while (position < entry.end()) {
      position += channel.transferTo(position, entry.end() - position, out);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static List<Entry> read(FileChannel channel) throws IOException {
    List<Entry> entries = new ArrayList<>();
    ByteBuffer header = ByteBuffer.allocate(BLOCK_BYTES);
    long start = 0;
    long position = 0;
    String longName = null;
    String longLink = null;
    while (position + BLOCK_BYTES <= channel.size()) {
      header.clear();
      readFully(channel, header, position);
      byte[] block = header.array();
      if (isZero(block)) {
        break;
      }
      checkSum(block, position);
      long size = number(block, 124, 12, position);
      long dataStart = position + BLOCK_BYTES;
      long end = dataStart + (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
      if (size > channel.size() || end > channel.size()) {
        throw new IOException("tar: the entry at byte " + position + " is longer than the archive");
      }
      char type = (char) block[156];
      if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
        byte[] data = extension(channel, dataStart, size);
        switch (type) {
          case 'L' -> longName = text(data, 0, data.length);
          case 'K' -> longLink = text(data, 0, data.length);
          case 'x' -> {
            longName = paxValue(data, "path", longName);
            longLink = paxValue(data, "linkpath", longLink);
            if (paxValue(data, "size", null) != null) {
              throw new IOException("tar: files of 8 GiB and more are not read");
            }
          }
          default -> {}
        }
      } else {
        String name = longName != null ? longName : ustarName(block);
        String link = longLink != null ? longLink : text(block, 157, 100);
        entries.add(new Entry(absolute(name), type, link, start, dataStart, size, end));
        longName = null;
        longLink = null;
        start = end;
      }
      position = end;
    }
    return List.copyOf(entries);
  }

  private static byte[] extension(FileChannel channel, long start, long size) throws IOException {
    if (size > MOST_NAME_BYTES) {
      throw new IOException("tar: an extended header of " + size + " bytes");
    }
    ByteBuffer data = ByteBuffer.allocate((int) size);
    readFully(channel, data, start);
    return data.array();
  }

  /** Records of the form {@code "LENGTH KEY=VALUE\n"}, see pax(1). */
  static String paxValue(byte[] data, String key, String otherwise) throws IOException {
    String found = otherwise;
    int position = 0;
    while (position < data.length) {
      int space = position;
      long length = 0;
      while (space < data.length && data[space] >= '0' && data[space] <= '9') {
        length = Math.min(length * 10 + data[space] - '0', Integer.MAX_VALUE);
        space++;
      }
      if (space >= data.length || data[space] != ' ' || length <= space - position + 1) {
        throw new IOException("tar: a bad extended header");
      }
      if (length > data.length - position) {
        throw new IOException("tar: an extended header that is cut off");
      }
      String record =
          new String(
              data, space + 1, (int) (position + length - space - 2), StandardCharsets.UTF_8);
      if (record.startsWith(key + "=")) {
        found = record.substring(key.length() + 1);
      }
      position += (int) length;
    }
    return found;
  }

  private static String ustarName(byte[] block) {
    String name = text(block, 0, 100);
    boolean ustar = text(block, 257, 5).equals("ustar");
    String prefix = ustar && block[262] == 0 ? text(block, 345, 155) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  private static String absolute(String name) {
    String path = name.startsWith("./") ? name.substring(1) : name;
    path = path.startsWith("/") ? path : "/" + path;
    path = path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    return path.equals("/.") ? "/" : path;
  }

  private static String text(byte[] bytes, int offset, int length) {
    int end = offset;
    while (end < Math.min(bytes.length, offset + length) && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
  }

  private static long number(byte[] block, int offset, int length, long position)
      throws IOException {
    String text = text(block, offset, length).strip();
    if (!text.matches("[0-7]{0,11}")) {
      throw new IOException("tar: a bad number in the header at byte " + position);
    }
    return text.isEmpty() ? 0 : Long.parseLong(text, 8);
  }

  private static void checkSum(byte[] block, long position) throws IOException {
    byte[] copy = Arrays.copyOf(block, block.length);
    Arrays.fill(copy, 148, 156, (byte) ' ');
    long sum = 0;
    for (byte b : copy) {
      sum += b & 0xff;
    }
    if (sum != number(block, 148, 8, position)) {
      throw new IOException("tar: the header at byte " + position + " has a wrong sum");
    }
  }

  private static boolean isZero(byte[] block) {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private static void readFully(FileChannel channel, ByteBuffer buffer, long position)
      throws IOException {
    long at = position;
    while (buffer.hasRemaining()) {
      int count = channel.read(buffer, at);
      if (count < 0) {
        throw new EOFException("tar: the archive is cut off");
      }
      at += count;
    }
  }
}
