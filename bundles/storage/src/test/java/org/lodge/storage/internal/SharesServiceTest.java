package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.lodge.storage.internal.SilentGuest.fake;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentException;
import org.lodge.configuration.ConfigurationKind;
import org.lodge.configuration.SchemaValidator;
import org.lodge.configuration.Schemas;
import org.lodge.filesystem.FileSystems;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareRequest;
import org.lodge.storage.ShareStatus;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** A client guest that does not answer keeps nothing. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class SharesServiceTest {
  private static final String DOCS =
      "{\"from\":\"storage\",\"path\":\"/srv/docs\",\"to\":{\"vault\":{\"mount\":\"/docs\"}}}";
  private static final ShareRequest MORE =
      new ShareRequest(
          "more",
          "vault",
          Optional.of("storage"),
          Optional.of("/srv/more"),
          false,
          true,
          Optional.of("/more"),
          "auto");
  private static final GuestStatus VAULT = guest("vault", GuestState.RUNNING);

  private final Map<String, String> files = new TreeMap<>();
  private final SilentGuest guest = new SilentGuest();
  private final CountDownLatch revoked = new CountDownLatch(1);
  private final List<String> plugged = new CopyOnWriteArrayList<>();
  private final List<String> removed = new CopyOnWriteArrayList<>();
  private final ComingUp comingUp = new ComingUp();
  private volatile boolean keepsDevices;
  private volatile GuestState storage = GuestState.RUNNING;
  private volatile GuestState vault = GuestState.RUNNING;
  @TempDir Path run;
  private ShareDefinitions definitions;
  private LiveGrants live;
  private Offers offers;
  private SharesService service;

  private static GuestStatus guest(String name, GuestState state) {
    return new GuestStatus(
        name,
        "",
        state,
        OptionalLong.empty(),
        Instant.EPOCH,
        false,
        false,
        List.of(),
        "qemu",
        "image",
        0,
        1,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        GuestStatus.StartTimes.NONE,
        Optional.empty(),
        0);
  }

  private void start() {
    definitions =
        new ShareDefinitions(
            fake(
                ConfigurationAdmin.class,
                (name, arguments) ->
                    files.keySet().stream().map(this::configuration).toArray(Configuration[]::new)),
            fake(Schemas.class, (name, arguments) -> (SchemaValidator) text -> List.of()));
    live = new LiveGrants(run.resolve("share"));
    Guests guests =
        fake(
            Guests.class,
            (name, arguments) ->
                name.equals("list")
                    ? List.of(VAULT)
                    : arguments[0].equals("storage")
                        ? guest("storage", storage)
                        : guest("vault", vault));
    Devices devices =
        fake(
            Devices.class,
            (name, arguments) -> {
              if (name.equals("remove")) {
                removed.add((String) arguments[1]);
                if (keepsDevices) {
                  return CompletableFuture.failedFuture(new IOException("it is busy"));
                }
                plugged.remove(arguments[1]);
              }
              if (name.equals("add")) {
                plugged.add((String) arguments[1]);
              }
              return name.equals("list")
                  ? plugged.stream().map(SharesServiceTest::device).toList()
                  : CompletableFuture.completedFuture(null);
            });
    FileSystems fileSystems =
        fake(
            FileSystems.class,
            (name, arguments) -> {
              revoked.countDown();
              return null;
            });
    offers = new Offers(guest.agents(), definitions, live, new HeapLanes(new Random(1)));
    service =
        new SharesService(
            definitions, offers, live, fileSystems, guests, devices, guest.agents(), comingUp);
  }

  private static DeviceStatus device(String id) {
    return new DeviceStatus(
        "vault",
        id,
        "fs",
        Map.of(),
        DeviceStatus.State.UNCONNECTED,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        0,
        Optional.empty());
  }

  private Configuration configuration(String share) {
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(ConfigurationKind.NAME, share);
    properties.put(ConfigurationKind.FILE, "/config/share/" + share + ".json");
    properties.put(ConfigurationKind.JSON, files.get(share));
    return fake(Configuration.class, (name, arguments) -> properties);
  }

  private void add() {
    try {
      service.grant(MORE);
    } catch (ShareException e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void end() {
    guest.end(0);
    service.deactivate();
  }

  @Test
  void aShareIsTakenFromAGuestThatDoesNotMountIt() throws Exception {
    start();
    Thread adds = Thread.startVirtualThread(this::add);
    guest.runs.await();
    CompletableFuture<ShareStatus> taken = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try {
        taken.complete(service.revoke("vault", "more"));
      } catch (Exception e) {
        taken.completeExceptionally(e);
      }
    });
    revoked.await();
    guest.end(0);
    assertEquals(ShareStatus.State.REVOKED, taken.join().state());
    adds.join();
  }

  @Test
  void aShareThatIsDeclaredNoMoreIsTakenFromAGuestThatDoesNotMountIt() throws Exception {
    files.put("docs", DOCS);
    start();
    guest.runs.await();
    files.clear();
    definitions.addInitialSet(null);
    revoked.await();
  }

  @Test
  void aGuestThatSaysNothingIsWaitedForNoLongerThanIsSaid() {
    start();
    Mounts mounts = new Mounts(guest.agents(), Duration.ofMillis(1));
    Grant grant =
        LiveGrants.granted(
            "more", "vault", "storage", "/srv", false, true, Optional.of("/more"), "auto");
    assertThrows(IOException.class, () -> mounts.mount(grant, "/more"));
    assertEquals(9, guest.signalled.join());
  }

  @Test
  void aShareThatIsAddedInVainIsGivenInNoWay() throws Exception {
    start();
    guest.end(1);
    ShareException told = assertThrows(ShareException.class, () -> service.grant(MORE));
    assertEquals("guest 'vault' can't use the share 'more': the guest said: ", told.getMessage());
    assertEquals(List.of("fs-more"), removed);
    assertEquals(0, revoked.getCount());
    assertEquals(Optional.empty(), offers.open("vault", "more", null));
    assertEquals(List.of(), service.list());
  }

  @Test
  void whatIsOverIsListedNoMore() throws Exception {
    guest.end(0);
    start();
    keepsDevices = true;
    service.grant(MORE);
    service.revoke("vault", "more");
    ShareStatus kept = service.list().getFirst();
    assertEquals(ShareStatus.State.REVOKED, kept.state());
    assertEquals(Optional.of("the guest keeps the empty device: it is busy"), kept.trouble());
    plugged.clear();
    assertEquals(List.of(), service.list());
  }

  @Test
  void aDeviceThatHasGoneIsNoTrouble() throws Exception {
    guest.end(0);
    files.put("docs", DOCS);
    start();
    service.awaitDeclared("vault", Duration.ofSeconds(15));
    keepsDevices = true;
    service.revoke("vault", "docs");
    assertEquals(true, service.list().getFirst().trouble().isPresent());
    plugged.clear();
    ShareStatus taken = service.list().getFirst();
    assertEquals(ShareStatus.State.REVOKED, taken.state());
    assertEquals(Optional.empty(), taken.trouble());
  }

  /** Such as for a storage guest that has gone just then. */
  @Test
  void whatCouldNotBeMountedIsMountedWhenItsStorageGuestComesUp() throws Exception {
    guest.end(1);
    files.put("docs", DOCS);
    start();
    ShareStatus failed = service.awaitDeclared("vault", Duration.ofSeconds(15)).getFirst();
    assertEquals(ShareStatus.State.FAILED, failed.state());
    guest.mend();
    comingUp.ready("storage");
    while (service.list().getFirst().state() == ShareStatus.State.FAILED) {
      Thread.sleep(1);
    }
    assertEquals(Optional.empty(), service.list().getFirst().trouble());
  }

  @Test
  void aShareWaitsForAStorageGuestThatDoesNotRunAndSaysSoAtOnce() throws Exception {
    storage = GuestState.STOPPED;
    files.put("docs", DOCS);
    start();
    ShareStatus told = service.awaitDeclared("vault", Duration.ofSeconds(15)).getFirst();
    assertEquals(ShareStatus.State.FAILED, told.state());
    assertEquals(
        Optional.of(
            "guest 'storage', which keeps its files, does not run; start it: lodge start storage"),
        told.trouble());
    assertEquals(List.of(), plugged);
    storage = GuestState.RUNNING;
    service.guestChanged(guest("storage", storage), GuestState.READY);
    guest.runs.await();
    assertEquals(List.of("fs-docs"), plugged);
  }

  @Test
  void whoAddsAShareWaitsForItsStorageGuest() {
    start();
    guest.away = new AgentException("guest 'storage': no agent has connected");
    ShareException told = assertThrows(ShareException.class, () -> service.grant(MORE));
    assertEquals(
        "share 'more': guest 'storage' can't give /srv/more: no agent has connected",
        told.getMessage());
    assertEquals(List.of(), plugged);
  }

  @Test
  void aPausedGuestIsToRunOn() {
    start();
    vault = GuestState.PAUSED;
    ShareException told = assertThrows(ShareException.class, () -> service.revoke("vault", "docs"));
    assertEquals("guest 'vault' is paused; let it run on: lodge resume vault", told.getMessage());
  }

  @Test
  void nothingIsAddedFromAGuestThatDoesNotRun() {
    storage = GuestState.STOPPED;
    start();
    ShareException told = assertThrows(ShareException.class, () -> service.grant(MORE));
    assertEquals(true, told.getMessage().contains("lodge start storage"), told.getMessage());
    assertEquals(List.of(), plugged);
  }

  @Test
  void aDeclaredShareThatWasTakenComesBackAsItIsDeclared() throws Exception {
    guest.end(0);
    files.put("docs", DOCS.replace("{\"mount\"", "{\"access\":\"read-only\",\"mount\""));
    start();
    ShareStatus before = service.awaitDeclared("vault", Duration.ofSeconds(15)).getFirst();
    assertEquals(ShareStatus.State.REVOKED, service.revoke("vault", "docs").state());
    ShareRequest plain = request(false, Optional.empty());
    assertEquals(before, service.grant(plain));
    assertEquals(Optional.of("/docs"), before.mount());
    assertEquals(true, before.readOnly());
    assertEquals(false, live.isRevoked("vault", "docs"));
    service.revoke("vault", "docs");
    ShareRequest elsewhere = request(true, Optional.of("/other"));
    ShareException told = assertThrows(ShareException.class, () -> service.grant(elsewhere));
    assertEquals(true, told.getMessage().contains("read-only at /docs"), told.getMessage());
  }

  private static ShareRequest request(boolean readOnly, Optional<String> mount) {
    return new ShareRequest(
        "docs", "vault", Optional.empty(), Optional.empty(), false, readOnly, mount, "auto");
  }

  private static String declared(String from) {
    return DOCS.replace("storage", from).replace("{\"mount\":\"/docs\"}", "{}");
  }

  @Test
  void storageGuestsThatTakeTheirTimeHoldUpNobody() throws Exception {
    start();
    ShareRequest bare =
        new ShareRequest(
            "bare",
            "vault",
            Optional.of("host"),
            Optional.of("/srv"),
            false,
            true,
            Optional.empty(),
            "auto");
    assertEquals(ShareStatus.State.GIVEN, service.grant(bare).state());
    guest.serves(new CountDownLatch(2));
    files.put("docs", declared("storage"));
    files.put("notes", declared("other"));
    definitions.addInitialSet(null);
    guest.serving.await();
    assertEquals(ShareStatus.State.REVOKED, service.revoke("vault", "bare").state());
  }
}
