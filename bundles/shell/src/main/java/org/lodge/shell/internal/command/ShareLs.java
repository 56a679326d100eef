package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.util.List;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Services;
import org.lodge.storage.ShareStatus;

/** {@code share ls}: who has which directory of whom. */
final class ShareLs implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("SHARE", Style.LEFT, 0),
          new Column("GUEST", Style.LEFT, 0),
          new Column("FROM", Style.LEFT, 0),
          new Column("PATH", Style.LEFT, 2),
          new Column("ACCESS", Style.LEFT, 0),
          new Column("STATE", Style.LEFT, 0),
          new Column("OPS", Style.RIGHT, 1),
          new Column("READ", Style.RIGHT, 1),
          new Column("WRITTEN", Style.RIGHT, 1),
          new Column("P99", Style.RIGHT, 1),
          new Column("NOTE", Style.LEFT, 3));

  private final Services services;

  ShareLs(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return ShareJson.describe(
        Description.of("share ls", "List the directories that guests share")
            .details(
                "Those declared in config/share/NAME.json and those granted while guests run. OPS,"
                    + " READ, WRITTEN and P99 (how long an operation takes at most in 99 of 100"
                    + " cases) count since the guest has the share.")
            .example("lodge share ls", "All of them.")
            .json("shares", "by name and guest"),
        "shares[]");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<ShareStatus> shares = services.shares().list();
    if (invocation.json()) {
      var array = Json.createArrayBuilder(shares.stream().map(ShareJson::of).toList());
      invocation.print(Json.createObjectBuilder().add("shares", array).build());
    } else if (shares.isEmpty()) {
      invocation.out().println("No guest shares a directory; see: lodge help share add");
    } else {
      invocation.print(new Table(COLUMNS, shares.stream().map(ShareLs::row).toList()));
    }
    return ExitCode.OK;
  }

  private static List<String> row(ShareStatus share) {
    boolean known = !share.counters().isEmpty();
    return List.of(
        share.share(),
        share.guest(),
        share.from(),
        share.path(),
        share.readOnly() ? "read-only" : "read-write",
        ShareJson.state(share),
        known ? Long.toString(share.counter("requests")) : "",
        known ? size(share.counter("read.bytes")) : "",
        known ? size(share.counter("write.bytes")) : "",
        known ? share.counter("latency.p99") + " us" : "",
        note(share));
  }

  static String note(ShareStatus share) {
    if (share.trouble().isPresent()) {
      return share.trouble().get();
    }
    if (share.declared() && share.state() == ShareStatus.State.REVOKED) {
      return "comes back with the guest's next start, or: lodge share add %s %s"
          .formatted(share.guest(), share.share());
    }
    return share.from().equals("host") ? "files of the host itself: for development" : "";
  }

  static String size(long bytes) {
    String units = "BKMGT";
    int unit = 0;
    long value = bytes;
    while (value >= 10_000 && unit < units.length() - 1) {
      value >>= 10;
      unit++;
    }
    return value + (unit == 0 ? "" : units.substring(unit, unit + 1));
  }
}
