package org.lodge.boot.internal;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
  Optional<String> reason(SeenJar jar) {
    if (ofJar(jar.jar()).anyMatch(each -> each.getState() == Bundle.ACTIVE)) {
      return Optional.empty();
    }
    JarContents contents = jar.contents();
    if (contents.unreadable() != null) {
      return Optional.of("it can't be read: " + contents.unreadable());
    }
    return ofJar(jar.jar()).findAny().isPresent() ? Optional.empty() : unlike(contents);
  }

  private Stream<Bundle> ofJar(Path jar) {
    return bundles.stream().filter(each -> Deployments.jar(each).equals(jar));
  }

  private Optional<String> unlike(JarContents contents) {
    if (contents.name() == null) {
      return Optional.of("it is no OSGi bundle, for want of " + Constants.BUNDLE_SYMBOLICNAME);
    }
    String own = contents.name();
    String version = contents.version();
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
