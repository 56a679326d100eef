package org.lodge.device.input.internal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Events on their way to a driver that may not read. A frame is kept or dropped as a whole (virtio
 * 1.2 section 5.8.6.2). Once one was dropped, all are until the driver has read what is kept; it is
 * then told in one frame what has changed of keys and axes, so that no key stays down. Relative
 * movement is lost. Thread-safe.
 */
final class EventQueue {
  static final int EVENTS_MAX = 1024;
  private static final int CODES = 768;
  static final int AXES = 64;

  /** How many axes a state of the first version has. */
  private static final int FIRST_AXES = 2;

  private final long[] events = new long[EVENTS_MAX];
  private int first;
  private int count;
  private boolean behind;
  private long dropped;

  /** What the driver knows once it has read all that is kept, and what is true. */
  private final BitSet toldKeys = new BitSet();

  private final BitSet keys = new BitSet();
  private final int[] toldAxes = new int[AXES];
  private final int[] axes = new int[AXES];

  /** Adds what happens at once; the end of the frame is added here. */
  void add(long... frame) {
    add(frame, frame.length);
  }

  /** The same of the first events of an array. */
  synchronized void add(long[] frame, int length) {
    for (int i = 0; i < length; i++) {
      note(frame[i], keys, axes);
    }
    if (behind || count + length + 1 > EVENTS_MAX) {
      behind = true;
      dropped++;
      return;
    }
    for (int i = 0; i < length; i++) {
      put(frame[i]);
    }
    put(Event.SYN_REPORT);
  }

  /** Adds what makes these the keys that are down, and these the first axes' values. */
  synchronized void become(BitSet down, int[] values) {
    keys.clear();
    keys.or(down);
    System.arraycopy(values, 0, axes, 0, values.length);
    if (!behind && count + CODES + AXES + 1 <= EVENTS_MAX) {
      catchUp();
    } else {
      behind = true;
    }
  }

  private static void note(long event, BitSet keys, int[] axes) {
    if (Event.type(event) == Event.KEY) {
      keys.set(Event.code(event), Event.value(event) != 0);
    } else if (Event.type(event) == Event.ABS) {
      axes[Event.code(event)] = Event.value(event);
    }
  }

  private void put(long event) {
    events[(first + count++) % EVENTS_MAX] = event;
    note(event, toldKeys, toldAxes);
  }

  synchronized boolean isEmpty() {
    if (count == 0 && behind) {
      catchUp();
    }
    return count == 0;
  }

  private void catchUp() {
    behind = false;
    int before = count;
    BitSet changed = (BitSet) keys.clone();
    changed.xor(toldKeys);
    for (int code = changed.nextSetBit(0); code >= 0; code = changed.nextSetBit(code + 1)) {
      put(Event.of(Event.KEY, code, keys.get(code) ? 1 : 0));
    }
    for (int axis = 0; axis < AXES; axis++) {
      if (axes[axis] != toldAxes[axis]) {
        put(Event.of(Event.ABS, axis, axes[axis]));
      }
    }
    if (count > before) {
      put(Event.SYN_REPORT);
    }
  }

  /** The next event; only while this is not empty, and by one thread. */
  synchronized long take() {
    long event = events[first];
    first = (first + 1) % EVENTS_MAX;
    count--;
    return event;
  }

  synchronized boolean isDown(int code) {
    return keys.get(code);
  }

  synchronized long dropped() {
    return dropped;
  }

  /** A new driver knows of nothing. */
  synchronized void clear() {
    count = 0;
    behind = false;
    toldKeys.clear();
    keys.clear();
    Arrays.fill(toldAxes, 0);
    Arrays.fill(axes, 0);
  }

  synchronized byte[] save() {
    ByteBuffer bytes = ByteBuffer.allocate(savedBytes(AXES) + count * Long.BYTES);
    bytes.put((byte) (behind ? 1 : 0));
    for (BitSet each : new BitSet[] {toldKeys, keys}) {
      bytes.put(Arrays.copyOf(each.toByteArray(), CODES / 8));
    }
    for (int axis = 0; axis < AXES; axis++) {
      bytes.putInt(toldAxes[axis]).putInt(axes[axis]);
    }
    for (int i = 0; i < count; i++) {
      bytes.putLong(events[(first + i) % EVENTS_MAX]);
    }
    return bytes.array();
  }

  private static int savedBytes(int axes) {
    return 1 + 2 * CODES / 8 + 2 * axes * Integer.BYTES;
  }

  /**
   * Takes what {@link #save} gave, of this version or the first.
   *
   * @return false where the bytes can't be that; nothing is changed then
   */
  synchronized boolean load(ByteBuffer untrusted, boolean first) {
    int axesSaved = first ? FIRST_AXES : AXES;
    int left = untrusted.remaining() - savedBytes(axesSaved);
    if (left < 0 || left % Long.BYTES != 0 || left / Long.BYTES > EVENTS_MAX) {
      return false;
    }
    behind = untrusted.get() != 0;
    for (BitSet each : new BitSet[] {toldKeys, keys}) {
      byte[] saved = new byte[CODES / 8];
      untrusted.get(saved);
      each.clear();
      each.or(BitSet.valueOf(saved));
    }
    for (int axis = 0; axis < axesSaved; axis++) {
      toldAxes[axis] = untrusted.getInt();
      axes[axis] = untrusted.getInt();
    }
    this.first = 0;
    for (count = 0; count < left / Long.BYTES; count++) {
      events[count] = untrusted.getLong();
    }
    return true;
  }
}
