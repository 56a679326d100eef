package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Predicate;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Use;
import org.lodge.vm.VolumeUse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes that guests keep on their own disks, {@code KEEPER:NAME}. What is done to them is
 * done there, by {@link KeptScript}; here it is decided whether whoever has them permits it.
 */
final class KeptVolumes {
  private static final Logger LOG = LoggerFactory.getLogger(KeptVolumes.class);
  private static final Duration QUICK = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofSeconds(10);
  private static final Duration COPY = Duration.ofHours(12);
  private static final String SNAPSHOTS = ".snapshot/";

  private final VolumeKeeper keeper;
  private final VolumeUsers users;
  private final Predicate<String> keeps;
  private final KeptScript script;

  /**
   * @param keeps whether a guest offers its disks
   */
  KeptVolumes(VolumeKeeper keeper, VolumeUsers users, Predicate<String> keeps, KeptScript script) {
    this.keeper = keeper;
    this.users = users;
    this.keeps = keeps;
    this.script = script;
  }

  /** A volume, its keeper and what it is called there. */
  private record Kept(String volume, String guest, String own) {
    Path file() {
      return Path.of(KeptScript.FOLDER, own);
    }
  }

  private Kept kept(String volume) throws VolumeException {
    String guest = VolumeUse.keeper(volume).orElseThrow();
    String own = VolumeUse.ownName(volume);
    HostVolumes.requireName("the name of a volume of guest '" + guest + "'", own);
    if (!users.isGuest(guest)) {
      throw new VolumeException(
          "volume '%s': there is no guest '%s'; see: lodge ls".formatted(volume, guest));
    }
    if (!keeps.test(guest)) {
      throw new VolumeException(
          ("volume '%s': guest '%s' keeps no disks for others; give it a server of %s and the service disk, as in"
                  + " \"services\": {\"disk\": {\"socket\": \"/run/nbd.sock\"}}")
              .formatted(volume, guest, KeptScript.FOLDER));
    }
    return new Kept(volume, guest, own);
  }

  /** What is asked, if it may be: no device of a guest opens the volume meanwhile. */
  private interface Question {
    List<String> words() throws VolumeException;
  }

  private void ask(Kept of, String what, Duration limit, Question question)
      throws VolumeException, InterruptedException {
    try (VolumeKeeper.Claimed _ = keeper.claim(of.volume(), what)) {
      String said = script.run(of.guest(), limit, question.words().toArray(String[]::new));
      if (said.startsWith("refused ")) {
        throw refusal(of, what, said.strip().split(" ", 4));
      }
      remember(of.guest(), said);
    } catch (KeptScript.NotUpException | KeptScript.FailedException e) {
      throw new VolumeException(
          "volume '%s' was not %s: %s".formatted(of.volume(), what, e.getMessage()), e);
    } catch (IOException e) {
      throw new VolumeException(
          "volume '%s': it is not known whether it was %s, which is in full or not at all: %s; see: lodge volume ls"
              .formatted(of.volume(), what, e.getMessage()),
          e);
    }
  }

  private VolumeException refusal(Kept of, String what, String... untrusted) {
    String why = untrusted.length > 1 ? untrusted[1] : "";
    String which = untrusted.length > 2 ? untrusted[2] : "";
    return switch (why) {
      case "busy" -> notDone(of, what, "its guest is still at what it was asked before");
      case "folder" -> notDone(of, what, "its guest has no folder " + KeptScript.FOLDER);
      case "exists" ->
          which.startsWith(SNAPSHOTS)
              ? notDone(of, what, "it has a snapshot of that name already; take another name")
              : new VolumeException("there is such a volume already; take another name");
      case "missing" ->
          which.startsWith(SNAPSHOTS)
              ? new VolumeException(
                  "volume '%s' has no such snapshot; see: lodge volume show %s"
                      .formatted(of.volume(), of.volume()))
              : missing(of);
      case "smaller" ->
          notDone(
              of,
              what,
              "it has more than that; what lies behind would be lost: --shrink allows it");
      case "space" -> notDone(of, what, space(which, untrusted[untrusted.length - 1]));
      case "unshared" -> users.inUse(of.volume(), of.file(), what, null);
      default -> notDone(of, what, "its guest refuses it");
    };
  }

  private static VolumeException notDone(Kept of, String what, String why) {
    return new VolumeException("volume '%s' was not %s: %s".formatted(of.volume(), what, why));
  }

  private static VolumeException missing(Kept of) {
    return new VolumeException(
        "there is no volume '%s'; see: lodge volume ls".formatted(of.volume()));
  }

  private static String space(String untrustedNeed, String untrustedRoom) {
    return untrustedNeed.matches("\\d{1,18}") && untrustedRoom.matches("\\d{1,18}")
        ? "it has %d MiB of data and its guest's file system only %d MiB free"
            .formatted(Long.parseLong(untrustedNeed) >> 20, Long.parseLong(untrustedRoom) >> 20)
        : "its guest's file system has too little free";
  }

  /** For when the guest is not up. */
  private void remember(String guest, String said) {
    try {
      if (!said.equals(keeper.folder().kept(guest))) {
        keeper.folder().putKept(guest, said);
      }
    } catch (IOException e) {
      LOG.warn("What guest {} keeps is not remembered: {}", guest, e.toString());
    }
  }

  /** A look at what a guest keeps. */
  private record Look(KeptListing listing, Optional<String> note) {}

  private Look look(String guest) throws IOException, InterruptedException {
    try {
      String said = script.run(guest, LOOK, "list");
      if (!said.startsWith("refused ")) {
        remember(guest, said);
        return new Look(new KeptListing(guest, said), Optional.empty());
      }
      return new Look(new KeptListing(guest, ""), Optional.empty());
    } catch (IOException e) {
      String before = keeper.folder().kept(guest);
      String note =
          "as it was when guest '%s' told of it last: %s".formatted(guest, e.getMessage());
      return new Look(new KeptListing(guest, before == null ? "" : before), Optional.of(note));
    }
  }

  List<VolumeStatus> list() {
    Map<String, List<Use>> uses = users.all();
    // All at once: one that does not answer is waited for, and it may be one of several.
    Map<String, FutureTask<Look>> looks = new LinkedHashMap<>();
    users.guests().stream()
        .filter(keeps)
        .forEach(guest -> {
          FutureTask<Look> look = new FutureTask<>(() -> look(guest));
          Thread.ofVirtual().name("volumes-of-" + guest).start(look);
          looks.put(guest, look);
        });
    List<VolumeStatus> list = new ArrayList<>();
    for (Map.Entry<String, FutureTask<Look>> asked : looks.entrySet()) {
      String guest = asked.getKey();
      try {
        Look look = asked.getValue().get();
        for (String own : look.listing().names()) {
          List<Use> of = uses.getOrDefault(VolumeUse.kept(guest, own), List.of());
          look.listing().status(own, of, look.note()).ifPresent(list::add);
        }
      } catch (ExecutionException e) {
        LOG.error("The volumes of guest {} can't be told: {}", guest, e.getCause().toString());
      } catch (InterruptedException e) {
        looks.values().forEach(look -> look.cancel(true));
        Thread.currentThread().interrupt();
        return list;
      }
    }
    return list;
  }

  VolumeStatus status(String volume) throws VolumeException {
    Kept of = kept(volume);
    try {
      Look look = look(of.guest());
      Optional<VolumeStatus> status =
          look.listing().status(of.own(), users.of(volume), look.note());
      if (status.isEmpty() && look.note().isPresent()) {
        throw new VolumeException("volume '%s': %s".formatted(volume, look.note().get()));
      }
      return status.orElseThrow(() -> missing(of));
    } catch (IOException e) {
      throw new VolumeException("volume '%s' can't be told: %s".formatted(volume, e), e);
    } catch (InterruptedException e) {
      throw interrupted(of, e);
    }
  }

  private static VolumeException interrupted(Kept of, InterruptedException e) {
    Thread.currentThread().interrupt();
    return new VolumeException("volume '%s': interrupted".formatted(of.volume()), e);
  }

  VolumeStatus create(String volume, long sizeBytes) throws VolumeException {
    HostVolumes.requireSize(sizeBytes);
    Kept of = kept(volume);
    try {
      ask(of, "made", QUICK, () -> List.of("create", of.own(), Long.toString(sizeBytes)));
    } catch (InterruptedException e) {
      throw interrupted(of, e);
    }
    LOG.info("Volume {} was made", volume);
    return status(volume);
  }

  void remove(String volume, boolean force) throws VolumeException {
    Kept of = kept(volume);
    try {
      ask(
          of,
          "removed",
          QUICK,
          () -> {
            requireUnused(of, "removed");
            Optional<Use> named = users.of(volume).stream().findFirst();
            if (named.isPresent() && !force) {
              throw HostVolumes.named(volume, named.get());
            }
            return List.of("remove", of.own());
          });
    } catch (InterruptedException e) {
      throw interrupted(of, e);
    }
    LOG.info("Volume {} was removed", volume);
  }

  /** Of a guest that keeps it nobody knows but Lodge who has it. */
  private void requireUnused(Kept of, String what) throws VolumeException {
    if (!users.devices(of.volume()).isEmpty()) {
      throw users.inUse(of.volume(), of.file(), what, null);
    }
  }

  void removeSnapshot(String volume, String snapshot) throws VolumeException {
    Kept of = kept(volume);
    HostVolumes.requireName("a snapshot's name", snapshot);
    try {
      ask(of, "changed", QUICK, () -> List.of("forget", of.own(), snapshot));
    } catch (InterruptedException e) {
      throw interrupted(of, e);
    }
  }

  VolumeStatus resize(String volume, long sizeBytes, boolean shrink)
      throws VolumeException, InterruptedException {
    HostVolumes.requireSize(sizeBytes);
    Kept of = kept(volume);
    // A device that opens meanwhile could not be told.
    try (VolumeKeeper.Claimed _ = keeper.claim(volume, "resized")) {
      ask(
          of,
          "resized",
          QUICK,
          () -> {
            if (shrink) {
              requireUnused(of, "made smaller");
            }
            String less = shrink ? "ANY" : "NO-LESS";
            return List.of("resize", of.own(), Long.toString(sizeBytes), less);
          });
      users.tellSize(volume);
    }
    return status(volume);
  }

  VolumeStatus snapshot(String volume, String snapshot)
      throws VolumeException, InterruptedException {
    Kept of = kept(volume);
    HostVolumes.requireSnapshotName(snapshot);
    ask(of, "copied", COPY, () -> List.of("snapshot", of.own(), snapshot, how(volume)));
    return status(volume);
  }

  private String how(String volume) {
    return users.isWritten(volume) ? "INSTANT" : "STILL";
  }

  VolumeStatus clone(String volume, Optional<String> snapshot, String newVolume)
      throws VolumeException, InterruptedException {
    Kept of = kept(volume);
    if (!VolumeUse.keeper(newVolume).equals(Optional.of(of.guest()))) {
      throw new VolumeException(
          "a clone of '%s' is where that is: call it %s"
              .formatted(volume, VolumeUse.kept(of.guest(), VolumeUse.ownName(newVolume))));
    }
    Kept made = kept(newVolume);
    if (snapshot.isPresent()) {
      HostVolumes.requireName("a snapshot's name", snapshot.get());
    }
    try (VolumeKeeper.Claimed _ = keeper.claim(newVolume, "made")) {
      ask(
          of,
          "copied",
          COPY,
          () -> {
            String how = snapshot.isPresent() ? "STILL" : how(volume);
            return List.of("clone", of.own(), snapshot.orElse("."), made.own(), how);
          });
    }
    LOG.info("Volume {} was made from {}", newVolume, volume);
    return status(newVolume);
  }

  VolumeStatus revert(String volume, Optional<String> snapshot)
      throws VolumeException, InterruptedException {
    Kept of = kept(volume);
    if (snapshot.isEmpty()) {
      throw new VolumeException(
          "volume '%s': %s; or name one: --to SNAPSHOT"
              .formatted(volume, StartPoints.NOT_KEPT.formatted(of.guest(), volume)));
    }
    HostVolumes.requireName("a snapshot's name", snapshot.get());
    ask(
        of,
        "reverted",
        COPY,
        () -> {
          requireUnused(of, "reverted");
          return List.of("revert", of.own(), snapshot.get());
        });
    LOG.info("Reverted {} to {}", volume, snapshot.get());
    return status(volume);
  }
}
