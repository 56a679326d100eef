package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.lodge.vm.GuestException;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.ProcessIdentity;
import org.lodge.vmm.VhostUserDevice;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmExit;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmState;

/** A machine of which a test decides what each step does. */
final class ScriptedMachine implements Machine {
  final String guest;
  final SimulatedWorld world;
  final List<ScriptedVmm> made = new ArrayList<>();
  final List<String> log;
  String failCreate;
  boolean failAttach;
  boolean silent;
  boolean ignoresPowerButton;
  boolean agentPowersOff;
  ScriptedVmm leftBehind;
  boolean leftBehindAnswers = true;
  Definition leftBehindDefinition;

  ScriptedMachine(String guest, SimulatedWorld world, List<String> log) {
    this.guest = guest;
    this.world = world;
    this.log = log;
  }

  ScriptedVmm last() {
    return made.getLast();
  }

  long alive() {
    return made.stream().filter(vmm -> !vmm.exited.isDone()).count();
  }

  @Override
  public Vmm create(Definition definition, VmmListener listener) throws GuestException {
    if (world.current.interrupted) {
      throw new GuestException(guest, "create", "was interrupted");
    }
    if (failCreate != null) {
      throw new GuestException(guest, "qmp-greeting", failCreate, List.of("monitor's word"), null);
    }
    log.add("create " + guest);
    ScriptedVmm vmm = new ScriptedVmm(listener);
    made.add(vmm);
    return vmm;
  }

  @Override
  public void attach(Vmm vmm, Definition definition, Consumer<Marker> heard) throws GuestException {
    if (failAttach) {
      throw new GuestException(guest, "console", "no console");
    }
    ((ScriptedVmm) vmm).heard = heard;
  }

  @Override
  public Optional<Definition> inForce() {
    return Optional.ofNullable(leftBehindDefinition);
  }

  @Override
  public Optional<Vmm> adopt(VmmListener listener, Consumer<Marker> heard) throws GuestException {
    if (leftBehind == null || leftBehind.exited.isDone()) {
      return Optional.empty();
    }
    if (!leftBehindAnswers) {
      throw new GuestException(guest, "qmp-greeting", "no greeting");
    }
    leftBehind.listener = listener;
    leftBehind.heard = heard;
    return Optional.of(leftBehind);
  }

  @Override
  public void killLeftBehind() {
    if (leftBehind != null) {
      leftBehind.kill();
    }
  }

  @Override
  public boolean powerOff() {
    if (agentPowersOff) {
      log.add("agent " + guest);
      if (!ignoresPowerButton) {
        last().become(VmmState.SHUTDOWN);
      }
    }
    return agentPowersOff;
  }

  @Override
  public Message.Control.Action deviceGone(String id) {
    return vmm -> log.add("gone " + id);
  }

  @Override
  public void closeDevices() {}

  @Override
  public void drainConsole() {}

  @Override
  public void closeConsole() {}

  @Override
  public List<String> lastLines() {
    return List.of("guest's word");
  }

  final class ScriptedVmm implements Vmm {
    VmmListener listener;
    Consumer<Marker> heard = marker -> {};
    VmmState state = VmmState.PRELAUNCH;
    boolean released;
    final CompletableFuture<VmmExit> exited = new CompletableFuture<>();

    ScriptedVmm(VmmListener listener) {
      this.listener = listener;
    }

    private void need() throws VmmException {
      if (exited.isDone()) {
        throw new VmmException("qmp", "the monitor has gone");
      }
      if (silent) {
        throw new VmmException("qmp", "no answer");
      }
    }

    private void become(VmmState next) {
      state = next;
      listener.stateChanged(next);
    }

    void exit(boolean poweredOff, String cause) {
      if (!exited.isDone()) {
        log.add("end " + guest);
        exited.complete(new VmmExit(poweredOff, cause, List.of("monitor's last word")));
      }
    }

    void powerOffItself() {
      if (!exited.isDone() && state == VmmState.RUNNING) {
        become(VmmState.SHUTDOWN);
      }
    }

    void panic() {
      if (!exited.isDone() && state == VmmState.RUNNING) {
        become(VmmState.CRASHED);
      }
    }

    @Override
    public ProcessIdentity process() {
      return new ProcessIdentity(4711, 1, "boot");
    }

    @Override
    public List<String> commandLine() {
      return List.of("qemu", guest);
    }

    @Override
    public AcceleratorChoice accelerator() {
      return new AcceleratorChoice(Accelerator.TCG, "a test");
    }

    @Override
    public VmmState state() throws VmmException {
      need();
      return state;
    }

    @Override
    public void resume() throws VmmException {
      need();
      if (state == VmmState.PRELAUNCH) {
        log.add("run " + guest);
      }
      become(VmmState.RUNNING);
    }

    @Override
    public void pause() throws VmmException {
      need();
      become(VmmState.PAUSED);
    }

    @Override
    public void powerDown() throws VmmException {
      need();
      log.add("power-down " + guest);
      if (!ignoresPowerButton && state == VmmState.RUNNING) {
        become(VmmState.SHUTDOWN);
      }
    }

    @Override
    public void quit() throws VmmException {
      need();
      exit(true, "quit");
    }

    @Override
    public void kill() {
      exit(false, "killed by signal 9");
    }

    @Override
    public void screenshot(Path png) throws VmmException {
      need();
    }

    @Override
    public void sendKeys(List<String> keys) throws VmmException {
      need();
    }

    @Override
    public Path consoleSocket() {
      return Path.of("/nowhere");
    }

    @Override
    public CompletableFuture<VmmExit> exited() {
      return exited;
    }

    @Override
    public void release(Duration limit) {
      released = true;
    }

    @Override
    public void plug(VhostUserDevice device) throws VmmException {
      need();
    }

    @Override
    public void unplug(String id, Duration limit) throws VmmException {
      need();
    }
  }
}
