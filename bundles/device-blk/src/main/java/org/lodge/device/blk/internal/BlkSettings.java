package org.lodge.device.blk.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lodge.blocks.BlockRequest;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/**
 * What a person may say of a disk.
 *
 * @param path of a file or block device; relative ones are in Lodge's folder of disks. Empty where
 *     the disk is kept elsewhere
 * @param elsewhere which disk of somebody else's it is
 * @param serial at most 20 bytes of ASCII
 * @param direct past the page cache
 * @param writeThrough each write is durable before it is answered
 * @param queues 1 to 64
 * @param workers threads for slow files and devices, 1 to 64
 * @param sizeMaxBytes of one buffer; 0 to say nothing of it
 * @param segMax buffers in a request
 * @param discard whether the guest may let go of space
 * @param discardMaxSectors in one discard or zeroing
 * @param bytesPerSecond limit; 0 for none
 * @param operationsPerSecond limit; 0 for none
 */
record BlkSettings(
    Optional<Path> path,
    Optional<BlockRequest> elsewhere,
    boolean readOnly,
    String serial,
    boolean direct,
    boolean writeThrough,
    int queues,
    int workers,
    int sizeMaxBytes,
    int segMax,
    boolean discard,
    int discardMaxSectors,
    long bytesPerSecond,
    long operationsPerSecond) {

  private static final String VOLUME = "volume";
  static final int SERIAL_BYTES = 20;
  private static final String GUEST = "[a-z][a-z0-9-]{0,30}";
  private static final String EXPORT = "[A-Za-z0-9._-]{0,64}";

  static BlkSettings read(DeviceConfig config, Path disks) throws DeviceException {
    config.allowOnly(
        "path",
        VOLUME,
        "readOnly",
        "serial",
        "direct",
        "cache",
        "queues",
        "workers",
        "sizeMax",
        "segMax",
        "discard",
        "discardMaxSectors",
        "bytesPerSecond",
        "operationsPerSecond",
        "from",
        "export",
        "socket",
        "waitSeconds",
        "unflushed");
    if (config.values().containsKey(VOLUME)) {
      // One by its name has become a path, or a disk that a guest keeps, before it comes here.
      throw config.fault(
          VOLUME,
          "must be the name of a volume, as in data or storage:data, not "
              + config.values().get(VOLUME));
    }
    boolean isElsewhere = config.values().containsKey("from");
    return new BlkSettings(
        isElsewhere
            ? Optional.empty()
            : Optional.of(disks.resolve(config.requiredPath("path", "disk.img"))),
        isElsewhere ? Optional.of(elsewhere(config)) : only(config),
        config.flag("readOnly", false),
        serial(config),
        config.flag("direct", false),
        writeThrough(config),
        (int) config.number("queues", 1, 1, 64),
        (int) config.number("workers", 8, 1, 64),
        (int) config.sizeBytes("sizeMax", 0, 4096, 1 << 30),
        (int) config.number("segMax", 254, 1, 1022),
        config.flag("discard", true),
        (int) config.number("discardMaxSectors", 1 << 21, 1, Integer.MAX_VALUE),
        config.sizeBytes("bytesPerSecond", 0, 1, 1L << 40),
        config.number("operationsPerSecond", 0, 1, 1_000_000_000));
  }

  /** As a driver reads it: padded with zeroes. */
  byte[] serialBytes() {
    return Arrays.copyOf(serial.getBytes(StandardCharsets.US_ASCII), SERIAL_BYTES);
  }

  private static Optional<BlockRequest> only(DeviceConfig config) throws DeviceException {
    for (String key : List.of("export", "socket", "waitSeconds", "unflushed")) {
      if (config.values().containsKey(key)) {
        throw config.fault(key, "is for a disk with from, which names the guest that keeps it");
      }
    }
    return Optional.empty();
  }

  private static BlockRequest elsewhere(DeviceConfig config) throws DeviceException {
    for (String key : List.of("path", "direct", "workers")) {
      if (config.values().containsKey(key)) {
        throw config.fault(key, "is for a file of this host; leave it out, or leave out from");
      }
    }
    String from = config.requiredText("from", "storage");
    String export = config.text("export").orElse("");
    boolean isFromHost = from.equals(BlockRequest.HOST);
    if (!from.matches(GUEST)) {
      throw config.fault("from", "must be the name of a guest, or host, not '" + from + "'");
    }
    if (from.equals(config.guest())) {
      throw config.fault("from", "must be another guest than the one that gets the disk");
    }
    if (!export.matches(EXPORT)) {
      throw config.fault("export", "must be at most 64 of A-Z, a-z, 0-9, dot, _ and -");
    }
    if (isFromHost != config.values().containsKey("socket")) {
      throw config.fault(
          "socket", "must be given with from=host, and only then: the path of an NBD server");
    }
    return new BlockRequest(
        config.guest(),
        config.device(),
        from,
        export,
        isFromHost ? Optional.of(socket(config)) : Optional.empty(),
        config.flag("readOnly", false),
        Duration.ofSeconds(config.number("waitSeconds", 30, 0, 86_400)),
        (int) config.sizeBytes("unflushed", 32 << 20, 1 << 20, 1 << 30));
  }

  private static Path socket(DeviceConfig config) throws DeviceException {
    Path socket = config.requiredPath("socket", "/run/nbd.sock");
    if (!socket.isAbsolute()) {
      throw config.fault("socket", "must be an absolute path, not " + socket);
    }
    return socket;
  }

  private static String serial(DeviceConfig config) throws DeviceException {
    String serial = config.text("serial").orElse(config.device());
    if (!StandardCharsets.US_ASCII.newEncoder().canEncode(serial)) {
      throw config.fault("serial", "must be plain ASCII");
    }
    if (serial.length() > SERIAL_BYTES) {
      if (config.text("serial").isPresent()) {
        throw config.fault("serial", "must be at most 20 characters long");
      }
      return serial.substring(0, SERIAL_BYTES);
    }
    return serial;
  }

  private static boolean writeThrough(DeviceConfig config) throws DeviceException {
    return switch (config.text("cache").orElse("writeback")) {
      case "writeback" -> false;
      case "writethrough" -> true;
      default -> throw config.fault("cache", "must be writeback or writethrough");
    };
  }
}
