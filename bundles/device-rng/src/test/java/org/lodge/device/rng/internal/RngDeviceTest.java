package org.lodge.device.rng.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

class RngDeviceTest {
  @TempDir Path folder;

  private final GuestArena guest = new GuestArena(1 << 20);
  private final TestTransport transport = new TestTransport(guest);
  private long buffer;

  @BeforeEach
  void allocate() {
    buffer = guest.allocate(256 * 1024, 4096);
  }

  @AfterEach
  void close() {
    transport.close();
    guest.close();
  }

  private Device device(Map<String, Object> values) throws DeviceException {
    return new RngFactory().create(new DeviceConfig("work", "entropy", values), transport);
  }

  private int ask(int... lengths) throws Exception {
    long[] addresses = new long[lengths.length];
    for (int i = 0; i < lengths.length; i++) {
      addresses[i] = buffer + i * 100_000L;
    }
    transport.driver(0).add(addresses, lengths, 0, lengths.length);
    transport.kick(0);
    assertTrue(transport.await(0, Duration.ofSeconds(10)));
    return transport.driver(0).usedLength();
  }

  @ParameterizedTest
  @ValueSource(longs = {TestTransport.SPLIT, TestTransport.PACKED})
  void everyBufferIsFilledWithNewBytes(long features) throws Exception {
    transport.start(device(Map.of()), features, 8);
    assertEquals(3000, ask(1000, 2000));
    byte[] first = guest.get(buffer + 100_000, 2000);
    assertEquals(3000, ask(1000, 2000));
    byte[] second = guest.get(buffer + 100_000, 2000);
    assertFalse(Arrays.equals(first, second));
    assertNotEquals(0, Arrays.hashCode(Arrays.copyOfRange(second, 1990, 2000)));
  }

  @Test
  void aVeryLongBufferIsFilledInPart() throws Exception {
    transport.start(device(Map.of()), TestTransport.SPLIT, 8);
    assertEquals(65536, ask(90_000));
  }

  @Test
  void aRequestWithSomethingToReadBreaksTheQueue() throws Exception {
    transport.start(device(Map.of()), TestTransport.SPLIT, 8);
    transport.driver(0).add(new long[] {buffer}, new int[] {10}, 1, 0);
    var thrown = assertThrows(RingException.class, () -> transport.kick(0));
    assertEquals(RingFault.BAD_REQUEST, thrown.fault());
  }

  @Test
  void aLimitDelaysTheNextRequestButLosesNone() throws Exception {
    transport.start(device(Map.of("bytesPerSecond", "50K")), TestTransport.SPLIT, 8);
    assertEquals(2000, ask(2000));
    transport.driver(0).add(new long[] {buffer}, new int[] {100}, 0, 1);
    transport.kick(0);
    assertFalse(transport.driver(0).takeUsed());
    while (!transport.driver(0).takeUsed()) {
      assertTrue(transport.serveWoken(0, Duration.ofSeconds(10)), "never woken");
    }
    assertEquals(100, transport.driver(0).usedLength());
  }

  @Test
  void aSourceThatEndsIsSaid() throws Exception {
    Path empty = Files.createFile(folder.resolve("empty"));
    Device device = device(Map.of("source", empty.toString()));
    transport.start(device, TestTransport.SPLIT, 8);
    assertEquals(0, ask(10));
    assertTrue(device.trouble().orElseThrow().contains("no more bytes"));
  }

  @Test
  void aReplacementTakesOverBetweenTwoRequests() throws Exception {
    transport.start(device(Map.of()), TestTransport.SPLIT, 8);
    assertEquals(10, ask(10));
    transport.swap(device(Map.of()), Duration.ofSeconds(10));
    assertEquals(10, ask(10));
    Device next = device(Map.of());
    assertThrows(
        DeviceException.class, () -> next.importState(new DeviceState("rng", 2, new byte[0])));
    next.close();
  }

  @Test
  void configurationErrorsNameTheKey() {
    assertMessage(Map.of("sorce", "/dev/random"), "sorce is not known here");
    assertMessage(Map.of("source", "random"), "source must be an absolute path");
    assertMessage(Map.of("source", "/no/such"), "source can't be read: /no/such");
    assertMessage(Map.of("bytesPerSecond", 0), "bytesPerSecond must be from 1");
    assertMessage(Map.of("bytesPerSecond", "fast"), "bytesPerSecond must be a size");
  }

  private void assertMessage(Map<String, Object> values, String part) {
    String message = assertThrows(DeviceException.class, () -> device(values)).getMessage();
    assertTrue(message.contains("guest 'work', device 'entropy': " + part), message);
  }
}
