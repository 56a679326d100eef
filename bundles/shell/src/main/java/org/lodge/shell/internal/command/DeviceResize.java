package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.util.HashMap;
import java.util.Map;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code device resize GUEST ID SIZE}: gives a disk another size while it is used. */
final class DeviceResize implements Command {
  private final Services services;

  DeviceResize(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("device resize", "Change the size of a disk while the guest uses it")
        .details(
            "The host's file grows without taking space, and the guest's driver is told. A file"
                + " system in it has to be grown in the guest.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run")
        .argument("ID", Kind.DEVICE, Arity.ONE, "a blk, as device ls shows it")
        .argument("SIZE", Kind.SIZE, Arity.ONE, "such as 512M or 10G")
        .flag("shrink", (char) 0, "allow less than it has now; what lies behind is lost")
        .example("lodge device resize work data 10G", "The disk data has 10 GiB now.")
        .json("guest", "the guest")
        .json("id", "the device")
        .json("result", "one sentence: what is now true");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String guest = invocation.text("GUEST");
    String id = invocation.text("ID");
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("sizeBytes", invocation.size("SIZE"));
    if (invocation.flag("shrink")) {
      arguments.put("shrink", true);
    }
    String result = services.devices().control(guest, id, "resize", arguments).get();
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
