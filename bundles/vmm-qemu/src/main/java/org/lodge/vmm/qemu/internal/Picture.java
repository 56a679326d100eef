package org.lodge.vmm.qemu.internal;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/**
 * Writes the PNG of a picture that QEMU gives as PPM, for a QEMU that was built without PNG. (The
 * JDK's image writers would bring AWT with them.)
 */
final class Picture {
  static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  /** Binary PPM, 8 bits a sample, as QEMU writes it. */
  private static final Pattern PPM_HEADER =
      Pattern.compile("P6\\s(\\d{1,5})\\s(\\d{1,5})\\s255\\s", Pattern.DOTALL);

  private static final int PPM_HEADER_LIMIT_BYTES = 32;
  private static final int BYTES_PER_PIXEL = 3;

  private Picture() {}

  static boolean isPng(byte[] untrusted) {
    return untrusted.length > PNG_SIGNATURE.length
        && Arrays.equals(PNG_SIGNATURE, 0, 8, untrusted, 0, 8);
  }

  static byte[] pngOfPpm(byte[] untrustedPpm) throws IOException {
    String start =
        new String(
            untrustedPpm,
            0,
            Math.min(untrustedPpm.length, PPM_HEADER_LIMIT_BYTES),
            StandardCharsets.ISO_8859_1);
    Matcher header = PPM_HEADER.matcher(start);
    if (!header.lookingAt()) {
      throw new IOException("not a PPM");
    }
    int width = Integer.parseInt(header.group(1));
    int height = Integer.parseInt(header.group(2));
    long expected = header.end() + (long) width * height * BYTES_PER_PIXEL;
    if (width == 0 || height == 0 || expected != untrustedPpm.length) {
      throw new IOException(
          "a PPM of %d bytes instead of %d".formatted(untrustedPpm.length, expected));
    }
    return png(untrustedPpm, header.end(), width, height);
  }

  /**
   * Beside the file and then in its place: in a folder that others may write to, the name may be a
   * link of theirs to a file of Lodge's user. A device is written to.
   */
  static void write(Path file, byte[] picture) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      Files.write(file, picture, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      return;
    }
    Path whole = file.resolveSibling("." + UUID.randomUUID() + ".png");
    try {
      Files.write(whole, picture, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  private static byte[] png(byte[] pixels, int offset, int width, int height) throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(file);
    out.write(PNG_SIGNATURE);
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(header);
    fields.writeInt(width);
    fields.writeInt(height);
    fields.write(new byte[] {8, 2, 0, 0, 0});
    chunk(out, "IHDR", header.toByteArray());
    ByteArrayOutputStream rows = new ByteArrayOutputStream();
    try (DeflaterOutputStream deflater = new DeflaterOutputStream(rows)) {
      int rowBytes = width * BYTES_PER_PIXEL;
      for (int row = 0; row < height; row++) {
        deflater.write(0);
        deflater.write(pixels, offset + row * rowBytes, rowBytes);
      }
    }
    chunk(out, "IDAT", rows.toByteArray());
    chunk(out, "IEND", new byte[0]);
    return file.toByteArray();
  }

  private static void chunk(DataOutputStream out, String type, byte[] data) throws IOException {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 sum = new CRC32();
    sum.update(name);
    sum.update(data);
    out.writeInt(data.length);
    out.write(name);
    out.write(data);
    out.writeInt((int) sum.getValue());
  }
}
