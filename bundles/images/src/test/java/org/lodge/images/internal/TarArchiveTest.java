package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarArchiveTest {

  private static final String LONG = "/usr/" + "folder/".repeat(20) + "file";

  @TempDir Path folder;

  @Test
  void whatTheWriterWritesIsReadBack() throws IOException {
    try (TarArchive archive = open(sample())) {
      assertEquals(
          List.of("/etc", "/etc/hostname", LONG, "/usr/bin/sh"),
          archive.entries().stream().map(TarArchive.Entry::path).toList());
      TarArchive.Entry hostname = archive.entries().get(1);
      assertArrayEquals("guest".getBytes(StandardCharsets.UTF_8), archive.read(hostname, 0, 99));
      assertArrayEquals("est".getBytes(StandardCharsets.UTF_8), archive.read(hostname, 2, 99));
      assertEquals(0, archive.read(hostname, 6, 99).length);
      assertEquals("busybox", archive.entries().get(3).link());
    }
  }

  @Test
  void copiedEntriesMakeTheSameArchiveAgain() throws IOException {
    byte[] sample = sample();
    ByteArrayOutputStream copy = new ByteArrayOutputStream();
    try (TarArchive archive = open(sample)) {
      for (TarArchive.Entry entry : archive.entries()) {
        archive.copy(entry, Channels.newChannel(copy));
      }
    }
    new TarWriter(copy).finish();
    assertArrayEquals(sample, copy.toByteArray());
  }

  @Test
  void aPaxHeaderNamesTheEntryAfterIt() throws IOException {
    byte[] data = "27 path=a/longer/name/here\n13 mtime=1.5\n".getBytes(StandardCharsets.UTF_8);
    assertEquals("a/longer/name/here", TarArchive.paxValue(data, "path", null));
    assertEquals("1.5", TarArchive.paxValue(data, "mtime", null));
    assertEquals("none", TarArchive.paxValue(data, "linkpath", "none"));
    byte[] bad = "99 path=a\n".getBytes(StandardCharsets.UTF_8);
    assertThrows(IOException.class, () -> TarArchive.paxValue(bad, "path", null));
  }

  @Test
  void aNameThatDoesNotFitIsRefused() {
    TarWriter tar = new TarWriter(new ByteArrayOutputStream());
    assertThrows(IOException.class, () -> tar.file("/" + "x".repeat(300), 0644, new byte[0]));
  }

  @Test
  void damagedArchivesAreRefusedOrReadNeverAnythingElse() throws IOException {
    Random random = new Random(7);
    byte[] sample = sample();
    for (int round = 0; round < 500; round++) {
      byte[] damaged = sample.clone();
      for (int change = random.nextInt(5); change >= 0; change--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try (TarArchive archive = open(damaged)) {
        for (TarArchive.Entry entry : archive.entries()) {
          archive.read(entry, random.nextLong(), random.nextInt(1000));
        }
      } catch (IOException e) {
        // Refused, as promised.
      }
    }
  }

  private TarArchive open(byte[] bytes) throws IOException {
    return TarArchive.open(Files.write(folder.resolve("archive.tar"), bytes));
  }

  private static byte[] sample() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(out);
    tar.folder("/etc");
    tar.file("/etc/hostname", 0644, "guest".getBytes(StandardCharsets.UTF_8));
    tar.file(LONG, 0755, new byte[513]);
    tar.link("/usr/bin/sh", "busybox");
    tar.finish();
    return out.toByteArray();
  }
}
