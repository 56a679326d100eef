package org.lodge.device.vsock.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A packet as a test's guest writes and reads it, independent of the device's own codec. */
record Packet(
    long sourceCid,
    long targetCid,
    int sourcePort,
    int targetPort,
    long length,
    int type,
    int operation,
    int flags,
    int bufferBytes,
    int forwardedCount,
    byte[] payload) {

  static final String[] NAMES = {
    "INVALID", "REQUEST", "RESPONSE", "RST", "SHUTDOWN", "RW", "CREDIT_UPDATE", "CREDIT_REQUEST"
  };

  static Packet parse(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new Packet(
        in.getLong(),
        in.getLong(),
        in.getInt(),
        in.getInt(),
        Integer.toUnsignedLong(in.getInt()),
        in.getShort(),
        in.getShort(),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        Arrays.copyOfRange(bytes, 44, bytes.length));
  }

  byte[] bytes() {
    return ByteBuffer.allocate(44 + payload.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(sourceCid)
        .putLong(targetCid)
        .putInt(sourcePort)
        .putInt(targetPort)
        .putInt((int) length)
        .putShort((short) type)
        .putShort((short) operation)
        .putInt(flags)
        .putInt(bufferBytes)
        .putInt(forwardedCount)
        .put(payload)
        .array();
  }

  String name() {
    return NAMES[operation];
  }

  @Override
  public String toString() {
    return "%s %d:%d -> %d:%d len %d flags %d credit %d/%d"
        .formatted(
            name(),
            sourceCid,
            Integer.toUnsignedLong(sourcePort),
            targetCid,
            Integer.toUnsignedLong(targetPort),
            length,
            flags,
            bufferBytes,
            forwardedCount);
  }
}
