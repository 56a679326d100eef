package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.images.internal.PackageLock.Locked;
import org.lodge.images.internal.PackageLock.Use;

class PackageLockTest {

  private static final String DIGEST = "0123456789abcdef".repeat(4);
  private static final PackageLock LOCK =
      new PackageLock(
          "trixie",
          DIGEST,
          List.of(
              new Locked(Use.KERNEL, "linux-image-6.12", "6.12.1-1", DIGEST),
              new Locked(Use.ROOT, "libc6", "2.41-12+deb13u1", DIGEST),
              new Locked(Use.ROOT, "busybox-static", "1:1.37.0-6~b9", DIGEST)));

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    assertEquals(LOCK, PackageLock.parse("x.lock", LOCK.text()));
  }

  @Test
  void theOrderOfPackagesDoesNotChangeTheText() {
    PackageLock other = new PackageLock(LOCK.suite(), LOCK.request(), LOCK.packages().reversed());
    assertEquals(LOCK.text(), other.text());
  }

  @Test
  void anErrorNamesFileAndLine() {
    String text = LOCK.text().replace("libc6 ", "libc6; ");
    IOException error = assertThrows(IOException.class, () -> PackageLock.parse("x.lock", text));
    assertTrue(error.getMessage().startsWith("x.lock:5: "), error.getMessage());
  }

  @Test
  void damagedTextIsRefusedOrReadNeverAnythingElse() {
    Random random = new Random(1);
    for (int i = 0; i < 5000; i++) {
      StringBuilder text = new StringBuilder(LOCK.text());
      for (int change = random.nextInt(4); change >= 0 && !text.isEmpty(); change--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, (char) random.nextInt(128));
          case 1 -> text.deleteCharAt(at);
          default -> text.setLength(at + 1);
        }
      }
      try {
        PackageLock lock = PackageLock.parse("x.lock", text.toString());
        assertEquals(lock, PackageLock.parse("x.lock", lock.text()));
      } catch (IOException e) {
        assertTrue(e.getMessage().startsWith("x.lock"), e.getMessage());
      }
    }
  }
}
