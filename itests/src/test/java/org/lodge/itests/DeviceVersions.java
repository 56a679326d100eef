package org.lodge.itests;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Other versions of the bundle of a device, made of that of the distribution. */
final class DeviceVersions {
  private static final String IMPORTS = "Import-Package: ";

  private final LodgeHost host;
  private final String bundle;

  /**
   * @param bundle such as {@code device-blk}
   */
  DeviceVersions(LodgeHost host, String bundle) {
    this.host = host;
    this.bundle = bundle;
  }

  Path deploy(String version) throws IOException {
    return deployWithout("", version);
  }

  /** Deploys a version that wants a package that nobody has. */
  Path deployUnresolvable(String version) throws IOException {
    return deploy("", version, "Import-Package: org.nowhere,\r\n ");
  }

  /** Deploys a version that lacks one of its classes. */
  Path deployWithout(String entry, String version) throws IOException {
    return deploy(entry, version, IMPORTS);
  }

  /** Deploys a version in which a class of the bundle is another. */
  Path deployWith(String entry, byte[] replacement, String version) throws IOException {
    return deploy("", version, IMPORTS, Map.of(entry, replacement));
  }

  private Path deploy(String without, String version, String imports) throws IOException {
    return deploy(without, version, imports, Map.of());
  }

  private Path deploy(
      String without, String version, String imports, Map<String, byte[]> replacements)
      throws IOException {
    Path jar = host.place.resolve("state/deploy/" + bundle + "-" + version + ".jar");
    Path partial = host.place.resolve("partial.jar");
    try (ZipFile from = new ZipFile(ours().toFile());
        OutputStream out = Files.newOutputStream(partial);
        ZipOutputStream to = new ZipOutputStream(out)) {
      for (ZipEntry each : Collections.list(from.entries())) {
        if (without.isEmpty() || !each.getName().endsWith(without)) {
          byte[] bytes =
              replacements.containsKey(each.getName())
                  ? replacements.get(each.getName())
                  : from.getInputStream(each).readAllBytes();
          to.putNextEntry(new ZipEntry(each.getName()));
          to.write(inVersion(version, imports, each.getName(), bytes));
        }
      }
    }
    return Files.move(partial, jar, StandardCopyOption.ATOMIC_MOVE);
  }

  private Path ours() throws IOException {
    try (var files = Files.list(Distribution.home().resolve("system"))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(bundle + "-"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static byte[] inVersion(String version, String imports, String name, byte[] bytes) {
    boolean manifest = name.equals("META-INF/MANIFEST.MF");
    if (!manifest && !name.startsWith("OSGI-INF/")) {
      return bytes;
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    return (manifest
            ? text.replaceFirst("Bundle-Version: \\S+", "Bundle-Version: " + version)
                .replace(IMPORTS, imports)
            : text.replace("value=\"1.0.0\"", "value=\"" + version + "\""))
        .getBytes(StandardCharsets.UTF_8);
  }
}
