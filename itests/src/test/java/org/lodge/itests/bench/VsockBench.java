package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.itests.vsock.Result;
import org.lodge.itests.vsock.TestVm;
import org.lodge.itests.vsock.VsockKit;

/**
 * Virtio sockets of two guests that Lodge serves against two like them that the peer's daemon
 * serves, by the same program at both ends, in turn within each round. The first round counts for
 * neither, because a JVM compiles then. Where the peer can't do a thing it does the next smaller
 * one: see {@link VsockCarrier#peer}.
 */
final class VsockBench {
  private static final int SINK = 1;
  private static final int ECHO = 2;
  private static final int DROP = 3;
  private static final int SOURCE = 4;
  private static final int RELAY = 5;
  private static final int LIMIT_SECONDS = 60;
  private static final int LARGE_BYTES = 64 << 10;
  private static final int SMALL_BYTES = 4 << 10;
  private static final int MEBIBYTES = 64;

  private record Side(VsockCarrier carrier, TestVm first, TestVm second, List<Process> servers) {}

  private record Name(String what, String unit) {}

  private interface Measurement {
    Result run() throws Exception;
  }

  private final Path home;
  private final int runs;
  private final Table table;
  private final List<Side> sides = new ArrayList<>();
  private final Map<Name, Map<String, List<Double>>> figures = new LinkedHashMap<>();
  private VsockKit kit;

  VsockBench(Path home, int runs, Table table) {
    this.home = home;
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    System.err.println("bench: virtio sockets ...");
    try (BenchHost host = new BenchHost(home)) {
      BenchHost.Running lodge = host.up();
      try {
        kit = VsockKit.build(host.place());
        Path folder = host.place().resolve("peer");
        compare(
            List.of(
                VsockCarrier.lodge(host),
                VsockCarrier.peer(
                    folder,
                    PeerProgram.command(
                        "vhost-device-vsock",
                        "usr/bin/vhost-device-vsock",
                        "libc6",
                        "libgcc-s1"))));
      } finally {
        lodge.close();
      }
    }
    figures.forEach((name, carriers) ->
        carriers.forEach((carrier, samples) -> {
          boolean ours = carrier.equals("Lodge");
          table.row(
              ours ? "vsock: " + name.what : "  peer: " + carrier,
              name.unit,
              samples,
              ours ? "peer" : "");
        }));
  }

  private void compare(List<VsockCarrier> carriers) throws Exception {
    try {
      for (VsockCarrier carrier : carriers) {
        boot(carrier);
      }
      for (int round = 0; round <= runs; round++) {
        if (round == 1) {
          figures.clear();
        }
        for (Side side : sides) {
          measure(side);
        }
      }
    } finally {
      end();
      for (VsockCarrier carrier : carriers) {
        carrier.close();
      }
    }
  }

  private void boot(VsockCarrier carrier) throws Exception {
    Path folder = carrier.folder();
    TestVm first = TestVm.start(kit, folder, "first", carrier.device(3));
    TestVm second = TestVm.start(kit, folder, "second", carrier.device(4));
    List<Process> servers = new ArrayList<>();
    sides.add(new Side(carrier, first, second, servers));
    int write = Math.min(LARGE_BYTES, carrier.writeBytesMax());
    second.serve("vsock:0:%d sink 1048576 %d".formatted(SINK, MEBIBYTES));
    second.serve("vsock:0:%d echo".formatted(ECHO));
    second.serve("vsock:0:%d drop".formatted(DROP));
    second.serve("vsock:0:%d source %d %d".formatted(SOURCE, write, MEBIBYTES));
    for (Map.Entry<Integer, String> server :
        Map.of(SINK, "sink", ECHO, "echo", DROP, "drop").entrySet()) {
      String address = carrier.listen(3, server.getKey());
      servers.add(kit.serveOnHost("serve", address, server.getValue(), "1048576", "" + MEBIBYTES));
    }
    if (carrier.relayed()) {
      servers.add(kit.serveOnHost("relay", carrier.listen(3, RELAY), carrier.hybrid(4, SINK)));
    }
  }

  private void measure(Side side) throws Exception {
    VsockCarrier carrier = side.carrier;
    TestVm guest = side.first;
    for (int bytes : List.of(LARGE_BYTES, SMALL_BYTES)) {
      int write = Math.min(bytes, carrier.writeBytesMax());
      String size = ", %d KiB writes".formatted(bytes >> 10);
      String amount = " %d %d".formatted(write, MEBIBYTES);
      String relay = carrier.relayed() ? "vsock:2:" + RELAY : carrier.guest(4, SINK);
      stream("guest to guest" + size, side, () -> in(guest, "send " + relay + amount));
      stream("guest to host" + size, side, () -> in(guest, "send vsock:2:" + SINK + amount));
      stream(
          "host to guest" + size,
          side,
          () -> kit.callOnHost("send", carrier.hybrid(4, SINK), "" + write, "" + MEBIBYTES));
    }
    stream(
        "guest to host, asked for by the host",
        side,
        () -> kit.callOnHost("recv", carrier.hybrid(4, SOURCE), "65536"));
    String echo = carrier.guest(4, ECHO);
    roundTrip("guest to host", side, () -> in(guest, "rtt vsock:2:" + ECHO + " 64 2000"));
    roundTrip("guest to guest", side, () -> in(guest, "rtt " + echo + " 64 2000"));
    String drop = carrier.guest(4, DROP);
    churn("guest to host", side, () -> in(guest, "churn vsock:2:" + DROP + " 1"));
    churn("guest to guest", side, () -> in(guest, "churn " + drop + " 1"));
    churn("host to guest", side, () -> kit.callOnHost("churn", carrier.hybrid(4, DROP), "1"));
  }

  private static Result in(TestVm guest, String call) throws IOException {
    return guest.call(call, LIMIT_SECONDS);
  }

  private void stream(String what, Side side, Measurement measurement) throws Exception {
    double before = side.carrier.cpuSeconds();
    Result result = measurement.run();
    long bytes = Long.parseLong(result.text("bytes"));
    if (bytes != (long) MEBIBYTES << 20) {
      throw new IOException("%s: %d bytes arrived".formatted(what, bytes));
    }
    add(what, "MB/s", side, result.number("rate"));
    double gibibytes = MEBIBYTES / 1024.0;
    add(what + ", CPU", "s/GiB", side, (side.carrier.cpuSeconds() - before) / gibibytes);
  }

  private void roundTrip(String what, Side side, Measurement measurement) throws Exception {
    Result result = measurement.run();
    add(what + ", 64 bytes there and back, p50", "µs", side, result.number("p50"));
    add(what + ", 64 bytes there and back, p99", "µs", side, result.number("p99"));
  }

  private void churn(String what, Side side, Measurement measurement) throws Exception {
    add(what + ", connections", "1/s", side, measurement.run().number("rate"));
  }

  private void add(String what, String unit, Side side, double value) {
    figures
        .computeIfAbsent(new Name(what, unit), key -> new LinkedHashMap<>())
        .computeIfAbsent(side.carrier.name(), key -> new ArrayList<>())
        .add(value);
  }

  private void end() throws InterruptedException {
    for (Side side : sides) {
      side.first.close();
      side.second.close();
      side.servers.forEach(Process::destroyForcibly);
    }
  }
}
