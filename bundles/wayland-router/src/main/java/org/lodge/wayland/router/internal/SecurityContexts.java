package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The security contexts of all guests: one for each guest at each display where the rule says
 * {@code frame=compositor}, for as long as the guest has a connection there. Thread-safe.
 */
final class SecurityContexts {
  private static final Logger LOG = LoggerFactory.getLogger(SecurityContexts.class);

  private record Place(String display, String guest) {}

  /** The context at one place, if there is one; who makes it lets others wait. */
  private static final class Slot {
    final ReentrantLock lock = new ReentrantLock();
    SecurityContext context;
    int users;
    boolean told;
  }

  /**
   * Keeps a context.
   *
   * @param socketPath for a connection of the guest; empty where the compositor knows no security
   *     contexts or fails to make one, which is in the log
   */
  record Lease(Optional<String> socketPath, Runnable end) implements AutoCloseable {
    static final Lease NONE = new Lease(Optional.empty(), () -> {});

    @Override
    public void close() {
      end.run();
    }
  }

  private final Map<Place, Slot> slots = new ConcurrentHashMap<>();
  private final SecureRandom random = new SecureRandom();

  /** For one connection of a guest; waits for the compositor where the context must be made. */
  Lease lease(String guest, DisplayWay display) {
    Slot slot = slots.computeIfAbsent(new Place(display.name(), guest), place -> new Slot());
    slot.lock.lock();
    try {
      if (slot.context == null || !slot.context.isOpen()) {
        slot.context = null;
        slot.context = open(guest, display, slot.told);
        slot.told = true;
      }
      slot.users++;
      return new Lease(slot.context.socketPath(), () -> giveBack(slot));
    } catch (IOException e) {
      LOG.warn(
          "{} has no security context at {}, so Lodge draws the frames of its windows: {}",
          guest,
          display.name(),
          e.getMessage());
      return Lease.NONE;
    } finally {
      slot.lock.unlock();
    }
  }

  private static void giveBack(Slot slot) {
    slot.lock.lock();
    try {
      if (--slot.users == 0 && slot.context != null) {
        slot.context.close();
        slot.context = null;
      }
    } finally {
      slot.lock.unlock();
    }
  }

  private SecurityContext open(String guest, DisplayWay display, boolean told) throws IOException {
    byte[] unique = new byte[4];
    random.nextBytes(unique);
    String instance = guest + "-" + HexFormat.of().formatHex(unique);
    String path = display.socketFolder() + "/wayland-" + instance;
    SecurityContext made = SecurityContext.open(display.connectBeside(), guest, instance, path);
    if (made.socketPath().isEmpty() && !told) {
      LOG.warn(
          "the compositor of {} knows no security contexts (wp_security_context_v1), so"
              + " frame=compositor of {} becomes frame=router; labwc, sway and KWin know them",
          display.name(),
          guest);
    } else if (made.socketPath().isPresent()) {
      LOG.debug("{} has security context {} at {}", guest, instance, display.name());
    }
    return made;
  }
}
