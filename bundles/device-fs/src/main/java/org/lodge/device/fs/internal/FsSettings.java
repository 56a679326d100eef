package org.lodge.device.fs.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Rules;
import org.lodge.filesystem.Rules.Xattrs;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/**
 * What a person may say of a file system device: a share by its name, or a directory of the host.
 *
 * @param tag by which the guest mounts it, 1 to 36 bytes
 * @param directory empty where it is a share
 * @param share empty where it is a directory
 * @param rules for a directory; a share has its own
 * @param queues for requests, beside the one of high priority; 1 to 16
 * @param sharesLocks whether locks are seen by all who share the files, not by this guest alone
 * @param acl whether the guest's kernel heeds access control lists
 * @param workers threads for what takes long, 1 to 64
 */
record FsSettings(
    String tag,
    Optional<String> share,
    Optional<DirectorySettings> directory,
    Rules rules,
    Caching caching,
    boolean sharesLocks,
    boolean acl,
    int queues,
    int workers) {

  static FsSettings read(DeviceConfig config) throws DeviceException {
    config.allowOnly(
        "tag",
        "share",
        "path",
        "readOnly",
        "cache",
        "locks",
        "acl",
        "queues",
        "workers",
        "uid",
        "hostUid",
        "xattrs",
        "descriptorsMax");
    Optional<String> share = config.text("share");
    if (share.isPresent() == config.values().containsKey("path")) {
      throw config.fault(
          "share",
          "or path must be given, and not both: the name of a share, or a directory of the host");
    }
    Caching caching = caching(config);
    boolean acl = config.flag("acl", false);
    if (acl && config.values().containsKey("uid")) {
      throw config.fault("acl", "needs the owners as they are: leave out uid, or acl");
    }
    Optional<DirectorySettings> directory =
        share.isPresent() ? Optional.empty() : Optional.of(directory(config));
    return new FsSettings(
        tag(config),
        share,
        directory,
        new Rules(config.flag("readOnly", false), false, xattrs(config), acl, List.of(), 0, 0, 0),
        caching,
        sharesLocks(config, caching),
        acl,
        (int) config.number("queues", 1, 1, 16),
        (int) config.number("workers", 8, 1, 64));
  }

  private static DirectorySettings directory(DeviceConfig config) throws DeviceException {
    Path path = config.requiredPath("path", "/srv/docs");
    if (!path.isAbsolute()) {
      throw config.fault("path", "must be absolute, not " + path);
    }
    return new DirectorySettings(
        path,
        (int) config.number("uid", -1, 0, Integer.MAX_VALUE),
        (int) config.number("hostUid", -1, 0, Integer.MAX_VALUE),
        (int) config.number("descriptorsMax", 4096, 64, 1_000_000));
  }

  private static String tag(DeviceConfig config) throws DeviceException {
    String tag = config.text("tag").orElse(config.device());
    int bytes = tag.getBytes(StandardCharsets.UTF_8).length;
    if (bytes < 1 || bytes > Fuse.TAG_BYTES || tag.indexOf('\0') >= 0) {
      throw config.fault("tag", "must be 1 to 36 bytes long");
    }
    return tag;
  }

  private static Caching caching(DeviceConfig config) throws DeviceException {
    String cache = config.text("cache").orElse("auto");
    return switch (cache) {
      case "none", "auto", "always" -> Caching.valueOf(cache.toUpperCase(Locale.ROOT));
      default -> throw config.fault("cache", "must be none, auto or always, not " + cache);
    };
  }

  /** With a cache that relies on nobody else there is nobody to share them with. */
  private static boolean sharesLocks(DeviceConfig config, Caching caching) throws DeviceException {
    String usual = caching == Caching.ALWAYS ? "guest" : "shared";
    String locks = config.text("locks").orElse(usual);
    return switch (locks) {
      case "shared" -> true;
      case "guest" -> false;
      default -> throw config.fault("locks", "must be shared or guest, not " + locks);
    };
  }

  /**
   * The guest's kernel tells of a file's closing only where locks or writes may be pending.
   *
   * @param nodesStay else what is read of one open file must not be kept for another
   */
  int fileFlags(boolean nodesStay) {
    Caching files = !nodesStay && caching == Caching.AUTO ? Caching.NONE : caching;
    return files.fileFlags() | (sharesLocks ? 0 : Fuse.FOPEN_NOFLUSH);
  }

  private static Xattrs xattrs(DeviceConfig config) throws DeviceException {
    String xattrs = config.text("xattrs").orElse("user");
    return switch (xattrs) {
      case "none", "user", "all" -> Xattrs.valueOf(xattrs.toUpperCase(Locale.ROOT));
      default -> throw config.fault("xattrs", "must be none, user or all, not " + xattrs);
    };
  }
}
