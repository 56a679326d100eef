package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lodge.vmm.Accelerator;

/** Definitions for tests. */
final class Example {
  private Example() {}

  static Definition guest(String name, String... requires) {
    return guest(name, Definition.Policy.NEVER, true, requires);
  }

  static Definition guest(
      String name, Definition.Policy policy, boolean saysReady, String... requires) {
    return new Definition(
        name,
        "",
        "qemu",
        Accelerator.AUTO,
        512L << 20,
        1,
        Optional.of("app"),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        new Definition.Revert(1, Duration.ZERO),
        List.of(),
        Optional.empty(),
        false,
        List.of(),
        4,
        false,
        List.of(),
        List.of(),
        Set.of(),
        List.of(requires),
        false,
        saysReady ? Definition.Ready.CONSOLE : Definition.Ready.RUNNING,
        new Definition.Restart(policy, Duration.ofSeconds(1), Duration.ofSeconds(8), 3),
        new Definition.Limits(
            Duration.ofSeconds(20), Duration.ofSeconds(60), Duration.ofSeconds(20)),
        new Definition.Origin(Path.of("/config/vm/" + name + ".json"), "{}"));
  }
}
