package org.lodge.itests.wayland;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a real compositor shows of a client through two agents and the router is, pixel by pixel,
 * what it shows of the same client without them.
 */
class WindowPixelsIT {
  private static final int WIDTH = 120;
  private static final int HEIGHT = 80;
  private static final int FRAMES = 12;

  @TempDir private static Path folder;
  private static Weston weston;
  private static WaylandRig rig;
  private static Path plain;
  private static Path framed;
  private static Path onHost;

  @BeforeAll
  static void start() throws Exception {
    weston = new Weston(folder.resolve("weston"), "--width=320", "--height=240");
    rig = new WaylandRig(folder, weston.socket());
    plain = rig.addGuest("plain", Map.of("frame", "none"));
    framed = rig.addGuest("framed", Map.of("color", "2e86de"));
    String person = Files.getOwner(weston.socket().getParent()).getName();
    String screen = weston.socket().toString();
    onHost = rig.addGuest("onhost", Map.of("frame", "none", "user", person, "display", screen));
  }

  @AfterAll
  static void stop() throws Exception {
    rig.close();
    weston.close();
  }

  /** How a client shows its buffers. */
  private record Way(int scale, int transform, boolean cropped, boolean surfaceDamage) {}

  @Test
  void everyTransformAndScaleShowsTheSamePixels() throws Exception {
    for (int transform = 0; transform < 8; transform++) {
      for (int scale = 1; scale <= 2; scale++) {
        same(new Way(scale, transform, false, true));
      }
    }
  }

  @Test
  void damageInTheBuffersCoordinatesShowsTheSamePixels() throws Exception {
    same(new Way(1, 0, false, false));
    same(new Way(2, 3, false, false));
  }

  @Test
  void aCroppedAndStretchedSurfaceShowsTheSamePixels() throws Exception {
    same(new Way(1, 0, true, true));
    same(new Way(1, 0, true, false));
    same(new Way(2, 1, true, true));
  }

  @Test
  void throughMemoryOfLodgesOwnTheHostsCompositorShowsTheSamePixels() throws Exception {
    same(onHost, new Way(1, 0, false, true));
    same(onHost, new Way(2, 3, false, false));
    same(onHost, new Way(1, 0, true, true));
  }

  @Test
  void aFrameInTheGuestsColourSurroundsTheSamePixels() throws Exception {
    BufferedImage bare = picture(weston.socket(), new Way(1, 0, false, true));
    BufferedImage picture = picture(framed, new Way(1, 0, false, true));
    int left = (picture.getWidth() - WIDTH) / 2;
    int top = (picture.getHeight() - HEIGHT) / 2;
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        assertEquals(bare.getRGB(left + x, top + y), picture.getRGB(left + x, top + y));
      }
    }
    for (int border = 1; border <= 4; border++) {
      assertEquals(0xff2e86de, picture.getRGB(left - border, top + HEIGHT / 2));
      assertEquals(0xff2e86de, picture.getRGB(left + WIDTH - 1 + border, top + HEIGHT / 2));
      assertEquals(0xff2e86de, picture.getRGB(left + WIDTH / 2, top - border));
      assertEquals(0xff2e86de, picture.getRGB(left + WIDTH / 2, top + HEIGHT - 1 + border));
    }
  }

  private static void same(Way way) throws Exception {
    same(plain, way);
  }

  private static void same(Path display, Way way) throws Exception {
    BufferedImage expected = picture(weston.socket(), way);
    BufferedImage actual = picture(display, way);
    assertTrue(colors(expected) > 20, way + " shows nothing");
    for (int y = 0; y < expected.getHeight(); y++) {
      for (int x = 0; x < expected.getWidth(); x++) {
        assertEquals(
            Integer.toHexString(expected.getRGB(x, y)),
            Integer.toHexString(actual.getRGB(x, y)),
            way + " at " + x + "," + y);
      }
    }
  }

  private static long colors(BufferedImage picture) {
    int[] all =
        picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
    return java.util.Arrays.stream(all).distinct().count();
  }

  /** Paints rectangles, each commit telling only what it has changed, and reads the screen. */
  private static BufferedImage picture(Path display, Way way) throws Exception {
    Random random = new Random(7);
    try (PaintingClient client = new PaintingClient(display, WIDTH, HEIGHT, 3, true)) {
      int[] model = new int[WIDTH * HEIGHT];
      setUp(client, way);
      for (int frame = 0; frame < FRAMES; frame++) {
        int color = 0xff000000 | random.nextInt();
        boolean all = frame == 0;
        int width = all ? 4000 : 5 + random.nextInt(20);
        int height = all ? 4000 : 5 + random.nextInt(20);
        int x = all ? 0 : random.nextInt(WIDTH / 2);
        int y = all ? 0 : random.nextInt(HEIGHT / 2);
        paint(model, way, x, y, width, height, all ? -1 : color);
        int buffer = client.freeBuffer();
        client.setPixels(buffer, model, 0, model.length);
        if (way.surfaceDamage()) {
          client.damage(x, y, width, height);
        } else {
          client.damageBuffer(x, y, width, height);
        }
        client.show(buffer);
      }
      client.sync();
      return weston.picture();
    }
  }

  private static void setUp(PaintingClient client, Way way) throws IOException {
    client.setScale(way.scale());
    client.setTransform(way.transform());
    if (way.cropped()) {
      client.setViewport(5, 3, 30, 20, 60, 40);
    }
  }

  /** Paints each pixel of the buffer that is shown within the rectangle; -1 for a pattern. */
  private static void paint(int[] model, Way way, int x, int y, int width, int height, int color) {
    for (int by = 0; by < HEIGHT; by++) {
      for (int bx = 0; bx < WIDTH; bx++) {
        double[] at =
            way.surfaceDamage() ? shownAt(way, bx + 0.5, by + 0.5) : new double[] {bx, by};
        if (at[0] >= x && at[0] < x + width && at[1] >= y && at[1] < y + height || color == -1) {
          model[by * WIDTH + bx] = color == -1 ? 0xff000000 | bx * 0x20003 + by * 0x301 : color;
        }
      }
    }
  }

  /** Where the surface shows a point of the buffer; what the client knows of its own drawing. */
  private static double[] shownAt(Way way, double bufferX, double bufferY) {
    double across = (way.transform() % 2 == 0 ? WIDTH : HEIGHT) / (double) way.scale();
    double down = (way.transform() % 2 == 0 ? HEIGHT : WIDTH) / (double) way.scale();
    double bx = bufferX / way.scale();
    double by = bufferY / way.scale();
    double[] at =
        switch (way.transform()) {
          case 0 -> new double[] {bx, by};
          case 1 -> new double[] {across - by, bx};
          case 2 -> new double[] {across - bx, down - by};
          case 3 -> new double[] {by, down - bx};
          case 4 -> new double[] {across - bx, by};
          case 5 -> new double[] {by, bx};
          case 6 -> new double[] {bx, down - by};
          default -> new double[] {across - by, down - bx};
        };
    return way.cropped() ? new double[] {(at[0] - 5) * 2, (at[1] - 3) * 2} : at;
  }
}
