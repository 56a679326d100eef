package org.lodge.storage.internal.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.FileLeases;
import org.lodge.linux.internal.LeasesComponent;
import org.lodge.storage.VolumeException;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes.Held;
import org.lodge.vm.VolumeUse;

class VolumeKeeperTest {
  private static final long MIB = 1 << 20;
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final VolumeUse LAYER =
      new VolumeUse("work.root", "root", false, OptionalLong.of(4 * MIB));
  private static final VolumeUse DATA =
      new VolumeUse("data", "disk data", false, OptionalLong.empty());

  @TempDir Path state;
  private final FileLeases leases = new LeasesComponent();
  private VolumeKeeper keeper;

  private VolumeKeeper keeper() {
    keeper = new VolumeKeeper(leases, state);
    return keeper;
  }

  @AfterEach
  void itLetsGo() {
    keeper.deactivate();
  }

  private void start(List<VolumeUse> uses, int keep, Duration copy) throws Exception {
    keeper.start("work", uses, keep, copy).close();
  }

  @Test
  void aLayerIsMadeGrowsAndNeverShrinks() throws Exception {
    keeper();
    start(List.of(LAYER), 1, LONG);
    Path disk = keeper.folder().disk("work.root");
    assertEquals(4 * MIB, Files.size(disk));
    keeper.deactivate();
    keeper();
    start(List.of(new VolumeUse("work.root", "root", false, OptionalLong.of(8 * MIB))), 1, LONG);
    start(List.of(LAYER), 1, LONG);
    assertEquals(8 * MIB, Files.size(disk));
  }

  @Test
  void eachStartKeepsSoManyWaysBack() throws Exception {
    keeper();
    for (int number = 1; number <= 4; number++) {
      start(List.of(LAYER), 2, LONG);
      StartPoints.Start start = keeper.lastStart("work").orElseThrow();
      List<String> points = keeper.folder().snapshots("work.root");
      assertEquals(Math.min(number, 2), points.size());
      assertEquals(points.getLast(), start.points().get("work.root"));
      Files.write(keeper.folder().disk("work.root"), new byte[] {(byte) number});
    }
    start(List.of(LAYER), 0, LONG);
    assertTrue(keeper.lastStart("work").isEmpty());
  }

  /** On a file system that can share blocks there is nothing to wait for. */
  @Test
  void aStartWaitsNoLongerThanItMayAndSaysWhatCanNotBeUndone() throws Exception {
    keeper();
    start(List.of(LAYER), 1, LONG);
    Path disk = keeper.folder().disk("work.root");
    Files.write(disk, new byte[(int) (64 * MIB)]);
    start(List.of(LAYER), 1, Duration.ZERO);
    StartPoints.Start start = keeper.lastStart("work").orElseThrow();
    Path probe = Files.createFile(state.resolve("probe"));
    if (org.lodge.linux.FileCopy.share(disk, probe)) {
      assertEquals(Set.of("work.root"), start.points().keySet());
    } else {
      assertTrue(start.missing().get("work.root").contains("revert.copySeconds"), start.toString());
      assertEquals(Set.of(), start.points().keySet());
    }
  }

  @Test
  void aDamagedRecordOfAStartHidesNoVolume() throws Exception {
    keeper().claim("data", "made").close();
    for (String damaged : List.of("+ data\n", "\n", "+ a b\n-", "\0\0\0")) {
      keeper.folder().putStart("work", damaged);
      assertEquals(java.util.Optional.empty(), keeper.lastStart("work"), damaged);
    }
  }

  @Test
  void nothingElseIsDoneToWhatAGuestIsGiven() throws Exception {
    keeper();
    try (Held _ = keeper.start("work", List.of(LAYER), 1, LONG)) {
      VolumeException refused =
          assertThrows(VolumeException.class, () -> keeper.claim("work.root", "reverted"));
      assertTrue(refused.getMessage().contains("given to guest 'work'"), refused.getMessage());
      keeper.open("work", List.of(LAYER)).close();
      assertThrows(VolumeException.class, () -> keeper.claim("work.root", "reverted"));
    }
    keeper.claim("work.root", "reverted").close();
  }

  @Test
  void guestsThatOnlyReadAVolumeStartAtTheSameTime() throws Exception {
    keeper().claim("data", "made").close();
    keeper.folder().create("data", MIB);
    VolumeUse read = new VolumeUse("data", "disk data", true, OptionalLong.empty());
    try (Held _ = keeper.start("work", List.of(read), 1, LONG)) {
      keeper.start("mail", List.of(read), 1, LONG).close();
      assertThrows(GuestException.class, () -> keeper.start("mail", List.of(DATA), 1, LONG));
      assertThrows(VolumeException.class, () -> keeper.claim("data", "reverted"));
    }
  }

  @Test
  void aVolumeThatIsNotThereIsNamedWithWhatToDo() throws Exception {
    keeper();
    GuestException refused =
        assertThrows(GuestException.class, () -> keeper.open("work", List.of(DATA)));
    assertTrue(refused.getMessage().contains("lodge volume create data"), refused.getMessage());
    assertEquals("volume", refused.stage());
  }

  @Test
  void aPathIsNoVolume() throws Exception {
    keeper().claim("data", "made").close();
    keeper.folder().create("data", MIB);
    keeper.folder().putStart("disk", "");
    for (String name : List.of(".start", "../volume/data", "data/.", "", ".", "a\0b", "Data")) {
      VolumeUse use = new VolumeUse(name, "disk data", false, OptionalLong.empty());
      GuestException refused =
          assertThrows(GuestException.class, () -> keeper.open("work", List.of(use)), name);
      assertTrue(refused.getMessage().contains("no volume of this name"), refused.getMessage());
    }
  }

  @Test
  void aSecondWriterIsRefusedBeforeItsStart() throws Exception {
    keeper().claim("data", "made").close();
    keeper.folder().create("data", MIB);
    try (FileLeases.Lease _ = leases.take(keeper.folder().disk("data"), true, "another")) {
      GuestException refused =
          assertThrows(
              GuestException.class, () -> keeper.start("work", List.of(DATA), 1, LONG).close());
      assertTrue(refused.getMessage().contains("lodge volume show data"), refused.getMessage());
    }
    keeper.start("work", List.of(DATA), 1, LONG).close();
  }

  @Test
  void aSecondLodgeIsRefused() throws Exception {
    keeper().claim("data", "made").close();
    VolumeKeeper second = new VolumeKeeper(leases, state);
    assertThrows(VolumeException.class, () -> second.claim("data", "made"));
    keeper.deactivate();
    second.claim("data", "made").close();
    second.deactivate();
  }
}
