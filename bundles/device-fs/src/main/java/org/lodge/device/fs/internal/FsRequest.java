package org.lodge.device.fs.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.lodge.filesystem.LockWaiter;
import org.lodge.virtio.DescriptorChain;

/**
 * One request, reused: its header ({@code struct fuse_in_header}) is copied out of guest memory
 * once and checked on the copy.
 */
final class FsRequest implements LockWaiter {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  final FsQueue queue;
  private final Server server;

  DescriptorChain chain;
  Opcode opcode = Opcode.UNKNOWN;
  long unique;

  /** A number that the file system checks. */
  long untrustedNode;

  int uid;
  int gid;
  int pid;

  /** What follows the header. */
  long bodyBytes;

  /** Whether header and length are what they must be. */
  boolean sound;

  /** Taken, and not answered yet. */
  volatile boolean isOut;

  long startedNanos;

  private final byte[] header = new byte[Fuse.IN_HEADER_BYTES];

  FsRequest(FsQueue queue, Server server) {
    this.queue = queue;
    this.server = server;
  }

  @Override
  public void lockAnswered(int result) {
    server.answerLater(this, result);
  }

  void begin(DescriptorChain chain, long nowNanos) {
    this.chain = chain;
    isOut = true;
    startedNanos = nowNanos;
    opcode = Opcode.UNKNOWN;
    unique = 0;
    bodyBytes = chain.readableBytes() - Fuse.IN_HEADER_BYTES;
    sound = bodyBytes >= 0;
    if (!sound) {
      return;
    }
    chain.read(0, header, 0, Fuse.IN_HEADER_BYTES);
    opcode = Opcode.of((int) INT.get(header, 4));
    unique = (long) LONG.get(header, 8);
    untrustedNode = (long) LONG.get(header, 16);
    uid = (int) INT.get(header, 24);
    gid = (int) INT.get(header, 28);
    pid = (int) INT.get(header, 32);
    long untrustedLength = Integer.toUnsignedLong((int) INT.get(header, 0));
    sound = untrustedLength == chain.readableBytes() && bodyBytes >= opcode.leastBytes;
  }
}
