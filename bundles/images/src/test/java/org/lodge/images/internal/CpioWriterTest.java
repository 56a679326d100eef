package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CpioWriterTest {

  private record Entry(String path, long mode, byte[] content) {}

  @Test
  void entriesAreReadBackWithTheirModes() throws IOException {
    List<Entry> entries = read(sample(new Random(3)));
    assertEquals(List.of("bin", "bin/a", "init"), entries.stream().map(Entry::path).toList());
    assertEquals(040755, entries.get(0).mode());
    assertEquals(0120777, entries.get(1).mode());
    assertEquals(0100755, entries.get(2).mode());
    assertEquals("busybox", new String(entries.get(1).content(), StandardCharsets.UTF_8));
  }

  @Test
  void theSameEntriesGiveTheSameBytes() throws IOException {
    for (int seed = 0; seed < 50; seed++) {
      assertArrayEquals(sample(new Random(seed)), sample(new Random(seed)));
    }
  }

  @Test
  void contentOfEveryLengthIsKept() throws IOException {
    for (int length = 0; length < 40; length++) {
      byte[] content = new byte[length];
      new Random(length).nextBytes(content);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      CpioWriter cpio = new CpioWriter(out);
      cpio.file("f".repeat(length + 1), 0644, content);
      cpio.finish();
      assertArrayEquals(content, read(out.toByteArray()).getFirst().content());
    }
  }

  private static byte[] sample(Random random) throws IOException {
    byte[] content = new byte[random.nextInt(2000)];
    random.nextBytes(content);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CpioWriter cpio = new CpioWriter(out);
    cpio.folder("bin");
    cpio.link("bin/a", "busybox");
    cpio.file("init", 0755, content);
    cpio.finish();
    return out.toByteArray();
  }

  private static List<Entry> read(byte[] archive) {
    List<Entry> entries = new ArrayList<>();
    int at = 0;
    while (true) {
      assertEquals("070701", text(archive, at, 6));
      long mode = field(archive, at, 1);
      int size = (int) field(archive, at, 6);
      int nameSize = (int) field(archive, at, 11);
      String name = text(archive, at + 110, nameSize - 1);
      if (name.equals("TRAILER!!!")) {
        return entries;
      }
      int data = (at + 110 + nameSize + 3) & ~3;
      byte[] content = java.util.Arrays.copyOfRange(archive, data, data + size);
      entries.add(new Entry(name, mode, content));
      at = (data + size + 3) & ~3;
    }
  }

  private static long field(byte[] archive, int entry, int number) {
    return Long.parseLong(text(archive, entry + 6 + 8 * number, 8), 16);
  }

  private static String text(byte[] bytes, int offset, int length) {
    return new String(bytes, offset, length, StandardCharsets.UTF_8);
  }
}
