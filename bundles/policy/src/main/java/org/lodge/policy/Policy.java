package org.lodge.policy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The rules of {@code config/policy.d/*.policy}: in the order of the files' names and their lines,
 * the first that matches decides, and what none matches is denied.
 *
 * <p>An OSGi service. Thread-safe; no method blocks but {@link #reload}. A change of the files is
 * seen within about 100 ms; what is connected stays connected. Where a file can't be trusted (not
 * readable, not UTF-8, too large, of another owner, writable by others), everything is denied.
 */
@ProviderType
public interface Policy {
  /** Takes microseconds, however many rules there are. */
  Decision decide(Request request, GuestDirectory guests);

  /**
   * The decision after a person answered yes to an {@link Action#ASK}. The rules of now count:
   * allow if they still let a person allow it, else deny.
   *
   * @param target the one that the person picked
   */
  Decision answer(Request request, String target, GuestDirectory guests);

  /** As {@link #decide}, with the way to it. Walks every rule. */
  Explanation explain(Request request, GuestDirectory guests);

  /**
   * What is wrong or suspicious, in the order of the rules.
   *
   * @param services the names of all services there are; empty if unknown, and then not checked
   */
  List<Finding> lint(GuestDirectory guests, Set<String> services);

  /**
   * What is wrong with the files of a folder, which need not be the one in force: lines that would
   * be left out, and files that would not be trusted. Reads them now.
   */
  List<Finding> check(Path folder);

  /** Takes time with the number of guests squared, times the services that rules name. */
  AccessGraph graph(GuestDirectory guests);

  /** Temporary rules, the newest first, and then those of the files. */
  List<Rule> rules();

  /** Why everything is denied, with the file's name and the remedy; empty when all is well. */
  Optional<String> distrust();

  /**
   * Adds a rule in memory, before all others.
   *
   * @param line as in a file
   * @throws PolicySyntaxException if it can't be read
   */
  TemporaryRule addTemporary(String line) throws PolicySyntaxException;

  /** The temporary rules, the newest first. */
  List<TemporaryRule> temporary();

  /** Reads the files again now, as after a change behind a symbolic link, which is not watched. */
  void reload();
}
