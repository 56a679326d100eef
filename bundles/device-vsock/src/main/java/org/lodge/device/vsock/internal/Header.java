package org.lodge.device.vsock.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.lodge.virtio.DescriptorChain;

/**
 * The header of a packet (virtio 1.2 section 5.10.6), as a copy out of guest memory or on its way
 * there:
 *
 * <pre>
 *  0 src_cid u64    8 dst_cid u64   16 src_port u32  20 dst_port u32
 * 24 len u32       28 type u16      30 op u16        32 flags u32
 * 36 buf_alloc u32 40 fwd_cnt u32
 * </pre>
 */
final class Header {
  static final int BYTES = 44;
  static final long HOST_CID = 2;

  static final int REQUEST = 1;
  static final int RESPONSE = 2;
  static final int RST = 3;
  static final int SHUTDOWN = 4;
  static final int RW = 5;
  static final int CREDIT_UPDATE = 6;
  static final int CREDIT_REQUEST = 7;

  static final int END_OF_MESSAGE = 1;
  static final int END_OF_RECORD = 2;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes = new byte[BYTES];

  void readFrom(DescriptorChain chain) {
    chain.read(0, bytes, 0, BYTES);
  }

  void writeTo(DescriptorChain chain) {
    chain.write(0, bytes, 0, BYTES);
  }

  Header addresses(long sourceCid, long targetCid, int sourcePort, int targetPort) {
    LONG.set(bytes, 0, sourceCid);
    LONG.set(bytes, 8, targetCid);
    INT.set(bytes, 16, sourcePort);
    INT.set(bytes, 20, targetPort);
    return this;
  }

  Header content(int type, int operation, int flags, int length) {
    INT.set(bytes, 24, length);
    SHORT.set(bytes, 28, (short) type);
    SHORT.set(bytes, 30, (short) operation);
    INT.set(bytes, 32, flags);
    return this;
  }

  Header credit(int bufferBytes, int forwardedCount) {
    INT.set(bytes, 36, bufferBytes);
    INT.set(bytes, 40, forwardedCount);
    return this;
  }

  long sourceCid() {
    return (long) LONG.get(bytes, 0);
  }

  long targetCid() {
    return (long) LONG.get(bytes, 8);
  }

  int sourcePort() {
    return (int) INT.get(bytes, 16);
  }

  int targetPort() {
    return (int) INT.get(bytes, 20);
  }

  long length() {
    return Integer.toUnsignedLong((int) INT.get(bytes, 24));
  }

  int type() {
    return Short.toUnsignedInt((short) SHORT.get(bytes, 28));
  }

  int operation() {
    return Short.toUnsignedInt((short) SHORT.get(bytes, 30));
  }

  int flags() {
    return (int) INT.get(bytes, 32);
  }

  int bufferBytes() {
    return (int) INT.get(bytes, 36);
  }

  int forwardedCount() {
    return (int) INT.get(bytes, 40);
  }
}
