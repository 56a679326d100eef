package org.lodge.vhostuser.internal;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;
import org.lodge.vhostuser.BackendStatus.RingStatus;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.RingException;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;
import org.lodge.virtio.ring.Rings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All rings of a device: opened when the last of what they need has come, served while enabled,
 * closed when the front-end asks for their position. Belongs to the control thread.
 */
final class VringSet {
  private static final Logger log = LoggerFactory.getLogger(VringSet.class);

  /** Where no device is there that says how large its queues may be. */
  private static final int USUAL_SIZE_MAX = 1024;

  /** A front-end may fill the counter again before the thread is out, but not each time. */
  private static final int FREE_TURNS = 1000;

  private final Vring[] vrings;
  private final Rings rings;
  private final Logic logic;
  private final QueueThread queueThread;
  private final DescriptorStore store;
  private final Negotiated negotiated;

  VringSet(
      int count,
      Rings rings,
      Logic logic,
      QueueThread queueThread,
      DescriptorStore store,
      Negotiated negotiated) {
    vrings = new Vring[count];
    Arrays.setAll(vrings, index -> new Vring(index, queueThread));
    this.rings = rings;
    this.logic = logic;
    this.queueThread = queueThread;
    this.store = store;
    this.negotiated = negotiated;
  }

  int count() {
    return vrings.length;
  }

  Vring get(int untrustedIndex) throws RefusedException {
    if (untrustedIndex < 0 || untrustedIndex >= vrings.length) {
      throw new RefusedException(
          "there is no queue %d of %d"
              .formatted(Integer.toUnsignedLong(untrustedIndex), vrings.length));
    }
    return vrings[untrustedIndex];
  }

  /** A ring costs our heap by its size, so it is not for the front-end to choose at will. */
  int sizeMax(Vring vring) {
    Hosted device = logic.device();
    return device == null ? USUAL_SIZE_MAX : device.queueSizeMax(vring.index);
  }

  List<Vring> all() {
    return List.of(vrings);
  }

  List<Vring> open() {
    return Arrays.stream(vrings).filter(vring -> vring.ring != null).toList();
  }

  boolean anyOpen() {
    return !open().isEmpty();
  }

  /** Without protocol features there are no messages that enable, so all rings are. */
  void updateServing() {
    for (Vring vring : vrings) {
      updateServing(vring);
    }
  }

  void updateServing(Vring vring) {
    boolean before = vring.serving;
    vring.serving = vring.enabled || !negotiated.hasProtocolFeatures();
    Ring ring = vring.ring;
    if (ring == null || before == vring.serving) {
      return;
    }
    if (vring.serving) {
      logic.resume(ring);
      vring.wake();
    } else {
      logic.pause(ring);
    }
  }

  void replaceKick(Vring vring, Held<EventFd> kick) throws LinuxException {
    Held<EventFd> former = vring.kick;
    if (vring.ring != null) {
      queueThread.unwatch(vring);
    }
    vring.kick = kick;
    Held.drop(former);
    if (vring.ring != null) {
      queueThread.watch(vring);
    }
  }

  /** Where a ring that is closed goes on. */
  void setBase(Vring vring, int base) {
    int beginning = RingPosition.FIRST.base(negotiated.packed());
    if (base == beginning && base != vring.base && !anyOpen()) {
      // Not the driver that went on hold: it has begun anew since.
      logic.stop();
    }
    if (base != vring.base) {
      dropOwnInflight(vring);
    }
    vring.base = base;
  }

  /** Opens a ring if all it needs is known; otherwise a later message will. */
  void openIfReady(Vring vring) throws RefusedException {
    MemoryTable memory = negotiated.memory;
    if (vring.ring != null
        || vring.kick == null
        || !vring.addressed
        || vring.size == 0
        || memory.memory() == null
        || logic.mustWait()) {
      return;
    }
    if (vring.size > sizeMax(vring)) {
      throw new RefusedException(
          "queue %d has size %d, and at most %d is served"
              .formatted(vring.index, vring.size, sizeMax(vring)));
    }
    Ring ring = null;
    boolean opened = false;
    try {
      ring =
          rings.open(
              new RingSetup(
                  vring.index,
                  vring.size,
                  negotiated.driverFeatures(),
                  memory.guestAddress(vring.descriptorUserAddress),
                  memory.guestAddress(vring.driverUserAddress),
                  memory.guestAddress(vring.deviceUserAddress),
                  negotiated.packed()
                      ? RingPosition.ofPacked(vring.base)
                      : RingPosition.ofSplit(vring.base),
                  inflightPart(vring)),
              memory.memory(),
              vring);
      ring.pause();
      logic.start(negotiated.driverFeatures(), anyOpen());
      logic.startQueue(ring);
      vring.serving = vring.enabled || !negotiated.hasProtocolFeatures();
      if (vring.serving) {
        logic.resume(ring);
      }
      vring.trouble = null;
      vring.ring = ring;
      // Last, because it serves once: a kick that came before must not be lost on a paused ring.
      queueThread.watch(vring);
      opened = true;
    } catch (RingException | LinuxException | DeviceException | InternalError e) {
      vring.signalError();
      throw new RefusedException(
          "queue %d can't be opened: %s".formatted(vring.index, e.getMessage()), e);
    } finally {
      if (!opened) {
        vring.ring = ring;
        closeRing(vring);
        vring.unsettled = true;
        dropOwnInflight(vring);
      }
    }
  }

  /** A device that had to be waited for is back. */
  void openWaiting() {
    for (Vring vring : vrings) {
      try {
        openIfReady(vring);
      } catch (RefusedException e) {
        log.warn("A queue that waited is not served: {}", e.getMessage());
      }
    }
  }

  private Optional<MemorySegment> inflightPart(Vring vring) throws LinuxException {
    if (negotiated.inflight() != null) {
      return negotiated.inflight().part(vring.index);
    }
    if (vring.ownInflight == null && store.isActive()) {
      vring.ownInflight =
          InflightArea.create(
              "own-inflight" + vring.index,
              1,
              vring.size,
              rings.inflightBytes(vring.size, negotiated.packed()),
              store);
    }
    return vring.ownInflight == null ? Optional.empty() : vring.ownInflight.part(0);
  }

  private static void dropOwnInflight(Vring vring) {
    if (vring.ownInflight != null) {
      vring.ownInflight.drop();
      vring.ownInflight = null;
    }
  }

  /** The memory table has changed: open rings go over to it, waiting ones may be opened. */
  void moveToMemory() throws RefusedException {
    GuestMemory memory = negotiated.memory.memory();
    RefusedException refused = null;
    for (Vring vring : vrings) {
      try {
        if (vring.ring == null) {
          openIfReady(vring);
        } else if (memory == null) {
          vring.ring.fail();
          throw new RefusedException("queue %d has lost its memory".formatted(vring.index));
        } else {
          vring.ring.replaceMemory(memory);
        }
      } catch (RingException e) {
        vring.signalError();
        refused = new RefusedException(e.getMessage(), e);
      } catch (RefusedException e) {
        refused = e;
      }
    }
    if (refused != null) {
      throw refused;
    }
  }

  /** Finishes what is in flight, within limits, and closes; the position is then the base. */
  void close(Vring vring) {
    // Where it is closed already, our predecessor may have been killed before it settled.
    vring.unsettled = true;
    Ring ring = vring.ring;
    if (ring == null) {
      return;
    }
    logic.stopQueue(ring);
    try {
      queueThread.unwatch(vring);
    } catch (LinuxException e) {
      log.warn("Queue {} could not be unwatched: {}", vring.index, e.getMessage());
    }
    closeRing(vring);
    vring.serving = false;
    if (!logic.isPauseExpected()) {
      // Else it tells the next ring what an earlier process had taken, and this one gives back.
      dropOwnInflight(vring);
    }
    if (!anyOpen()) {
      logic.ringsClosed();
    }
  }

  private void closeRing(Vring vring) {
    if (vring.ring == null) {
      return;
    }
    try {
      vring.base = Logic.close(vring.ring).base(negotiated.packed());
    } catch (InternalError e) {
      log.warn("Queue {} was in memory that is gone: its file was truncated", vring.index);
    }
    vring.ring = null;
  }

  /**
   * The positions are on record. Only now may the front-end's inflight area forget them: another
   * driver's ring will begin elsewhere.
   */
  void recorded() {
    for (Vring vring : vrings) {
      if (vring.unsettled) {
        vring.unsettled = false;
        settle(vring);
      }
    }
  }

  private void settle(Vring vring) {
    InflightArea area = negotiated.inflight();
    if (area != null && vring.ring == null && vring.size <= area.queueSize()) {
      area.part(vring.index)
          .ifPresent(part -> rings.settleInflight(part, vring.size, negotiated.packed()));
    }
  }

  void closeAll() {
    for (Vring vring : vrings) {
      close(vring);
    }
  }

  /** Closes all rings for a successor to open them again; inflight areas and descriptors stay. */
  void park() {
    for (Vring vring : open()) {
      Ring ring = vring.ring;
      logic.stopQueue(ring);
      closeRing(vring);
    }
  }

  /** As {@link Vring#freeHeld}, of all rings. Any thread may do it, and none waits in it. */
  boolean freeHeld() {
    boolean held = false;
    for (Vring vring : vrings) {
      for (int turn = 0; turn < FREE_TURNS && vring.freeHeld(); turn++) {
        held = true;
      }
    }
    return held;
  }

  /** What is to be told of rings that are broken. Any thread may ask. */
  Optional<String> trouble() {
    return Arrays.stream(vrings).flatMap(vring -> vring.trouble().stream()).findFirst();
  }

  List<RingStatus> status() {
    return Arrays.stream(vrings).map(Vring::status).flatMap(Optional::stream).toList();
  }

  /** As after a device reset: no ring is set up, and what names events stays. */
  void resetAll() {
    for (Vring vring : vrings) {
      vring.enabled = false;
      vring.addressed = false;
      vring.base = 0;
      dropOwnInflight(vring);
      Held.drop(vring.kick);
      vring.kick = null;
    }
  }

  /** As if the front-end had never said anything. */
  void drop() {
    for (Vring vring : vrings) {
      vring.reset();
    }
  }

  void closeDescriptors() {
    for (Vring vring : vrings) {
      vring.closeDescriptors();
      if (vring.ownInflight != null) {
        vring.ownInflight.close();
      }
    }
  }
}
