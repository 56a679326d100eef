package org.lodge.images.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes an initial RAM disk: a cpio archive in the "newc" format, see the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst. All entries are root's and of one
 * time, so the same entries give the same bytes.
 */
final class CpioWriter {

  private static final int FOLDER = 0040000;
  private static final int FILE = 0100000;
  private static final int LINK = 0120000;

  private final OutputStream out;
  private long written;
  private int inode;

  CpioWriter(OutputStream out) {
    this.out = out;
  }

  void folder(String path) throws IOException {
    entry(path, FOLDER | 0755, new byte[0]);
  }

  void file(String path, int mode, byte[] content) throws IOException {
    entry(path, FILE | mode, content);
  }

  void link(String path, String target) throws IOException {
    entry(path, LINK | 0777, target.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes the end mark; leaves the stream open. */
  void finish() throws IOException {
    inode = -1;
    entry("TRAILER!!!", 0, new byte[0]);
    out.flush();
  }

  private void entry(String path, int mode, byte[] content) throws IOException {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    boolean trailer = mode == 0;
    long[] fields = {
      ++inode,
      mode,
      0,
      0,
      1,
      trailer ? 0 : Long.parseLong(RootArchive.EPOCH_SECONDS),
      content.length,
      0,
      0,
      0,
      0,
      name.length + 1,
      0
    };
    StringBuilder header = new StringBuilder("070701");
    for (long field : fields) {
      header.append(String.format("%08X", field));
    }
    write(header.toString().getBytes(StandardCharsets.US_ASCII));
    write(name);
    write(new byte[1]);
    pad();
    write(content);
    pad();
  }

  private void pad() throws IOException {
    write(new byte[(int) (-written & 3)]);
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }
}
