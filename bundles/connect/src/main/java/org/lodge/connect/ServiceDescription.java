package org.lodge.connect;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lodge.policy.Request;

/**
 * What somebody offers.
 *
 * @param name as rules and callers use it
 * @param summary one line for people, at most 200 characters of printable ASCII
 * @param fields what a caller may say about a connection, at most {@value #MAX_FIELDS}
 */
public record ServiceDescription(
    String name, Carriage carriage, String summary, List<Field> fields) {
  public static final int MAX_FIELDS = 16;

  /** What a field's value must be. */
  public enum Type {
    /** At most 1024 characters without control characters. */
    TEXT,
    /** A decimal {@code long}. */
    INTEGER,
    /** {@code true} or {@code false}. */
    FLAG
  }

  /**
   * A field of {@link Metadata}.
   *
   * @param name a letter a-z, then at most 30 letters, digits and -
   */
  public record Field(String name, Type type, boolean required) {
    public Field {
      if (!name.matches("[a-z][A-Za-z0-9-]{0,30}")) {
        throw new IllegalArgumentException(
            "a field's name is a letter a-z, then at most 30 letters, digits and -");
      }
    }
  }

  /**
   * Checks everything, so that what a guest declares can be given here as it came.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  public ServiceDescription {
    Request.checkedService(name);
    if (!summary.matches("[ -~]{0,200}")) {
      throw new IllegalArgumentException(
          "the summary of " + name + " is not one line of at most 200 printable ASCII characters");
    }
    fields = List.copyOf(fields);
    if (fields.size() > MAX_FIELDS) {
      throw new IllegalArgumentException(name + " has more than " + MAX_FIELDS + " fields");
    }
    Set<String> names = new HashSet<>();
    for (Field field : fields) {
      if (!names.add(field.name())) {
        throw new IllegalArgumentException(name + " has the field " + field.name() + " twice");
      }
    }
  }

  /** A service of plain bytes without fields. */
  public static ServiceDescription bytes(String name, String summary) {
    return new ServiceDescription(name, Carriage.BYTES, summary, List.of());
  }
}
