package org.lodge.shell.internal.command;

import jakarta.json.Json;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.vm.DeviceStatus;

/** {@code device add GUEST TYPE [KEY=VALUE...]}: a new device for a running guest. */
final class DeviceAdd implements Command {
  private final Services services;

  DeviceAdd(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return DeviceJson.describe(
        Description.of("device add", "Add a device to a running guest")
            .details(
                "The guest sees it at once, and has it until it stops or the device is removed. For"
                    + " a device that is there at each start, declare it under devices in"
                    + " config/vm/GUEST.json, with the same keys.")
            .details(
                "A blk is a disk and needs volume=NAME, as volume ls has it, or path=FILE, a file or"
                    + " block device of the host; a relative one is in the folder disks of Lodge's"
                    + " state ($LODGE_STATE/disks), where it has to be before. The guest finds it by"
                    + " its serial, which is the device's id unless serial=TEXT is given. It also"
                    + " takes readOnly=true, queues=N, cache=writethrough, direct=true,"
                    + " bytesPerSecond=SIZE and operationsPerSecond=N. An rng is a source of"
                    + " randomness and needs no key. An input is a keyboard, mouse or tablet (kind=)"
                    + " that device control uses; QEMU 7.2 takes it with KVM only.")
            .details(
                "A blk whose disk another guest keeps has from=GUEST and export=NAME instead of"
                    + " path=. That guest offers its NBD server as the service disk, and the policy"
                    + " has to allow disk+NAME. While it is away requests wait for waitSeconds=N"
                    + " (30) before they fail. from=host with socket=PATH is an NBD server of this"
                    + " host.")
            .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run")
            .argument("TYPE", Kind.TEXT, Arity.ONE, "what kind of device, such as blk or rng")
            .argument("KEY=VALUE", Kind.TEXT, Arity.ANY, "the device's configuration")
            .option(
                new Option(
                    "id", (char) 0, Kind.TEXT, "", "what to call it; else the type and a number"))
            .example("lodge device add work rng", "A source of randomness.")
            .example(
                "lodge device add work blk path=/srv/data.img --id data",
                "A disk that the guest sees with the serial data.")
            .example("lodge device add work blk volume=data", "A volume of Lodge's.")
            .example(
                "lodge device add work blk from=storage export=data --id data",
                "A disk that the guest storage keeps, in its file /srv/disks/data.")
            .json("device", "as it is now"),
        "device");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    DeviceStatus added =
        services
            .devices()
            .add(
                invocation.text("GUEST"),
                invocation.optional("id").orElse(null),
                invocation.text("TYPE"),
                KeyValues.of(invocation, "device add"))
            .get();
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("device", DeviceJson.of(added)).build());
    } else {
      invocation.out().println(added.guest() + " has the device " + added.id());
    }
    return ExitCode.OK;
  }
}
