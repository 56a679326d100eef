package org.lodge.images.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes entries of a tar archive (POSIX ustar), all owned by root and of one time. Paths are
 * absolute.
 */
final class TarWriter {

  private static final int NAME_BYTES = 100;
  private static final int PREFIX_BYTES = 155;

  private final OutputStream out;

  TarWriter(OutputStream out) {
    this.out = out;
  }

  void folder(String path) throws IOException {
    header(path + "/", 0755, '5', 0, "");
  }

  void file(String path, int mode, byte[] content) throws IOException {
    header(path, mode, '0', content.length, "");
    out.write(content);
    out.write(
        new byte
            [(TarArchive.BLOCK_BYTES - content.length % TarArchive.BLOCK_BYTES)
                % TarArchive.BLOCK_BYTES]);
  }

  void link(String path, String target) throws IOException {
    header(path, 0777, '2', 0, target);
  }

  /** Writes the end mark; leaves the stream open. */
  void finish() throws IOException {
    out.write(new byte[2 * TarArchive.BLOCK_BYTES]);
    out.flush();
  }

  private void header(String path, int mode, char type, long size, String link) throws IOException {
    byte[] block = new byte[TarArchive.BLOCK_BYTES];
    name(block, path.substring(1));
    number(block, 100, 8, mode);
    number(block, 108, 8, 0);
    number(block, 116, 8, 0);
    number(block, 124, 12, size);
    number(block, 136, 12, Long.parseLong(RootArchive.EPOCH_SECONDS));
    Arrays.fill(block, 148, 156, (byte) ' ');
    block[156] = (byte) type;
    put(block, 157, NAME_BYTES, link, path);
    put(block, 257, 8, "ustar\u000000", path);
    long sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    number(block, 148, 7, sum);
    out.write(block);
  }

  private static void name(byte[] block, String name) throws IOException {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length <= NAME_BYTES) {
      put(block, 0, NAME_BYTES, name, name);
      return;
    }
    for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
      byte[] prefix = name.substring(0, slash).getBytes(StandardCharsets.UTF_8);
      byte[] rest = name.substring(slash + 1).getBytes(StandardCharsets.UTF_8);
      if (prefix.length <= PREFIX_BYTES && rest.length > 0 && rest.length <= NAME_BYTES) {
        put(block, 0, NAME_BYTES, name.substring(slash + 1), name);
        put(block, 345, PREFIX_BYTES, name.substring(0, slash), name);
        return;
      }
    }
    throw new IOException("too long for a tar archive: " + name);
  }

  private static void put(byte[] block, int offset, int length, String text, String path)
      throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > length) {
      throw new IOException("too long for a tar archive: " + path + ": " + text);
    }
    System.arraycopy(bytes, 0, block, offset, bytes.length);
  }

  private static void number(byte[] block, int offset, int length, long value) {
    String text = String.format("%0" + (length - 1) + "o", value);
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, block, offset, bytes.length);
    block[offset + length - 1] = 0;
  }
}
