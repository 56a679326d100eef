package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ElfFilesTest {

  /** A file of one loaded segment at address 0x1000, a dynamic section and three sections. */
  private static byte[] elf() {
    ByteBuffer elf = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
    elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1);
    elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
    elf.putLong(40, 512).putShort(58, (short) 64).putShort(60, (short) 3).putShort(62, (short) 2);
    segment(elf, 64, 1, 0, 0x1000, 1024);
    segment(elf, 120, 2, 200, 0x1000 + 200, 64);
    elf.putLong(200, 1).putLong(208, 1);
    elf.putLong(216, 5).putLong(224, 0x1000 + 300);
    elf.putLong(232, 1).putLong(240, 11);
    elf.put(301, "libc.so.6\0libm.so.6\0".getBytes(StandardCharsets.US_ASCII));
    elf.put(401, ".BTF\0.text\0".getBytes(StandardCharsets.US_ASCII));
    elf.putInt(512, 1).putInt(576, 6).putInt(640, 0).putLong(640 + 24, 400);
    return elf.array();
  }

  private static void segment(
      ByteBuffer elf, int at, int type, long offset, long address, long size) {
    elf.putInt(at, type).putLong(at + 8, offset).putLong(at + 16, address).putLong(at + 32, size);
  }

  @Test
  void neededLibrariesAreRead() throws IOException {
    assertEquals(List.of("libc.so.6", "libm.so.6"), needed(elf()));
  }

  @Test
  void whatIsNoElfFileNeedsNothing() throws IOException {
    assertEquals(List.of(), needed(new byte[0]));
    assertEquals(List.of(), needed("#!/bin/sh\n".repeat(20).getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void typeInformationIsHiddenAndTheRestStays() {
    byte[] slim = ModuleFile.withoutTypes(elf());
    byte[] expected = elf();
    Arrays.fill(expected, 512, 516, (byte) 0);
    assertArrayEquals(expected, slim);
  }

  @Test
  void aSignatureIsCutOff() {
    byte[] module = elf();
    byte[] mark = "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer signed = ByteBuffer.allocate(module.length + 100 + 12 + mark.length);
    signed.put(module).put(new byte[100 + 8]).putInt(100).put(mark);
    assertArrayEquals(module, ModuleFile.withoutSignature(signed.array()));
    assertSame(module, ModuleFile.withoutSignature(module));
  }

  @Test
  void damagedFilesDoNoHarm() throws IOException {
    Random random = new Random(11);
    for (int round = 0; round < 20000; round++) {
      byte[] damaged = elf();
      for (int change = random.nextInt(6); change >= 0; change--) {
        damaged[random.nextInt(704)] = (byte) random.nextInt();
      }
      byte[] cut = Arrays.copyOf(damaged, random.nextInt(damaged.length + 1));
      needed(cut);
      assertEquals(cut.length, ModuleFile.withoutTypes(cut).length);
      ModuleFile.withoutSignature(cut);
    }
  }

  private static List<String> needed(byte[] file) throws IOException {
    return ElfLibraries.needed((offset, length) -> {
      if (offset < 0 || offset >= file.length) {
        return new byte[0];
      }
      int end = (int) Math.min(file.length, offset + length);
      return Arrays.copyOfRange(file, (int) offset, end);
    });
  }
}
