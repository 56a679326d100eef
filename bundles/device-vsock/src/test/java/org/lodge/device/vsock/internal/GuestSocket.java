package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.lodge.virtio.RingException;

/**
 * One connection as a well-behaved guest has it: sends a known stream of bytes within its credit,
 * checks that what comes is the stream that the other side sends, and never over its own credit.
 */
final class GuestSocket {
  static final int BUFFER_BYTES = 64 << 10;

  final TestGuest guest;
  final int port;
  final int hostPort;
  private final Random sent;
  private final Random expected;
  long sentBytes;
  long receivedBytes;
  long consumedBytes;
  private int peerBufferBytes;
  private int peerForwarded;
  boolean open;
  int endedByPeer;
  boolean reset;

  GuestSocket(TestGuest guest, int port, int hostPort, long sentSeed, long expectedSeed) {
    this.guest = guest;
    this.port = port;
    this.hostPort = hostPort;
    sent = new Random(sentSeed);
    expected = new Random(expectedSeed);
  }

  boolean owns(Packet packet) {
    return packet.targetPort() == port && packet.sourcePort() == hostPort;
  }

  long credit() {
    return Integer.toUnsignedLong(peerBufferBytes)
        - Integer.toUnsignedLong((int) sentBytes - peerForwarded);
  }

  void send(int operation, int flags) throws RingException {
    guest.send(packet(operation, flags, new byte[0]));
  }

  /** Sends as much of this length as the credit allows, in this many descriptors. */
  int write(int length, int pieces) throws RingException {
    int allowed = (int) Math.min(length, credit());
    if (allowed <= 0) {
      return 0;
    }
    byte[] bytes = new byte[allowed];
    for (int i = 0; i < allowed; i++) {
      bytes[i] = (byte) sent.nextInt();
    }
    sentBytes += allowed;
    guest.send(packet(Header.RW, 0, bytes), pieces);
    return allowed;
  }

  /** Takes bytes out of the socket's buffer; the other side learns of it with {@link #update}. */
  void consume(long bytes) {
    consumedBytes += Math.min(bytes, receivedBytes - consumedBytes);
  }

  void update() throws RingException {
    send(Header.CREDIT_UPDATE, 0);
  }

  private Packet packet(int operation, int flags, byte[] payload) {
    return new Packet(
        guest.cid,
        2,
        port,
        hostPort,
        payload.length,
        1,
        operation,
        flags,
        BUFFER_BYTES,
        (int) consumedBytes,
        payload);
  }

  void handle(Packet packet) {
    peerBufferBytes = packet.bufferBytes();
    peerForwarded = packet.forwardedCount();
    switch (packet.operation()) {
      case Header.RESPONSE -> open = true;
      case Header.RST -> reset = true;
      case Header.SHUTDOWN -> endedByPeer |= packet.flags();
      case Header.RW -> {
        assertEquals(packet.length(), packet.payload().length);
        for (byte value : packet.payload()) {
          assertEquals((byte) expected.nextInt(), value, "byte after " + receivedBytes);
          receivedBytes++;
        }
        assertTrue(receivedBytes - consumedBytes <= BUFFER_BYTES, "more than the credit");
      }
      default -> {}
    }
  }
}
