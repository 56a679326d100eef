package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.storage.internal.SilentGuest.fake;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.configuration.Schemas;
import org.lodge.filesystem.FileSystems;
import org.lodge.storage.ShareRequest;
import org.lodge.storage.ShareStatus.State;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;
import org.lodge.vsock.VsockStream;
import org.osgi.service.cm.ConfigurationAdmin;

/** A guest's shares over its own reboots. */
@Timeout(20)
class RebootTest {
  @TempDir Path run;
  private final ComingUp comingUp = new ComingUp();
  private final BlockingQueue<String> mounted = new LinkedBlockingQueue<>();
  private volatile Optional<String> boot = Optional.of("first");
  private SharesService shares;

  @BeforeEach
  void aRunningGuest() {
    Agents agents =
        fake(
            Agents.class,
            (name, arguments) ->
                name.equals("session") ? boot.map(this::session) : session(boot.orElseThrow()));
    ShareDefinitions definitions =
        new ShareDefinitions(
            fake(ConfigurationAdmin.class, (name, arguments) -> null),
            fake(Schemas.class, (name, arguments) -> null));
    LiveGrants live = new LiveGrants(run.resolve("share"));
    shares =
        new SharesService(
            definitions,
            new Offers(agents, definitions, live, null),
            live,
            fake(FileSystems.class, (name, arguments) -> null),
            fake(Guests.class, (name, arguments) -> name.equals("status") ? status() : List.of()),
            fake(
                Devices.class,
                (name, arguments) ->
                    name.equals("list") ? List.of() : CompletableFuture.completedFuture(null)),
            agents,
            comingUp);
  }

  private static GuestStatus status() {
    Optional<Duration> done = Optional.of(Duration.ZERO);
    return new GuestStatus(
        "work",
        "",
        GuestState.RUNNING,
        OptionalLong.empty(),
        Instant.EPOCH,
        false,
        false,
        List.of(),
        "qemu",
        "",
        1,
        1,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        new GuestStatus.StartTimes(done, done, done, done),
        Optional.empty(),
        0);
  }

  /** Its agent since one boot; what it mounts is noted. */
  private AgentSession session(String bootId) {
    return fake(
        AgentSession.class,
        (name, arguments) ->
            switch (name) {
              case "info" -> new AgentInfo("1.0", bootId, "work", "6.12");
              case "exec" -> {
                mounted.add(bootId + " " + ((ExecRequest) arguments[0]).arguments().get(4));
                yield program();
              }
              default -> throw new AssertionError(name);
            });
  }

  private static AgentProgram program() {
    VsockStream silent = fake(VsockStream.class, (name, arguments) -> -1);
    return fake(
        AgentProgram.class,
        (name, arguments) ->
            switch (name) {
              case "stream" -> silent;
              case "exit" -> CompletableFuture.completedFuture(new ExitStatus(0, 0));
              default -> null;
            });
  }

  private void add(String share, Optional<String> mount) throws Exception {
    shares.grant(
        new ShareRequest(
            share, "work", Optional.of("host"), Optional.of("/srv"), false, true, mount, "auto"));
  }

  private State state(String share) {
    return shares.list().stream()
        .filter(each -> each.share().equals(share))
        .findFirst()
        .orElseThrow()
        .state();
  }

  private String nextMounted() throws InterruptedException {
    return mounted.poll(10, TimeUnit.SECONDS);
  }

  private void awaitState(State state) throws InterruptedException {
    while (state("docs") != state) {
      Thread.sleep(1);
    }
  }

  @Test
  void aGuestThatRebootsItselfGetsItsMountsAgain() throws Exception {
    add("docs", Optional.of("/docs"));
    add("bare", Optional.empty());
    assertEquals("first docs", nextMounted());
    assertEquals(State.MOUNTED, state("docs"));

    boot = Optional.empty();
    assertEquals(State.GIVEN, state("docs"), "its agent has gone: who knows");
    boot = Optional.of("second");
    assertEquals(State.GIVEN, state("docs"), "not mounted since this boot");

    comingUp.ready("work");
    assertEquals("second docs", nextMounted());
    awaitState(State.MOUNTED);
    assertTrue(mounted.isEmpty(), mounted::toString);
    assertEquals(State.GIVEN, state("bare"));
  }

  @Test
  void anAgentThatComesBackInTheSameBootMountsNothing() throws Exception {
    add("docs", Optional.of("/docs"));
    nextMounted();
    comingUp.ready("work");
    // What is done to a guest follows in order.
    shares.revoke("work", "docs");
    assertEquals("first docs", nextMounted(), "this is the unmount");
    assertTrue(mounted.isEmpty(), mounted::toString);
  }
}
