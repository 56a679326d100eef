package org.lodge.virtio.internal;

import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Little-endian access to ring memory and to copies of it.
 *
 * <p>Memory that a monitor shares is written by plain stores, after a release fence where their
 * order counts: should its file be truncated, the JVM survives the fault of such a store. In code
 * that is not yet compiled it does not survive that of an exchange, by which release and opaque
 * stores are done there.
 */
final class Layouts {
  static final VarHandle SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  static final VarHandle INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  static final VarHandle LONG =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();
  static final VarHandle LONG_IN_BYTES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static final int DESCRIPTOR_BYTES = 16;
  static final int NEXT = 1;
  static final int WRITE = 2;
  static final int INDIRECT = 4;
  static final int AVAILABLE = 1 << 7;
  static final int USED = 1 << 15;

  private Layouts() {}

  static int unsigned(short value) {
    return value & 0xffff;
  }

  /** Whether an index that was passed lies in what was just added (virtio 1.2 section 2.7.7.2). */
  static boolean needsEvent(int event, int newIndex, int oldIndex) {
    return (newIndex - event - 1 & 0xffff) < (newIndex - oldIndex & 0xffff);
  }
}
