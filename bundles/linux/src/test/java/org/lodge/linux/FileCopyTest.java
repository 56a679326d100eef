package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileCopyTest {
  private static final int MIB = 1 << 20;

  @TempDir Path folder;

  private Path image(long sizeBytes, long... dataAt) throws Exception {
    Path file = folder.resolve("source");
    byte[] data = new byte[MIB];
    new Random(1).nextBytes(data);
    try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
      image.setLength(sizeBytes);
      for (long at : dataAt) {
        image.seek(at);
        image.write(data);
      }
    }
    return file;
  }

  private Path empty() throws Exception {
    return Files.createFile(folder.resolve("target"));
  }

  @Test
  void aCopyHasTheDataAndTheHoles() throws Exception {
    Path source = image(64L * MIB + 4096, 5 * MIB, 40 * MIB);
    Path target = empty();
    assertTrue(FileCopy.copy(source, target, done -> true));
    assertEquals(-1, Files.mismatch(source, target));
    assertTrue(FileCopy.allocatedBytes(target) < 4L * MIB);
    assertTrue(FileCopy.allocatedBytes(target) >= 2L * MIB);
  }

  @Test
  void anImageOfHolesAloneAndAnEmptyOneAreCopied() throws Exception {
    Path source = image(1L << 40);
    Path target = empty();
    assertTrue(FileCopy.copy(source, target, done -> true));
    assertEquals(1L << 40, Files.size(target));
    Path none = Files.createFile(folder.resolve("none"));
    Path copy = Files.createFile(folder.resolve("copy"));
    assertTrue(FileCopy.copy(none, copy, done -> true));
    assertEquals(0, Files.size(copy));
  }

  @Test
  void aCopyTellsHowFarItIsAndEndsWhenAsked() throws Exception {
    Path source = image(32L * MIB, 0, MIB, 2 * MIB, 20 * MIB, 21 * MIB);
    List<Long> told = new ArrayList<>();
    assertTrue(FileCopy.copy(source, empty(), told::add));
    assertEquals(5L * MIB, told.getLast());
    Path other = Files.createFile(folder.resolve("other"));
    assertFalse(FileCopy.copy(source, other, done -> false));
  }

  /** Which of both a file system does is its own; it never does a half. */
  @Test
  void sharingGivesTheWholeContentOrNothing() throws Exception {
    Path source = image(3L * MIB, MIB);
    Path target = empty();
    if (FileCopy.share(source, target)) {
      assertEquals(-1, Files.mismatch(source, target));
    } else {
      assertEquals(0, Files.size(target));
    }
    assertThrows(LinuxException.class, () -> FileCopy.share(folder.resolve("nothing"), target));
  }
}
