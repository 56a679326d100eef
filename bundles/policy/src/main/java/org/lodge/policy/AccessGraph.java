package org.lodge.policy;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Who can reach whom under the rules and guests of one moment. */
@ProviderType
public interface AccessGraph {
  /**
   * One thing that can happen.
   *
   * @param target where it ends, redirects followed
   * @param service as a rule writes it; {@code *} stands for the services that no rule names
   * @param action allow or ask
   */
  record Edge(String source, String target, String service, Action action, Rule rule) {}

  /** By source, target and service. */
  List<Edge> edges();

  /** One line for each pair of source and target. */
  String text();

  /** A complete SVG document: guests on a circle, allow as a line, ask as a dashed one. */
  String svg();
}
