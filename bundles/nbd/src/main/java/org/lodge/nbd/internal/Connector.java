package org.lodge.nbd.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;

/**
 * Keeps a disk connected, on a virtual thread of its own until the disk is closed. A guest is
 * waited for; a server in it that does not answer yet is asked again, less and less often.
 */
final class Connector {
  private static final Duration GUEST = Duration.ofSeconds(30);
  private static final Duration NEGOTIATION = Duration.ofSeconds(15);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final NbdDisk disk;
  private final Dialer dialer;
  private final String export;

  /** What a connection has come to. */
  interface Use {
    void begin(ByteStream stream, Export export) throws IOException;
  }

  Connector(NbdDisk disk, Dialer dialer, String export) {
    this.disk = disk;
    this.dialer = dialer;
    this.export = export;
  }

  void start() {
    Thread.ofVirtual()
        .name("nbd-connect")
        .start(() -> {
          try {
            keepConnected();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private void keepConnected() throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (disk.presence().awaitAway()) {
      try {
        connect(disk::connected);
        if (disk.presence().awaitRepeated()) {
          pause = FIRST_PAUSE;
        }
        disk.presence().awaitAway();
      } catch (IOException | RuntimeException e) {
        disk.presence().notYet(String.valueOf(e.getMessage()), isRefusal(e));
      }
      disk.presence().pause(pause);
      Duration longer = pause.multipliedBy(2);
      pause = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
    }
  }

  private static boolean isRefusal(Exception e) {
    return e instanceof Handshake.RefusedException
        || e instanceof ConnectException refused
            && (refused.reason() == Reason.DENIED || refused.reason() == Reason.NOT_OFFERED);
  }

  /** Asks the server over a connection of its own how large the disk is now. */
  void look() throws IOException {
    connect((stream, seen) -> {
      stream.close();
      disk.grown(seen);
    });
  }

  private void connect(Use use) throws IOException {
    ByteStream stream = dialer.dial(GUEST);
    AtomicBoolean over = new AtomicBoolean();
    boolean used = false;
    try {
      CompletableFuture.delayedExecutor(NEGOTIATION.toMillis(), TimeUnit.MILLISECONDS)
          .execute(() -> {
            if (over.compareAndSet(false, true)) {
              stream.reset();
            }
          });
      Export seen = Handshake.negotiate(stream, export);
      if (!over.compareAndSet(false, true)) {
        throw new IOException("the NBD server does not finish its negotiation");
      }
      use.begin(stream, seen);
      used = true;
    } finally {
      over.set(true);
      if (!used) {
        stream.reset();
      }
    }
  }
}
