package org.lodge.agent.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** Descriptors that the JDK and Lodge have no way to. */
final class TestDescriptors {
  private static final int O_DIRECTORY_AND_CLOEXEC = 0200000 | 02000000;

  private TestDescriptors() {}

  /** A descriptor of a folder; the caller closes it. */
  @SuppressWarnings("restricted")
  static int folder(Path path) throws IOException {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      Object number =
          linker
              .downcallHandle(
                  linker.defaultLookup().find("open").orElseThrow(),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT))
              .invokeWithArguments(arena.allocateFrom(path.toString()), O_DIRECTORY_AND_CLOEXEC);
      return (int) number;
    } catch (Throwable e) {
      throw new IOException(e);
    }
  }
}
