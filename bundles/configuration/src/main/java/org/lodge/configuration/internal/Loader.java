package org.lodge.configuration.internal;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.Map;
import org.lodge.configuration.ConfigurationKind;
import org.lodge.configuration.ConfigurationLoaded;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds {@code config/FOLDER/NAME.json} to Config Admin for every folder that a {@link
 * ConfigurationKind} names, at once and again whenever a file changes.
 */
@Component(
    immediate = true,
    service = {})
public final class Loader {
  private static final Logger LOG = LoggerFactory.getLogger(Loader.class);

  private record Served(FolderFeed feed, ServiceRegistration<ConfigurationLoaded> loaded) {}

  private final ConfigurationAdmin admin;
  private final BundleContext context;
  private final Path config;
  private final Map<String, Served> served = new HashMap<>();
  private final Map<String, Integer> wanted = new HashMap<>();
  private final FolderWatch watch;

  @Activate
  public Loader(@Reference ConfigurationAdmin admin, BundleContext context) {
    this.admin = admin;
    this.context = context;
    String directory = context.getProperty("lodge.config");
    this.config = Path.of(directory == null ? "config" : directory).toAbsolutePath().normalize();
    this.watch = new FolderWatch(config, this::synchroniseAll);
  }

  @Reference(
      service = ConfigurationKind.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC)
  void addKind(ServiceReference<ConfigurationKind> kind) {
    if (!(kind.getProperty(ConfigurationKind.FOLDER) instanceof String folder)
        || !folder.matches("[a-z][a-z0-9-]*")) {
      LOG.error(
          "{} registers a ConfigurationKind without a plain folder name in {}",
          kind.getBundle(),
          ConfigurationKind.FOLDER);
      return;
    }
    serve(folder);
  }

  void removeKind(ServiceReference<ConfigurationKind> kind) {
    if (kind.getProperty(ConfigurationKind.FOLDER) instanceof String folder) {
      release(folder);
    }
  }

  private synchronized void serve(String folder) {
    if (wanted.merge(folder, 1, Integer::sum) > 1) {
      return;
    }
    FolderFeed feed = new FolderFeed(admin, config, folder);
    // Watched before it is read, so that no change falls between.
    watch.add(feed.folder());
    feed.synchronise();
    Hashtable<String, Object> properties = new Hashtable<>();
    properties.put(ConfigurationKind.FOLDER, folder);
    served.put(
        folder,
        new Served(
            feed,
            context.registerService(
                ConfigurationLoaded.class, () -> synchronise(feed), properties)));
  }

  private synchronized void release(String folder) {
    if (wanted.merge(folder, -1, (a, b) -> a + b == 0 ? null : a + b) != null) {
      return;
    }
    Served gone = served.remove(folder);
    if (gone != null) {
      watch.remove(gone.feed().folder());
      gone.loaded().unregister();
    }
  }

  private synchronized void synchronise(FolderFeed feed) {
    feed.synchronise();
  }

  private synchronized void synchroniseAll() {
    served.values().forEach(folder -> folder.feed().synchronise());
  }

  @Deactivate
  void deactivate() {
    watch.close();
  }
}
