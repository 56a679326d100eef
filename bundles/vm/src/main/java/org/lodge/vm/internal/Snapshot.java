package org.lodge.vm.internal;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.lodge.vm.GuestStatus;

/** A guest's status and failure as others see them. */
final class Snapshot {
  private Snapshot() {}

  static GuestStatus of(GuestActor g, Instant since, Run run) {
    Definition shown =
        g.run != null && g.run.definition != null
            ? g.run.definition
            : g.definition != null ? g.definition : run == null ? null : run.definition;
    boolean live = g.state.hasProcess() && g.run != null;
    boolean pending =
        live
            && (g.definition == null
                || g.refusal != null
                || !g.definition.equals(g.run.definition));
    return new GuestStatus(
        g.name,
        shown == null ? "" : shown.description(),
        g.state,
        live && g.run.vmm != null
            ? OptionalLong.of(g.run.vmm.process().pid())
            : OptionalLong.empty(),
        since,
        g.definition != null && g.definition.autostart(),
        pending,
        shown == null ? List.of() : shown.requires(),
        shown == null ? "" : shown.vmm(),
        shown == null ? "" : shown.image().orElse(""),
        shown == null ? 0 : shown.memoryBytes(),
        shown == null ? 0 : shown.cpus(),
        Optional.ofNullable(g.file),
        run == null ? Optional.empty() : run.accelerator,
        run == null ? List.of() : run.commandLine,
        run == null ? GuestStatus.StartTimes.NONE : run.startTimes(),
        Optional.ofNullable(g.failure),
        g.restarts);
  }

  static GuestStatus.Failure failure(GuestActor g, Run run, Run.Ending ending) {
    List<String> lines = new ArrayList<>();
    ending.monitorLines().forEach(line -> lines.add(run.definition.vmm() + ": " + line));
    if (run.vmm != null) {
      g.machine.lastLines().forEach(line -> lines.add("guest: " + line));
    }
    return new GuestStatus.Failure(ending.stage(), ending.cause(), lines, g.world.now());
  }
}
