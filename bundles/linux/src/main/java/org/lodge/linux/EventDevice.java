package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import org.lodge.linux.internal.FileCalls;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.Poll;

/**
 * A keyboard, mouse or other input device of the host's ({@code /dev/input/event*}, {@code
 * linux/input.h}). Thread-safe but for {@link #read}, which is one thread's.
 */
public final class EventDevice extends Fd {
  private static final int EVENT_BYTES = 24;
  private static final int BATCH = 64;
  private static final int NAME_BYTES = 256;
  private static final int CODE_BYTES = 96;

  /** {@code _IOC(_IOC_READ, 'E', number, size)}; the size is added to it. */
  private static final long READ = 0x8000_4500L;

  private static final long GET_VERSION = READ | 4L << 16 | 0x01;
  private static final long GET_ID = READ | 8L << 16 | 0x02;
  private static final long GET_NAME = READ | (long) NAME_BYTES << 16 | 0x06;
  private static final long GET_KEYS = READ | (long) CODE_BYTES << 16 | 0x18;
  private static final long GET_BITS = READ | (long) CODE_BYTES << 16 | 0x20;
  private static final long GET_AXIS = READ | 24L << 16 | 0x40;
  private static final long GRAB = 0x4004_4590L;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final MemorySegment batch = Arena.ofAuto().allocate((long) EVENT_BYTES * BATCH, 8);

  /**
   * An absolute axis, in units of its own.
   *
   * @param resolution units for each millimetre or radian; 0 where unknown
   */
  public record Axis(int value, int minimum, int maximum, int fuzz, int flat, int resolution) {}

  private EventDevice(int number) {
    super(number);
  }

  EventDevice(Fd source) {
    super(source);
  }

  /**
   * Opens a device. Its events still go to the host too.
   *
   * @throws LinuxException where it can't be opened, or with {@code EINVAL} where it is none
   */
  public static EventDevice open(Path path) throws LinuxException {
    int flags = FileCalls.O_CLOEXEC | FileCalls.O_RDWR | LibC.O_NONBLOCK;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment capture = arena.allocate(FileCalls.captureLayout());
      int number = FileCalls.open(capture, arena.allocateFrom(path.toString()), flags);
      if (number < 0) {
        throw LibC.failure("open " + path, -number);
      }
      if (FileCalls.ioctl(capture, number, GET_VERSION, arena.allocate(4, 4).address()) < 0) {
        LibC.close(number);
        throw LibC.failure("open " + path + " (it is no event device)", LinuxException.EINVAL);
      }
      return new EventDevice(number);
    }
  }

  /** Has all events come here and nowhere else, or no more so. */
  public void grab(boolean alone) throws LinuxException {
    control(GRAB, alone ? 1 : 0, "grab");
  }

  private void control(long request, long argument, String what) throws LinuxException {
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment capture = arena.allocate(FileCalls.captureLayout());
      int result = FileCalls.ioctl(capture, raw(), request, argument);
      if (result < 0) {
        throw LibC.failure(what + " " + this, -result);
      }
    } finally {
      leave();
    }
  }

  private byte[] ask(long request, int bytes, String what) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = arena.allocate(bytes, 8);
      control(request, answer.address(), what);
      return answer.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** What the device calls itself. */
  public String name() throws LinuxException {
    byte[] bytes = ask(GET_NAME, NAME_BYTES, "name of");
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  /** {@code struct input_id}: bus, vendor, product and version, 16 bits each. */
  public byte[] id() throws LinuxException {
    return ask(GET_ID, 8, "id of");
  }

  /** The codes of a type of events that it can have. */
  public BitSet codes(int type) throws LinuxException {
    return BitSet.valueOf(ask(GET_BITS + type, CODE_BYTES, "codes of"));
  }

  /** The keys and buttons that are down. */
  public BitSet keysDown() throws LinuxException {
    return BitSet.valueOf(ask(GET_KEYS, CODE_BYTES, "keys of"));
  }

  public Axis axis(int code) throws LinuxException {
    MemorySegment info = MemorySegment.ofArray(ask(GET_AXIS + code, 24, "axis of"));
    ValueLayout.OfInt word = ValueLayout.JAVA_INT_UNALIGNED;
    return new Axis(
        info.get(word, 0),
        info.get(word, 4),
        info.get(word, 8),
        info.get(word, 12),
        info.get(word, 16),
        info.get(word, 20));
  }

  /**
   * Waits until there is something to read.
   *
   * @return false where the event was signalled first; it is not drained
   */
  public boolean await(EventFd stop) throws LinuxException {
    enter();
    try {
      return stop.tryEnter() && awaitEntered(stop);
    } finally {
      leave();
    }
  }

  private boolean awaitEntered(EventFd stop) throws LinuxException {
    try {
      return Poll.firstReadable(-1, stop.raw(), raw()) == 1;
    } finally {
      stop.leave();
    }
  }

  /**
   * Takes what there is, without waiting.
   *
   * @param into each event as {@code u16 type, u16 code, s32 value}, from the lowest bit on
   * @return how many; 0 where there is none at present
   * @throws LinuxException with {@code ENODEV} where the device has been unplugged
   */
  public int read(long[] into) throws LinuxException {
    enter();
    try {
      long wanted = (long) EVENT_BYTES * Math.min(BATCH, into.length);
      long count = LibC.read(raw(), batch.address(), wanted);
      if (count < 0) {
        int error = LibC.errno();
        if (error == LinuxException.EAGAIN || error == LinuxException.EINTR) {
          return 0;
        }
        throw LibC.failure("read " + this, error);
      }
      int events = (int) count / EVENT_BYTES;
      for (int i = 0; i < events; i++) {
        long at = (long) i * EVENT_BYTES;
        into[i] =
            Integer.toUnsignedLong(batch.get(INT, at + 16)) | (long) batch.get(INT, at + 20) << 32;
      }
      return events;
    } finally {
      leave();
    }
  }

  /** Switches a light of the device's. */
  public void light(int code, boolean on) throws LinuxException {
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate(2L * EVENT_BYTES, 8);
      events.set(INT, 16, 0x11 | code << 16);
      events.set(INT, 20, on ? 1 : 0);
      // The second one stays zero: it ends the frame.
      if (LibC.write(raw(), events.address(), events.byteSize()) < 0) {
        throw LibC.failure("write " + this);
      }
    } finally {
      leave();
    }
  }
}
