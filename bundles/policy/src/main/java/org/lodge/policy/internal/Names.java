package org.lodge.policy.internal;

import java.util.regex.Pattern;

/** The spelling of what stands in rules and requests: plain ASCII, nothing that needs quoting. */
public final class Names {
  /** Guests, kinds and tags, in words. */
  public static final String GUEST = "a letter a-z, then at most 30 of a-z, 0-9 and -";

  /** Services, in words. */
  public static final String SERVICE = "a letter a-z, then at most 62 of a-z, 0-9, . and -";

  /** Arguments, in words. */
  public static final String ARGUMENT = "at most 64 of A-Z, a-z, 0-9, . _ and -";

  private static final Pattern GUEST_PATTERN = Pattern.compile("[a-z][a-z0-9-]{0,30}");
  private static final Pattern SERVICE_PATTERN = Pattern.compile("[a-z][a-z0-9.-]{0,62}");
  private static final Pattern ARGUMENT_PATTERN = Pattern.compile("[A-Za-z0-9._-]{0,64}");

  private Names() {}

  /** Also the spelling of kinds and tags. */
  public static boolean isGuest(String untrusted) {
    return GUEST_PATTERN.matcher(untrusted).matches();
  }

  public static boolean isService(String untrusted) {
    return SERVICE_PATTERN.matcher(untrusted).matches();
  }

  public static boolean isArgument(String untrusted) {
    return ARGUMENT_PATTERN.matcher(untrusted).matches();
  }
}
