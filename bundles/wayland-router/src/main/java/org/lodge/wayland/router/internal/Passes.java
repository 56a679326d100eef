package org.lodge.wayland.router.internal;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Secrets of compositors that one program of a guest gives to another, such as activation tokens:
 * programs get a name of the router in its place, which means something in their guest alone.
 * Thread-safe.
 */
final class Passes {
  private static final int NAME_BYTES = 16;

  /** More than programs use at a time; beyond, the oldest is forgotten. */
  private static final int MOST = 256;

  private static final SecureRandom RANDOM = new SecureRandom();

  private record Secret(Display display, String untrustedText) {}

  private final Map<String, Secret> secrets =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Secret> eldest) {
          return size() > MOST;
        }
      };

  /**
   * @param untrustedText what the display's compositor takes
   * @return what programs of the guest may give to each other
   */
  synchronized String name(Display display, String untrustedText) {
    String text = random();
    secrets.put(text, new Secret(display, untrustedText));
    return text;
  }

  /** What nobody guesses. */
  static String random() {
    byte[] name = new byte[NAME_BYTES];
    RANDOM.nextBytes(name);
    return HexFormat.of().formatHex(name);
  }

  /**
   * @return what a name stands for at the display; null where it stands for nothing there
   */
  synchronized String find(Display display, String untrustedName) {
    Secret secret = secrets.get(untrustedName);
    return secret != null && secret.display == display ? secret.untrustedText : null;
  }

  synchronized void remove(String untrustedName) {
    secrets.remove(untrustedName);
  }
}
