package org.lodge.device.blk.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.lodge.virtio.fixture.TestTransport;

/**
 * Random requests against a disk and against a model of it in an array: header, data and status cut
 * into pieces anywhere, good and bad sectors and lengths, devices replaced in between. After each
 * request status and data must agree, in the end the file.
 *
 * <p>As a program: {@code BlkFuzz SECONDS FOLDER [FIRST_SEED]}; each seed is one life of a disk.
 */
public final class BlkFuzz {
  private static final int SECTORS = 512;
  private static final int REQUESTS = 150;

  private final Random random;
  private final byte[] model = new byte[SECTORS * 512];
  private final BlkDriver driver = new BlkDriver();
  private final Map<String, Object> config = new HashMap<>();
  private final Path file;
  private final boolean readOnly;

  private final List<Long> addresses = new ArrayList<>();
  private final List<Integer> lengths = new ArrayList<>();

  private BlkFuzz(long seed, Path file) {
    random = new Random(seed);
    this.file = file;
    readOnly = random.nextInt(8) == 0;
    config.put("readOnly", readOnly);
    config.put("direct", random.nextInt(3) == 0);
    config.put("workers", 2);
    config.put("cache", random.nextInt(4) == 0 ? "writethrough" : "writeback");
    config.put("discardMaxSectors", 64);
  }

  static void live(long seed, Path folder) {
    Path file = folder.resolve("fuzz-" + seed);
    var fuzz = new BlkFuzz(seed, file);
    try {
      fuzz.live();
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed, e);
    } finally {
      fuzz.driver.close();
      file.toFile().delete();
    }
  }

  private void live() throws Exception {
    random.nextBytes(model);
    Files.write(file, model);
    start();
    for (int i = 0; i < REQUESTS; i++) {
      if (random.nextInt(40) == 0) {
        driver.transport.swap(driver.create(file, config), BlkDriver.LIMIT);
      }
      driver.transport.driver(0).useIndirect(random.nextBoolean());
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> read();
        case 3, 4, 5 -> write();
        case 6 -> range();
        default -> other();
      }
    }
    check(Arrays.equals(model, Files.readAllBytes(file)), "the file differs from the model");
  }

  /** A file system without direct I/O gets a disk without it. */
  private void start() throws Exception {
    long features = random.nextBoolean() ? TestTransport.SPLIT : TestTransport.PACKED;
    try {
      driver.start(file, config, features | (random.nextBoolean() ? BlkDriver.FLUSH : 0));
    } catch (org.lodge.virtio.DeviceException e) {
      check((boolean) config.put("direct", false), e.getMessage());
      driver.start(file, config, features | BlkDriver.FLUSH);
    }
  }

  private long sector() {
    return switch (random.nextInt(20)) {
      case 0 -> random.nextLong();
      case 1 -> SECTORS - random.nextInt(4);
      case 2 -> SECTORS + random.nextInt(4);
      case 3, 4, 5, 6, 7, 8, 9, 10 -> random.nextInt(SECTORS / 8) * 8L;
      default -> random.nextInt(SECTORS);
    };
  }

  private int length() {
    return switch (random.nextInt(20)) {
      case 0 -> 1 + random.nextInt(5000);
      case 1 -> 512 * (1 + random.nextInt(100));
      case 2, 3, 4, 5, 6, 7, 8, 9 -> 4096 * (1 + random.nextInt(4));
      default -> 512 * (1 + random.nextInt(16));
    };
  }

  private static boolean fits(long sector, long length) {
    return length % 512 == 0
        && sector >= 0
        && sector <= SECTORS
        && length / 512 <= SECTORS - sector;
  }

  private void read() throws Exception {
    long sector = sector();
    int length = length();
    driver.putHeader(Blk.T_IN, sector);
    begin();
    cut(driver.header, 16);
    int readable = addresses.size();
    long data = data();
    cut(data, length);
    cut(driver.status, 1);
    int status = send(readable);
    check(status == (fits(sector, length) ? Blk.S_OK : Blk.S_IOERR), "read status " + status);
    if (status == Blk.S_OK) {
      byte[] expected = Arrays.copyOfRange(model, (int) sector * 512, (int) sector * 512 + length);
      check(Arrays.equals(expected, driver.guest.get(data, length)), "read other data");
    }
  }

  private void write() throws Exception {
    long sector = sector();
    int length = length();
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    driver.putHeader(Blk.T_OUT, sector);
    begin();
    cut(driver.header, 16);
    long data = data();
    driver.guest.put(data, bytes);
    cut(data, length);
    int readable = addresses.size();
    cut(driver.status, 1);
    int status = send(readable);
    boolean good = fits(sector, length) && !readOnly;
    check(status == (good ? Blk.S_OK : Blk.S_IOERR), "write status " + status);
    if (good) {
      System.arraycopy(bytes, 0, model, (int) sector * 512, length);
    }
  }

  /** Zeroing only, as discarded data is undefined. */
  private void range() throws Exception {
    int count = 1 + random.nextInt(3);
    ByteBuffer ranges = ByteBuffer.allocate(16 * count).order(ByteOrder.LITTLE_ENDIAN);
    boolean good = !readOnly;
    for (int i = 0; i < count; i++) {
      long sector = sector();
      int sectors = random.nextInt(66);
      good &= fits(sector, sectors * 512L) && sectors <= 64;
      ranges.putLong(sector).putInt(sectors).putInt(random.nextInt(2));
    }
    driver.putHeader(Blk.T_WRITE_ZEROES, random.nextLong());
    driver.guest.put(driver.data, ranges.array());
    begin();
    cut(driver.header, 16);
    cut(driver.data, 16 * count);
    int readable = addresses.size();
    cut(driver.status, 1);
    int status = send(readable);
    check(status == (good ? Blk.S_OK : Blk.S_IOERR), "zero status " + status);
    for (int i = 0; good && i < count; i++) {
      int from = (int) ranges.getLong(16 * i) * 512;
      Arrays.fill(model, from, from + ranges.getInt(16 * i + 8) * 512, (byte) 0);
    }
  }

  private void other() throws Exception {
    int type = random.nextBoolean() ? random.nextInt(16) : random.nextInt();
    if (type == Blk.T_IN || type == Blk.T_OUT || type == Blk.T_DISCARD || type == 13) {
      return;
    }
    driver.putHeader(type, random.nextLong());
    begin();
    cut(driver.header, 16);
    int readable = addresses.size();
    cut(driver.data, 1 + random.nextInt(100));
    cut(driver.status, 1);
    int status = send(readable);
    boolean known = type == Blk.T_FLUSH || type == Blk.T_GET_ID;
    check(status == (known ? Blk.S_OK : Blk.S_UNSUPP), "type %d status %d".formatted(type, status));
  }

  private void begin() {
    addresses.clear();
    lengths.clear();
  }

  private long data() {
    return driver.data
        + (random.nextBoolean() ? random.nextInt(64) * 4096L : random.nextInt(4096 * 64));
  }

  /** Cuts a buffer into pieces of any alignment. */
  private void cut(long address, int length) {
    long at = address;
    int left = length;
    while (left > 0) {
      int part = addresses.size() > 20 || random.nextInt(3) > 0 ? left : 1 + random.nextInt(left);
      addresses.add(at);
      lengths.add(part);
      at += part;
      left -= part;
    }
  }

  private int send(int readable) throws Exception {
    return driver.request(
        addresses.stream().mapToLong(Long::longValue).toArray(),
        lengths.stream().mapToInt(Integer::intValue).toArray(),
        readable,
        addresses.size() - readable);
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  public static void main(String[] arguments) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(Long.parseLong(arguments[0])).toNanos();
    Path folder = Path.of(arguments[1]);
    long first = arguments.length > 2 ? Long.parseLong(arguments[2]) : System.nanoTime();
    long seed = first;
    for (; System.nanoTime() < end; seed++) {
      live(seed, folder);
    }
    System.out.printf("seeds %d to %d: all agree with the model%n", first, seed - 1);
  }
}
