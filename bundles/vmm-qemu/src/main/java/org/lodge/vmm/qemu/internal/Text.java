package org.lodge.vmm.qemu.internal;

import jakarta.json.spi.JsonProvider;
import java.util.regex.Pattern;

/** What several parts need to write and read text. */
final class Text {

  /** Looked up once: each static call on {@code Json} would search the class path again. */
  static final JsonProvider JSON = JsonProvider.provider();

  private static final int PRINTABLE_LIMIT = 300;

  /** As an escape byte or a mark that reorders a line; the second set of controls steers, too. */
  private static final Pattern STEERING = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

  private Text() {}

  /** A string from outside, made fit for a log or an error: one line, printable, bounded. */
  static String printable(String untrusted) {
    String shortened =
        untrusted.length() > PRINTABLE_LIMIT
            ? untrusted.substring(0, PRINTABLE_LIMIT) + "…"
            : untrusted;
    return STEERING.matcher(shortened).replaceAll("?");
  }
}
