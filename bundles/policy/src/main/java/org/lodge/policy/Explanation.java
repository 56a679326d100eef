package org.lodge.policy;

import java.util.List;

/**
 * A decision with every rule that was looked at on the way to it.
 *
 * @param steps the rules for that service in their order, to the first that matches
 */
public record Explanation(Decision decision, List<Step> steps) {
  /**
   * A rule that was looked at.
   *
   * @param reason why it does or does not match, such as {@code "source is work, not vault"}
   */
  public record Step(Rule rule, boolean matches, String reason) {}

  public Explanation {
    steps = List.copyOf(steps);
  }
}
