package org.lodge.shell.internal.command;

import jakarta.json.Json;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code device control GUEST ID COMMAND [KEY=VALUE...]}: has a device do what its type can. */
final class DeviceControl implements Command {
  private final Services services;

  DeviceControl(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("device control", "Have a device do something that its type can")
        .details(
            "What a device can be told is its type's own: a command that it does not know is"
                + " answered with those that it knows. A blk knows resize (sizeBytes=SIZE). An"
                + " input of kind keyboard knows press, down and up (key=NAME or NAME+NAME, as in"
                + " ctrl+alt+f2) and type (text=TEXT); a mouse move (dx=N dy=N) and a tablet point"
                + " (x=N y=N, 0 to 32767), and both press, down and up (button=left) and wheel"
                + " (steps=N).")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run")
        .argument("ID", Kind.DEVICE, Arity.ONE, "as device ls shows it")
        .argument("COMMAND", Kind.TEXT, Arity.ONE, "what to do")
        .argument(KeyValues.ARGUMENT, Kind.TEXT, Arity.ANY, "the command's arguments")
        .example("lodge device control work kbd press key=ctrl+c", "A keyboard's keys are pressed.")
        .example("lodge device control work kbd type text=hello", "Five keys, one after another.")
        .json("guest", "the guest")
        .json("id", "the device")
        .json("result", "one sentence: what was done, or what is now true");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String guest = invocation.text("GUEST");
    String id = invocation.text("ID");
    String result =
        services
            .devices()
            .control(
                guest, id, invocation.text("COMMAND"), KeyValues.of(invocation, "device control"))
            .get();
    if (invocation.json()) {
      invocation.print(
          Json.createObjectBuilder()
              .add("guest", guest)
              .add("id", id)
              .add("result", result)
              .build());
    } else {
      invocation.out().println(result);
    }
    return ExitCode.OK;
  }
}
