package org.lodge.itests.bench;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import javax.imageio.ImageIO;

/** Tells a desktop from a boot screen. */
public final class Screens {
  private static final int MANY_COLOURS = 100;

  private Screens() {}

  /** A text or black screen has a handful of colours, weston's panel and pattern have hundreds. */
  public static boolean showsADesktop(Path png) throws IOException {
    BufferedImage image = ImageIO.read(png.toFile());
    Set<Integer> colours = new HashSet<>();
    for (int y = 0; image != null && y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        if (colours.add(image.getRGB(x, y)) && colours.size() > MANY_COLOURS) {
          return true;
        }
      }
    }
    return false;
  }
}
