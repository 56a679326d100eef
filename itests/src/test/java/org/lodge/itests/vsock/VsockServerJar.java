package org.lodge.itests.vsock;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** {@code VsockServer} as a bundle. It is not loaded here: its OSGi is in the container only. */
public final class VsockServerJar {
  private static final String SERVER = VsockServerJar.class.getPackageName() + ".VsockServer";

  private VsockServerJar() {}

  /**
   * Puts it into a Lodge that runs; it is there once a file {@code ready} is in the folder.
   *
   * @param deployFolder which that Lodge watches
   * @param folder for the sockets
   */
  public static Path deploy(Path deployFolder, Path folder) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    Map.of(
            "Bundle-ManifestVersion",
            "2",
            "Bundle-SymbolicName",
            "org.lodge.itests.vsock",
            "Bundle-Version",
            "1.0.0",
            "Bundle-Activator",
            SERVER,
            "Import-Package",
            "org.lodge.vhostuser,org.lodge.vsock,org.osgi.framework",
            "Vsock-Folder",
            folder.toString())
        .forEach(attributes::putValue);
    Path partial = folder.resolve("vsock-server.jar");
    String entry = SERVER.replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(partial);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      jar.putNextEntry(new ZipEntry(entry));
      jar.write(VsockServerJar.class.getClassLoader().getResourceAsStream(entry).readAllBytes());
    }
    return Files.move(
        partial, deployFolder.resolve(partial.getFileName()), StandardCopyOption.ATOMIC_MOVE);
  }
}
