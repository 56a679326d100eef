package org.lodge.connect.internal;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.lodge.connect.Grant;
import org.slf4j.LoggerFactory;

/** Measures the broker's own part of a connection. A program, not a test: it asserts nothing. */
final class ConnectTime {
  private static final int CONNECTIONS = 20_000;
  private static final long MANY_BYTES = 4L << 30;

  private ConnectTime() {}

  public static void main(String[] args) throws Exception {
    ((Logger) LoggerFactory.getLogger("audit")).setLevel(Level.OFF);
    Rules rules = new Rules("work", "vault").allow("sign", "work", "vault");
    BrokerService broker =
        rules.broker(
            new Limits(
                1024, 1024, 8 << 20, 1_000_000, 8, Duration.ofSeconds(10), Duration.ofSeconds(10)));
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    for (int round = 0; round < 3; round++) {
      connections(work, vault);
    }
    bytes(work, vault);
    broker.close();
  }

  private static void connections(TestGuest work, TestGuest vault) throws Exception {
    long[] nanos = new long[CONNECTIONS];
    long begin = System.nanoTime();
    for (int i = 0; i < CONNECTIONS; i++) {
      long start = System.nanoTime();
      Grant grant = work.grant("sign", "vault");
      MemoryStream source = work.dial(grant.token());
      nanos[i] = System.nanoTime() - start;
      source.shutdownOutput();
      vault.takeAccepted().shutdownOutput();
      TestGuest.get(grant.connection().ended());
      vault.announced.clear();
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    Arrays.sort(nanos);
    System.out.printf(
        "%.0f connections/s one after the other; call to open p50 %.1f us, p99 %.1f us%n",
        CONNECTIONS / seconds, nanos[CONNECTIONS / 2] / 1e3, nanos[CONNECTIONS / 100 * 99] / 1e3);
  }

  private static void bytes(TestGuest work, TestGuest vault) throws Exception {
    MemoryStream source = work.open("sign", "vault");
    MemoryStream target = vault.takeAccepted();
    long begin = System.nanoTime();
    Thread.ofVirtual()
        .start(() -> {
          try {
            ByteBuffer data = ByteBuffer.allocate(64 << 10);
            for (long sent = 0; sent < MANY_BYTES; sent += data.capacity()) {
              source.write(data.clear());
            }
            source.shutdownOutput();
          } catch (IOException e) {
            source.reset();
          }
        });
    ByteBuffer data = ByteBuffer.allocate(64 << 10);
    while (target.read(data.clear()) >= 0) {
      continue;
    }
    System.out.printf(
        "%.0f MB/s through the buffer, between streams in memory of 16 KiB%n",
        MANY_BYTES / 1e6 / ((System.nanoTime() - begin) / 1e9));
  }
}
