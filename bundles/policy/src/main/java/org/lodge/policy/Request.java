package org.lodge.policy;

import org.lodge.policy.internal.Names;

/**
 * Somebody wants a service of somebody.
 *
 * @param service its name
 * @param argument what comes after the {@code +}; empty for none
 * @param source the guest that asks, known from its channel and never from what it says, or {@link
 *     Party#HOST}
 * @param target a guest, {@link Party#HOST} or {@link Party#DEFAULT}
 */
public record Request(String service, String argument, String source, String target) {
  /**
   * Checks the spelling, so that what a guest sent can be given here as it came.
   *
   * @throws IllegalArgumentException naming the field that is misspelt
   */
  public Request {
    check(Names.isService(service), "service", service, Names.SERVICE);
    check(Names.isArgument(argument), "argument", argument, Names.ARGUMENT);
    check(source.equals(Party.HOST) || Names.isGuest(source), "source", source, Names.GUEST);
    check(
        target.equals(Party.HOST) || target.equals(Party.DEFAULT) || Names.isGuest(target),
        "target",
        target,
        Names.GUEST + ", or " + Party.HOST + ", or " + Party.DEFAULT);
  }

  /**
   * The name of a service, if it is one.
   *
   * @throws IllegalArgumentException saying what is allowed
   */
  public static String checkedService(String untrustedName) {
    check(Names.isService(untrustedName), "service", untrustedName, Names.SERVICE);
    return untrustedName;
  }

  /** The same request for another target. */
  public Request withTarget(String other) {
    return new Request(service, argument, source, other);
  }

  /** The service as rules write it: {@code exec}, {@code tcp+22}. */
  public String serviceText() {
    return argument.isEmpty() ? service : service + "+" + argument;
  }

  @Override
  public String toString() {
    return serviceText() + " " + source + " " + target;
  }

  private static void check(boolean ok, String field, String untrusted, String allowed) {
    if (!ok) {
      throw new IllegalArgumentException(
          "%s \"%s\" is not plain: %s".formatted(field, printable(untrusted), allowed));
    }
  }

  private static String printable(String untrusted) {
    String cut = untrusted.length() > 80 ? untrusted.substring(0, 80) + "…" : untrusted;
    return cut.replaceAll("[^ -~…]", "?");
  }
}
