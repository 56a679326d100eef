package org.lodge.boot.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.osgi.framework.Constants;

/**
 * What a jar says of itself.
 *
 * @param name its symbolic name; null where it has none
 * @param unreadable why it can't be read; null where it can
 */
record JarContents(String name, String version, String unreadable) {

  static JarContents of(Path jar) {
    try (JarFile file = new JarFile(jar.toFile())) {
      return of(file.getManifest());
    } catch (IOException | RuntimeException e) {
      return new JarContents(null, "", String.valueOf(e.getMessage()));
    }
  }

  private static JarContents of(Manifest manifest) {
    Attributes of = manifest == null ? new Attributes() : manifest.getMainAttributes();
    String name = of.getValue(Constants.BUNDLE_SYMBOLICNAME);
    String version = String.valueOf(of.getValue(Constants.BUNDLE_VERSION)).strip();
    return new JarContents(name == null ? null : name.split(";")[0].strip(), version, null);
  }
}
