package org.lodge.device.blk.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/** Why a file can't be a disk, and what to do, in a person's words. */
final class Unusable {
  private static final int EACCES = 13;
  private static final int EROFS = 30;

  private Unusable() {}

  static DeviceException of(
      Path path, boolean writing, DeviceConfig config, LinuxException failure) {
    String reason = "can't be used: " + reason(path, writing, config, failure);
    return new DeviceException("open", config.fault("path", reason).getMessage(), failure);
  }

  private static String reason(
      Path path, boolean writing, DeviceConfig config, LinuxException failure) {
    if (Files.isDirectory(path)) {
      return path + " is a folder; give a file or a block device";
    }
    String access = writing ? "read and write" : "read";
    return switch (failure.errno()) {
      case LinuxException.ENOENT -> missing(path, config);
      case LinuxException.EINVAL -> path + " is neither a file nor a block device";
      case EACCES, LinuxException.EPERM ->
          "Lodge, which runs as %s, may not %s %s"
              .formatted(System.getProperty("user.name"), access, path);
      case EROFS -> path + " can't be written; say readOnly=true to have it read only";
      default -> failure.getMessage();
    };
  }

  private static String missing(Path path, DeviceConfig config) {
    boolean relative = !Path.of(String.valueOf(config.values().get("path"))).isAbsolute();
    return "there is no file "
        + path
        + (relative ? "; put it there, or give an absolute path" : "; make it, or give another");
  }
}
