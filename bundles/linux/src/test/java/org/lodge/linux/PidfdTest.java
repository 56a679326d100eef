package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class PidfdTest {
  private static final int SIGKILL = 9;

  @Test
  void theEndOfAProcessIsSeenAndItsSignalArrives() throws Exception {
    Process process = new ProcessBuilder("sleep", "60").start();
    try (Pidfd pidfd = Pidfd.open(process.pid())) {
      CompletableFuture<Void> first = pidfd.onExit();
      CompletableFuture<Void> second = pidfd.onExit();
      assertFalse(pidfd.hasExited());
      assertFalse(first.isDone());
      pidfd.sendSignal(SIGKILL);
      first.get(5, TimeUnit.SECONDS);
      second.get(5, TimeUnit.SECONDS);
      assertTrue(pidfd.hasExited());
      assertEquals(128 + SIGKILL, process.waitFor());
    }
  }

  @Test
  void closingEndsTheWaitAndSparesTheProcess() throws Exception {
    Process process = new ProcessBuilder("sleep", "60").start();
    try {
      Pidfd pidfd = Pidfd.open(process.pid());
      CompletableFuture<Void> exit = pidfd.onExit();
      pidfd.close();
      pidfd.close();
      ExecutionException ended =
          assertThrows(ExecutionException.class, () -> exit.get(5, TimeUnit.SECONDS));
      assertInstanceOf(CancellationException.class, ended.getCause());
      assertTrue(process.isAlive());
      assertThrows(IllegalStateException.class, () -> pidfd.sendSignal(0));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aProcessThatIsGoneIsNamedInTheError() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    LinuxException error = assertThrows(LinuxException.class, () -> Pidfd.open(process.pid()));
    assertEquals(LinuxException.ESRCH, error.errno());
    assertTrue(error.getMessage().contains("pidfd_open " + process.pid()), error.getMessage());
  }
}
