package org.lodge.itests.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest with {@code fio} to which every peer's disk is attached at once. Its QEMU is the one that
 * Lodge would start, started by hand, because Lodge attaches no disks of others.
 */
final class FioGuest implements AutoCloseable {
  static final String IMAGE = "disk-bench";
  private static final int LIMIT_MILLIS = 120_000;

  private final Process process;
  private final SocketChannel control;
  private final SocketChannel console;
  private final ByteBuffer received = ByteBuffer.allocate(1 << 16);
  private int commands;

  private FioGuest(Process process, SocketChannel control, SocketChannel console) {
    this.process = process;
    this.control = control;
    this.console = console;
  }

  /** Adds the image to what a Lodge of the bench knows, and builds it where it is not there yet. */
  static void image(BenchHost host) throws Exception {
    try (InputStream definition = FioGuest.class.getResourceAsStream("/image/" + IMAGE + ".json")) {
      host.addImage(IMAGE, definition.readAllBytes());
    }
  }

  static FioGuest boot(HandQemu hand, List<DiskPeer> peers) throws Exception {
    List<String> more = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      more.add("-chardev");
      more.add("socket,id=peer%d,path=%s".formatted(i, peers.get(i).socket()));
      more.add("-device");
      more.add("vhost-user-blk-pci,chardev=peer%d,bus=pcie.0,num-queues=1".formatted(i));
    }
    Process process = hand.start(more);
    SocketChannel control = hand.connect("qmp.sock", process);
    SocketChannel console = hand.connect("console.sock", process);
    hand.boot(control, HandQemu.reader(control));
    FioGuest guest = new FioGuest(process, control, console);
    guest.await("lodge: ready");
    for (int i = 0; i < peers.size(); i++) {
      // The peer has a cache and says that it has none: without this its flushes would cost
      // nothing.
      guest.run("echo write back > /sys/block/%s/cache_type".formatted(disk(i)));
      String type = guest.run("cat /sys/block/%s/cache_type".formatted(disk(i)));
      if (!type.contains("\nwrite back")) {
        throw new IOException(peers.get(i).name() + " takes no write-back cache: " + type);
      }
    }
    return guest;
  }

  /** The first one is the root. */
  private static String disk(int peer) {
    return "vd" + (char) ('b' + peer);
  }

  /** One peer's disk, as this guest uses it: past the guest's own cache. */
  DiskBench.Contender disk(int index, DiskPeer peer) {
    return new DiskBench.Contender() {
      @Override
      public String name() {
        return peer.name();
      }

      @Override
      public DiskLoad.Result run(DiskLoad.Pattern pattern, long millis) throws IOException {
        String engine = pattern.depth() == 1 ? "psync" : "libaio";
        String device = "/dev/" + disk(index);
        String fio = String.join(" ", Fio.command(pattern, device, engine, true, millis));
        long before = peer.cpuNanos();
        String said = FioGuest.this.run(fio + " > /tmp/fio 2>&1");
        double cpuMicros = (peer.cpuNanos() - before) / 1e3;
        DiskLoad.Result result = Fio.read(said + FioGuest.this.run("cat /tmp/fio"), pattern);
        return result.withCpuMicros(cpuMicros / (result.perSecond() * millis / 1e3));
      }
    };
  }

  /** Types a command and returns what the guest wrote until it was done. */
  private String run(String command) throws IOException {
    // The quotes keep what the terminal echoes from looking like the end.
    String keys = command + "; echo at-''end-" + ++commands + ".\n";
    console.write(ByteBuffer.wrap(keys.getBytes(StandardCharsets.UTF_8)));
    return await("at-end-" + commands + ".").replace("\r", "");
  }

  private String await(String end) throws IOException {
    StringBuilder text = new StringBuilder();
    long began = System.nanoTime();
    while (text.indexOf(end) < 0) {
      if (console.read(received.clear()) < 0 || BenchHost.millisSince(began) > LIMIT_MILLIS) {
        throw new IOException("the guest did not come to '" + end + "': " + text);
      }
      text.append(StandardCharsets.UTF_8.decode(received.flip()));
    }
    return text.substring(0, text.indexOf(end));
  }

  @Override
  public void close() throws IOException {
    control.close();
    console.close();
    process.destroyForcibly().onExit().join();
  }
}
