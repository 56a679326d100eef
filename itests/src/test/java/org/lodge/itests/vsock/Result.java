package org.lodge.itests.vsock;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A line of {@code vsock-driver} such as {@code result rate=94.2 bytes=1048576}. */
public record Result(String line) {

  public double number(String name) {
    return Double.parseDouble(text(name));
  }

  public String text(String name) {
    Matcher matcher = Pattern.compile("\\b" + name + "=(\\S*)").matcher(line);
    if (!matcher.find()) {
      throw new IllegalArgumentException("no %s in: %s".formatted(name, line));
    }
    return matcher.group(1);
  }
}
