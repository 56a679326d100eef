package org.lodge.vhostuser.internal;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lodge.vhostuser.Takeover;

/**
 * Which factory's device serves: the best that does not refuse. One that has failed is not asked
 * again while it stays registered. Belongs to the control thread but for the questions at the end.
 */
final class Succession {
  private final String type;
  private final Factories factories;
  private final Logic logic;
  private final VringSet vrings;
  private final Map<Model, String> refused = new HashMap<>();
  private volatile String refusals = "";
  private volatile int count;
  private volatile Takeover last;

  Succession(String type, Factories factories, Logic logic, VringSet vrings) {
    this.type = type;
    this.factories = factories;
    this.logic = logic;
    this.vrings = vrings;
  }

  /** Looks for a better device than the one that serves; empty if there is none. */
  Optional<Takeover> reconsider() {
    refused.keySet().removeIf(model -> !factories.has(model));
    Takeover report = null;
    while (true) {
      Model serving = logic.model();
      boolean staying = serving != null && factories.has(serving);
      Optional<Model> best =
          factories.best(
              type,
              model -> !refused.containsKey(model) && (!staying || model.compareTo(serving) > 0));
      if (best.isEmpty()) {
        if (serving != null && !staying) {
          logic.orphan(vrings.open());
          refusals =
              refused.entrySet().stream()
                  .map(each -> each.getKey().version() + " refused: " + each.getValue())
                  .sorted()
                  .collect(Collectors.joining("; "));
          report = note(new Takeover(serving.version().toString(), "", true, "", 0));
        }
        return Optional.ofNullable(report);
      }
      report = note(logic.replace(best.get(), vrings.open(), !staying));
      if (report.taken()) {
        return Optional.of(report);
      }
      refused.put(best.get(), report.reason());
    }
  }

  private Takeover note(Takeover takeover) {
    if (takeover.taken()) {
      count++;
    }
    last = takeover;
    return takeover;
  }

  int count() {
    return count;
  }

  /** Why none serves although some are deployed, as of when the last that served has gone. */
  String refusals() {
    return refusals;
  }

  Optional<Takeover> last() {
    return Optional.ofNullable(last);
  }
}
