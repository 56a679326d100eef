package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.internal.Hub;

/** Guests that run at once, each on a thread of its own, as do programs of the host. */
@Timeout(120)
class ThreadsTest {
  private static final int PORT = 7000;
  private static final long BYTES_EACH = 2 << 20;
  private static final int PAIRS = 3;

  private final Hub hub = new Hub();
  private final LinkedBlockingQueue<VsockStream> accepted = new LinkedBlockingQueue<>();

  @Test
  void twoGuestsAndTheHostExchangeExactlyTheirBytesAtOnce() throws Exception {
    hub.addListener(request -> accepted.add(request.accept()), Map.of(VsockListener.PORT, PORT));
    try (ExecutorService threads = Executors.newCachedThreadPool();
        TestGuest work = new TestGuest(hub, "work", 3, TestGuest.ALL_FEATURES, 64, 4096);
        TestGuest vault = new TestGuest(hub, "vault", 4, TestGuest.ALL_FEATURES, 32, 1500)) {
      List<GuestSocket> ofWork = new ArrayList<>();
      List<GuestSocket> ofVault = new ArrayList<>();
      for (int i = 0; i < PAIRS; i++) {
        ofWork.add(new GuestSocket(work, i, PORT, i, -i - 1));
        ofVault.add(new GuestSocket(vault, i, PORT, -i - 1, i));
        hub.join(open(ofWork.get(i)), open(ofVault.get(i)));
      }
      ofWork.add(new GuestSocket(work, 50, PORT, 50, 51));
      VsockStream host = open(ofWork.getLast());
      CountDownLatch busy = new CountDownLatch(4);
      List<Future<Void>> ends =
          List.of(
              threads.submit(drive(ofWork, 1, busy)),
              threads.submit(drive(ofVault, 2, busy)),
              threads.submit(write(host, busy)),
              threads.submit(read(host, busy)));
      for (Future<Void> end : ends) {
        end.get(100, TimeUnit.SECONDS);
      }
    }
    hub.deactivate();
  }

  private VsockStream open(GuestSocket socket) throws Exception {
    socket.send(Header.REQUEST, 0);
    while (!socket.open) {
      socket.handle(socket.guest.receive());
    }
    return accepted.poll(10, TimeUnit.SECONDS);
  }

  private static Callable<Void> drive(List<GuestSocket> sockets, long seed, CountDownLatch busy) {
    return () -> {
      Random random = new Random(seed);
      boolean done = false;
      while (busy.getCount() > 0) {
        TestGuest guest = sockets.getFirst().guest;
        for (Packet packet : guest.receiveAll()) {
          for (GuestSocket socket : sockets) {
            if (socket.owns(packet)) {
              socket.handle(packet);
            }
          }
        }
        boolean all = true;
        for (GuestSocket socket : sockets) {
          socket.consume(1 + random.nextInt(50_000));
          if (guest.canSend() && random.nextInt(4) == 0) {
            socket.update();
          }
          long left = BYTES_EACH - socket.sentBytes;
          if (guest.canSend() && left > 0) {
            socket.write((int) Math.min(left, 1 + random.nextInt(60_000)), 4);
          }
          all &= socket.sentBytes == BYTES_EACH && socket.receivedBytes == BYTES_EACH;
          assertEquals(false, socket.reset);
        }
        if (all && !done) {
          done = true;
          busy.countDown();
        }
        Thread.onSpinWait();
      }
      return null;
    };
  }

  private static Callable<Void> write(VsockStream stream, CountDownLatch busy) {
    return () -> {
      Random content = new Random(51);
      Random length = new Random(1);
      long left = BYTES_EACH;
      while (left > 0) {
        byte[] bytes = new byte[(int) Math.min(left, 1 + length.nextInt(100_000))];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) content.nextInt();
        }
        stream.write(ByteBuffer.wrap(bytes));
        left -= bytes.length;
      }
      busy.countDown();
      return null;
    };
  }

  private static Callable<Void> read(VsockStream stream, CountDownLatch busy) {
    return () -> {
      Random content = new Random(50);
      ByteBuffer buffer = ByteBuffer.allocateDirect(30_000);
      for (long got = 0; got < BYTES_EACH; ) {
        got += stream.read(buffer.clear());
        buffer.flip();
        while (buffer.hasRemaining()) {
          assertEquals((byte) content.nextInt(), buffer.get());
        }
      }
      busy.countDown();
      return null;
    };
  }
}
