package org.lodge.images.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * A kernel module without what costs time when an emulated guest loads it: the signature that the
 * kernel would check, and the type information (BTF) that it would take in for tracers. Both may be
 * missing, and the image is Lodge's own. The code of the module stays as Debian built it.
 */
final class ModuleFile {

  private static final byte[] SIGNATURE_MARK =
      "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);
  private static final int SIGNATURE_HEADER_BYTES = 12;
  private static final Set<String> TYPE_SECTIONS = Set.of(".BTF", ".BTF.base");
  private static final int SECTION_HEADER_BYTES = 64;

  private ModuleFile() {}

  static byte[] slim(byte[] module) {
    return withoutTypes(withoutSignature(module));
  }

  /** See the kernel's scripts/sign-file.c: module, signature, header with its length, mark. */
  static byte[] withoutSignature(byte[] module) {
    int headerEnd = module.length - SIGNATURE_MARK.length;
    int header = headerEnd - SIGNATURE_HEADER_BYTES;
    if (header < 0
        || !Arrays.equals(
            module, headerEnd, module.length, SIGNATURE_MARK, 0, SIGNATURE_MARK.length)) {
      return module;
    }
    int signatureBytes = ByteBuffer.wrap(module).getInt(headerEnd - 4);
    if (signatureBytes < 0 || signatureBytes > header) {
      return module;
    }
    return Arrays.copyOf(module, header - signatureBytes);
  }

  /** Takes the sections' names away, by which alone the kernel finds them (ELF-64, sh_name). */
  static byte[] withoutTypes(byte[] module) {
    byte[] slim = module.clone();
    ByteBuffer elf = ByteBuffer.wrap(slim).order(ByteOrder.LITTLE_ENDIAN);
    if (slim.length < 64 || elf.getInt(0) != 0x464c457f || elf.getShort(58) != 64) {
      return slim;
    }
    long table = elf.getLong(40);
    int count = elf.getShort(60) & 0xffff;
    int names = elf.getShort(62) & 0xffff;
    long end = slim.length - (long) count * SECTION_HEADER_BYTES;
    if (table < 0 || table > end || names >= count) {
      return slim;
    }
    long nameOffset = elf.getLong((int) table + names * SECTION_HEADER_BYTES + 24);
    for (int i = 0; i < count; i++) {
      int header = (int) table + i * SECTION_HEADER_BYTES;
      long at = nameOffset + Integer.toUnsignedLong(elf.getInt(header));
      if (TYPE_SECTIONS.contains(text(slim, at))) {
        elf.putInt(header, 0);
      }
    }
    return slim;
  }

  private static String text(byte[] bytes, long offset) {
    if (offset < 0 || offset >= bytes.length) {
      return "";
    }
    int end = (int) offset;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, (int) offset, end - (int) offset, StandardCharsets.ISO_8859_1);
  }
}
