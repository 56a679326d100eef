package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.ProcessIdentity;
import org.lodge.vmm.VhostUserDevice;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmExit;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmState;

/** One QEMU process under Lodge's care. */
final class QemuVmm implements Vmm {
  static final Duration COMMAND_LIMIT = Duration.ofSeconds(5);
  static final int LAST_LINES = 20;
  private static final Duration LAST_EVENTS_LIMIT = Duration.ofSeconds(1);
  private static final int SCREEN_LIMIT_BYTES = 256 << 20;

  private final VmmProcess process;
  private final ProcessRecord record;
  private final RunDirectory run;
  private final GuestEvents events;
  private final QmpConnection qmp;
  private final Hotplug hotplug;
  private final CompletableFuture<VmmExit> exited = new CompletableFuture<>();

  /**
   * @param channel connected to QEMU's control socket; nothing was said on it yet
   */
  QemuVmm(
      VmmProcess process,
      ProcessRecord record,
      RunDirectory run,
      VmmListener listener,
      SocketChannel channel) {
    this.process = process;
    this.record = record;
    this.run = run;
    events = new GuestEvents(listener, this::state);
    qmp = new QmpConnection(record.guest(), channel, events);
    hotplug = new Hotplug(this::execute, events, run);
    process.ended().thenAcceptAsync(this::ended, Thread::startVirtualThread);
  }

  void negotiate(Duration limit) throws VmmException, InterruptedException {
    qmp.negotiate(limit);
  }

  /** What QEMU said last on its control socket may still be on its way when the process is gone. */
  private void ended(String cause) {
    CompletableFuture<Void> lastEvents = qmp.ended();
    lastEvents
        .completeOnTimeout(null, LAST_EVENTS_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
        .thenRun(() -> {
          qmp.close();
          process.release();
          exited.complete(new VmmExit(events.poweredOff(), cause, lastLines()));
        });
  }

  @Override
  public ProcessIdentity process() {
    return process.identity();
  }

  @Override
  public List<String> commandLine() {
    return record.commandLine();
  }

  @Override
  public AcceleratorChoice accelerator() {
    return record.accelerator();
  }

  @Override
  public VmmState state() throws VmmException {
    return stateOf(status());
  }

  private String status() throws VmmException {
    JsonValue status = execute(QmpRequest.Plain.QUERY_STATUS, COMMAND_LIMIT);
    return status instanceof JsonObject object && object.get("status") instanceof JsonString word
        ? word.getString()
        : "";
  }

  /** By the names of QEMU's {@code RunState}. */
  static VmmState stateOf(String untrustedStatus) throws VmmException {
    return switch (untrustedStatus) {
      case "prelaunch", "inmigrate" -> VmmState.PRELAUNCH;
      case "running" -> VmmState.RUNNING;
      case "shutdown" -> VmmState.SHUTDOWN;
      case "guest-panicked", "internal-error" -> VmmState.CRASHED;
      case "paused",
          "suspended",
          "io-error",
          "watchdog",
          "debug",
          "save-vm",
          "restore-vm",
          "finish-migrate",
          "postmigrate",
          "colo" ->
          VmmState.PAUSED;
      default ->
          throw new VmmException(
              "query-status",
              "QEMU is in a state unknown here: " + Text.printable(untrustedStatus));
    };
  }

  @Override
  public void resume() throws VmmException {
    boolean suspended = status().equals("suspended");
    execute(suspended ? QmpRequest.Plain.WAKE_UP : QmpRequest.Plain.CONTINUE, COMMAND_LIMIT);
  }

  @Override
  public void pause() throws VmmException {
    execute(QmpRequest.Plain.STOP, COMMAND_LIMIT);
  }

  @Override
  public void powerDown() throws VmmException {
    execute(QmpRequest.Plain.POWER_DOWN, COMMAND_LIMIT);
  }

  @Override
  public void quit() throws VmmException {
    try {
      execute(QmpRequest.Plain.QUIT, COMMAND_LIMIT);
    } catch (QmpException e) {
      // QEMU may be gone before its answer has been read: then it has done what it was asked.
      if (e.kind() != QmpException.Kind.LOST) {
        throw e;
      }
    }
    awaitExit("quit", COMMAND_LIMIT);
  }

  private void awaitExit(String stage, Duration limit) throws VmmException {
    try {
      exited.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new VmmException(
          stage,
          "QEMU (process %d) still runs after %d ms; kill the guest"
              .formatted(process.identity().pid(), limit.toMillis()),
          lastLines(),
          e);
    } catch (InterruptedException e) {
      throw interrupted(stage, e);
    }
  }

  @Override
  public void kill() {
    process.kill();
  }

  @Override
  public synchronized void screenshot(Path png) throws VmmException {
    byte[] picture;
    try {
      execute(new QmpRequest.Screendump(run.screen(), true), COMMAND_LIMIT);
      picture = readScreen();
    } catch (QmpException e) {
      if (e.kind() == QmpException.Kind.REFUSED && e.getMessage().contains("no console")) {
        throw new VmmException(
            "screenshot",
            "the guest has no screen; its definition gives it one: \"screen\": { \"width\": 1280,"
                + " \"height\": 800 }",
            List.of(),
            e);
      }
      if (e.kind() != QmpException.Kind.REFUSED
          || !e.getMessage().matches("(?s).*(format|png).*")) {
        throw e;
      }
      execute(new QmpRequest.Screendump(run.screen(), false), COMMAND_LIMIT);
      picture = readScreen();
    }
    try {
      Picture.write(png, Picture.isPng(picture) ? picture : Picture.pngOfPpm(picture));
    } catch (IOException e) {
      throw new VmmException("screenshot", png + ": " + e.getMessage(), List.of(), e);
    }
  }

  private byte[] readScreen() throws VmmException {
    try (InputStream screen =
        Files.newInputStream(run.screen(), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      byte[] picture = screen.readNBytes(SCREEN_LIMIT_BYTES);
      if (picture.length == 0) {
        throw new VmmException("screenshot", "QEMU wrote no picture to " + run.screen());
      }
      return picture;
    } catch (IOException e) {
      throw new VmmException("screenshot", run.screen() + ": " + e.getMessage(), List.of(), e);
    }
  }

  @Override
  public void sendKeys(List<String> keys) throws VmmException {
    try {
      execute(new QmpRequest.SendKey(keys), COMMAND_LIMIT);
    } catch (QmpException e) {
      if (e.kind() == QmpException.Kind.REFUSED
          && e.getMessage().matches("(?is).*(invalid parameter|does not accept value).*")) {
        throw new VmmException(
            "keys",
            "no keyboard has "
                + String.join("-", keys)
                + "; keys are called a, 5, ret, spc, tab, esc, backspace, up, pgdn, f1, minus, ctrl,"
                + " shift, alt, meta_l, and joined by -",
            List.of(),
            e);
      }
      throw e;
    }
  }

  @Override
  public void plug(VhostUserDevice device) throws VmmException {
    hotplug.plug(device);
  }

  @Override
  public void unplug(String id, Duration limit) throws VmmException {
    hotplug.unplug(id, limit);
  }

  @Override
  public Path consoleSocket() {
    return run.consoleSocket();
  }

  @Override
  public CompletableFuture<VmmExit> exited() {
    return exited.copy();
  }

  @Override
  public void release(Duration limit) {
    try {
      qmp.awaitIdle(limit);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    events.silence();
    qmp.close();
    process.release();
  }

  private JsonValue execute(QmpRequest request, Duration limit) throws VmmException {
    try {
      return qmp.execute(request, limit);
    } catch (InterruptedException e) {
      throw interrupted(request.command(), e);
    }
  }

  private static VmmException interrupted(String stage, InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new VmmException(stage, "interrupted while waiting for QEMU", List.of(), cause);
  }

  private List<String> lastLines() {
    return VmmLog.lastLines(run.log(), LAST_LINES);
  }
}
