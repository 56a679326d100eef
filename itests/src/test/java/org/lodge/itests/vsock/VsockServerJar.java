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

/**
 * {@code VsockServer} and {@code VsockJoins} as bundles. They are not loaded here: their OSGi is in
 * the container only.
 */
public final class VsockServerJar {
  private static final String PACKAGE = VsockServerJar.class.getPackageName() + ".";

  private VsockServerJar() {}

  /**
   * Puts the server into a Lodge that runs; it is there once a file {@code ready} is in the folder.
   *
   * @param deployFolder which that Lodge watches
   * @param folder for the sockets
   */
  public static Path deploy(Path deployFolder, Path folder) throws IOException {
    return deploy(deployFolder, folder, "VsockServer", "Vsock-Folder", folder.toString());
  }

  /**
   * Puts the joins into a Lodge that runs.
   *
   * @param folder for what is made
   * @param guest that is connected to
   */
  public static Path deployJoins(Path deployFolder, Path folder, String guest) throws IOException {
    return deploy(deployFolder, folder, "VsockJoins", "Vsock-Guest", guest);
  }

  private static Path deploy(
      Path deployFolder, Path folder, String name, String header, String value) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    Map.of(
            "Bundle-ManifestVersion",
            "2",
            "Bundle-SymbolicName",
            PACKAGE + name,
            "Bundle-Version",
            "1.0.0",
            "Bundle-Activator",
            PACKAGE + name,
            "Import-Package",
            "org.lodge.vhostuser,org.lodge.vsock,org.osgi.framework",
            header,
            value)
        .forEach(attributes::putValue);
    Path partial = folder.resolve(name + ".jar");
    String entry = (PACKAGE + name).replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(partial);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      jar.putNextEntry(new ZipEntry(entry));
      jar.write(VsockServerJar.class.getClassLoader().getResourceAsStream(entry).readAllBytes());
    }
    return Files.move(
        partial, deployFolder.resolve(partial.getFileName()), StandardCopyOption.ATOMIC_MOVE);
  }
}
