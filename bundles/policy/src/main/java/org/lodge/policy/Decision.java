package org.lodge.policy;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answer to a request, and why.
 *
 * @param rule the first that matched; empty where none did, or none was asked
 * @param target whom to connect to. On allow a guest that exists or {@link Party#HOST}; on ask the
 *     one to offer first, or {@link Party#DEFAULT}; on deny as requested
 * @param candidates on ask, whom the person may pick, by name and never empty; else empty
 * @param options of the rule, for the service; empty on deny
 * @param explanation one sentence for people on the host. It tells of rules and guests: never show
 *     it to a guest
 */
public record Decision(
    Action action,
    Optional<Rule> rule,
    String target,
    List<String> candidates,
    Map<String, String> options,
    String explanation) {
  public Decision {
    candidates = List.copyOf(candidates);
    options = Map.copyOf(options);
  }
}
