package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.lodge.connect.Broker;
import org.lodge.connect.ServiceDescription;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Services;

/** {@code services}: what can be called now. */
final class ServiceLs implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("PROVIDER", Style.LEFT, 0),
          new Column("SERVICE", Style.LEFT, 0),
          new Column("CARRIES", Style.LEFT, 0),
          new Column("FIELDS", Style.LEFT, 2),
          new Column("SUMMARY", Style.LEFT, 3));

  private final Services services;

  ServiceLs(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("services", "List the services that guests and Lodge offer now")
        .details(
            "Who may call one is up to the rules; see: lodge policy explain. A guest's services are"
                + " declared under services in config/vm/GUEST.json. FIELDS are what a caller may"
                + " say about a connection; required ones have a *.")
        .example("lodge services", "All of them.")
        .json("services[].provider", "a guest, or @host")
        .json("services[].name", "as rules and callers use it")
        .json("services[].carries", "bytes, or handles: bytes with descriptors")
        .json("services[].summary", "one line")
        .json("services[].fields[].name", "of what a caller may say")
        .json("services[].fields[].type", "text, integer or flag")
        .json("services[].fields[].required", "whether it must be said");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<Broker.Offered> all = services.broker().services();
    if (invocation.json()) {
      JsonArrayBuilder array = Json.createArrayBuilder();
      all.forEach(offered -> array.add(json(offered)));
      invocation.print(Json.createObjectBuilder().add("services", array).build());
    } else if (all.isEmpty()) {
      invocation.out().println("Nobody offers anything; declare services in config/vm/GUEST.json");
    } else {
      invocation.print(new Table(COLUMNS, all.stream().map(ServiceLs::row).toList()));
    }
    return ExitCode.OK;
  }

  private static jakarta.json.JsonObjectBuilder json(Broker.Offered offered) {
    ServiceDescription description = offered.description();
    JsonArrayBuilder fields = Json.createArrayBuilder();
    for (ServiceDescription.Field field : description.fields()) {
      fields.add(
          Json.createObjectBuilder()
              .add("name", field.name())
              .add("type", field.type().name().toLowerCase(Locale.ROOT))
              .add("required", field.required()));
    }
    return Json.createObjectBuilder()
        .add("provider", offered.provider())
        .add("name", description.name())
        .add("carries", description.carriage().name().toLowerCase(Locale.ROOT))
        .add("summary", description.summary())
        .add("fields", fields);
  }

  private static List<String> row(Broker.Offered offered) {
    ServiceDescription description = offered.description();
    return List.of(
        offered.provider(),
        description.name(),
        description.carriage().name().toLowerCase(Locale.ROOT),
        description.fields().stream()
            .map(field -> field.name() + (field.required() ? "*" : ""))
            .collect(Collectors.joining(",")),
        description.summary());
  }
}
