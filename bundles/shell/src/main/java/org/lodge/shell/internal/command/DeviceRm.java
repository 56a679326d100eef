package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.time.Duration;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Devices;

/** {@code device rm GUEST ID}: takes a device away with the guest's consent. */
final class DeviceRm implements Command {
  private final Services services;

  DeviceRm(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("device rm", "Take a device away from a running guest")
        .details(
            "The guest is asked to let go of the device, and it is gone when the command succeeds."
                + " A guest that does not let go in time keeps it as it was, and so does one whose"
                + " agent says that the disk is mounted, swapped to or part of another there;"
                + " unmount it, and try again. Without an agent nobody says so, and Linux lets go of"
                + " a mounted disk. After Ctrl-C the command ends, and the guest stays asked.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run")
        .argument("ID", Kind.DEVICE, Arity.ONE, "the device, as device ls shows it")
        .flag(
            "force",
            'f',
            "also a disk in use, of which is lost what is not written yet; and the virtio socket,"
                + " with which the guest's agent goes")
        .option(new Option("timeout", 't', Kind.DURATION, "10s", "for the guest's consent"))
        .example("lodge device rm work data", "Takes the disk data away.")
        .json("guest", "the guest")
        .json("removed", "the device that it has no more");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String guest = invocation.text("GUEST");
    String id = invocation.text("ID");
    Duration limit = invocation.duration("timeout").orElseThrow();
    Devices devices = services.devices();
    boolean socket =
        devices.list(guest).stream()
            .anyMatch(device -> device.id().equals(id) && device.type().equals("vsock"));
    if (socket && !invocation.flag("force")) {
      throw new CommandException(
          "without "
              + id
              + " the agent of "
              + guest
              + " is cut off: no exec, cp, windows, shares or calls until it starts again; say --force if"
              + " that is meant");
    }
    try {
      devices.remove(guest, id, limit, invocation.flag("force")).get();
    } catch (InterruptedException e) {
      invocation.err().println("lodge: %s may let go of %s all the same".formatted(guest, id));
      return ExitCode.INTERRUPTED;
    }
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("guest", guest).add("removed", id).build());
    } else {
      invocation.out().println(guest + " has let go of " + id);
    }
    return ExitCode.OK;
  }
}
