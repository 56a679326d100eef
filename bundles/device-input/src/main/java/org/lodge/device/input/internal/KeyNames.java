package org.lodge.device.input.internal;

import java.util.HashMap;
import java.util.Map;

/**
 * Keys by the names and codes of {@code input-event-codes.h}, without KEY_ and in small letters.
 */
final class KeyNames {
  static final int LEFT_SHIFT = 42;
  static final int BUTTON_LEFT = 0x110;
  static final int BUTTON_RIGHT = 0x111;
  static final int BUTTON_MIDDLE = 0x112;

  /** The codes from 1 on; a dash is one that has no name here. */
  private static final String FROM_ONE =
      """
      esc 1 2 3 4 5 6 7 8 9 0 minus equal backspace tab
      q w e r t y u i o p leftbrace rightbrace enter leftctrl
      a s d f g h j k l semicolon apostrophe grave leftshift backslash
      z x c v b n m comma dot slash rightshift kpasterisk leftalt space capslock
      f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 numlock scrolllock
      kp7 kp8 kp9 kpminus kp4 kp5 kp6 kpplus kp1 kp2 kp3 kp0 kpdot
      - zenkakuhankaku 102nd f11 f12 ro katakana hiragana henkan katakanahiragana muhenkan
      kpjpcomma kpenter rightctrl kpslash sysrq rightalt linefeed
      home up pageup left right end down pagedown insert delete
      macro mute volumedown volumeup power kpequal kpplusminus pause scale kpcomma
      hangeul hanja yen leftmeta rightmeta compose
      """;

  /** What each printable character of ASCII needs on a US keyboard: as it is, and with shift. */
  private static final String PLAIN = "1234567890-=qwertyuiop[]asdfghjkl;'`\\zxcvbnm,./ \n\t";

  private static final String SHIFTED = "!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:\"~|ZXCVBNM<>?";
  private static final int[] PLAIN_CODES = {
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31,
    32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 57, 28, 15
  };

  private static final Map<String, Integer> CODES = codes();

  /** How many codes a keyboard has, from 1 on. */
  static final int KEYBOARD_CODES = FROM_ONE.split("\\s+").length;

  private KeyNames() {}

  private static Map<String, Integer> codes() {
    Map<String, Integer> codes = new HashMap<>();
    int code = 1;
    for (String name : FROM_ONE.split("\\s+")) {
      if (!name.equals("-")) {
        codes.put(name, code);
      }
      code++;
    }
    codes.put("ctrl", codes.get("leftctrl"));
    codes.put("shift", codes.get("leftshift"));
    codes.put("alt", codes.get("leftalt"));
    codes.put("meta", codes.get("leftmeta"));
    return codes;
  }

  /** The code of a key; null where there is no such name. */
  static Integer key(String name) {
    return CODES.get(name);
  }

  static Integer button(String name) {
    return switch (name) {
      case "left" -> BUTTON_LEFT;
      case "right" -> BUTTON_RIGHT;
      case "middle" -> BUTTON_MIDDLE;
      default -> null;
    };
  }

  /** The key that types a character; negative where it needs shift, 0 where there is none. */
  static int typing(char character) {
    int plain = PLAIN.indexOf(character);
    if (plain >= 0) {
      return PLAIN_CODES[plain];
    }
    int shifted = SHIFTED.indexOf(character);
    return shifted < 0 ? 0 : -PLAIN_CODES[shifted];
  }
}
