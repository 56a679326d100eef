package org.lodge.shell.internal.admin;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateLockTest {
  @TempDir Path folder;

  @Test
  void aSecondLodgeOfTheSameStateIsToldOfTheFirstOnesRunFolder() throws IOException {
    Path state = folder.resolve("state");
    Path first = folder.resolve("first");
    try (StateLock _ = StateLock.take(state, first)) {
      IOException refused =
          assertThrows(
              AdminServer.AlreadyRunningException.class,
              () -> StateLock.take(state, folder.resolve("second")));
      assertTrue(refused.getMessage().contains("LODGE_RUN=" + first + " "), refused::getMessage);
    }
    StateLock.take(state, folder.resolve("second")).close();
  }
}
