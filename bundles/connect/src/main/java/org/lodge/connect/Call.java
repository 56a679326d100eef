package org.lodge.connect;

import java.util.Map;

/**
 * What a caller wants, as it said it: the broker checks every part.
 *
 * @param untrustedTarget a guest, {@code @host}, or {@code @default} where the policy shall pick
 * @param untrustedMetadata values of the fields that the service describes
 */
public record Call(
    String untrustedService,
    String untrustedArgument,
    String untrustedTarget,
    Map<String, String> untrustedMetadata) {
  public Call {
    untrustedMetadata = Map.copyOf(untrustedMetadata);
  }

  /** A call without metadata. */
  public static Call of(String service, String argument, String target) {
    return new Call(service, argument, target, Map.of());
  }
}
