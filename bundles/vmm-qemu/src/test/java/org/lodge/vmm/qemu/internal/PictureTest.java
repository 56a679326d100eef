package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PictureTest {

  private static byte[] ppm(String header, int... samples) {
    byte[] start = header.getBytes(StandardCharsets.US_ASCII);
    byte[] file = Arrays.copyOf(start, start.length + samples.length);
    for (int i = 0; i < samples.length; i++) {
      file[start.length + i] = (byte) samples[i];
    }
    return file;
  }

  @Test
  void thePngHasThePixelsOfThePpm() throws Exception {
    byte[] png = Picture.pngOfPpm(ppm("P6\n2 2\n255\n", 255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3));
    assertTrue(Picture.isPng(png));
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    assertEquals(0xffff0000, image.getRGB(0, 0));
    assertEquals(0xff00ff00, image.getRGB(1, 0));
    assertEquals(0xff0000ff, image.getRGB(0, 1));
    assertEquals(0xff010203, image.getRGB(1, 1));
  }

  @Test
  void aPpmThatIsNotWhatItSaysIsRefused() {
    for (byte[] wrong :
        List.of(
            new byte[0],
            ppm("P6\n2 2\n255\n", 1, 2, 3),
            ppm("P6\n0 0\n255\n"),
            ppm("P6\n99999 99999\n255\n"),
            ppm("P5\n1 1\n255\n", 1, 2, 3))) {
      assertThrows(IOException.class, () -> Picture.pngOfPpm(wrong));
    }
  }
}
