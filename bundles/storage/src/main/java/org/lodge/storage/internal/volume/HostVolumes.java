package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.linux.FileLeases;
import org.lodge.linux.LinuxException;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Kind;
import org.lodge.storage.VolumeStatus.Snapshot;
import org.lodge.storage.VolumeStatus.Use;
import org.lodge.storage.Volumes;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.GuestException;
import org.lodge.vm.Guests;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The volumes on this host, where the guests that have them permit what is done. */
final class HostVolumes implements Volumes {
  private static final Logger LOG = LoggerFactory.getLogger(HostVolumes.class);
  private static final long BLOCK_BYTES = 4096;
  private static final long SIZE_MIN = 1 << 20;
  private static final long SIZE_MAX = 1L << 46;
  private static final String OWNER = "lodge volume";

  private final VolumeKeeper keeper;
  private final VolumeFolder folder;
  private final VolumeLooks looks;
  private final VolumeUsers users;
  private final Guests guests;

  HostVolumes(VolumeKeeper keeper, VolumeUsers users, Guests guests) {
    this.keeper = keeper;
    this.folder = keeper.folder();
    this.looks = new VolumeLooks(keeper);
    this.users = users;
    this.guests = guests;
  }

  @FunctionalInterface
  private interface Act {
    void run() throws IOException, InterruptedException, VolumeException;
  }

  /** Does one thing to a volume. */
  private void act(String name, String what, Act act) throws VolumeException, InterruptedException {
    try (VolumeKeeper.Claimed _ = keeper.claim(name, what)) {
      act.run();
    } catch (VolumeFolder.UndoneException e) {
      throw VolumeKeeper.undone(name, e);
    } catch (IOException e) {
      throw new VolumeException(
          "volume '%s' was not %s: %s".formatted(name, what, e.getMessage()), e);
    }
  }

  @Override
  public List<VolumeStatus> list() {
    Map<String, List<Use>> uses = users.all();
    List<VolumeStatus> list = new ArrayList<>();
    try {
      Map<String, String> notes = looks.notes();
      for (String name : folder.names()) {
        try {
          list.add(looks.status(name, uses.getOrDefault(name, List.of()), notes.get(name)));
        } catch (IOException e) {
          LOG.debug("{} went meanwhile", name, e);
        }
      }
    } catch (IOException e) {
      LOG.error("The volumes can't be read: {}", e.toString());
    }
    return list;
  }

  @Override
  public VolumeStatus status(String name) throws VolumeException {
    require(name);
    try {
      return looks.status(name, users.of(name), looks.notes().get(name));
    } catch (IOException e) {
      throw new VolumeException("volume '%s' can't be read: %s".formatted(name, e), e);
    }
  }

  private void require(String name) throws VolumeException {
    if (!folder.exists(name)) {
      throw new VolumeException("there is no volume '%s'; see: lodge volume ls".formatted(name));
    }
  }

  static void requireName(String what, String name) throws VolumeException {
    if (!name.matches(VolumeKeeper.NAME)) {
      throw new VolumeException(
          what + " is a letter a-z, then at most 30 of a-z, 0-9 and -, unlike '" + name + "'");
    }
  }

  static void requireSize(long sizeBytes) throws VolumeException {
    if (sizeBytes < SIZE_MIN || sizeBytes > SIZE_MAX || sizeBytes % BLOCK_BYTES != 0) {
      throw new VolumeException(
          "a volume has 1M to 64T, in whole blocks of 4K, unlike " + sizeBytes + " bytes");
    }
  }

  private void requireFree(String name) throws VolumeException {
    requireName("a volume's name", name);
    if (folder.exists(name)) {
      throw new VolumeException(
          "there is a volume '%s' already; take another name".formatted(name));
    }
    if (users.isGuest(name)) {
      throw new VolumeException(
          "'%s' is a guest's name, by which lodge volume revert means all of its volumes; take another"
              .formatted(name));
    }
  }

  /** Keeps everybody else from the image. */
  private FileLeases.Lease lease(String name, String what) throws VolumeException, IOException {
    try {
      return keeper.leases().take(folder.disk(name), true, OWNER);
    } catch (LinuxException e) {
      if (e.errno() == LinuxException.EAGAIN) {
        throw users.inUse(name, folder.disk(name), what, e);
      }
      throw e;
    }
  }

  @Override
  public VolumeStatus create(String name, long sizeBytes) throws VolumeException {
    requireSize(sizeBytes);
    uninterrupted(
        name,
        "made",
        () -> {
          requireFree(name);
          folder.create(name, sizeBytes);
        });
    LOG.info("Volume {} was made", name);
    return status(name);
  }

  private void uninterrupted(String name, String what, Act act) throws VolumeException {
    try {
      act(name, what, act);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VolumeException("volume '%s' was not %s: interrupted".formatted(name, what), e);
    }
  }

  @Override
  public void remove(String name, boolean force) throws VolumeException {
    require(name);
    Optional<Use> named =
        users.of(name).stream().filter(use -> !use.as().equals("root")).findFirst();
    uninterrupted(
        name,
        "removed",
        () -> {
          try (FileLeases.Lease _ = lease(name, "removed")) {
            if (named.isPresent() && !force) {
              throw named(name, named.get());
            }
            folder.remove(name);
          }
        });
    LOG.info("Volume {} was removed", name);
  }

  /** A definition names it. */
  static VolumeException named(String name, Use use) {
    return new VolumeException(
        "volume '%s' is %s of guest '%s'; take it out of its definition first, or say --force"
            .formatted(name, use.as(), use.guest()));
  }

  @Override
  public void removeSnapshot(String name, String snapshot) throws VolumeException {
    requireSnapshot(name, snapshot);
    uninterrupted(name, "changed", () -> folder.removeSnapshot(name, snapshot));
  }

  private void requireSnapshot(String name, String snapshot) throws VolumeException {
    require(name);
    try {
      List<String> all = folder.snapshots(name);
      if (!all.contains(snapshot)) {
        throw new VolumeException(
            "volume '%s' has no snapshot '%s'; it has %s"
                .formatted(name, snapshot, all.isEmpty() ? "none" : String.join(", ", all)));
      }
    } catch (IOException e) {
      throw new VolumeException("volume '%s' can't be read: %s".formatted(name, e), e);
    }
  }

  @Override
  public VolumeStatus resize(String name, long sizeBytes, boolean shrink)
      throws VolumeException, InterruptedException {
    require(name);
    requireSize(sizeBytes);
    act(
        name,
        "resized",
        () -> {
          if (sizeBytes < Files.size(folder.disk(name)) && !shrink) {
            throw new VolumeException(
                "volume '%s' has more than that; what lies behind would be lost: --shrink allows it"
                    .formatted(name));
          }
          List<DeviceStatus> devices = users.devices(name);
          if (!devices.isEmpty()) {
            resizeUnder(devices.getFirst(), name, sizeBytes);
          } else {
            try (FileLeases.Lease _ = lease(name, "resized")) {
              folder.resize(name, sizeBytes);
            }
          }
        });
    return status(name);
  }

  /** A device that writes makes the image longer itself, and tells the guest; readers are told. */
  private void resizeUnder(DeviceStatus device, String name, long sizeBytes)
      throws IOException, InterruptedException, VolumeException {
    if (sizeBytes < Files.size(folder.disk(name))) {
      throw users.inUse(name, folder.disk(name), "made smaller", null);
    }
    if (VolumeUsers.isReadOnly(device)) {
      folder.resize(name, sizeBytes);
      users.tellSize(name);
    } else {
      users.resize(device, Map.of("sizeBytes", sizeBytes));
      folder.sync(name);
    }
  }

  @Override
  public VolumeStatus snapshot(String name, String snapshot, Progress progress)
      throws VolumeException, InterruptedException {
    require(name);
    requireSnapshotName(snapshot);
    act(
        name,
        "kept",
        () -> {
          if (folder.snapshots(name).contains(snapshot)) {
            throw new VolumeException(
                "volume '%s' has a snapshot '%s' already; take another name, or: lodge volume rm %s --snapshot %s"
                    .formatted(name, snapshot, name, snapshot));
          }
          whileRead(name, "copied", progress, how -> folder.keep(name, snapshot, how));
        });
    return status(name);
  }

  static void requireSnapshotName(String snapshot) throws VolumeException {
    requireName("a snapshot's name", snapshot);
    if (snapshot.equals(VolumeFolder.BEFORE_REVERT)) {
      throw new VolumeException("Lodge keeps '%s' itself; take another name".formatted(snapshot));
    }
  }

  @FunctionalInterface
  private interface Copying {
    void by(ImageCopy how) throws IOException, InterruptedException;
  }

  /** A guest that writes it does no harm where the copy is of one instant. */
  private void whileRead(String name, String what, Progress progress, Copying copying)
      throws IOException, InterruptedException, VolumeException {
    FileLeases.Lease lease;
    try {
      lease = keeper.leases().take(folder.disk(name), false, OWNER);
    } catch (LinuxException e) {
      if (e.errno() != LinuxException.EAGAIN) {
        throw e;
      }
      try {
        copying.by(ImageCopy.instant());
        return;
      } catch (ImageCopy.CanNotShareException slow) {
        throw users.inUse(name, folder.disk(name), what, slow);
      }
    }
    try (lease) {
      copying.by(ImageCopy.still(progress));
    }
  }

  @Override
  public VolumeStatus clone(
      String name, Optional<String> snapshot, String newName, Progress progress)
      throws VolumeException, InterruptedException {
    require(name);
    if (snapshot.isPresent()) {
      requireSnapshot(name, snapshot.get());
    }
    act(
        newName,
        "made",
        () -> {
          requireFree(newName);
          act(
              name,
              "copied",
              () -> {
                if (snapshot.isPresent()) {
                  Path kept = folder.snapshot(name, snapshot.get());
                  folder.copy(kept, newName, ImageCopy.still(progress));
                } else {
                  whileRead(
                      name,
                      "copied",
                      progress,
                      how -> folder.copy(folder.disk(name), newName, how));
                }
              });
        });
    LOG.info("Volume {} was made from {}", newName, name);
    return status(newName);
  }

  @Override
  public VolumeStatus revert(String name, Optional<String> snapshot, Progress progress)
      throws VolumeException, InterruptedException {
    require(name);
    String wanted = snapshot.isPresent() ? snapshot.get() : lastStart(name);
    requireSnapshot(name, wanted);
    revert(Map.of(name, wanted), progress);
    return status(name);
  }

  private String lastStart(String name) throws VolumeException {
    VolumeStatus status = status(name);
    if (status.note().isPresent()) {
      throw new VolumeException(
          "volume '%s': %s; or name a snapshot: --to SNAPSHOT, see lodge volume show %s"
              .formatted(name, status.note().get(), name));
    }
    return status.snapshots().stream()
        .filter(each -> each.kind() == Kind.START)
        .findFirst()
        .map(Snapshot::name)
        .orElseThrow(() ->
            new VolumeException(
                "volume '%s' has nothing from before a start; name a snapshot: --to SNAPSHOT, see lodge volume show %s"
                    .formatted(name, name)));
  }

  @Override
  public List<VolumeStatus> revertGuest(String guest, Progress progress)
      throws VolumeException, InterruptedException {
    try {
      if (guests.status(guest).state().hasProcess()) {
        throw new VolumeException(
            "guest '%s' runs; stop it first: lodge stop %s".formatted(guest, guest));
      }
      StartPoints.Start start =
          keeper
              .lastStart(guest)
              .orElseThrow(() ->
                  new VolumeException(
                      "of guest '%s' no start is known that wrote a volume and kept what it was before"
                          .formatted(guest)));
      if (!start.missing().isEmpty()) {
        Map.Entry<String, String> first = start.missing().entrySet().iterator().next();
        throw new VolumeException(
            "not all volumes of guest '%s' can go back together: volume '%s': %s"
                .formatted(guest, first.getKey(), first.getValue()));
      }
      for (Map.Entry<String, String> point : start.points().entrySet()) {
        requireSnapshot(point.getKey(), point.getValue());
      }
      revert(start.points(), progress);
      List<VolumeStatus> reverted = new ArrayList<>();
      for (String name : start.points().keySet()) {
        reverted.add(status(name));
      }
      return reverted;
    } catch (GuestException e) {
      throw new VolumeException(e.getMessage(), e);
    } catch (IOException e) {
      throw new VolumeException("the volumes of '%s' can't be read: %s".formatted(guest, e), e);
    }
  }

  private void revert(Map<String, String> snapshots, Progress progress)
      throws VolumeException, InterruptedException {
    revert(List.copyOf(snapshots.keySet()), new LinkedHashMap<>(snapshots), progress);
    LOG.info("Reverted {}", snapshots);
  }

  /** Takes one volume after the other, then reverts all of them together. */
  private void revert(List<String> names, Map<String, String> snapshots, Progress progress)
      throws VolumeException, InterruptedException {
    if (names.isEmpty()) {
      throw new VolumeException("there is nothing to revert");
    }
    String name = names.getFirst();
    List<String> rest = names.subList(1, names.size());
    act(
        name,
        "reverted",
        () -> {
          try (FileLeases.Lease _ = lease(name, "reverted")) {
            if (rest.isEmpty()) {
              folder.revert(snapshots, ImageCopy.still(progress));
            } else {
              revert(rest, snapshots, progress);
            }
          }
        });
  }
}
