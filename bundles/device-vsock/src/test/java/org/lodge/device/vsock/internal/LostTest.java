package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.internal.Hub;

/** That a guest is told of each connection that it had with a Lodge that died, however late. */
@Timeout(60)
class LostTest {
  private static final int MOST = 40;
  private static final int BUFFER_BYTES = 4096;

  @TempDir Path folder;
  private final Hub hub = new Hub();
  private final GuestArena memory = new GuestArena(8 << 20);
  private final TestTransport transport = new TestTransport(memory);

  LostTest() throws Exception {}

  /** A Lodge dies with two connections. */
  @BeforeEach
  void die() {
    Connections died = connections();
    died.openLedger();
    for (int port : List.of(1, 2)) {
      died.add(null, port, 5100, VsockType.STREAM, Connection.Phase.OPEN, null);
    }
    died.leaveLedger();
  }

  @AfterEach
  void close() {
    transport.close();
    memory.close();
    hub.deactivate();
  }

  private Optional<Path> file() {
    return Optional.of(folder.resolve("ledger"));
  }

  private Connections connections() {
    return new Connections(new Ledger(file(), MOST));
  }

  private VsockDevice device() {
    return new VsockDevice(new VsockSettings("work", 3, MOST, file(), Optional.empty()), hub);
  }

  /** As it stands in the file now. */
  private List<Integer> onAccount() throws Exception {
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(file().get())).order(ByteOrder.LITTLE_ENDIAN);
    List<Integer> ports = new ArrayList<>();
    for (int at = 0; at < bytes.capacity(); at += 16) {
      if (bytes.getInt(at + 8) != 0) {
        ports.add(bytes.getInt(at));
      }
    }
    Collections.sort(ports);
    return ports;
  }

  /** Gives the device a buffer, and takes what it has told in it. */
  private Packet receive() throws Exception {
    long address = memory.allocate(BUFFER_BYTES, 8);
    transport.driver(0).add(new long[] {address}, new int[] {BUFFER_BYTES}, 0, 1);
    transport.kick(0);
    assertTrue(transport.driver(0).takeUsed());
    return Packet.parse(memory.get(address, transport.driver(0).usedLength()));
  }

  @Test
  void whatItWasToldStandsInTheLedgerNoMore() throws Exception {
    transport.start(device(), TestGuest.ALL_FEATURES, 16);
    assertEquals(List.of(1, 2), onAccount());
    Packet told = receive();
    assertEquals("RST", told.name());
    assertEquals(told.targetPort() == 1 ? List.of(2) : List.of(1), onAccount());
    receive();
    assertEquals(List.of(), onAccount());
  }

  /** As when the guest was being paused while Lodge died. */
  @Test
  void aStopBeforeItWasToldLeavesThatToTheNextStart() throws Exception {
    VsockDevice device = device();
    device.start(TestGuest.ALL_FEATURES);
    device.stop();
    assertEquals(List.of(1, 2), onAccount());
    device.start(TestGuest.ALL_FEATURES);
    device.stop();
    assertEquals(List.of(1, 2), onAccount());
  }

  @Test
  void aSuccessorTellsWhatItsFormerDidNot() throws Exception {
    VsockDevice former = device();
    former.start(TestGuest.ALL_FEATURES);
    DeviceState state = former.exportState();
    VsockDevice successor = device();
    successor.importState(state);
    successor.start(TestGuest.ALL_FEATURES);
    former.stop();
    assertEquals(List.of(1, 2), onAccount());
    successor.close();
  }

  @Test
  void whatASuccessorInAnotherProcessDoesNotFindIsLostToo() throws Exception {
    VsockDevice next = device();
    next.importState(
        SavedConnections.save(
            List.of(
                new Connection(null, 1, 5100, VsockType.STREAM, 1 << 16, Connection.Phase.OPEN))));
    next.start(TestGuest.ALL_FEATURES);
    next.stop();
    assertEquals(List.of(1, 2), onAccount());
  }
}
