package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.FileLeases.Lease;
import org.lodge.linux.internal.LeasesComponent;

class FileLeasesTest {
  private static final String FIRST = "guest 'work', device 'data'";
  private static final String SECOND = "guest 'play', device 'data'";

  @TempDir Path folder;
  private final FileLeases leases = new LeasesComponent();
  private Path image;

  @BeforeEach
  void anImage() throws Exception {
    image = Files.write(folder.resolve("disk.img"), new byte[4096]);
  }

  @Test
  void whatOneWritesIsForThatOneAloneUnderWhateverName() throws Exception {
    Path other = Files.createLink(folder.resolve("other.img"), image);
    Lease first = leases.take(image, true, FIRST);
    for (boolean writing : new boolean[] {false, true}) {
      LinuxException refusal =
          assertThrows(LinuxException.class, () -> leases.take(other, writing, SECOND));
      assertEquals(LinuxException.EAGAIN, refusal.errno());
      assertTrue(refusal.getMessage().contains("written by " + FIRST), refusal.getMessage());
    }
    first.close();
    leases.take(other, true, SECOND).close();
  }

  @Test
  void anyNumberMayReadAndNobodyWritesMeanwhile() throws Exception {
    Lease first = leases.take(image, false, FIRST);
    Lease second = leases.take(image, false, SECOND);
    LinuxException refusal =
        assertThrows(LinuxException.class, () -> leases.take(image, true, "a third"));
    assertTrue(refusal.getMessage().contains("read by " + FIRST), refusal.getMessage());
    first.close();
    second.close();
    leases.take(image, true, "a third").close();
  }

  @Test
  void aSuccessorOfTheSameNameTakesItBesideItsFormerAndHasItAfterwards() throws Exception {
    Lease former = leases.take(image, true, FIRST);
    Lease successor = leases.take(image, true, FIRST);
    former.close();
    former.close();
    assertThrows(LinuxException.class, () -> leases.take(image, true, SECOND));
    successor.close();
    leases.take(image, true, SECOND).close();
  }

  @Test
  void anotherProcessIsKeptOutToo() throws Exception {
    FileLeases ofAnother = new LeasesComponent();
    Lease writer = leases.take(image, true, FIRST);
    LinuxException refusal =
        assertThrows(LinuxException.class, () -> ofAnother.take(image, false, SECOND));
    assertTrue(refusal.getMessage().contains("another program"), refusal.getMessage());
    writer.close();
    Lease reader = leases.take(image, false, FIRST);
    ofAnother.take(image, false, SECOND).close();
    assertThrows(LinuxException.class, () -> ofAnother.take(image, true, SECOND));
    reader.close();
    ofAnother.take(image, true, SECOND).close();
  }
}
