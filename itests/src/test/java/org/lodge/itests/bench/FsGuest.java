package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A guest that has every peer's directory at {@code /mnt/INDEX}; its QEMU is started by hand. */
final class FsGuest implements AutoCloseable {
  private static final int LIMIT_MILLIS = 180_000;

  private final Process process;
  private final SocketChannel control;
  private final SocketChannel console;
  private final ByteBuffer received = ByteBuffer.allocate(1 << 16);
  private int commands;

  private FsGuest(Process process, SocketChannel control, SocketChannel console) {
    this.process = process;
    this.control = control;
    this.console = console;
  }

  static FsGuest boot(HandQemu hand, List<FsPeer> peers) throws Exception {
    List<String> more = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      more.add("-chardev");
      more.add("socket,id=peer%d,path=%s".formatted(i, peers.get(i).socket()));
      more.add("-device");
      more.add(
          "vhost-user-fs-pci,chardev=peer%d,bus=pcie.0,tag=peer%d,queue-size=1024".formatted(i, i));
    }
    Process process = hand.start(more);
    SocketChannel control = hand.connect("qmp.sock", process);
    SocketChannel console = hand.connect("console.sock", process);
    hand.boot(control, HandQemu.reader(control));
    FsGuest guest = new FsGuest(process, control, console);
    guest.await("lodge: ready");
    guest.run("modprobe virtiofs");
    for (int i = 0; i < peers.size(); i++) {
      String said =
          guest.run(
              "mkdir -p /mnt/%d; mount -t virtiofs peer%d /mnt/%d && echo mo''unted"
                  .formatted(i, i, i));
      if (!said.contains("\nmounted")) {
        throw new IOException(peers.get(i).name() + ": " + said);
      }
    }
    return guest;
  }

  /** Types a command and returns what the guest wrote until it was done. */
  String run(String command) throws IOException {
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
