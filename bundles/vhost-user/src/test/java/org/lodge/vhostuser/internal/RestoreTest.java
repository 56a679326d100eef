package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;
import static org.lodge.vhostuser.internal.MockFrontEnd.PACKED;
import static org.lodge.vhostuser.internal.MockFrontEnd.pair;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.SharedMapping;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendStatus.Link;

/** A device that goes on in another process, with the monitor's connection and all rings. */
@Timeout(120)
class RestoreTest {
  private static final int KILLS = Integer.getInteger("lodge.kills", 2);

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {MODERN, MODERN | PACKED})
  void killedUnderLoadTheNextProcessGoesOnAndNothingIsLostOrDoneTwice(long features)
      throws Exception {
    try (StoreServer server =
        new StoreServer(directory.resolve("notify"), directory.resolve("next"))) {
      Process process = KilledProcess.start(directory, server);
      try (MockFrontEnd frontEnd = new MockFrontEnd(directory.resolve("device"))) {
        frontEnd.start(64, features);
        frontEnd.echo(0, "before");
        Load load = new Load(frontEnd);
        load.start();
        for (int kill = 0; kill < KILLS; kill++) {
          long before = load.done;
          while (load.done < before + 500 && load.isRunning()) {
            Thread.onSpinWait();
          }
          process.destroyForcibly().waitFor();
          process = KilledProcess.start(directory, server);
        }
        load.finish();
        assertEquals(2, frontEnd.ask(Request.GET_QUEUE_NUM));
        frontEnd.sendMemoryTable();
        frontEnd.sendCall(0);
        frontEnd.echo(0, "after");
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void whatIsAskedWhileNobodyLivesIsAnsweredByTheNext() throws Exception {
    try (StoreServer server =
        new StoreServer(directory.resolve("notify"), directory.resolve("next"))) {
      Process process = KilledProcess.start(directory, server);
      try (MockFrontEnd frontEnd = new MockFrontEnd(directory.resolve("device"))) {
        frontEnd.start(64, MODERN);
        frontEnd.echo(0, "before");
        process.destroyForcibly().waitFor();
        frontEnd.raw(Request.GET_QUEUE_NUM.id, 1, 0, new byte[0]);
        frontEnd.raw(Request.SET_VRING_CALL.id, 9, 8, MockFrontEnd.u64(0), frontEnd.calls.get(0));
        frontEnd.raw(Request.GET_VRING_BASE.id, 1, 8, pair(0, 0));
        process = KilledProcess.start(directory, server);
        assertEquals(8, frontEnd.reply(Request.GET_QUEUE_NUM.id).length);
        assertEquals(8, frontEnd.reply(Request.SET_VRING_CALL.id).length);
        byte[] base = frontEnd.reply(Request.GET_VRING_BASE.id);
        assertEquals(1, ByteBuffer.wrap(base).order(ByteOrder.nativeOrder()).getInt(4));
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void anOrderlyEndHandsTheDevicesStateOver() throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        for (int i = 0; i < 20; i++) {
          frontEnd.echo(0, "before " + i);
        }
        first.backends.deactivate();
        try (Bench second = new Bench(directory, store)) {
          Bench.EchoFactory factory = second.deploy("1.1.0");
          Backend backend = second.open();
          assertEquals(Link.RUNNING, backend.status().link());
          assertEquals(1, factory.last.imported);
          for (int i = 0; i < 20; i++) {
            frontEnd.echo(0, "after " + i);
          }
          assertEquals(40, frontEnd.stop(0));
        }
      }
      assertEquals(Map.of(), store.kept);
    }
  }

  @Test
  void aStateThatWasHandedOverIsUsedOnce() throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "before");
        first.backends.deactivate();
        try (Bench second = new Bench(directory, store)) {
          second.deploy("1.1.0");
          second.open();
          frontEnd.echo(0, "the state is an old one");
          assertFalse(recorded(store).containsKey("device"));
        }
      }
    }
  }

  @Test
  void theDriverIsNotifiedOnceMoreWhereTheFormerProcessMayHaveDiedBeforeItDid() throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "before");
        first.backends.deactivate();
        frontEnd.calls.getFirst().drain();
        try (Bench second = new Bench(directory, store)) {
          second.deploy("1.1.0");
          second.open();
          assertTrue(frontEnd.calls.getFirst().await(5000));
          frontEnd.echo(0, "after");
        }
      }
    }
  }

  @Test
  void aReplyThatWasStillOwedIsSent() throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "before");
        first.backends.deactivate();
        owe(store);
        try (Bench second = new Bench(directory, store)) {
          second.deploy("1.1.0");
          second.open();
          assertEquals(8, frontEnd.reply(Request.GET_QUEUE_NUM.id).length);
          frontEnd.echo(0, "after");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 20})
  void killedInItsOrderlyEndNothingIsDoneTwice(int requests) throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        for (int i = 0; i < requests; i++) {
          frontEnd.echo(0, "before " + i);
        }
        frontEnd.ask(Request.GET_QUEUE_NUM);
        JsonObject before = recorded(store);
        first.backends.deactivate();
        record(store, before, false);
        try (Bench second = new Bench(directory, store)) {
          second.deploy("1.1.0");
          second.open();
          frontEnd.echo(0, "after");
          assertEquals(requests + 1, frontEnd.stop(0));
        }
      }
    }
  }

  /** As if the former process had been killed just before it sent a reply. */
  private static void owe(FakeStore store) throws Exception {
    JsonObject owing =
        Json.createObjectBuilder(recorded(store))
            .add("replyTo", Request.GET_QUEUE_NUM.id)
            .add("reply", "AgAAAAAAAAA=")
            .build();
    record(store, owing, true);
  }

  private static JsonObject recorded(FakeStore store) throws Exception {
    try (StateRecord record = store.record()) {
      return record.read();
    }
  }

  private static void record(FakeStore store, JsonObject state, boolean replyDue) throws Exception {
    try (StateRecord record = store.record()) {
      record.write(state, replyDue);
    }
  }

  @Test
  void aDamagedRecordMeansAFreshDeviceAndAnEmptyStore() throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "before");
        first.backends.deactivate();
        String memory =
            store.kept.keySet().stream()
                .filter(name -> name.contains("/memory/"))
                .findFirst()
                .orElseThrow();
        store.forget(memory);
        try (Bench second = new Bench(directory, store)) {
          second.deploy("1.1.0");
          second.open();
          assertTrue(frontEnd.isEnded());
          try (MockFrontEnd next = second.connect()) {
            next.start(16, MODERN);
            next.echo(0, "fresh");
          }
        }
      }
      assertEquals(Map.of(), store.kept);
    }
  }

  /** What a record may be like that this Lodge can't go on from. */
  private enum Damage {
    CHECKSUM(store -> {
      Fd file = store.kept("/record/");
      try (SharedMapping all = SharedMapping.of(file, 0, file.status().sizeBytes())) {
        all.segment().asSlice(StateRecord.SLOTS).fill((byte) 7);
      }
    }),
    KEY_MISSING(store -> record(store, changed(store, json -> json.remove("rings")), false)),
    OTHER_TYPE(store -> record(store, changed(store, json -> json.add("status", "on")), false)),
    NO_BASE64(store -> record(store, changed(store, json -> json.add("device", "?")), false)),
    KICK_NOT_KEPT(store -> store.forget(store.name("/kick0/"))),
    NO_RECORD(store -> store.forget(store.name("/record/")));

    private interface Act {
      void on(FakeStore store) throws Exception;
    }

    private final Act act;

    Damage(Act act) {
      this.act = act;
    }

    private static JsonObject changed(FakeStore store, Consumer<JsonObjectBuilder> change)
        throws Exception {
      JsonObjectBuilder json = Json.createObjectBuilder(recorded(store));
      change.accept(json);
      return json.build();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whereTheRecordCannotBeUsedTheDeviceBeginsAnewAndNothingOfItStays(Damage damage)
      throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      try (MockFrontEnd frontEnd = first.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "before");
        first.backends.deactivate();
        damage.act.on(store);
        Set<String> former = Set.copyOf(store.kept.keySet());
        try (Bench second = new Bench(directory, store)) {
          second.deploy("1.1.0");
          second.open();
          assertTrue(frontEnd.isEnded());
          assertEquals(Set.of(), common(former, store.kept.keySet()));
          try (MockFrontEnd next = second.connect()) {
            next.start(16, MODERN);
            next.echo(0, "fresh");
          }
        }
      }
      assertEquals(Map.of(), store.kept);
    }
  }

  private static Set<String> common(Set<String> some, Set<String> others) {
    Set<String> both = new TreeSet<>(some);
    both.retainAll(others);
    return both;
  }

  @Test
  void whatTheRecordNamesIsInTheStore() throws Exception {
    List<String> early = new CopyOnWriteArrayList<>();
    try (FakeStore store =
            new FakeStore() {
              @Override
              public void forget(String name) {
                if (names(this, name)) {
                  early.add(name);
                }
                super.forget(name);
              }
            };
        Bench bench = new Bench(directory, store)) {
      bench.deploy("1.0.0");
      bench.open();
      try (MockFrontEnd frontEnd = bench.connect();
          EventFd error = EventFd.create()) {
        frontEnd.ask(Request.GET_INFLIGHT_FD, inflight());
        frontEnd.start(16, MODERN);
        for (int i = 0; i < 2; i++) {
          frontEnd.tell(Request.SET_VRING_ERR, MockFrontEnd.u64(0), error);
          frontEnd.sendCall(0);
          frontEnd.sendKick(0);
          frontEnd.sendMemoryTable();
        }
        frontEnd.echo(0, "all is replaced");
        frontEnd.stop(0);
        frontEnd.ask(Request.GET_INFLIGHT_FD, inflight());
      }
    }
    assertEquals(List.of(), early);
  }

  private static byte[] inflight() {
    return MockFrontEnd.bytes(24)
        .putLong(0)
        .putLong(0)
        .putShort((short) 1)
        .putShort((short) 16)
        .array();
  }

  /** Whether a process that is started now would ask for this. */
  private static boolean names(FakeStore store, String name) {
    if (name.contains("/record/") || name.contains("/listener/")) {
      return false;
    }
    try {
      String itsOwn = name.substring(name.indexOf("echo0/") + 6);
      return recorded(store).toString().contains('"' + itsOwn + '"');
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whatNobodyClaimsIsDropped() throws Exception {
    try (FakeStore store = new FakeStore();
        Bench first = new Bench(directory, store)) {
      first.deploy("1.0.0");
      first.open();
      first.backends.deactivate();
      assertNotEquals(0, store.kept.size());
      try (Bench second = new Bench(directory, store)) {
        assertNotEquals(0, second.backends.dropUnclaimed());
      }
      assertEquals(Map.of(), store.kept);
    }
  }
}
