package org.lodge.storage.internal.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.internal.LeasesComponent;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Kind;
import org.lodge.storage.VolumeStatus.Snapshot;
import org.lodge.vm.Definitions;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;
import org.lodge.vm.VolumeUse;

/** Volumes of a guest, over the script that runs there, and guests in memory. */
class KeptVolumesTest {
  private static final long MIB = 1 << 20;
  private static final String DATA = "storage:data";

  @TempDir Path place;
  private final List<DeviceStatus> live = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final Map<String, List<VolumeUse>> declared = new java.util.HashMap<>();
  private IOException trouble;
  private String answer;
  private LocalScript script;
  private VolumeKeeper keeper;
  private KeptVolumes volumes;

  @BeforeEach
  void aGuestThatKeepsVolumes() throws Exception {
    script = new LocalScript(place);
    keeper = new VolumeKeeper(new LeasesComponent(), Files.createDirectory(place.resolve("state")));
    Guests guests =
        fake(Guests.class, (name, arguments) -> List.of(guest("storage"), guest("work")));
    Devices devices =
        fake(
            Devices.class,
            (name, arguments) -> {
              if (name.equals("list")) {
                return List.copyOf(live);
              }
              told.add(name + " " + arguments[0] + " " + arguments[1] + " " + arguments[2]);
              return CompletableFuture.completedFuture("");
            });
    Definitions definitions = fake(Definitions.class, (name, arguments) -> declared);
    volumes =
        new KeptVolumes(
            keeper, new VolumeUsers(guests, devices, definitions), "storage"::equals, this::run);
  }

  private String run(String guest, Duration limit, String... words)
      throws IOException, InterruptedException {
    if (trouble != null) {
      throw trouble;
    }
    return answer == null ? script.run(guest, limit, words) : answer;
  }

  @AfterEach
  void itEnds() {
    keeper.deactivate();
  }

  private interface Behaviour {
    Object call(String name, Object[] arguments) throws Exception;
  }

  private static <T> T fake(Class<T> type, Behaviour behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> behaviour.call(method.getName(), arguments)));
  }

  private static GuestStatus guest(String name) {
    return new GuestStatus(
        name,
        "",
        GuestState.RUNNING,
        OptionalLong.of(1),
        Instant.EPOCH,
        false,
        false,
        List.of(),
        "qemu",
        "image",
        MIB,
        1,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        GuestStatus.StartTimes.NONE,
        Optional.empty(),
        0);
  }

  private void has(String guest, Map<String, Object> config) {
    live.add(
        new DeviceStatus(
            guest,
            "d",
            "blk",
            config,
            DeviceStatus.State.RUNNING,
            Optional.of("1.0.0"),
            List.of(),
            Optional.empty(),
            0,
            Optional.empty()));
  }

  private String refused(org.junit.jupiter.api.function.Executable act) {
    return assertThrows(VolumeException.class, act).getMessage();
  }

  @Test
  void whatIsDoneOnTheHostIsDoneThere() throws Exception {
    VolumeStatus made = volumes.create(DATA, 8 * MIB);
    assertEquals(DATA, made.name());
    assertEquals(Optional.of("storage"), made.keeper());
    assertEquals(8 * MIB, made.sizeBytes());
    assertEquals(0, made.allocatedBytes());
    assertEquals(Path.of("/srv/disks/data"), made.file());
    Path image = script.folder.resolve("data");
    Files.write(image, new byte[] {1});
    assertEquals(MIB, volumes.resize(DATA, MIB, true).sizeBytes());
    volumes.snapshot(DATA, "monday");
    Files.write(image, new byte[] {2});
    volumes.clone(DATA, Optional.empty(), "storage:now");
    volumes.clone(DATA, Optional.of("monday"), "storage:then");
    VolumeStatus reverted = volumes.revert(DATA, Optional.of("monday"));
    assertEquals(
        List.of(Kind.BEFORE_REVERT, Kind.TAKEN),
        reverted.snapshots().stream()
            .map(Snapshot::kind)
            .sorted((a, b) -> b.compareTo(a))
            .toList());
    assertEquals(MIB, Files.size(image));
    assertEquals(1, Files.readAllBytes(image)[0]);
    assertEquals(1, Files.size(script.folder.resolve("now")));
    assertEquals(
        List.of(DATA, "storage:now", "storage:then"),
        volumes.list().stream().map(VolumeStatus::name).toList());
    volumes.removeSnapshot(DATA, "monday");
    assertEquals(1, volumes.status(DATA).snapshots().size());
    volumes.remove(DATA, false);
    assertTrue(refused(() -> volumes.status(DATA)).contains("there is no volume 'storage:data'"));
  }

  @Test
  void whatCanNotBeIsRefusedWithTheReason() throws Exception {
    assertTrue(refused(() -> volumes.create("nobody:data", MIB)).contains("no guest 'nobody'"));
    assertTrue(refused(() -> volumes.create("work:data", MIB)).contains("the service disk"));
    for (String wrong : List.of("storage:", "storage:Data", "storage:../x", "storage:a:b")) {
      assertTrue(refused(() -> volumes.create(wrong, MIB)).contains("is a letter a-z"), wrong);
    }
    assertTrue(refused(() -> volumes.create(DATA, 5)).contains("in whole blocks"));
    volumes.create(DATA, 2 * MIB);
    assertTrue(refused(() -> volumes.create(DATA, MIB)).contains("take another name"));
    assertTrue(refused(() -> volumes.resize(DATA, MIB, false)).contains("--shrink"));
    assertTrue(refused(() -> volumes.resize("storage:no", MIB, false)).contains("no volume"));
    assertTrue(refused(() -> volumes.revert(DATA, Optional.of("no"))).contains("no such snapshot"));
    assertTrue(refused(() -> volumes.revert(DATA, Optional.empty())).contains("--to"));
    volumes.snapshot(DATA, "a");
    assertTrue(refused(() -> volumes.snapshot(DATA, "a")).contains("of that name already"));
    assertTrue(refused(() -> volumes.snapshot(DATA, "before-revert")).contains("Lodge keeps"));
    String elsewhere = refused(() -> volumes.clone(DATA, Optional.empty(), "trial"));
    assertTrue(elsewhere.contains("storage:trial"), elsewhere);
    answer = "refused space 52428800 1048576\n";
    String space = refused(() -> volumes.snapshot(DATA, "b"));
    assertTrue(space.contains("50 MiB of data and its guest's file system only 1 MiB"), space);
    answer = "refused \033[2J";
    assertTrue(refused(() -> volumes.snapshot(DATA, "b")).contains("its guest refuses it"));
  }

  @Test
  void nothingIsDoneUnderAGuestThatHasIt() throws Exception {
    volumes.create(DATA, MIB);
    volumes.snapshot(DATA, "a");
    has("work", Map.of("volume", DATA));
    String revert = refused(() -> volumes.revert(DATA, Optional.of("a")));
    assertTrue(revert.contains("while guest 'work' has it as device d"), revert);
    assertTrue(refused(() -> volumes.remove(DATA, true)).contains("lodge device rm work d"));
    assertTrue(refused(() -> volumes.resize(DATA, MIB, true)).contains("made smaller"));
    assertEquals(2 * MIB, volumes.resize(DATA, 2 * MIB, false).sizeBytes());
    assertEquals(List.of("control work d resize"), told);
    if (!canShare()) {
      assertTrue(refused(() -> volumes.snapshot(DATA, "b")).contains("can't be copied while"));
    }
    live.clear();
    has("work", Map.of("from", "storage", "export", "data", "readOnly", "true"));
    assertTrue(refused(() -> volumes.remove(DATA, true)).contains("can't be removed while"));
    volumes.snapshot(DATA, "c");
    assertTrue(volumes.status(DATA).uses().getFirst().readOnly());
  }

  private boolean canShare() throws IOException {
    Path probe = Files.createFile(place.resolve("probe"));
    return org.lodge.linux.FileCopy.share(script.folder.resolve("data"), probe);
  }

  @Test
  void whatADefinitionNamesGoesByForceOnly() throws Exception {
    volumes.create(DATA, MIB);
    declared.put("work", List.of(new VolumeUse(DATA, "device d", false, OptionalLong.empty())));
    assertTrue(refused(() -> volumes.remove(DATA, false)).contains("--force"));
    volumes.remove(DATA, true);
  }

  @Test
  void aFolderThatTheGuestIsYetToMakeIsWaitedFor() throws Exception {
    Files.delete(script.folder);
    assertEquals(List.of(), volumes.list());
    CompletableFuture<Boolean> made =
        CompletableFuture.supplyAsync(
            () -> script.folder.toFile().mkdir(),
            CompletableFuture.delayedExecutor(300, TimeUnit.MILLISECONDS));
    volumes.create(DATA, MIB);
    assertTrue(made.get());
    assertTrue(Files.exists(script.folder.resolve("data")));
  }

  @Test
  void aGuestThatIsNotUpIsNamedAndWhatItHadIsTold() throws Exception {
    volumes.create(DATA, MIB);
    trouble = new KeptScript.NotUpException("storage");
    assertTrue(refused(() -> volumes.create("storage:b", MIB)).contains("lodge start storage"));
    VolumeStatus before = volumes.list().getFirst();
    assertEquals(DATA, before.name());
    assertTrue(before.note().orElseThrow().contains("lodge start storage"), before.toString());
    assertTrue(refused(() -> volumes.status("storage:b")).contains("lodge start storage"));
  }

  @Test
  void whatAGuestMakesUpIsNoVolume() throws Exception {
    answer =
        "data 1 1 1.5\n../x 1 1 1\nA 1 1 1\nb 99999999999999999999 1 1\nc 1 1\n"
            + ".snapshot/data/x 1 1 1\n.snapshot/data/../y 1 1 1\nd -1 1 1\n\033 1 1 1\n";
    List<VolumeStatus> list = volumes.list();
    assertEquals(List.of(DATA), list.stream().map(VolumeStatus::name).toList());
    assertEquals(1, list.getFirst().snapshots().size());
    trouble = new KeptScript.NotUpException("storage");
    assertEquals(DATA, volumes.list().getFirst().name(), "what was seen is remembered");
  }
}
