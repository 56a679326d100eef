package org.lodge.boot.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;

/** Why the container has made no bundle of a jar that lies in the deploy folder. */
final class PassedOver {
  private final List<Bundle> bundles;

  PassedOver(List<Bundle> bundles) {
    this.bundles = bundles;
  }

  /** Empty where there is one, which tells by itself what else is wrong. */
  Optional<String> reason(Path jar) {
    if (ofJar(jar).anyMatch(each -> each.getState() == Bundle.ACTIVE)) {
      return Optional.empty();
    }
    try (JarFile file = new JarFile(jar.toFile())) {
      return ofJar(jar).findAny().isPresent() ? Optional.empty() : unlike(file.getManifest());
    } catch (IOException | RuntimeException e) {
      return Optional.of("it can't be read: " + e.getMessage());
    }
  }

  private Stream<Bundle> ofJar(Path jar) {
    return bundles.stream().filter(each -> Deployments.jar(each).equals(jar));
  }

  private Optional<String> unlike(Manifest manifest) {
    Attributes of = manifest == null ? new Attributes() : manifest.getMainAttributes();
    String name = of.getValue(Constants.BUNDLE_SYMBOLICNAME);
    if (name == null) {
      return Optional.of("it is no OSGi bundle, for want of " + Constants.BUNDLE_SYMBOLICNAME);
    }
    String own = name.split(";")[0].strip();
    String version = String.valueOf(of.getValue(Constants.BUNDLE_VERSION)).strip();
    return Optional.of(
        bundles.stream()
            .filter(each -> own.equals(each.getSymbolicName()))
            .filter(each -> each.getVersion().toString().equals(version))
            .findAny()
            .map(each ->
                "it is %s %s, as %s is; remove one of them"
                    .formatted(own, version, Deployments.jar(each).getFileName()))
            .orElse("it was passed over; copy it there again"));
  }
}
