package org.lodge.keeper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixDatagramListener;
import org.lodge.linux.UnixDatagramSender;

/**
 * How a keeper that waits hands what it keeps to the next one. Both speak as Lodge does to either,
 * with two words more:
 *
 * <pre>
 * next → waiting   HAND_OVER=/run/lodge/notify.sock.next
 * waiting → next   FDSTORE=1 FDNAME=… and its descriptor, for each
 * waiting → next   HANDED_OVER=1
 * </pre>
 *
 * The socket is bound beside the path and moved to it in the end, so that there is one at any time.
 */
final class Succession {
  static final String HOLD = "HOLD";
  static final String HAND_OVER = "HAND_OVER";
  private static final String HANDED_OVER = "HANDED_OVER";
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int SEND_LIMIT_MILLIS = 2000;

  private final Path path;
  private final Path next;
  private boolean complete;
  private boolean handedOver;

  Succession(Path path) {
    this.path = path;
    next = path.resolveSibling(path.getFileName() + ".next");
  }

  UnixDatagramListener bind() throws IOException {
    Files.deleteIfExists(next);
    return UnixDatagramListener.bind(next);
  }

  interface Listening {
    /** Waits a moment for messages and takes those that come. */
    void listen() throws LinuxException;
  }

  /**
   * Takes what a waiting keeper keeps, if there is one, and its place.
   *
   * @return false where one was there and did not say that this was all
   */
  boolean takeOver(Listening listening) throws IOException {
    boolean all = !askWaiting() || awaitAll(listening);
    Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    return all;
  }

  private boolean askWaiting() {
    try (UnixDatagramSender waiting = UnixDatagramSender.connect(path)) {
      waiting.send(HAND_OVER + "=" + next, List.of(), SEND_LIMIT_MILLIS);
      return true;
    } catch (LinuxException e) {
      // The usual start: nobody waits.
      return false;
    }
  }

  private boolean awaitAll(Listening listening) throws LinuxException {
    long endNanos = System.nanoTime() + LIMIT.toNanos();
    while (!complete && System.nanoTime() < endNanos) {
      listening.listen();
    }
    return complete;
  }

  void heard(Map<String, String> message) {
    complete |= message.containsKey(HANDED_OVER);
  }

  void handOver(Path successor, FdStore store) throws LinuxException {
    try (UnixDatagramSender sender = UnixDatagramSender.connect(successor)) {
      List<String> names = store.names();
      for (int i = 0; i < names.size(); i++) {
        sender.send(
            "FDSTORE=1\nFDNAME=" + names.get(i), List.of(store.fds().get(i)), SEND_LIMIT_MILLIS);
      }
      sender.send(HANDED_OVER + "=1", List.of(), SEND_LIMIT_MILLIS);
    }
    handedOver = true;
  }

  /** The paths are the successor's once there is one. */
  void close() throws IOException {
    if (!handedOver) {
      Files.deleteIfExists(next);
      Files.deleteIfExists(path);
    }
  }
}
