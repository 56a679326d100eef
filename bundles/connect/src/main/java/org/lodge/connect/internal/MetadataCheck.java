package org.lodge.connect.internal;

import java.util.Map;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Metadata;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceDescription.Field;

/** Holds what a caller says against what a service describes. */
final class MetadataCheck {
  private static final int MAX_VALUE_CHARS = 1024;

  private MetadataCheck() {}

  static Metadata check(ServiceDescription service, Map<String, String> untrusted)
      throws ConnectException {
    int known = 0;
    for (Field field : service.fields()) {
      String untrustedValue = untrusted.get(field.name());
      if (untrustedValue != null) {
        known++;
        require(isOfType(field, untrustedValue), service, field, "is not of type " + field.type());
      } else {
        require(!field.required(), service, field, "is missing");
      }
    }
    if (known != untrusted.size()) {
      throw new ConnectException(
          Reason.BAD_REQUEST,
          "%s knows the fields %s and no others"
              .formatted(service.name(), service.fields().stream().map(Field::name).toList()));
    }
    return new Metadata(untrusted);
  }

  private static boolean isOfType(Field field, String untrusted) {
    return switch (field.type()) {
      case TEXT ->
          untrusted.length() <= MAX_VALUE_CHARS
              && untrusted.codePoints().noneMatch(MetadataCheck::isUnfit);
      case FLAG -> untrusted.equals("true") || untrusted.equals("false");
      case INTEGER -> isLong(untrusted);
    };
  }

  private static boolean isUnfit(int codePoint) {
    int type = Character.getType(codePoint);
    return type == Character.CONTROL || type == Character.SURROGATE || type == Character.FORMAT;
  }

  private static boolean isLong(String untrusted) {
    if (!untrusted.matches("-?[0-9]{1,19}")) {
      return false;
    }
    try {
      Long.parseLong(untrusted);
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static void require(boolean ok, ServiceDescription service, Field field, String message)
      throws ConnectException {
    if (!ok) {
      throw new ConnectException(
          Reason.BAD_REQUEST, "field %s of %s %s".formatted(field.name(), service.name(), message));
    }
  }
}
