package org.lodge.policy;

import java.util.Map;

/**
 * One line of the policy.
 *
 * @param file the file's name without its folder, or {@link #TEMPORARY}
 * @param line from 1; for a temporary rule its number
 * @param text the line without its comment, columns one space apart
 * @param service a service as written: {@code *}, {@code name} (whatever its argument), {@code
 *     name+argument}, {@code name+} (only without argument)
 * @param source as written: a guest, {@code @host}, {@code @any}, {@code @tag:…}, {@code @kind:…},
 *     {@code *}
 * @param target as written; as source, or {@code @default}
 * @param options every {@code key=value} of the line, {@link #TARGET} and the like among them
 */
public record Rule(
    String file,
    int line,
    String text,
    String service,
    String source,
    String target,
    Action action,
    Map<String, String> options) {
  /** Stands in place of the file for rules that end with the session. */
  public static final String TEMPORARY = "temporary";

  /** Option of allow and ask: the connection goes there, whatever the caller named. */
  public static final String TARGET = "target";

  /** Option of allow and ask, yes or no: two guests are never joined without Lodge between them. */
  public static final String MEDIATED = "mediated";

  /** Option of ask: what the person is offered first. */
  public static final String DEFAULT_TARGET = "defaultTarget";

  /** Option of ask: after how many seconds (1 to 3600) no answer is a no. */
  public static final String TIMEOUT_SECONDS = "timeoutSeconds";

  public Rule {
    options = Map.copyOf(options);
  }

  /** Such as {@code 50-work.policy:12}. */
  public String place() {
    return file + ":" + line;
  }
}
