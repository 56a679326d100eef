package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmDriver;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmSpec;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts QEMU processes and finds those that an earlier Lodge left running. */
@Component(property = VmmDriver.NAME + "=qemu")
public final class QemuDriver implements VmmDriver {
  private static final Logger LOG = LoggerFactory.getLogger(QemuDriver.class);
  private static final String PROBES = "vmm-qemu/probes.json";

  private static final Duration EXIT_LIMIT = Duration.ofSeconds(2);

  private final QemuExecutable qemu;
  private final GuestUsers users;
  private final Launcher launcher;
  private final Accelerators accelerators;
  private final LogBounds logs;

  @Activate
  public QemuDriver(BundleContext context) throws IOException, VmmException {
    this(
        Optional.ofNullable(context.getProperty("lodge.qemu")).map(Path::of),
        Optional.ofNullable(context.getProperty("lodge.state"))
            .map(Path::of)
            .orElseGet(() -> context.getDataFile("").toPath()));
  }

  /**
   * @param executable instead of the one on the PATH
   * @param state where what was found out is kept
   */
  QemuDriver(Optional<Path> executable, Path state) throws IOException, VmmException {
    qemu = new QemuExecutable(executable, state.resolve(PROBES));
    users = GuestUsers.ofThisProcess();
    launcher = new Launcher(users);
    accelerators = new Accelerators(qemu, users, new KvmTrialGuest(launcher), System::nanoTime);
    logs = new LogBounds();
  }

  @Deactivate
  void deactivate() throws IOException {
    logs.close();
  }

  @Override
  public AcceleratorChoice accelerator(Accelerator wanted) throws VmmException {
    return accelerators.choose(wanted);
  }

  @Override
  public Vmm create(VmmSpec spec, VmmListener listener, Duration limit) throws VmmException {
    Deadline deadline = Deadline.in(limit);
    QemuExecutable.Answers answers = qemu.answers();
    AcceleratorChoice accelerator = accelerators.choose(spec.accelerator());
    List<String> command = new ArrayList<>();
    command.add(answers.executable().path().toString());
    command.addAll(CommandLine.of(spec, accelerator.accelerator(), answers.capabilities()));
    VmmProcess process = null;
    Path log = spec.runDirectory().resolve(RunDirectory.LOG);
    try {
      refuseSecond(spec);
      requireFiles(spec);
      RunDirectory run = RunDirectory.prepare(spec.runDirectory(), users);
      Process child = launch(spec, command, accelerator.accelerator(), run);
      process = owned(child);
      ProcessRecord record =
          new ProcessRecord(spec.guest(), process.identity(), run.uid(), accelerator, command);
      record.write(run.path());
      Launcher.go(child);
      QemuVmm vmm = connect(process, record, run, listener, deadline);
      run.seal();
      logs.watch(run.path());
      return vmm;
    } catch (IOException e) {
      throw undo(
          process,
          new VmmException("exec", spec.guest() + ": " + e.getMessage(), List.of(), e),
          log);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw undo(process, new VmmException("exec", "the start was interrupted", List.of(), e), log);
    } catch (VmmException e) {
      throw undo(process, e, log);
    }
  }

  private static void refuseSecond(VmmSpec spec) throws IOException, VmmException {
    Optional<ProcessRecord> earlier = ProcessRecord.read(spec.runDirectory());
    if (earlier.isPresent() && ProcessIdentities.lives(earlier.get().process())) {
      throw new VmmException(
          "exec",
          "%s runs already as process %d".formatted(spec.guest(), earlier.get().process().pid()));
    }
  }

  private void requireFiles(VmmSpec spec) throws IOException, VmmException {
    RunDirectory.requireReadable(spec.kernel(), users);
    if (spec.initrd().isPresent()) {
      RunDirectory.requireReadable(spec.initrd().get(), users);
    }
    for (VmmSpec.Disk disk : spec.disks()) {
      if (!Files.isReadable(disk.path()) || !disk.readOnly() && !Files.isWritable(disk.path())) {
        throw new VmmException(
            "files",
            "disk %s: %s can't be %s"
                .formatted(disk.serial(), disk.path(), disk.readOnly() ? "read" : "written"));
      }
    }
  }

  private Process launch(
      VmmSpec spec, List<String> command, Accelerator accelerator, RunDirectory run)
      throws IOException, VmmException {
    List<Launcher.Opened> disks =
        spec.disks().stream()
            .map(disk -> new Launcher.Opened(disk.path(), disk.readOnly()))
            .toList();
    OptionalLong group =
        accelerator == Accelerator.KVM ? accelerators.group() : OptionalLong.empty();
    return launcher.start(command, disks, run.uid(), group, run.log());
  }

  private static VmmProcess owned(Process child) throws IOException {
    try {
      return VmmProcess.child(child);
    } catch (IOException e) {
      child.destroyForcibly();
      throw e;
    }
  }

  private static QemuVmm connect(
      VmmProcess process,
      ProcessRecord record,
      RunDirectory run,
      VmmListener listener,
      Deadline deadline)
      throws VmmException, InterruptedException {
    SocketChannel channel = MonitorSocket.connect(process, run, deadline);
    QemuVmm vmm = new QemuVmm(process, record, run, listener, channel);
    try {
      vmm.negotiate(deadline.remaining());
    } catch (VmmException | InterruptedException e) {
      vmm.release(Duration.ZERO);
      throw e;
    }
    return vmm;
  }

  /** Leaves no process of a failed start, and adds what it said last. */
  private static VmmException undo(VmmProcess process, VmmException failure, Path log) {
    if (process == null) {
      return failure;
    }
    boolean endedByItself = endsWithin(process, failure);
    String cause = endedByItself ? process.ended().join() : "";
    process.kill();
    awaitEnd(process, EXIT_LIMIT);
    return new VmmException(
        endedByItself ? "exec" : failure.stage(),
        endedByItself ? cause : failure.getMessage(),
        VmmLog.lastLines(log, QemuVmm.LAST_LINES),
        failure);
  }

  /** A lost control channel means that the process is ending, which says more. */
  private static boolean endsWithin(VmmProcess process, VmmException failure) {
    return failure instanceof QmpException qmp && qmp.kind() == QmpException.Kind.LOST
        ? awaitEnd(process, EXIT_LIMIT)
        : process.ended().isDone();
  }

  private static boolean awaitEnd(VmmProcess process, Duration limit) {
    return process
        .ended()
        .thenApply(cause -> true)
        .completeOnTimeout(false, limit.toMillis(), TimeUnit.MILLISECONDS)
        .join();
  }

  @Override
  public Optional<Vmm> adopt(Path runDirectory, VmmListener listener, Duration limit)
      throws VmmException {
    Deadline deadline = Deadline.in(limit);
    VmmProcess process = null;
    try {
      Optional<ProcessRecord> found = ProcessRecord.read(runDirectory);
      Optional<VmmProcess> living =
          found.isPresent() ? VmmProcess.adopted(found.get().process()) : Optional.empty();
      if (living.isEmpty()) {
        RunDirectory.existing(runDirectory, users, users.own()).removeStale();
        return Optional.empty();
      }
      process = living.get();
      ProcessRecord record = found.get();
      RunDirectory run = RunDirectory.existing(runDirectory, users, record.uid());
      QemuVmm vmm = connect(process, record, run, listener, deadline);
      run.seal();
      logs.watch(run.path());
      LOG.info("adopted process {} of guest {}", process.identity().pid(), record.guest());
      return Optional.of(vmm);
    } catch (IOException e) {
      throw notAdopted(process, runDirectory, e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notAdopted(process, runDirectory, "interrupted", e);
    } catch (QmpException e) {
      throw notAdopted(
          process,
          runDirectory,
          e.stage().equals("qmp-greeting")
              ? "it says nothing; is another program connected to its " + RunDirectory.QMP_SOCKET
              : e.getMessage(),
          e);
    } catch (VmmException e) {
      throw notAdopted(process, runDirectory, e.getMessage(), e);
    }
  }

  @Override
  public boolean killLeftBehind(Path runDirectory, Duration limit) throws VmmException {
    try {
      Optional<ProcessRecord> found = ProcessRecord.read(runDirectory);
      Optional<VmmProcess> living =
          found.isPresent() ? VmmProcess.adopted(found.get().process()) : Optional.empty();
      if (living.isPresent()) {
        VmmProcess process = living.get();
        process.kill();
        boolean ended = awaitEnd(process, limit);
        process.release();
        if (!ended) {
          throw new VmmException(
              "kill",
              "QEMU process %d has not ended %d ms after SIGKILL; it waits in the kernel, see its"
                      .formatted(process.identity().pid(), limit.toMillis())
                  + " /proc entry");
        }
      }
      RunDirectory.existing(runDirectory, users, users.own()).removeStale();
      return living.isPresent();
    } catch (IOException e) {
      throw new VmmException("kill", runDirectory + ": " + e.getMessage(), List.of(), e);
    }
  }

  private static VmmException notAdopted(
      VmmProcess process, Path runDirectory, String why, Exception cause) {
    String which = "QEMU in " + runDirectory;
    if (process != null) {
      which = "QEMU process " + process.identity().pid();
      process.release();
    }
    return new VmmException(
        "adopt",
        which + " was left as it is: " + why,
        VmmLog.lastLines(runDirectory.resolve(RunDirectory.LOG), QemuVmm.LAST_LINES),
        cause);
  }
}
