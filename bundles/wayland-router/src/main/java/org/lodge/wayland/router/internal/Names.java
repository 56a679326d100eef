package org.lodge.wayland.router.internal;

/**
 * What a window is called: always with its guest's name before, whatever the client says. Only
 * printable characters of the guest's text are kept, none that change the direction of writing.
 */
final class Names {
  private static final int MOST_CHARACTERS = 200;

  private final String guest;

  Names(String guest) {
    this.guest = guest;
  }

  /**
   * @param untrustedTitle may be null
   */
  String title(String untrustedTitle) {
    String title = clean(untrustedTitle, false);
    return title.isEmpty() ? "[" + guest + "]" : "[" + guest + "] " + title;
  }

  /**
   * @param untrustedAppId may be null
   */
  String appId(String untrustedAppId) {
    String appId = clean(untrustedAppId, true);
    return appId.isEmpty() ? "lodge." + guest : "lodge." + guest + "." + appId;
  }

  static String clean(String untrusted, boolean asciiOnly) {
    if (untrusted == null) {
      return "";
    }
    StringBuilder kept = new StringBuilder();
    int count = 0;
    for (int at = 0; at < untrusted.length() && count < MOST_CHARACTERS; count++) {
      int character = untrusted.codePointAt(at);
      at += Character.charCount(character);
      kept.appendCodePoint(isHarmless(character, asciiOnly) ? character : '_');
    }
    return kept.toString();
  }

  private static boolean isHarmless(int character, boolean asciiOnly) {
    if (character < 0x7f) {
      return character >= ' ';
    }
    if (asciiOnly) {
      return false;
    }
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
