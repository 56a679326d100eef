package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.agent.internal.HandlesRig.receive;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.internal.HandlesRig.Pair;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;

/** Rows by lanes, through the agent's program under the sanitizers. */
@Timeout(120)
class LaneTest {
  private static final int FILE_BYTES = 1 << 20;

  @TempDir Path folder;
  private FileLanes lanes;
  private HandlesRig rig;
  private HandlesRig other;
  private Pair client;
  private Pair server;
  private MemFd file;
  private FileHandle from;
  private FileHandle to;
  private Fd shown;
  private final byte[] picture = new byte[FILE_BYTES];
  private final byte[] expected = new byte[FILE_BYTES];

  @BeforeEach
  void start() throws Exception {
    lanes = new FileLanes(folder);
    lanes.giveTo(folder.resolve("a"));
    rig = new HandlesRig(folder.resolve("a"), lanes);
    new Random(7).nextBytes(picture);
    file = MemFd.resizable("picture", FILE_BYTES);
    Peer.write(file, 0, picture);
    client = rig.client();
    client.program().send("pool", file);
    receive(client.connection(), 4);
    from = (FileHandle) client.connection().takeHandle();
  }

  private void show(boolean byLane) throws Exception {
    if (byLane) {
      lanes.giveTo(folder.resolve("b"));
    }
    other = new HandlesRig(folder.resolve("b"), lanes);
    server = other.server();
    to = server.connection().makeFile(FILE_BYTES, false);
    server.connection().pass(to);
    server.connection().send(ByteBuffer.wrap("pool".getBytes()));
    server.program().receive(4);
    shown = server.program().descriptors.remove();
    // Whatever the agent has to say of itself was said before this.
    server.program().send("x");
    receive(server.connection(), 1);
  }

  @AfterEach
  void stop() throws Exception {
    assertTrue(rig.agent.isAlive() && other.agent.isAlive(), "an agent has ended");
    client.close();
    server.close();
    file.close();
    rig.close();
    other.close();
  }

  private void transfer(int offset, int bytes, int toOffset) throws Exception {
    HandleConnection connection = client.connection();
    connection.transferRows(from, offset, bytes, to, toOffset, bytes, bytes, 1);
    assertEquals(0, connection.awaitTransfers());
    server.connection().send(ByteBuffer.wrap("commit".getBytes()));
    server.program().receive(6);
  }

  private void expect(int offset, int bytes, int toOffset) throws Exception {
    System.arraycopy(picture, offset, expected, toOffset, bytes);
    assertArrayEquals(expected, Peer.read(shown, 0, FILE_BYTES));
  }

  @Test
  void sectorsGoFromFileToFile() throws Exception {
    show(true);
    transfer(5000, 300_000, 5000 + 8 * 512);
    expect(4608, 300_544, 4608 + 8 * 512);
    assertEquals(300_544, lanes.slots.getFirst().bytes);
    assertEquals(AgentHost.GUEST, lanes.slots.getFirst().reader);
    transfer(0, FILE_BYTES, 0);
    expect(0, FILE_BYTES, 0);
    assertEquals(2, lanes.slots.size());
  }

  @Test
  void aGuestWithoutALaneGetsTheRowAlone() throws Exception {
    show(false);
    transfer(5000, 300_000, 5000 + 8 * 512);
    expect(5000, 300_000, 5000 + 8 * 512);
    assertEquals(1, lanes.slots.size());
    assertNull(lanes.slots.getFirst().reader);
    assertTrue(lanes.slots.getFirst().over);
    assertFalse(lanes.slots.getFirst().changed, "frames' heads lie where the guest has written");
  }

  @Test
  void anAgentThatCanNotUseItsLaneSendsTheRow() throws Exception {
    show(true);
    lanes.refuse();
    transfer(5000, 300_000, 5000);
    expect(5000, 300_000, 5000);
    assertTrue(lanes.slots.getFirst().over);
  }

  @Test
  void aFileThatIsShorterGivesWhatItHas() throws Exception {
    show(true);
    file.resize(100_000);
    client.connection().transferRows(from, 0, FILE_BYTES, to, 0, FILE_BYTES, FILE_BYTES, 1);
    long missing = client.connection().awaitTransfers();
    assertTrue(missing >= FILE_BYTES - 100_000 && missing < FILE_BYTES, missing + " bytes");
    assertTrue(lanes.slots.getFirst().over);
  }

  @Test
  void whatIsSmallOrLiesOtherwiseIsSent() throws Exception {
    show(true);
    transfer(0, 1000, 0);
    expect(0, 1000, 0);
    transfer(8192, 100_000, 8196);
    expect(8192, 100_000, 8196);
    client.connection().transferRows(from, 0, 4096, to, 0, 4096, 2048, 64);
    client.connection().awaitTransfers();
    assertTrue(lanes.slots.isEmpty());
  }

  @Test
  void theLastSectorOfAFileMayBeAPartOfOne() throws Exception {
    show(true);
    int bytes = 100_001;
    byte[] before = Arrays.copyOf(picture, FILE_BYTES);
    file.resize(bytes);
    transfer(0, bytes, 0);
    assertEquals(100_352, lanes.slots.getFirst().bytes);
    System.arraycopy(before, 0, expected, 0, bytes);
    assertArrayEquals(expected, Peer.read(shown, 0, FILE_BYTES));
  }

  @Test
  void slotsEndWithTheirConnection() throws Exception {
    show(true);
    transfer(0, 100_000, 0);
    assertFalse(lanes.slots.getFirst().over);
    server.connection().reset("the test says so");
    assertTrue(lanes.slots.getFirst().over);
  }
}
