package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.vsock.Result;
import org.lodge.itests.vsock.TestVm;
import org.lodge.itests.vsock.VsockKit;
import org.lodge.itests.vsock.VsockServerJar;

/**
 * Virtio sockets of real kernels: two guests whose only program is {@code vsock-driver}, served by
 * a Lodge that runs, and the same program on the host.
 *
 * <p>How much is transferred and how long connections are made can be raised for a long run by
 * hand: {@code LODGE_VSOCK_MIB} and {@code LODGE_VSOCK_SECONDS} in the environment.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class VsockIT {
  private static final int CHECK = 1;
  private static final int ECHO = 2;
  private static final int DROP = 3;
  private static final int SLOW = 4;
  private static final int MESSAGES = 5;
  private static final int SOURCE = 6;
  private static final long MEBIBYTES = setting("LODGE_VSOCK_MIB", 32);
  private static final long CHURN_SECONDS = setting("LODGE_VSOCK_SECONDS", 3);
  private static final int LIMIT_SECONDS = 60 + (int) (MEBIBYTES / 20 + CHURN_SECONDS);

  private static LodgeHost host;
  private static Path folder;
  private static VsockKit kit;
  private static TestVm first;
  private static TestVm second;
  private static final List<Process> servers = new ArrayList<>();
  private static final ExecutorService threads = Executors.newCachedThreadPool();

  private static long setting(String name, long otherwise) {
    String value = System.getenv(name);
    return value == null ? otherwise : Long.parseLong(value);
  }

  @BeforeAll
  static void twoGuests() throws Exception {
    host = new LodgeHost();
    folder = Files.createDirectories(host.place.resolve("vsock"));
    host.up();
    kit = VsockKit.build(folder);
    VsockServerJar.deploy(host.place.resolve("state/deploy"), folder);
    LodgeHost.until("the devices are there", () -> Files.exists(folder.resolve("ready")));
    first = TestVm.start(kit, folder, "first", folder.resolve("3.sock"));
    second = TestVm.start(kit, folder, "second", folder.resolve("4.sock"));
    second.serve("vsock:0:%d check".formatted(CHECK));
    second.serve("vsock:0:%d echo".formatted(ECHO));
    second.serve("vsock:0:%d drop".formatted(DROP));
    second.serve("vsock:0:%d slow 4096 64".formatted(SLOW));
    second.serve("seqpacket:0:%d echo".formatted(MESSAGES));
    second.serve("vsock:0:%d source-check 65536 %d".formatted(SOURCE, MEBIBYTES));
    onHost(CHECK, "check");
    onHost(ECHO, "echo");
    onHost(DROP, "drop");
  }

  /** A server for what the first guest asks of the host. */
  private static void onHost(int port, String what) throws IOException {
    servers.add(kit.serveOnHost("serve", "unix:%s/3.uds_%d".formatted(folder, port), what));
  }

  @AfterAll
  static void allEnd() throws Exception {
    for (TestVm guest : Stream.of(first, second).filter(each -> each != null).toList()) {
      guest.close();
    }
    servers.forEach(Process::destroyForcibly);
    host.close();
    threads.shutdownNow();
  }

  private static String hybrid(int port) {
    return "hybrid:%s/4.uds:%d".formatted(folder, port);
  }

  private static String guest(int port) {
    return "vsock:2:%d".formatted(4000 + port);
  }

  /** Sends bytes of a known pattern that the other side compares, and half-closes. */
  private static void send(String to, int writeBytes, long mebibytes, String how)
      throws IOException {
    String call = "send %s %d %d check,shutdown%s".formatted(to, writeBytes, mebibytes, how);
    Result result = first.call(call, LIMIT_SECONDS);
    assertEquals(mebibytes << 20, Long.parseLong(result.text("bytes")), call);
  }

  @Test
  void whatAGuestSendsComparesEqualInAnotherAndOnTheHost() throws Exception {
    send(guest(CHECK), 65536, MEBIBYTES, "");
    send(guest(CHECK), 1000, 4, "");
    send("vsock:2:" + CHECK, 65536, MEBIBYTES, "");
    send("vsock:2:" + CHECK, 4096, MEBIBYTES, "");
  }

  @Test
  void whatProgramsOfTheHostSendAndReceiveThroughTheirSocketComparesEqual() throws Exception {
    Result sent = kit.callOnHost("send", hybrid(CHECK), "300000", "" + MEBIBYTES, "check,shutdown");
    assertEquals(MEBIBYTES << 20, Long.parseLong(sent.text("bytes")));
    Result received = kit.callOnHost("recv", hybrid(SOURCE), "50000", "check");
    assertEquals(MEBIBYTES << 20, Long.parseLong(received.text("bytes")));
  }

  @Test
  void sendersWithZerocopyLoseNothing() throws Exception {
    send(guest(CHECK), 262144, 32, ",zerocopy");
    send("vsock:2:" + CHECK, 262144, 32, ",zerocopy");
  }

  @Test
  void messagesPassBetweenGuestsWhole() throws Exception {
    for (int bytes : List.of(1, 4096, 60000)) {
      String call = "rtt seqpacket:2:%d %d 50".formatted(4000 + MESSAGES, bytes);
      assertTrue(first.call(call, 60).number("p50") > 0, call);
    }
  }

  @Test
  void aGuestProgramThatReadsSlowlyDoesNotStallAnother() throws Exception {
    Future<Result> slow = threads.submit(() -> kit.callOnHost("send", hybrid(SLOW), "65536", "64"));
    send(guest(CHECK), 65536, MEBIBYTES, "");
    first.call("rtt " + guest(ECHO) + " 64 200", 60);
    assertTrue(!slow.isDone(), "the slow one has as many bytes and reads 4 KiB each 20 ms");
  }

  @Test
  void connectionsThatComeAndGoLeaveNothingBehind() throws Exception {
    first.call("churn vsock:2:%d 1".formatted(DROP), 60);
    long before = descriptors();
    Result toHost = first.call("churn vsock:2:%d %d".formatted(DROP, CHURN_SECONDS), LIMIT_SECONDS);
    Result toGuest = first.call("churn %s %d".formatted(guest(DROP), CHURN_SECONDS), LIMIT_SECONDS);
    Result fromHost = kit.callOnHost("churn", hybrid(DROP), "" + CHURN_SECONDS);
    for (Result result : List.of(toHost, toGuest, fromHost)) {
      assertTrue(result.number("count") > 0, result.line());
      assertEquals(0, result.number("refused"), result.line());
    }
    LodgeHost.until("descriptors are back at " + before, () -> descriptors() <= before);
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/" + host.supervisor() + "/fd"))) {
      return files.count();
    }
  }

  @Test
  void newLogicTakesOverUnderGuestsThatTransfer() throws Exception {
    DeviceVersions versions = new DeviceVersions(host, "device-vsock");
    Future<Void> transfers =
        threads.submit(() -> {
          for (int i = 0; i < 3; i++) {
            send(guest(CHECK), 65536, MEBIBYTES, "");
            send("vsock:2:" + CHECK, 4096, MEBIBYTES, "");
          }
          return null;
        });
    Path newer = versions.deploy("1.1.0");
    awaitVersion("1.1.0");
    Path newest = versions.deploy("1.2.0");
    awaitVersion("1.2.0");
    Files.delete(newest);
    awaitVersion("1.1.0");
    Files.delete(newer);
    awaitVersion("1.0.0");
    // Each of the six has its own limit.
    transfers.get(6L * LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private static void awaitVersion(String version) throws Exception {
    Path file = folder.resolve("versions");
    LodgeHost.until(
        version + " serves both guests",
        () -> Files.exists(file) && Files.readString(file).equals(version + " " + version));
  }
}
