package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.lodge.linux.internal.LibC;

class SharedMappingTest {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_HUGETLB = 4;
  private static final int ENOMEM = 12;

  private static final int PAGE = 4096;

  @Test
  void twoMappingsOfOneFileAreTheSameMemory() throws Exception {
    try (MemFd memory = MemFd.sealed("test", 4 * PAGE);
        SharedMapping whole = SharedMapping.of(memory, 0, 4 * PAGE);
        SharedMapping part = SharedMapping.of(memory, PAGE + 16, 32)) {
      whole.segment().set(ValueLayout.JAVA_INT, PAGE + 16, 42);
      assertEquals(42, part.segment().get(ValueLayout.JAVA_INT, 0));
      assertEquals(32, part.segment().byteSize());
      assertTrue(MemFd.isShrinkSealed(memory));
      assertThrows(LinuxException.class, () -> memory.resize(PAGE));
    }
  }

  @Test
  void aPartOutsideTheFileIsRefused() throws Exception {
    try (MemFd memory = MemFd.resizable("test", PAGE)) {
      assertFalse(MemFd.isShrinkSealed(memory));
      assertThrows(LinuxException.class, () -> SharedMapping.of(memory, 0, PAGE + 1));
      assertThrows(LinuxException.class, () -> SharedMapping.of(memory, Long.MAX_VALUE, 2));
      assertThrows(LinuxException.class, () -> SharedMapping.of(memory, -1, 1));
      assertThrows(LinuxException.class, () -> SharedMapping.of(memory, 0, 0));
    }
  }

  @Test
  void aFileShrunkUnderTheMappingIsAnErrorNotTheEndOfTheProcess() throws Exception {
    try (MemFd memory = MemFd.resizable("test", 2 * PAGE);
        SharedMapping mapping = SharedMapping.of(memory, 0, 2 * PAGE)) {
      memory.resize(PAGE);
      assertThrows(InternalError.class, () -> readAll(mapping.segment()));
      assertThrows(
          InternalError.class,
          () ->
              MemorySegment.copy(
                  mapping.segment(), PAGE, MemorySegment.ofArray(new byte[64]), 0, 64));
    }
  }

  private static long readAll(MemorySegment segment) {
    long sum = 0;
    for (long at = 0; at < segment.byteSize(); at += 8) {
      sum += segment.get(ValueLayout.JAVA_LONG, at);
    }
    return sum;
  }

  @Test
  void aPartOfAFileOfHugePagesIsMapped() throws Exception {
    long pageBytes = 2 << 20;
    try (Fd file = Fd.adopt(LibC.memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB))) {
      assertEquals(0, LibC.ftruncate(file.number(), 2 * pageBytes));
      SharedMapping mapping;
      try {
        mapping = SharedMapping.of(file, pageBytes + 4096, 8192);
      } catch (LinuxException e) {
        assertEquals(
            ENOMEM, e.errno(), "the host has no huge page free, and nothing else is amiss");
        return;
      }
      mapping.segment().set(ValueLayout.JAVA_INT, 8188, 42);
      assertEquals(42, mapping.segment().get(ValueLayout.JAVA_INT, 8188));
      mapping.close();
    }
  }
}
