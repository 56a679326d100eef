package org.lodge.wayland.router.internal;

/** The pixel formats of {@code wl_shm} that are carried: packed ones, whose rows are known. */
final class ShmFormat {
  private static final int ARGB8888 = 0;
  private static final int XRGB8888 = 1;

  private ShmFormat() {}

  /**
   * @return 0 where the format is not carried
   */
  static int bytesPerPixel(int untrustedFormat) {
    return switch (untrustedFormat) {
      case ARGB8888, XRGB8888 -> 4;
      default ->
          switch (code(untrustedFormat)) {
            case "AB24", "XB24", "RA24", "RX24", "BA24", "BX24" -> 4;
            case "AR30", "XR30", "AB30", "XB30" -> 4;
            case "RG24", "BG24" -> 3;
            case "RG16", "BG16", "AR15", "XR15", "AR12", "XR12" -> 2;
            case "AB4H", "XB4H", "AR4H", "XR4H", "AB48", "XB48" -> 8;
            case "R8  " -> 1;
            default -> 0;
          };
    };
  }

  /** Whether a pixel is a little-endian number 0xAARRGGBB. */
  static boolean isPlain(int format) {
    return format == ARGB8888 || format == XRGB8888;
  }

  /** The four characters of a format of drm_fourcc.h. */
  private static String code(int format) {
    char[] letters = new char[Integer.BYTES];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = (char) (format >>> i * 8 & 0xff);
    }
    return new String(letters);
  }
}
