package org.lodge.device.blk.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/**
 * What a person may say of a disk.
 *
 * @param path of a file or block device; relative ones are in Lodge's folder of disks
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
    Path path,
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

  static final int SERIAL_BYTES = 20;

  static BlkSettings read(DeviceConfig config, Path disks) throws DeviceException {
    config.allowOnly(
        "path",
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
        "operationsPerSecond");
    return new BlkSettings(
        disks.resolve(config.requiredPath("path", "disk.img")),
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
