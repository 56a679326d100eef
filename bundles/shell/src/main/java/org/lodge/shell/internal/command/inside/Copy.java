package org.lodge.shell.internal.command.inside;

import jakarta.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lodge.agent.AgentSession;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code cp SOURCE... TARGET}: files into a guest, out of it, or from one guest to another. */
final class Copy implements Command {
  private final Services services;

  Copy(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("cp", "Copy files into guests, out of them, or between them")
        .details(
            "GUEST:PATH is a file of a guest, read and written as its root; what does not begin"
                + " with / is in /root. A path of this host with a colon is written ./a:b. A file"
                + " stands under its name once it is whole, with the permissions of the original.")
        .details(
            "From guest to guest the bytes pass through Lodge and touch no disk of the host. A"
                + " folder needs tar in the guest; links stay links, and devices, sockets and pipes"
                + " are left out. What comes out of a guest can't write outside the folder it is put"
                + " into.")
        .argument("SOURCE", Kind.PLACE, Arity.MANY, "files, or folders with -r")
        .argument("TARGET", Kind.PLACE, Arity.ONE, "a file, or the folder to put them into")
        .flag("recursive", 'r', "folders too, with all that is in them")
        .option(Inside.LIMIT)
        .example("lodge cp notes.txt work:/tmp/", "Into the folder /tmp of work.")
        .example("lodge cp work:/etc/hostname work:/etc/hosts .", "Two files out of work.")
        .example("lodge cp -r src work:", "A folder into /root of work.")
        .example("lodge cp work:/var/big.img vault:/srv/", "From one guest to another.")
        .json("files", "how many were copied; absent from guest to guest with -r")
        .json("bytes", "that were carried")
        .json("skipped", "devices, sockets and pipes that were left out")
        .json("millis", "how long it took")
        .exitCode(Inside.NOT_RUN, "a guest could not be entered");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<Place> sources = invocation.texts("SOURCE").stream().map(Place::parse).toList();
    Place target = Place.parse(invocation.text("TARGET"));
    for (Place source : sources) {
      if (source.onHost() && target.onHost()) {
        throw new CommandException(
            ExitCode.USAGE,
            "cp: neither " + source + " nor " + target + " is in a guest; write GUEST:PATH",
            List.of("as in: lodge cp " + source + " work:/tmp/"));
      }
    }
    boolean into = sources.size() > 1 || target.namesFolder();
    Meter meter = new Meter(invocation);
    try {
      for (Place source : sources) {
        copy(source, target, into, invocation, meter);
      }
    } finally {
      meter.clear();
    }
    if (invocation.json()) {
      var json = Json.createObjectBuilder();
      json.add("files", meter.files()).add("bytes", meter.bytes());
      invocation.print(json.add("skipped", meter.skipped()).add("millis", meter.millis()).build());
    } else if (meter.skipped() > 0) {
      invocation.err().println("lodge: left out " + meter.skipped() + " devices, sockets or pipes");
    }
    return ExitCode.OK;
  }

  private void copy(Place source, Place target, boolean into, Invocation invocation, Meter meter)
      throws Exception {
    FileCopy files = new FileCopy(Inside.limit(invocation), meter);
    TreeCopy trees = new TreeCopy(Inside.limit(invocation), meter);
    if (source.onHost()) {
      Path file = invocation.resolve(source.path());
      AgentSession to = session(target, invocation);
      if (isFolder(file, source, invocation)) {
        trees.in(file, to, target, into);
      } else {
        files.in(file, to, target, into);
      }
      return;
    }
    AgentSession from = session(source, invocation);
    boolean folder;
    if (target.onHost()) {
      Path to = invocation.resolve(target.path());
      if (into && !Files.isDirectory(to)) {
        throw new CommandException(target + " is not a folder here");
      }
      folder = !files.out(from, source, to);
      if (folder) {
        refuseUnlessRecursive(source, invocation);
        trees.out(from, source, to);
      }
    } else {
      AgentSession to = session(target, invocation);
      folder = !files.across(from, source, to, target, into);
      if (folder) {
        refuseUnlessRecursive(source, invocation);
        trees.across(from, source, to, target, into);
      }
    }
  }

  private AgentSession session(Place place, Invocation invocation) throws Exception {
    return Inside.session(services, place.guest().orElseThrow(), invocation);
  }

  private static boolean isFolder(Path file, Place source, Invocation invocation)
      throws IOException, CommandException {
    if (Files.isDirectory(file)) {
      refuseUnlessRecursive(source, invocation);
      return true;
    }
    if (!Files.exists(file)) {
      throw new CommandException("there is no file " + file + " on this host");
    }
    if (!Files.isRegularFile(file)) {
      throw new CommandException(file + " is neither a file nor a folder");
    }
    return false;
  }

  private static void refuseUnlessRecursive(Place source, Invocation invocation)
      throws CommandException {
    if (!invocation.flag("recursive")) {
      throw new CommandException(source + " is a folder; copy it with: lodge cp -r");
    }
  }
}
