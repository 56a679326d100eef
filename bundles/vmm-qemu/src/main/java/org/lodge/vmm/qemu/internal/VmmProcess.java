package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.lodge.linux.LinuxException;
import org.lodge.linux.Pidfd;
import org.lodge.vmm.ProcessIdentity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A QEMU process: its end and the signal that ends it, never of another with the same id. */
abstract sealed class VmmProcess {
  private static final Logger LOG = LoggerFactory.getLogger(VmmProcess.class);
  private static final int SIGKILL = 9;
  private static final int SIGNALLED = 0x80;

  private final ProcessIdentity identity;

  private VmmProcess(ProcessIdentity identity) {
    this.identity = identity;
  }

  final ProcessIdentity identity() {
    return identity;
  }

  /** Completes with how it ended, in words. */
  abstract CompletableFuture<String> ended();

  /** Ends it now, if it has not ended. */
  abstract void kill();

  /** Stops watching. */
  abstract void release();

  /** A process that this Lodge started; it is not reaped before its identity was taken. */
  static VmmProcess child(Process process) throws IOException {
    ProcessIdentity identity =
        ProcessIdentities.of(process.pid())
            .orElseThrow(() -> new IOException("process " + process.pid() + " ended at once"));
    return new Child(process, identity);
  }

  /** A process that an earlier Lodge started; empty if it lives no more. */
  static Optional<VmmProcess> adopted(ProcessIdentity identity) throws IOException {
    if (!ProcessIdentities.lives(identity)) {
      return Optional.empty();
    }
    Pidfd pidfd;
    try {
      pidfd = Pidfd.open(identity.pid());
    } catch (LinuxException e) {
      if (e.errno() == LinuxException.ESRCH) {
        return Optional.empty();
      }
      throw e;
    }
    // Only what is compared after the descriptor is held can't change behind it.
    if (!ProcessIdentities.lives(identity)) {
      pidfd.close();
      return Optional.empty();
    }
    return Optional.of(new Adopted(pidfd, identity));
  }

  static String describe(int exitCode) {
    if (exitCode <= SIGNALLED) {
      return exitCode == 0 ? "QEMU ended in order" : "QEMU ended with exit code " + exitCode;
    }
    int signal = exitCode - SIGNALLED;
    return "QEMU was ended by signal "
        + signal
        + switch (signal) {
          case 6 -> " (SIGABRT: it gave up)";
          case 9 -> " (SIGKILL)";
          case 11 -> " (SIGSEGV: it crashed)";
          case 15 -> " (SIGTERM)";
          case 31 -> " (SIGSYS: its sandbox refused a system call)";
          default -> "";
        };
  }

  private static final class Child extends VmmProcess {
    private final Process process;

    Child(Process process, ProcessIdentity identity) {
      super(identity);
      this.process = process;
    }

    @Override
    CompletableFuture<String> ended() {
      return process.onExit().thenApply(ended -> describe(ended.exitValue()));
    }

    @Override
    void kill() {
      process.destroyForcibly();
    }

    @Override
    void release() {
      LOG.debug("process {} goes on", process.pid());
    }
  }

  private static final class Adopted extends VmmProcess {
    private final Pidfd pidfd;

    Adopted(Pidfd pidfd, ProcessIdentity identity) {
      super(identity);
      this.pidfd = pidfd;
    }

    @Override
    CompletableFuture<String> ended() {
      return pidfd
          .onExit()
          .thenApply(
              ended -> "QEMU ended; an earlier Lodge had started it, so its exit code is lost");
    }

    @Override
    void kill() {
      try {
        pidfd.sendSignal(SIGKILL);
      } catch (IOException | IllegalStateException e) {
        LOG.debug("process {} has ended already", pidfd.pid(), e);
      }
    }

    @Override
    void release() {
      pidfd.close();
    }
  }
}
