package org.lodge.itests.wayland;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A frame has all of its pixels on a real sway, whose screen is 640 by 480. */
class FramePixelsIT {
  private static final int PAINTED = 0xff44aa33;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "101, 91, 265 ground 4 frame 101 window 4 frame 266 ground,"
        + "190 ground 4 frame 91 window 4 frame 191 ground",
    "560, 400, 36 ground 4 frame 560 window 4 frame 36 ground,"
        + "36 ground 4 frame 400 window 4 frame 36 ground",
    "900, 700, 4 frame 632 window 4 frame, 4 frame 472 window 4 frame"
  })
  void itIsWholeAndOnTheScreen(int width, int height, String across, String down) throws Exception {
    Path ofSway = Files.createTempDirectory(Path.of("/var/tmp"), "lodge-sway.");
    try (Sway sway = new Sway(ofSway);
        WaylandRig rig = new WaylandRig(folder, sway.socket())) {
      Path guest = rig.addGuest("work", Map.of("color", "2e86de"));
      int[] pixels = new int[width * height];
      Arrays.fill(pixels, PAINTED);
      try (PaintingClient client = new PaintingClient(guest, width, height, 2, false)) {
        for (int shown = 0; shown < 3; shown++) {
          int buffer = client.freeBuffer();
          client.setPixels(buffer, pixels, 0, pixels.length);
          client.damage(0, 0, width, height);
          client.show(buffer);
        }
        client.sync();
        BufferedImage picture = sway.picture();
        assertEquals(across, line(picture.getWidth(), x -> picture.getRGB(x, 240)));
        assertEquals(down, line(picture.getHeight(), y -> picture.getRGB(320, y)));
      }
    }
  }

  /** What there is one after the other, with how many pixels. */
  private static String line(int length, IntUnaryOperator pixels) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (int at = 1; at <= length; at++) {
      int pixel = pixels.applyAsInt(at - 1);
      if (at == length || pixels.applyAsInt(at) != pixel) {
        text.append(from == 0 ? "" : " ").append(at - from).append(' ').append(name(pixel));
        from = at;
      }
    }
    return text.toString();
  }

  private static String name(int pixel) {
    return switch (pixel) {
      case 0xff2e86de -> "frame";
      case PAINTED -> "window";
      case 0xff112233 -> "ground";
      default -> Integer.toHexString(pixel);
    };
  }
}
