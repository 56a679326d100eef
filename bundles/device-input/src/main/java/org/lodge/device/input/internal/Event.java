package org.lodge.device.input.internal;

/**
 * An event as virtio 1.2 section 5.8.6 has it, in one number: {@code u16 type, u16 code, u32
 * value}, little-endian. Types and codes are those of Linux ({@code input-event-codes.h}).
 */
final class Event {
  static final int BYTES = 8;
  static final int SYN = 0;
  static final int KEY = 1;
  static final int REL = 2;
  static final int ABS = 3;
  static final int LED = 0x11;
  static final int REP = 0x14;

  static final int REL_X = 0;
  static final int REL_Y = 1;
  static final int REL_WHEEL = 8;
  static final int ABS_X = 0;
  static final int ABS_Y = 1;

  /** Ends a frame: what came since the last one happened at once. */
  static final long SYN_REPORT = 0;

  private Event() {}

  static long of(int type, int code, int value) {
    return type | (long) code << 16 | (long) value << 32;
  }

  static int type(long event) {
    return (int) event & 0xffff;
  }

  static int code(long event) {
    return (int) event >>> 16;
  }

  static int value(long event) {
    return (int) (event >>> 32);
  }
}
