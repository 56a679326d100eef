package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  /** As another user may have put it into /tmp. */
  @Test
  void aLinkIsReplacedAndNotFollowed(@TempDir Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "of the host");
    Path picture = folder.resolve("work.png");
    for (Path to : List.of(secret, folder.resolve("nowhere"))) {
      Files.deleteIfExists(picture);
      Files.createSymbolicLink(picture, to);
      Picture.write(picture, new byte[] {1, 2, 3});
      assertEquals(3, Files.size(picture));
    }
    Picture.write(picture, new byte[] {1});
    assertEquals(1, Files.size(picture));
    assertEquals("of the host", Files.readString(secret));
    Picture.write(Path.of("/dev/null"), new byte[] {1});
    Path device = Files.createSymbolicLink(folder.resolve("device"), Path.of("/dev/null"));
    assertThrows(IOException.class, () -> Picture.write(device, new byte[] {1}));
    try (var files = Files.list(folder)) {
      assertEquals(3, files.count());
    }
  }
}
