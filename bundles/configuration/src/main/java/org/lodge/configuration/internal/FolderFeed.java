package org.lodge.configuration.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import org.lodge.configuration.ConfigurationKind;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the configurations of one folder's factory PID equal to the folder's files. */
final class FolderFeed {
  private static final Logger LOG = LoggerFactory.getLogger(FolderFeed.class);

  private final ConfigurationAdmin admin;
  private final String factoryPid;
  private final Path folder;

  FolderFeed(ConfigurationAdmin admin, Path config, String folderName) {
    this.admin = admin;
    this.factoryPid = "org.lodge." + folderName;
    this.folder = config.resolve(folderName).toAbsolutePath();
  }

  Path folder() {
    return folder;
  }

  /** Reads the folder and updates what differs. A folder that can't be listed changes nothing. */
  void synchronise() {
    SortedMap<String, FolderReader.Text> files;
    try {
      files = FolderReader.read(folder);
    } catch (IOException e) {
      LOG.error("{} can't be read, what was read before stays: {}", folder, e.toString());
      return;
    }
    try {
      deleteMissing(files);
      for (Map.Entry<String, FolderReader.Text> file : files.entrySet()) {
        deliver(file.getKey(), file.getValue());
      }
    } catch (IOException e) {
      LOG.error("{} could not be delivered completely: {}", folder, e.toString());
    }
  }

  private void deleteMissing(SortedMap<String, FolderReader.Text> files) throws IOException {
    for (Configuration configuration : configurations()) {
      Object name = configuration.getProperties().get(ConfigurationKind.NAME);
      if (name == null || !files.containsKey(name)) {
        configuration.delete();
      }
    }
  }

  private Configuration[] configurations() throws IOException {
    try {
      Configuration[] found =
          admin.listConfigurations(
              "(" + ConfigurationAdmin.SERVICE_FACTORYPID + "=" + factoryPid + ")");
      return found == null ? new Configuration[0] : found;
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private void deliver(String name, FolderReader.Text text) throws IOException {
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(ConfigurationKind.NAME, name);
    properties.put(ConfigurationKind.FILE, text.file().toString());
    properties.put(ConfigurationKind.JSON, text.json());
    if (text.unreadable() != null) {
      properties.put(ConfigurationKind.UNREADABLE, text.unreadable());
    }
    Configuration configuration = admin.getFactoryConfiguration(factoryPid, name, "?");
    if (differs(configuration.getProperties(), properties)) {
      configuration.update(properties);
    }
  }

  private static boolean differs(
      Dictionary<String, Object> before, Dictionary<String, Object> after) {
    if (before == null) {
      return true;
    }
    for (String key :
        new String[] {
          ConfigurationKind.NAME,
          ConfigurationKind.FILE,
          ConfigurationKind.JSON,
          ConfigurationKind.UNREADABLE
        }) {
      if (!Objects.equals(before.get(key), after.get(key))) {
        return true;
      }
    }
    return false;
  }
}
