package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.lodge.policy.internal.Options;

class OptionsTest {
  /** Each that the router asks for is one that a rule may have, and the other way round. */
  @Test
  void rulesMayHaveWhatTheRouterReads() {
    Set<String> asked = new TreeSet<>();
    Map<String, String> rule =
        new HashMap<>() {
          @Override
          public String get(Object key) {
            asked.add((String) key);
            return key.equals("user") ? "0" : null;
          }

          @Override
          public String getOrDefault(Object key, String otherwise) {
            asked.add((String) key);
            return otherwise;
          }
        };
    try {
      GuestSettings.of("work", rule);
      Limits.of(rule);
      HostDisplay.of(null, null, Path.of("/"), rule);
    } catch (IOException e) {
      // The host need not have a display; it has been asked for.
    }
    assertEquals(Options.ofService("wayland"), asked);
  }
}
