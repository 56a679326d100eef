package org.lodge.itests.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.internal.AgentsComponent;
import org.lodge.agent.internal.handles.HandlesComponent;
import org.lodge.connect.ByteStream;
import org.lodge.itests.wayland.HostChannel;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;

/**
 * What connections with descriptors cost by themselves: a client and a server on this host, an
 * agent of each, and this process between, which forwards and understands nothing. The peer is the
 * same client at the same server without anything between.
 */
final class HandlesBench {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int SMALL_BYTES = 64;
  private static final int STRIDE_BYTES = 1280 * 4;
  private static final int ROWS = 800;
  private static final int ROUNDS = 2000;
  private static final int FRAMES = 200;
  private static final double NANOS_PER_MICRO = 1e3;

  private final int runs;
  private final Table table;
  private final AgentsComponent agents = new AgentsComponent();
  private final HandlesComponent handles = new HandlesComponent(null);
  private final BlockingQueue<HandleConnection> clients = new LinkedBlockingQueue<>();
  private final List<Process> processes = new ArrayList<>();

  HandlesBench(int runs, Table table) {
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    System.err.println("bench: connections with descriptors");
    Path folder = Files.createTempDirectory("lodge-handles");
    try {
      measure(folder);
    } finally {
      handles.deactivate();
      agents.deactivate();
      processes.forEach(Process::destroyForcibly);
    }
  }

  private void measure(Path folder) throws Exception {
    Path program = folder.resolve("lodge-agent");
    try (InputStream bytes = agents.program()) {
      Files.write(program, bytes.readAllBytes());
    }
    program.toFile().setExecutable(true);
    agents.setCallHandler(call ->
        clients.add(
            handles.open("work", (ByteStream) (HostChannel) call.accept(), HandleLimits.DEFAULT)));
    start(program, folder, "work");
    start(program, folder, "display");
    Path clientPath = folder.resolve("client");
    Path serverPath = folder.resolve("server");
    agents
        .await("work", SOON)
        .listenWithHandles(clientPath.toString(), 0600, 0, 0, "wayland", "", "display", SOON);
    List<Double> direct = new ArrayList<>();
    List<Double> through = new ArrayList<>();
    List<Double> small = new ArrayList<>();
    List<Double> full = new ArrayList<>();
    try (UnixListener listener = UnixListener.bind(serverPath)) {
      for (int run = 0; run < runs; run++) {
        try (UnixStreamSocket client = UnixStreamSocket.connect(serverPath)) {
          echo(listener.accept());
          direct.add(roundTrip(client));
        }
        ByteStream far =
            (HostChannel)
                agents.await("display", SOON).openUnixWithHandles(serverPath.toString(), SOON);
        UnixStreamSocket server = listener.accept();
        HandleConnection display = handles.open("display", far, HandleLimits.DEFAULT);
        HandleConnection work;
        Thread forwarding;
        try (UnixStreamSocket client = UnixStreamSocket.connect(clientPath)) {
          work = clients.take();
          echo(server);
          try (Picture picture = new Picture(client, work, display)) {
            forward(display, work, () -> {});
            forwarding = forward(work, display, picture::beforeBytes);
            through.add(roundTrip(client));
            picture.rows = 16;
            picture.rowBytes = 16 * 4;
            small.add(roundTrip(client));
            picture.rows = ROWS;
            picture.rowBytes = STRIDE_BYTES;
            full.add(roundTrip(client, FRAMES));
          }
        }
        forwarding.join();
        work.close();
        display.close();
      }
    }
    table.row("64 bytes there and back through two agents and Lodge", "µs", through, "");
    table.row("  peer: the client at the server itself", "µs", direct, "");
    table.row("the same behind 16 x 16 pixels copied from file to file", "µs", small, "");
    table.row("the same behind 1280 x 800 pixels", "µs", full, "");
    double bytes = (double) STRIDE_BYTES * ROWS;
    table.row("  that is", "MB/s", full.stream().map(micros -> bytes / micros).toList(), "");
  }

  /** A file of the client, and one beside the server to which its pixels go before bytes do. */
  private static final class Picture implements AutoCloseable {
    volatile int rows;
    volatile int rowBytes;
    private final MemFd file;
    private final HandleConnection work;
    private FileHandle from;
    private FileHandle to;

    Picture(UnixStreamSocket client, HandleConnection work, HandleConnection display)
        throws IOException {
      this.work = work;
      file = MemFd.sealed("picture", (long) STRIDE_BYTES * ROWS);
      try (Arena arena = Arena.ofConfined()) {
        client.send(arena.allocate(SMALL_BYTES), 1000, List.of(file));
        work.receive(ByteBuffer.allocate(SMALL_BYTES));
        from = (FileHandle) work.takeHandle();
        to = display.makeFile((long) STRIDE_BYTES * ROWS, true);
      }
    }

    void beforeBytes() throws IOException {
      if (rows > 0) {
        work.transferRows(from, 0, STRIDE_BYTES, to, 0, STRIDE_BYTES, rowBytes, rows);
        if (work.awaitTransfers() != 0) {
          throw new IOException("pixels are missing");
        }
      }
    }

    @Override
    public void close() {
      file.close();
    }
  }

  private void start(Path program, Path folder, String guest) throws IOException {
    Path path = folder.resolve(guest);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    Thread.startVirtualThread(() -> {
      try {
        while (true) {
          HostChannel channel = new HostChannel(server.accept(), guest);
          Thread.startVirtualThread(() -> take(channel));
        }
      } catch (IOException closed) {
        assert !server.isOpen();
      }
    });
    processes.add(
        new ProcessBuilder(program.toString(), "--unix", path.toString()).inheritIO().start());
  }

  private void take(HostChannel channel) {
    try {
      agents.requested(channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Before {
    void run() throws IOException;
  }

  private static Thread forward(HandleConnection from, HandleConnection to, Before before) {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          ByteBuffer bytes = ByteBuffer.allocateDirect(65536);
          try {
            while (from.receive(bytes.clear()) >= 0) {
              before.run();
              to.send(bytes.flip());
            }
          } catch (IOException ended) {
            assert !from.isOpen() || !to.isOpen();
          }
        });
  }

  /** What comes goes back, until its end. */
  private static void echo(UnixStreamSocket server) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (server;
              Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(65536);
            int count;
            while ((count = receive(server, bytes)) > 0) {
              server.send(bytes.asSlice(0, count), 10_000, List.of());
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static int receive(UnixStreamSocket socket, MemorySegment bytes) throws IOException {
    while (true) {
      int count = socket.receive(bytes, Fd::close);
      if (count != UnixStreamSocket.NOTHING_YET) {
        return count;
      }
      socket.awaitReadable(10_000);
    }
  }

  private static double roundTrip(UnixStreamSocket client) throws IOException {
    return roundTrip(client, ROUNDS);
  }

  /** The middle of many, in microseconds; as many before do not count. */
  private static double roundTrip(UnixStreamSocket client, int rounds) throws IOException {
    double[] micros = new double[rounds];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(SMALL_BYTES);
      for (int i = -rounds; i < rounds; i++) {
        long start = System.nanoTime();
        client.send(bytes, 10_000, List.of());
        for (int left = SMALL_BYTES; left > 0; ) {
          int count = receive(client, bytes.asSlice(0, left));
          if (count < 0) {
            throw new IOException("the server has gone");
          }
          left -= count;
        }
        micros[Math.max(0, i)] = (System.nanoTime() - start) / NANOS_PER_MICRO;
      }
    }
    java.util.Arrays.sort(micros);
    return micros[rounds / 2];
  }
}
