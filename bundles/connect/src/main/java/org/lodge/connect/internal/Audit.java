package org.lodge.connect.internal;

import java.util.Locale;
import org.lodge.policy.Decision;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The record of who was allowed what: lines of {@code key=value} on the logger {@code audit}. */
final class Audit {
  private static final Logger LOG = LoggerFactory.getLogger("audit");

  /**
   * @param by who decided: rule, person or timeout
   * @param count how many decisions the line stands for, of which this is the last
   */
  void decided(Link link, Decision decision, String by, long count) {
    Request request = link.request();
    LOG.info(
        "decision={} by={} connection={} service={} source={} requested={} target={} rule={}{} why=\"{}\"",
        decision.action().name().toLowerCase(Locale.ROOT),
        by,
        link.id(),
        request.serviceText(),
        request.source(),
        request.target(),
        decision.target(),
        decision.rule().map(Rule::place).orElse("none"),
        count == 1 ? "" : " count=" + count,
        unquoted(decision.explanation()));
  }

  /** A call that came to no request, for its spelling or by a limit. */
  void refused(String source, String by, long count, String why) {
    LOG.info("decision=deny by={} source={} count={} why=\"{}\"", by, source, count, unquoted(why));
  }

  void ended(Link link, String why) {
    LOG.info(
        "ended connection={} service={} source={} target={} forwardBytes={} backwardBytes={} why=\"{}\"",
        link.id(),
        link.request().serviceText(),
        link.request().source(),
        link.target(),
        link.forwardBytes(),
        link.backwardBytes(),
        unquoted(why));
  }

  private static String unquoted(String text) {
    return text.replace('"', '\'');
  }
}
