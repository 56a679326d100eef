package org.lodge.virtio;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The configuration of one device, as written by a person, and what reads it with clear errors. It
 * also carries the arguments of a {@link Device#control} command.
 *
 * @param guest the guest's name
 * @param device the device's name in that guest
 * @param values the device's own keys: {@code String}, {@code Boolean}, {@code Number}, {@code
 *     List} or {@code Map}, as JSON has them. A command line gives everything as text.
 */
public record DeviceConfig(String guest, String device, Map<String, Object> values) {

  private static final Pattern SIZE = Pattern.compile("(\\d{1,15})\\s*([KMGT]?)(iB|B)?");

  public DeviceConfig {
    values = Map.copyOf(values);
  }

  /**
   * @throws DeviceException where a key is not among these
   */
  public void allowOnly(String... keys) throws DeviceException {
    var unknown = new TreeSet<>(values.keySet());
    Arrays.asList(keys).forEach(unknown::remove);
    if (!unknown.isEmpty()) {
      throw fault(unknown.first(), "is not known here; known are " + String.join(", ", keys));
    }
  }

  public Optional<String> text(String key) throws DeviceException {
    Object value = values.get(key);
    if (value != null && !(value instanceof String)) {
      throw fault(key, "must be text, not " + value);
    }
    return Optional.ofNullable((String) value);
  }

  public String requiredText(String key, String example) throws DeviceException {
    return text(key).filter(value -> !value.isBlank()).orElseThrow(() -> missing(key, example));
  }

  public Path requiredPath(String key, String example) throws DeviceException {
    String text = requiredText(key, example);
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw fault(key, "is no path: " + e.getReason());
    }
  }

  public boolean flag(String key, boolean otherwise) throws DeviceException {
    return switch (values.get(key)) {
      case null -> otherwise;
      case Boolean value -> value;
      case String text when text.equals("true") -> true;
      case String text when text.equals("false") -> false;
      case Object value -> throw fault(key, "must be true or false, not " + value);
    };
  }

  /** A whole number from {@code least} to {@code most}. */
  public long number(String key, long otherwise, long least, long most) throws DeviceException {
    if (!values.containsKey(key)) {
      return otherwise;
    }
    return range(key, wholeNumber(key, values.get(key)), least, most);
  }

  /** A size in bytes: a whole number, or text such as {@code 512}, {@code 64K}, {@code 10GiB}. */
  public long sizeBytes(String key, long otherwise, long least, long most) throws DeviceException {
    if (values.get(key) instanceof String text) {
      Matcher size = SIZE.matcher(text.strip());
      if (!size.matches()) {
        throw fault(key, "must be a size such as 512, 64K or 10GiB, not '" + text + "'");
      }
      int shift = size.group(2).isEmpty() ? 0 : 10 * (1 + "KMGT".indexOf(size.group(2)));
      long number = Long.parseLong(size.group(1));
      if (number > Long.MAX_VALUE >> shift) {
        throw fault(key, "is too large: " + text);
      }
      return range(key, number << shift, least, most);
    }
    return number(key, otherwise, least, most);
  }

  /** An error about one key, worded alike for all devices. */
  public DeviceException fault(String key, String problem) {
    return new DeviceException(
        "config", "guest '%s', device '%s': %s %s".formatted(guest, device, key, problem));
  }

  private DeviceException missing(String key, String example) {
    return fault(key, "is missing; give it, as in \"%s\": \"%s\"".formatted(key, example));
  }

  private long wholeNumber(String key, Object value) throws DeviceException {
    try {
      return switch (value) {
        case Long number -> number;
        case Integer number -> number;
        case Number number -> new java.math.BigDecimal(number.toString()).longValueExact();
        case String text -> Long.parseLong(text.strip());
        default -> throw fault(key, "must be a whole number, not " + value);
      };
    } catch (ArithmeticException | NumberFormatException e) {
      throw fault(key, "must be a whole number, not " + value);
    }
  }

  private long range(String key, long value, long least, long most) throws DeviceException {
    if (value < least || value > most) {
      throw fault(key, "must be from %d to %d, not %d".formatted(least, most, value));
    }
    return value;
  }
}
