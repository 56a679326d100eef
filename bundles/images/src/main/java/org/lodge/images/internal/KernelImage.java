package org.lodge.images.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Takes the kernel out of a bzImage: an ELF file that a VMM starts at once (PVH), without the
 * guest's having to unpack it. See "The Linux/x86 Boot Protocol".
 */
final class KernelImage {

  private static final int HEADER_BYTES = 0x250;
  private static final int SETUP_SECTORS = 0x1f1;
  private static final int MAGIC = 0x202;
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int SECTOR_BYTES = 512;
  private static final int HDRS = 0x53726448;

  /** The kernel's build appends the unpacked length, which the tools would take for rubbish. */
  private static final int LENGTH_BYTES = 4;

  private KernelImage() {}

  /** Where the payload lies in the file, and the command that unpacks it. */
  record Payload(long offset, long length, String tool) {}

  static void extract(Path image, Path target) throws IOException {
    try (FileChannel in = FileChannel.open(image)) {
      ByteBuffer start = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      in.read(start, 0);
      Payload found = payload(start.flip(), in.size());
      ByteBuffer magic = ByteBuffer.allocate(4).order(ByteOrder.BIG_ENDIAN);
      in.read(magic, found.offset());
      Payload payload = withTool(found, magic.getInt(0));
      Commands.run(
          target.getParent(),
          Map.of(),
          List.of("sh", "-c", "exec " + payload.tool() + " -dc >\"$0\"", target.toString()),
          line -> {},
          out -> {
            try (var sink = Channels.newChannel(out)) {
              long position = payload.offset();
              long end = payload.offset() + payload.length();
              while (position < end) {
                position += in.transferTo(position, end - position, sink);
              }
            }
          });
    }
    try (FileChannel out = FileChannel.open(target)) {
      ByteBuffer magic = ByteBuffer.allocate(4);
      out.read(magic, 0);
      if (magic.getInt(0) != 0x7f454c46) {
        throw new IOException("what is compressed in " + image.getFileName() + " is no ELF file");
      }
    }
  }

  static Payload payload(ByteBuffer start, long sizeBytes) throws IOException {
    if (start.limit() < HEADER_BYTES || start.getInt(MAGIC) != HDRS) {
      throw new IOException("not a bzImage");
    }
    int sectors = start.get(SETUP_SECTORS) & 0xff;
    long code = ((sectors == 0 ? 4 : sectors) + 1L) * SECTOR_BYTES;
    long offset = code + Integer.toUnsignedLong(start.getInt(PAYLOAD_OFFSET));
    long length = Integer.toUnsignedLong(start.getInt(PAYLOAD_LENGTH));
    if (length <= LENGTH_BYTES || offset + length > sizeBytes) {
      throw new IOException("a bzImage whose payload lies outside it");
    }
    return new Payload(offset, length, "");
  }

  private static Payload withTool(Payload found, int magic) throws IOException {
    long length = found.length() - LENGTH_BYTES;
    return switch (magic) {
      case 0x28b52ffd -> new Payload(found.offset(), length, "zstd");
      case 0xfd377a58 -> new Payload(found.offset(), length, "xz");
      case 0x02214c18 -> new Payload(found.offset(), length, "lz4");
      default -> {
        if (magic >>> 16 == 0x1f8b) {
          yield new Payload(found.offset(), found.length(), "gzip");
        }
        throw new IOException(
            "a bzImage compressed in a way not known here: %08x".formatted(magic));
      }
    };
  }
}
