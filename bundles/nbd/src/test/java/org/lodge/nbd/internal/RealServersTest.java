package org.lodge.nbd.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lodge.blocks.BlockIo.Kind;

/** The client against the servers that people use: nbdkit and qemu-nbd, as Debian has them. */
@Timeout(120)
class RealServersTest {
  private static final int SIZE = 4 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path folder;
  private Path file;
  private Path socket;

  /** How each serves the file {@code data} of the folder. */
  enum Server {
    NBDKIT,
    NBDKIT_OF_LARGE_BLOCKS,
    QEMU_NBD;

    Process start(Path socket, Path folder, String... more) throws Exception {
      Files.deleteIfExists(socket);
      List<String> command =
          new ArrayList<>(
              switch (this) {
                case NBDKIT -> List.of("nbdkit", "-f", "-U", socket.toString());
                case NBDKIT_OF_LARGE_BLOCKS ->
                    List.of("nbdkit", "-f", "-U", socket.toString(), "--filter=blocksize-policy");
                case QEMU_NBD ->
                    List.of(
                        "qemu-nbd",
                        "-k",
                        socket.toString(),
                        "-x",
                        "data",
                        "-t",
                        "-f",
                        "raw",
                        "--discard=unmap");
              });
      command.addAll(List.of(more));
      command.addAll(
          switch (this) {
            case NBDKIT -> List.of("file", "dir=" + folder);
            case NBDKIT_OF_LARGE_BLOCKS ->
                List.of(
                    "file",
                    "dir=" + folder,
                    "blocksize-minimum=4096",
                    "blocksize-preferred=64K",
                    "blocksize-maximum=128K",
                    "blocksize-error-policy=error");
            case QEMU_NBD -> List.of(folder.resolve("data").toString());
          });
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      while (!Files.exists(socket)) {
        assertTrue(process.isAlive(), () -> "does not run: " + command);
        Thread.sleep(5);
      }
      return process;
    }
  }

  @BeforeEach
  void aFile() throws Exception {
    Path disks = Files.createDirectory(folder.resolve("disks"));
    file = disks.resolve("data");
    socket = folder.resolve("nbd.sock");
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(SIZE);
    }
  }

  private Process start(Server server, String... more) throws Exception {
    return server.start(socket, file.getParent(), more);
  }

  private TestDisk disk(boolean readOnly) {
    return new TestDisk(socket, "data", readOnly, PATIENCE, 4 << 20);
  }

  private static void end(Process process) {
    process.destroyForcibly().onExit().join();
  }

  @ParameterizedTest
  @EnumSource
  void everyRequestDoesWhatItSaysWhileTheServerIsKilledAgainAndAgain(Server server)
      throws Exception {
    Process process = start(server);
    Random random = new Random(5);
    byte[] model = new byte[SIZE];
    try (TestDisk lodge = disk(false).open()) {
      int block = lodge.disk.limits().blockBytes();
      assertEquals(server == Server.NBDKIT_OF_LARGE_BLOCKS ? 4096 : 512, block);
      assertEquals(SIZE, lodge.disk.limits().sizeBytes());
      for (int round = 0; round < 60; round++) {
        List<TestIo> ios = new ArrayList<>();
        for (int region = 0; region < 16; region++) {
          ios.add(any(random, region, block).submitTo(lodge.disk));
        }
        if (round % 20 == 19) {
          end(process);
          process = start(server);
        }
        for (TestIo io : ios) {
          assertEquals(0, io.await(), io.toString());
          apply(io, model);
        }
      }
      assertEquals(0, TestIo.flush().submitTo(lodge.disk).await());
      assertArrayEquals(model, Files.readAllBytes(file));
    } finally {
      end(process);
    }
  }

  private static TestIo any(Random random, int region, int block) {
    int offset = region * SIZE / 16 + block * random.nextInt(8);
    int bytes = block * (1 + random.nextInt(block == 512 ? 400 : 24));
    switch (random.nextInt(8)) {
      case 0, 1, 2:
        return TestIo.read(offset, bytes);
      case 3:
        return TestIo.flush();
      case 4:
        return TestIo.range(Kind.ZERO, offset, bytes);
      default:
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        TestIo write = TestIo.write(offset, data);
        write.durable = random.nextInt(4) == 0;
        return write;
    }
  }

  private static void apply(TestIo io, byte[] model) {
    int from = (int) io.offset();
    switch (io.kind()) {
      case READ -> assertArrayEquals(Arrays.copyOfRange(model, from, from + io.bytes()), io.data);
      case WRITE -> System.arraycopy(io.data, 0, model, from, io.bytes());
      case FLUSH -> {}
      default -> Arrays.fill(model, from, from + io.bytes(), (byte) 0);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NBDKIT", "QEMU_NBD"})
  void aDiscardGivesSpaceBack(Server server) throws Exception {
    Process process = start(server);
    try (TestDisk lodge = disk(false).open()) {
      byte[] ones = new byte[1 << 20];
      Arrays.fill(ones, (byte) 1);
      assertEquals(0, TestIo.write(0, ones).submitTo(lodge.disk).await());
      assertEquals(0, TestIo.flush().submitTo(lodge.disk).await());
      long before = blocks();
      assertEquals(0, TestIo.range(Kind.DISCARD, 0, 1 << 20).submitTo(lodge.disk).await());
      assertEquals(0, TestIo.flush().submitTo(lodge.disk).await());
      assertTrue(blocks() < before, before + " blocks, then " + blocks());
    } finally {
      end(process);
    }
  }

  private long blocks() throws Exception {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return Long.parseLong(new String(stat.getInputStream().readAllBytes()).strip());
  }

  @Test
  void aServerThatOnlyReadsIsRefusedUntilThePersonSaysSo() throws Exception {
    Process process = start(Server.NBDKIT, "-r");
    try (TestDisk lodge = disk(false)) {
      while (!lodge.disk.presence().reason().contains("readOnly=true")) {
        Thread.sleep(10);
      }
    }
    try (TestDisk lodge = disk(true).open()) {
      assertTrue(lodge.disk.limits().readOnly());
      assertFalse(lodge.disk.limits().discards());
      assertEquals(0, TestIo.read(0, 512).submitTo(lodge.disk).await());
      assertEquals(Nbd.EIO, TestIo.write(0, new byte[512]).submitTo(lodge.disk).await());
    } finally {
      end(process);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NBDKIT", "QEMU_NBD"})
  void anUnknownExportIsToldByItsName(Server server) throws Exception {
    Process process = start(server);
    try (TestDisk lodge = new TestDisk(socket, "nothing", false, PATIENCE, 1 << 20)) {
      while (!lodge.disk.presence().reason().contains("'nothing'")) {
        Thread.sleep(10);
      }
    } finally {
      end(process);
    }
  }

  @Test
  void aDiskThatHasGrownIsSeenWhenSomebodyAsks() throws Exception {
    Process process = start(Server.NBDKIT);
    try (TestDisk lodge = disk(false).open()) {
      List<Long> seen = new ArrayList<>();
      lodge.disk.onResize(() -> seen.add(lodge.disk.limits().sizeBytes()));
      lodge.connector.look();
      assertEquals(List.of(), seen);
      try (RandomAccessFile grown = new RandomAccessFile(file.toFile(), "rw")) {
        grown.setLength(2 * SIZE);
      }
      lodge.connector.look();
      assertEquals(List.of(2L * SIZE), seen);
      assertEquals(1, lodge.count("source.connects"), "the disk's own connection stays");
    } finally {
      end(process);
    }
  }
}
