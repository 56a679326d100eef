package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.util.Optional;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareRequest;
import org.lodge.storage.ShareStatus;

/** {@code share add GUEST SHARE}: gives a running guest a directory. */
final class ShareAdd implements Command {
  private final Services services;

  ShareAdd(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return ShareJson.describe(
        Description.of("share add", "Give a running guest a directory or a file of another guest")
            .details(
                "Until the guest stops or the share is taken back. For one that is there at each"
                    + " start, declare it in config/share/NAME.json. The share is a declared one,"
                    + " which a guest that its definition names gets as it says there,"
                    + " or what --from and --path (a directory) or --file say. With --mount the guest's agent mounts it;"
                    + " without, mount it in the guest: mount -t virtiofs SHARE /mnt (busybox mount in the images of Lodge).")
            .details(
                "--from host gives a directory of the host itself, for development: the guest then"
                    + " reaches files of the host.")
            .argument("GUEST", Kind.GUEST, Arity.ONE, "that gets it; it has to run")
            .argument("SHARE", Kind.TEXT, Arity.ONE, "its name: a-z, then a-z, 0-9 and -")
            .option(
                new Option(
                    "from", (char) 0, Kind.TEXT, "", "the guest that keeps the files, or host"))
            .option(new Option("path", (char) 0, Kind.TEXT, "", "the directory there"))
            .option(new Option("file", (char) 0, Kind.TEXT, "", "one regular file there instead"))
            .option(new Option("mount", 'm', Kind.TEXT, "", "where in the guest to mount it"))
            .option(
                new Option(
                    "cache",
                    (char) 0,
                    Kind.TEXT,
                    "auto",
                    "none: ask every time; auto: rely on what was seen for a second; always: for a"
                        + " day, where nobody else changes the files"))
            .flag("read-only", 'r', "the guest can change nothing")
            .example(
                "lodge share add work docs --from storage --path /srv/docs --mount /docs",
                "A directory of storage, at /docs of work.")
            .example(
                "lodge share add work hosts --from storage --file /srv/hosts --mount /etc/hosts",
                "One file; whoever replaces it there, replaces it here.")
            .example(
                "lodge share add vault docs --read-only", "A declared share, for one guest more.")
            .json("share", "as it is now"),
        "share");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String cache = invocation.text("cache");
    if (!cache.matches("none|auto|always")) {
      throw new CommandException(
          ExitCode.USAGE,
          "share add: --cache is none, auto or always, not " + cache,
          java.util.List.of());
    }
    Optional<String> file = invocation.optional("file");
    if (file.isPresent() && invocation.optional("path").isPresent()) {
      throw new CommandException(
          ExitCode.USAGE, "share add: either --path or --file, not both", java.util.List.of());
    }
    ShareRequest request =
        new ShareRequest(
            invocation.text("SHARE"),
            invocation.text("GUEST"),
            invocation.optional("from"),
            file.or(() -> invocation.optional("path")),
            file.isPresent(),
            invocation.flag("read-only"),
            invocation.optional("mount"),
            cache);
    try {
      ShareStatus given = services.shares().grant(request);
      if (invocation.json()) {
        invocation.print(Json.createObjectBuilder().add("share", ShareJson.of(given)).build());
      } else {
        invocation
            .out()
            .println(
                given.guest()
                    + " has the share "
                    + given.share()
                    + given.mount().map(mount -> " at " + mount).orElse(""));
      }
      return ExitCode.OK;
    } catch (ShareException e) {
      throw new CommandException(e.getMessage());
    }
  }
}
