package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KernelImageTest {

  private static ByteBuffer header(int sectors, int offset, int length) {
    ByteBuffer header = ByteBuffer.allocate(0x250).order(ByteOrder.LITTLE_ENDIAN);
    header.put(0x1f1, (byte) sectors).putInt(0x202, 0x53726448);
    return header.putInt(0x248, offset).putInt(0x24c, length);
  }

  @Test
  void thePayloadStartsAfterTheSetUpCode() throws IOException {
    KernelImage.Payload payload = KernelImage.payload(header(27, 0x2cc, 1000), 100_000);
    assertEquals(28 * 512 + 0x2cc, payload.offset());
    assertEquals(1000, payload.length());
    assertEquals(5 * 512 + 16, KernelImage.payload(header(0, 16, 1000), 100_000).offset());
  }

  @Test
  void aPayloadOutsideTheFileIsRefused() {
    assertThrows(IOException.class, () -> KernelImage.payload(header(4, 16, 1000), 3000));
    assertThrows(IOException.class, () -> KernelImage.payload(header(4, -1, 1000), 100_000));
    assertThrows(IOException.class, () -> KernelImage.payload(header(4, 16, -1), 100_000));
  }

  @Test
  void whatIsNoKernelIsRefused() {
    ByteBuffer empty = ByteBuffer.allocate(0x250);
    assertThrows(IOException.class, () -> KernelImage.payload(empty, 100_000));
    assertThrows(IOException.class, () -> KernelImage.payload(ByteBuffer.allocate(3), 3));
  }

  @Test
  void whateverTheHeaderSaysThePayloadLiesInTheFile() {
    Random random = new Random(13);
    for (int round = 0; round < 10000; round++) {
      ByteBuffer header = header(random.nextInt(256), random.nextInt(), random.nextInt());
      long size = random.nextLong(1L << 33);
      try {
        KernelImage.Payload payload = KernelImage.payload(header, size);
        assertTrue(payload.offset() > 0 && payload.offset() + payload.length() <= size);
      } catch (IOException e) {
        // Refused, as promised.
      }
    }
  }
}
