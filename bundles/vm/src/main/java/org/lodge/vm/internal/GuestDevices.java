package org.lodge.vm.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.VhostUserBackends;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The devices that Lodge serves to one guest, from before its CPUs run until its process has ended.
 * Calls block; those that change a running guest come one at a time from its actor, while the
 * process may end at any moment.
 */
final class GuestDevices {
  private static final Logger LOG = LoggerFactory.getLogger(GuestDevices.class);
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(2);

  /** Of what needs no consent of the guest's. */
  private static final Duration GONE_LIMIT = Duration.ofSeconds(2);

  private final String guest;
  private final Path runDirectory;
  private final Services<VhostUserBackends> backends;
  private final Volumes volumes;
  private final DiskUse.Question uses;

  private final DeviceSlots slots;

  /**
   * Held while devices are served again: an attempt may begin before the last one has come back.
   */
  private final ReentrantLock reopening = new ReentrantLock();

  GuestDevices(
      String guest,
      Path runDirectory,
      Services<VhostUserBackends> backends,
      Volumes volumes,
      DiskUse.Question uses) {
    this.guest = guest;
    this.runDirectory = runDirectory;
    this.backends = backends;
    this.volumes = volumes;
    this.uses = uses;
    slots = new DeviceSlots(guest);
  }

  /** Opens and plugs what is declared; the CPUs have not run. What fails leaves nothing open. */
  void bringUp(Vmm vmm, List<DeviceDeclaration> declared)
      throws GuestException, VmmException, InterruptedException {
    closeAll();
    try {
      for (DeviceDeclaration each : declared) {
        plug(vmm, each);
      }
    } catch (GuestException | VmmException | InterruptedException e) {
      closeAll();
      throw e;
    }
  }

  /**
   * @param id null for one that is free
   */
  DeviceStatus add(Vmm vmm, String id, String type, Map<String, Object> config)
      throws GuestException, VmmException, InterruptedException {
    String chosen = id == null ? slots.freeId(type) : id;
    if (!chosen.matches(DeviceDeclaration.ID)) {
      throw problem(
          "device",
          "the id '"
              + chosen
              + "' can't be: it begins with a letter a-z and has at most 20 of a-z, 0-9 and -");
    }
    // Before the guest has it: a later Lodge serves what this one could not write down in time.
    plug(vmm, new DeviceDeclaration(chosen, type, config), this::remember);
    LOG.info("Device {} of type {} was added", chosen, type);
    return slots.get(chosen).status(guest);
  }

  private void plug(Vmm vmm, DeviceDeclaration declaration)
      throws GuestException, VmmException, InterruptedException {
    plug(vmm, declaration, () -> {});
  }

  private void plug(Vmm vmm, DeviceDeclaration declaration, Runnable remember)
      throws GuestException, VmmException, InterruptedException {
    DeviceSlot slot = open(declaration, null);
    boolean plugged = false;
    try {
      remember.run();
      String frontEnd = FrontEnds.of(service(), declaration.type());
      vmm.plug(declaration.frontEnd(frontEnd, runDirectory));
      plugged = true;
    } finally {
      if (!plugged) {
        drop(slot);
        remember.run();
      }
    }
    slots.get(declaration.id());
  }

  /**
   * @param before what stands in its place; null for nothing
   */
  private DeviceSlot open(DeviceDeclaration declaration, DeviceSlot before)
      throws GuestException, InterruptedException {
    slots.requirePlace(declaration.id(), before);
    VhostUserBackends service = service();
    Optional<String> wrong = declaration.problem();
    if (wrong.isPresent()) {
      throw problem("device", "device " + declaration.id() + ": " + wrong.get());
    }
    try (GuestVolumes.Held held = held(declaration)) {
      return open(service, declaration, before, held);
    }
  }

  private VhostUserBackends service() throws GuestException, InterruptedException {
    return backends
        .await(GuestsService.BACKENDS, SERVICE_WAIT)
        .orElseThrow(() -> problem("device", "the bundle vhost-user is not active"));
  }

  private GuestVolumes.Held held(DeviceDeclaration declaration)
      throws GuestException, InterruptedException {
    List<VolumeUse> uses = declaration.volumeUse().stream().toList();
    // A disk that is named by its keeper can be served without whoever keeps volumes.
    return declaration.config().containsKey(DeviceDeclaration.VOLUME)
        ? volumes.open(guest, uses)
        : volumes.openNow(guest, uses);
  }

  /** What is being opened, which may take as long as another guest lets it, is seen already. */
  private DeviceSlot open(
      VhostUserBackends service,
      DeviceDeclaration declaration,
      DeviceSlot before,
      GuestVolumes.Held held)
      throws GuestException {
    String id = declaration.id();
    DeviceSlot opening = DeviceSlot.unserved(declaration, "is being opened; try again");
    slots.put(before, opening);
    DeviceSlot next = before;
    try {
      String frontEnd = FrontEnds.of(service, declaration.type());
      Backend backend =
          service.open(declaration.served(held).backend(guest, frontEnd, runDirectory));
      next = DeviceSlot.served(declaration, backend);
    } catch (BackendException e) {
      throw failed(id, e);
    } finally {
      if (!slots.replace(opening, next) && next != before) {
        next.close();
        next = null;
      }
    }
    if (next == null) {
      throw slots.takenAway(id);
    }
    return next;
  }

  private void drop(DeviceSlot slot) {
    slots.replace(slot, null);
    slot.close();
  }

  /**
   * The guest lets go of it first: a device that it still uses is not ended.
   *
   * @param force also a disk of which the guest says that it is in use, which its kernel lets go
   */
  void remove(Vmm vmm, String id, Duration limit, boolean force)
      throws GuestException, VmmException, InterruptedException {
    DeviceSlot slot = slots.get(id);
    if (!force) {
      requireUnused(vmm, slot.declaration());
    }
    remove(vmm, slot, limit);
  }

  private void remove(Vmm vmm, DeviceSlot slot, Duration limit) throws VmmException {
    String id = slot.id();
    vmm.unplug(id, limit);
    // It may have been served again meanwhile, as after a restart of Lodge.
    DeviceSlot present = present(slot);
    if (present != null) {
      drop(present);
    }
    remember();
    LOG.info("Device {} was removed", id);
  }

  /**
   * The guest has let go of a device while nobody waited for that, as after a removal that was
   * given up. From any thread.
   *
   * @return what finishes its removal; nothing where there is another of its name by then
   */
  Message.Control.Action gone(String id) {
    DeviceSlot gone = slots.find(id);
    return vmm -> {
      if (gone != null && present(gone) != null) {
        remove(vmm, gone, GONE_LIMIT);
      }
    };
  }

  /** The device as it is by now, served or not; null where it has been taken away. */
  private DeviceSlot present(DeviceSlot slot) {
    DeviceSlot now = slots.find(slot.id());
    return now != null && now.declaration() == slot.declaration() ? now : null;
  }

  private void requireUnused(Vmm vmm, DeviceDeclaration disk)
      throws GuestException, VmmException, InterruptedException {
    if (!disk.type().equals(DeviceDeclaration.BLK)) {
      return;
    }
    String id = disk.id();
    if (vmm.state() == VmmState.PAUSED) {
      // It would let go as soon as it runs on.
      throw problem(
          "device",
          "device %s was not removed: the guest is paused and can't tell whether it uses it; resume it first, or say --force"
              .formatted(id));
    }
    try {
      Optional<String> use = uses.of(disk.serial());
      if (use.isPresent()) {
        throw problem(
            "device",
            "device %s was not removed: in the guest it %s; let go of it there, or say --force, by which what is not written yet is lost"
                .formatted(id, use.get()));
      }
    } catch (IOException e) {
      throw new GuestException(
          guest,
          "device",
          "device %s was not removed: whether the guest uses it can't be told: %s; try again, or say --force"
              .formatted(id, e.getMessage()),
          List.of(),
          e);
    }
  }

  String control(String id, String command, Map<String, Object> arguments) throws GuestException {
    DeviceSlot slot = slots.get(id);
    if (slot.backend() == null) {
      throw problem("control", slot.trouble());
    }
    try {
      return slot.backend().control(command, arguments);
    } catch (BackendException e) {
      throw failed(id, e);
    }
  }

  /** The guest's CPUs are about to be halted, or go on after all. */
  void expectPause(boolean expected) {
    for (DeviceSlot slot : slots.all()) {
      if (slot.backend() != null) {
        try {
          slot.backend().expectPause(expected);
        } catch (BackendException e) {
          LOG.warn("The guest may lose what it has open by a device: {}", e.getMessage());
        }
      }
    }
  }

  /** Serves again what an earlier Lodge served to a process that may still be there. */
  void reopen(List<DeviceDeclaration> recorded) throws InterruptedException {
    reopening.lockInterruptibly();
    try {
      reopenMissing(recorded);
    } finally {
      reopening.unlock();
    }
  }

  private void reopenMissing(List<DeviceDeclaration> recorded) throws InterruptedException {
    // All of them are seen at once: each may take long to open.
    recorded.forEach(
        each -> slots.putIfAbsent(DeviceSlot.unserved(each, "is not served again yet")));
    for (DeviceDeclaration one : recorded) {
      DeviceSlot before = slots.find(one.id());
      if (before == null || before.backend() != null) {
        continue;
      }
      DeviceDeclaration each = before.declaration();
      try {
        open(each, before);
        admitMonitor(each.socket(runDirectory));
      } catch (GuestException e) {
        LOG.error("Device {} can't be served again: {}", each.id(), e.getMessage());
        slots.replace(before, DeviceSlot.unserved(each, e.getMessage()));
      } catch (RuntimeException | LinkageError e) {
        // A fault of one device's logic, which is anybody's, is no reason to leave out the others.
        LOG.error("Device {} can't be served again", each.id(), e);
        slots.replace(before, DeviceSlot.unserved(each, e.toString()));
      }
    }
  }

  /** A monitor that has lost its back-end connects again; its user is the directory's group. */
  private void admitMonitor(Path socket) {
    try {
      Object user = Files.getAttribute(runDirectory, "unix:gid");
      if (!user.equals(Files.getAttribute(runDirectory, "unix:uid"))) {
        Files.setAttribute(socket, "unix:uid", user);
      }
    } catch (IOException e) {
      LOG.warn("The monitor may not be able to connect to {} again: {}", socket, e.toString());
    }
  }

  /** The guest's process has ended: no later Lodge has anything to serve to it. */
  void closeAll() {
    slots.all().forEach(this::drop);
    try {
      RunRecord.forget(runDirectory);
    } catch (IOException e) {
      LOG.warn(
          "A later Lodge will look for the devices of a guest that has ended: {}", e.toString());
    }
  }

  List<DeviceDeclaration> declarations() {
    return slots.all().stream().map(DeviceSlot::declaration).toList();
  }

  List<DeviceStatus> statuses() {
    return slots.all().stream().map(slot -> slot.status(guest)).toList();
  }

  private void remember() {
    try {
      Optional<RunRecord> record = RunRecord.read(runDirectory);
      if (record.isPresent()) {
        record.get().withDevices(declarations()).write(runDirectory);
      }
    } catch (IOException e) {
      LOG.warn("A later Lodge will not know the guest's devices: {}", e.toString());
    }
  }

  /** The reason without guest and device, which each layer below has put before it. */
  private GuestException failed(String id, BackendException e) {
    String before = "guest '%s', device '%s': ".formatted(guest, id);
    return new GuestException(
        guest, e.stage(), "device " + id + ": " + e.getMessage().replace(before, ""), List.of(), e);
  }

  private GuestException problem(String stage, String message) {
    return new GuestException(guest, stage, message);
  }
}
