package org.lodge.storage.internal.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.internal.LeasesComponent;
import org.lodge.storage.VolumeException;
import org.lodge.vm.Definitions;
import org.lodge.vm.Devices;
import org.lodge.vm.Guests;

/** What two people do to one volume at the same time. */
class HostVolumesTest {
  private static final long MIB = 1 << 20;

  @TempDir Path state;
  private VolumeKeeper keeper;
  private HostVolumes volumes;

  @BeforeEach
  void aVolume() throws Exception {
    keeper = new VolumeKeeper(new LeasesComponent(), state);
    Guests guests = fake(Guests.class, List.of());
    VolumeUsers users =
        new VolumeUsers(guests, fake(Devices.class, List.of()), fake(Definitions.class, Map.of()));
    volumes = new HostVolumes(keeper, users, guests);
    volumes.create("data", MIB);
  }

  @AfterEach
  void itLetsGo() {
    keeper.deactivate();
  }

  private static <T> T fake(Class<T> type, Object answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> answer));
  }

  private void refusedWhile(String name, String what, Executable act) throws Exception {
    try (VolumeKeeper.Claimed _ = keeper.claim(name, what)) {
      assertEquals(
          "volume '%s' is being %s; try again when that is done".formatted(name, what),
          assertThrows(VolumeException.class, act).getMessage());
    }
    act(act);
  }

  private static void act(Executable act) {
    try {
      act.execute();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void oneOfTwoMakesAName() throws Exception {
    refusedWhile(
        "trial",
        "made",
        () -> volumes.clone("data", Optional.empty(), "trial", (done, total) -> {}));
    refusedWhile("more", "made", () -> volumes.create("more", MIB));
  }

  @Test
  void oneOfTwoKeepsUnderAName() throws Exception {
    refusedWhile("data", "kept", () -> volumes.snapshot("data", "monday", (done, total) -> {}));
    refusedWhile("data", "changed", () -> volumes.removeSnapshot("data", "monday"));
  }

  @Test
  void oneOfTwoRemoves() throws Exception {
    refusedWhile("data", "removed", () -> volumes.remove("data", false));
  }

  @Test
  void oneVolumeIsClonedToSeveralNamesAtOnce() throws Exception {
    try (VolumeKeeper.Claimed _ = keeper.claim("data", "copied")) {
      volumes.clone("data", Optional.empty(), "trial", (done, total) -> {});
    }
  }
}
