package org.lodge.storage.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.lodge.configuration.ConfigurationKind;
import org.lodge.configuration.ConfigurationLoaded;
import org.lodge.configuration.SchemaValidator;
import org.lodge.configuration.Schemas;
import org.lodge.storage.Shares.Problem;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationEvent;
import org.osgi.service.cm.SynchronousConfigurationListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The definitions in {@code config/share}, as Config Admin hands them over. Thread-safe. */
@Component(
    service = {
      ShareDefinitions.class,
      ConfigurationKind.class,
      SynchronousConfigurationListener.class
    },
    property = ConfigurationKind.FOLDER + "=" + ShareDefinitions.FOLDER)
public final class ShareDefinitions implements ConfigurationKind, SynchronousConfigurationListener {
  static final String FOLDER = "share";
  private static final String PID = "org.lodge." + FOLDER;
  private static final Logger LOG = LoggerFactory.getLogger(ShareDefinitions.class);

  private final ConfigurationAdmin admin;
  private final Schemas schemas;
  private final List<Runnable> followers = new CopyOnWriteArrayList<>();
  private SchemaValidator schema;

  /** Of each share, what its file said when it was good last. */
  private Map<String, List<Grant>> grants = Map.of();

  /** What is wrong with files as they are now, by share. */
  private Map<String, Problem> refusals = Map.of();

  private List<Problem> problems = List.of();

  @Activate
  public ShareDefinitions(@Reference ConfigurationAdmin admin, @Reference Schemas schemas) {
    this.admin = admin;
    this.schemas = schemas;
    refresh();
  }

  /** The first files may have come before Config Admin knew whom to tell. */
  @Reference(
      target = "(" + ConfigurationKind.FOLDER + "=" + FOLDER + ")",
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC)
  void addInitialSet(ConfigurationLoaded initialSet) {
    changed();
  }

  void removeInitialSet(ConfigurationLoaded initialSet) {}

  /** Runs after each change, on the thread of Config Admin: soon done, please. */
  void follow(Runnable follower) {
    followers.add(follower);
  }

  void unfollow(Runnable follower) {
    followers.remove(follower);
  }

  synchronized List<Grant> grants() {
    return grants.values().stream().flatMap(List::stream).toList();
  }

  List<Grant> grants(String guest) {
    return grants().stream().filter(grant -> grant.guest().equals(guest)).toList();
  }

  /** Why a share is still what its file said before; empty where it is what the file says. */
  synchronized Optional<String> refusal(String share) {
    return Optional.ofNullable(refusals.get(share))
        .map(problem ->
            "its definition is refused as it is now, and the former one holds: %s: %s%s"
                .formatted(
                    problem.file(),
                    problem.key().isEmpty() ? "" : problem.key() + ": ",
                    problem.message()));
  }

  synchronized List<Problem> problems() {
    return problems;
  }

  @Override
  public void configurationEvent(ConfigurationEvent event) {
    if (PID.equals(event.getFactoryPid())) {
      changed();
    }
  }

  private void changed() {
    refresh();
    followers.forEach(Runnable::run);
  }

  private synchronized void refresh() {
    Map<String, List<Grant>> good = new TreeMap<>();
    Map<String, Problem> refused = new TreeMap<>();
    List<Problem> bad = new ArrayList<>();
    try {
      Configuration[] found =
          admin.listConfigurations("(" + ConfigurationAdmin.SERVICE_FACTORYPID + "=" + PID + ")");
      for (Configuration each : found == null ? new Configuration[0] : found) {
        Dictionary<String, Object> properties = each.getProperties();
        if (properties != null && properties.get(NAME) instanceof String name) {
          Path file = Path.of((String) properties.get(FILE));
          Object unreadable = properties.get(UNREADABLE);
          ShareReader.Result result =
              unreadable != null
                  ? new ShareReader.Result(
                      List.of(), List.of(new Problem(file, "", "", "can't be read: " + unreadable)))
                  : ShareReader.read(file, name, (String) properties.get(JSON), schema());
          bad.addAll(result.problems());
          if (result.problems().isEmpty()) {
            good.put(name, result.grants());
          } else if (grants.containsKey(name)) {
            // A slip must not take from guests what they have.
            good.put(name, grants.get(name));
            refused.put(name, result.problems().getFirst());
          }
        }
      }
    } catch (IOException | InvalidSyntaxException e) {
      LOG.error("Config Admin does not say which shares are defined: {}", e.toString());
    }
    bad.stream()
        .filter(problem -> !problems.contains(problem))
        .forEach(
            problem -> LOG.error("{}: {}: {}", problem.file(), problem.key(), problem.message()));
    grants = good;
    refusals = refused;
    problems = List.copyOf(bad);
  }

  /** Compiled when first needed, as that takes tens of milliseconds. */
  private synchronized SchemaValidator schema() {
    if (schema == null) {
      try (InputStream in = getClass().getResourceAsStream("/schema/share.schema.json")) {
        schema = schemas.compile(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return schema;
  }

  List<Problem> check(Path folder) {
    List<Problem> bad = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "[!.]*.json")) {
      for (Path file : files) {
        String name = file.getFileName().toString().replaceFirst("\\.json$", "");
        bad.addAll(ShareReader.read(file, name, Files.readString(file), schema()).problems());
      }
    } catch (IOException e) {
      bad.add(new Problem(folder, "", "", "can't be read: " + e));
    }
    return bad;
  }
}
