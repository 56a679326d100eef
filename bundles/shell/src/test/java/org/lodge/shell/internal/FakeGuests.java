package org.lodge.shell.internal;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.lodge.vm.Console;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.GuestStatus.Failure;
import org.lodge.vm.GuestStatus.StartTimes;
import org.lodge.vm.Guests;

/** Guests that exist in memory only and write down what is asked of them. */
public final class FakeGuests implements Guests {
  public final List<String> asked = new ArrayList<>();
  public final Map<String, CompletableFuture<GuestStatus>> answers = new LinkedHashMap<>();
  private final Map<String, GuestStatus> guests = new LinkedHashMap<>();

  public FakeGuests() {
    add("display", GuestState.RUNNING, List.of("storage"), Optional.empty());
    add("storage", GuestState.STOPPED, List.of(), Optional.empty());
    Failure failure =
        new Failure("exec", "qemu said \033[2J no", List.of("line \033]0;x\007"), Instant.EPOCH);
    add("work", GuestState.FAILED, List.of("display", "storage"), Optional.of(failure));
  }

  private void add(
      String name, GuestState state, List<String> requires, Optional<Failure> failure) {
    boolean runs = state == GuestState.RUNNING;
    guests.put(
        name,
        new GuestStatus(
            name,
            "a guest",
            state,
            runs ? OptionalLong.of(ProcessHandle.current().pid()) : OptionalLong.empty(),
            Instant.now().minusSeconds(75),
            true,
            runs,
            requires,
            "qemu",
            "image",
            512L << 20,
            2,
            Optional.of(Path.of("/etc/lodge/vm/" + name + ".json")),
            Optional.of("tcg: no KVM here"),
            List.of("qemu", "-m", "512"),
            new StartTimes(
                Optional.of(Duration.ofMillis(120)),
                Optional.empty(),
                Optional.empty(),
                Optional.of(Duration.ofMillis(5310))),
            failure,
            1));
  }

  public void become(String name, GuestState state) {
    add(name, state, guests.get(name).requires(), Optional.empty());
  }

  @Override
  public List<GuestStatus> list() {
    return List.copyOf(guests.values());
  }

  @Override
  public GuestStatus status(String name) throws GuestException {
    if (!guests.containsKey(name)) {
      throw new GuestException(name, "lookup", "no such guest; there are " + guests.keySet());
    }
    return guests.get(name);
  }

  private CompletableFuture<GuestStatus> act(String what, String name) {
    asked.add(what + " " + name);
    return answers.getOrDefault(name, CompletableFuture.completedFuture(guests.get(name)));
  }

  @Override
  public CompletableFuture<GuestStatus> start(String name) {
    return act("start", name);
  }

  @Override
  public CompletableFuture<GuestStatus> stop(String name, Duration limit) {
    return act("stop " + limit, name);
  }

  @Override
  public CompletableFuture<GuestStatus> kill(String name) {
    return act("kill", name);
  }

  @Override
  public CompletableFuture<GuestStatus> pause(String name) {
    return act("pause", name);
  }

  @Override
  public CompletableFuture<GuestStatus> resume(String name) {
    return act("resume", name);
  }

  @Override
  public CompletableFuture<GuestStatus> restart(String name) {
    return act("restart", name);
  }

  @Override
  public CompletableFuture<GuestStatus> screenshot(String name, Path png) {
    return act("screenshot " + png, name);
  }

  @Override
  public CompletableFuture<GuestStatus> sendKeys(String name, List<String> chords) {
    return act("keys " + chords, name);
  }

  @Override
  public Console console(String name) {
    asked.add("console " + name);
    return new Console() {
      @Override
      public InputStream output() {
        return InputStream.nullInputStream();
      }

      @Override
      public OutputStream input() {
        return new ByteArrayOutputStream();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public CompletableFuture<Void> startAutostart() {
    asked.add("autostart");
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> stopAll() {
    asked.add("stop all");
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void releaseAll() {
    asked.add("release");
  }

  @Override
  public Path log(String name) {
    asked.add("log " + name);
    return Path.of("/nonexistent");
  }
}
