package org.lodge.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.shell.ExitCode;
import org.lodge.shell.internal.Shell;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Kind;
import org.lodge.storage.VolumeStatus.Snapshot;
import org.lodge.storage.VolumeStatus.Use;
import org.lodge.storage.Volumes;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;

/** The commands over volumes and devices in memory, which write down what is asked of them. */
class VolumeCommandsTest {
  private static final VolumeStatus DATA =
      new VolumeStatus(
          "data",
          Optional.empty(),
          Path.of("/state/volume/data/disk"),
          10L << 30,
          3 << 20,
          List.of(new Use("display", "disk data", false, true)),
          List.of(
              new Snapshot(
                  "display.1", Kind.START, Optional.of("display"), Instant.now(), 2 << 20)),
          Optional.empty());

  private final Shell shell = new Shell();
  private final List<String> asked = new ArrayList<>();
  private VolumeException refusal;

  @BeforeEach
  void volumes() {
    shell.services.bindVolumes(
        fake(
            Volumes.class,
            (name, arguments) -> {
              if (name.equals("list")) {
                return List.of(DATA);
              }
              if (refusal != null) {
                throw refusal;
              }
              asked.add(name + words(arguments));
              return name.equals("revertGuest") ? List.of(DATA) : DATA;
            }));
    shell.services.bindDevices(
        fake(
            Devices.class,
            (name, arguments) -> {
              if (name.equals("list")) {
                return "storage".equals(arguments[0])
                    ? List.of()
                    : List.of(device("vsock", "vsock", "sent.packets", "packets"));
              }
              asked.add(name + words(arguments));
              return Thread.currentThread().isInterrupted()
                  ? new CompletableFuture<>()
                  : CompletableFuture.completedFuture(null);
            }));
  }

  private static DeviceStatus device(String id, String type, String counter, String unit) {
    return new DeviceStatus(
        "display",
        id,
        type,
        Map.of(),
        DeviceStatus.State.RUNNING,
        Optional.of("1.0.0"),
        List.of(new DeviceStatus.Counter(counter, unit, 4711)),
        Optional.empty(),
        0,
        Optional.empty());
  }

  private interface Behaviour {
    Object call(String name, Object[] arguments) throws Exception;
  }

  private static <T> T fake(Class<T> type, Behaviour behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "hashCode" -> System.identityHashCode(self);
                  case "equals" -> self == arguments[0];
                  case String name -> behaviour.call(name, arguments);
                }));
  }

  private static String words(Object[] arguments) {
    StringBuilder words = new StringBuilder();
    Arrays.stream(arguments)
        .filter(each -> !(each instanceof Volumes.Progress))
        .forEach(each ->
            words.append(' ').append(each instanceof Optional<?> o ? o.orElse(null) : each));
    return words.toString();
  }

  private void asks(String expected, String... command) {
    assertEquals(ExitCode.OK, shell.run(command), shell.err());
    assertEquals(List.of(expected), asked);
    asked.clear();
  }

  @Test
  void sizesHaveUnits() {
    asks("create data " + (10L << 30), "volume", "create", "data", "10G");
    asks("resize data " + (512 << 20) + " true", "volume", "resize", "data", "512M", "--shrink");
    for (String wrong : List.of("10X", "G", "-1G", "0", "99999999999999T")) {
      assertEquals(ExitCode.USAGE, shell.run("volume", "create", "data", "--", wrong), wrong);
    }
    assertEquals(List.of(), asked);
  }

  @Test
  void aRevertIsOfAVolumeOrElseOfAGuest() {
    asks("revert data null", "volume", "revert", "data");
    asks("revert data monday", "volume", "revert", "data", "--to", "monday");
    asks("revertGuest display", "volume", "revert", "display");
    asks("revertGuest data", "volume", "revert", "--guest", "data");
    asks("revert nothing null", "volume", "revert", "nothing");
    assertEquals(ExitCode.USAGE, shell.run("volume", "revert", "display", "--to", "monday"));
    assertTrue(shell.err().contains("its volumes: data"), shell.err());
  }

  @Test
  void aSnapshotIsRemovedByItsVolume() {
    asks("removeSnapshot data monday", "volume", "rm", "data", "--snapshot", "monday");
    asks("remove data false", "volume", "rm", "data");
    asks("clone data monday trial", "volume", "clone", "data", "trial", "--from", "monday");
  }

  @Test
  void theListSaysWhoHasItAndWhatItGoesBackTo() {
    assertEquals(ExitCode.OK, shell.run("volume", "ls"));
    assertTrue(shell.out().contains("display*"), shell.out());
    assertTrue(shell.out().contains("s ago"), shell.out());
    shell.run("volume", "ls", "--json");
    var volume = shell.json().getJsonArray("volumes").getJsonObject(0);
    assertEquals("start", volume.getJsonArray("snapshots").getJsonObject(0).getString("kind"));
    assertTrue(volume.getJsonArray("uses").getJsonObject(0).getBoolean("running"));
  }

  @Test
  void aRefusalIsTheCommandsError() {
    refusal = new VolumeException("volume 'data' is in use");
    assertEquals(ExitCode.FAILED, shell.run("volume", "rm", "data"));
    assertTrue(shell.err().contains("volume 'data' is in use"), shell.err());
  }

  @Test
  void theVirtioSocketGoesOnlyByForce() {
    assertEquals(ExitCode.FAILED, shell.run("device", "rm", "display", "vsock"));
    assertTrue(shell.err().contains("the agent of display is cut off"), shell.err());
    assertEquals(List.of(), asked);
    asks("remove display vsock PT10S true", "device", "rm", "display", "vsock", "--force");
  }

  @Test
  void whatAVirtioSocketHasCarriedIsCounted() {
    shell.run("device", "ls");
    assertTrue(shell.out().contains("4711"), shell.out());
  }

  @Test
  void whyAGuestHasNoDeviceIsSaid() {
    shell.run("device", "ls", "storage");
    assertTrue(shell.out().startsWith("storage does not run"), shell.out());
  }

  @Test
  void whoInterruptsARemovalIsToldThatTheGuestStaysAsked() {
    Thread.currentThread().interrupt();
    assertEquals(ExitCode.INTERRUPTED, shell.run("device", "rm", "display", "other"));
    assertEquals("lodge: display may let go of other all the same\n", shell.err());
  }
}
