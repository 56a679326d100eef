package org.lodge.connect;

import java.util.Map;
import java.util.Optional;

/** What a caller said about a connection, checked against the fields of the service. */
public record Metadata(Map<String, String> values) {
  public static final Metadata NONE = new Metadata(Map.of());

  public Metadata {
    values = Map.copyOf(values);
  }

  public Optional<String> text(String field) {
    return Optional.ofNullable(values.get(field));
  }

  /** Of a field of type {@link ServiceDescription.Type#INTEGER}. */
  public Optional<Long> integer(String field) {
    return text(field).map(Long::valueOf);
  }

  /** Of a field of type {@link ServiceDescription.Type#FLAG}; false where it is missing. */
  public boolean flag(String field) {
    return Boolean.parseBoolean(values.get(field));
  }
}
