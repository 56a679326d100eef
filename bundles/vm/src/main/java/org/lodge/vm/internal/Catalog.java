package org.lodge.vm.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.lodge.configuration.ConfigurationKind;
import org.lodge.configuration.SchemaValidator;
import org.lodge.configuration.Schemas;
import org.lodge.images.ImageStatus;
import org.lodge.images.Images;
import org.lodge.vm.Definitions;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;
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

/**
 * The definitions in {@code config/vm}, as Config Admin hands them over, and what is wrong with
 * them.
 */
@Component(
    service = {
      Catalog.class,
      Definitions.class,
      ConfigurationKind.class,
      SynchronousConfigurationListener.class
    },
    property = ConfigurationKind.FOLDER + "=" + Catalog.FOLDER)
public final class Catalog
    implements Definitions, ConfigurationKind, SynchronousConfigurationListener {
  static final String FOLDER = "vm";
  private static final String PID = "org.lodge." + FOLDER;
  private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);

  private final ConfigurationAdmin admin;
  private final Schemas schemas;
  private final Services<Images> images = new Services<>();
  private final Services<GuestVolumes> volumes = new Services<>();
  private final Object schemaLock = new Object();
  private SchemaValidator schema;
  private final List<Consumer<DefinitionSet>> others = new CopyOnWriteArrayList<>();
  private Consumer<DefinitionSet> follower;
  private DefinitionSet current;

  @Activate
  public Catalog(@Reference ConfigurationAdmin admin, @Reference Schemas schemas) {
    this.admin = admin;
    this.schemas = schemas;
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addImages(Images service) {
    images.add("images", service);
  }

  void removeImages(Images service) {
    images.remove("images", service);
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addVolumes(GuestVolumes service) {
    volumes.add(Volumes.NAME, service);
  }

  void removeVolumes(GuestVolumes service) {
    volumes.remove(Volumes.NAME, service);
  }

  /** Compiled when first needed, as that takes tens of milliseconds. */
  SchemaValidator schema() {
    synchronized (schemaLock) {
      if (schema == null) {
        try (InputStream in = Catalog.class.getResourceAsStream("/schema/vm.schema.json")) {
          schema = schemas.compile(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      return schema;
    }
  }

  /** Hands over the definitions now, and again after each change; the initial set must be in. */
  synchronized void follow(Consumer<DefinitionSet> newFollower) {
    follower = newFollower;
    refresh();
  }

  synchronized void unfollow() {
    follower = null;
  }

  /** Hands over what the first follower gets; now, where there is something already. */
  synchronized void alsoFollow(Consumer<DefinitionSet> other) {
    others.add(other);
    if (current != null) {
      other.accept(current);
    }
  }

  void unfollow(Consumer<DefinitionSet> other) {
    others.remove(other);
  }

  @Override
  public void configurationEvent(ConfigurationEvent event) {
    if (PID.equals(event.getFactoryPid())) {
      synchronized (this) {
        if (follower != null) {
          refresh();
        }
      }
    }
  }

  /** Looks at everything again, also at files that were missing. */
  synchronized void refresh() {
    DefinitionSet before = current;
    current = DefinitionSet.of(sources(), schema());
    current.problems().stream()
        .filter(p -> before == null || !before.problems().contains(p))
        .forEach(p -> LOG.error("{}", sentence(p)));
    if (follower != null) {
      follower.accept(current);
    }
    others.forEach(other -> other.accept(current));
  }

  private synchronized DefinitionSet current() {
    return current == null ? DefinitionSet.of(sources(), schema()) : current;
  }

  /** False where it has a file, and that was refused. */
  synchronized boolean isGood(String name) {
    return current == null
        || current.good().containsKey(name)
        || !current.files().containsKey(name);
  }

  static String sentence(Problem problem) {
    return problem.file()
        + ": "
        + (problem.key().isEmpty() ? "" : problem.key() + ": ")
        + (problem.value().isEmpty() ? "" : problem.value() + ": ")
        + problem.message();
  }

  private SortedMap<String, DefinitionSet.Source> sources() {
    SortedMap<String, DefinitionSet.Source> sources = new TreeMap<>();
    try {
      Configuration[] found =
          admin.listConfigurations("(" + ConfigurationAdmin.SERVICE_FACTORYPID + "=" + PID + ")");
      for (Configuration configuration : found == null ? new Configuration[0] : found) {
        Dictionary<String, Object> properties = configuration.getProperties();
        if (properties != null && properties.get(NAME) instanceof String name) {
          sources.put(
              name,
              new DefinitionSet.Source(
                  Path.of((String) properties.get(FILE)),
                  (String) properties.get(JSON),
                  (String) properties.get(UNREADABLE)));
        }
      }
    } catch (IOException | InvalidSyntaxException e) {
      LOG.error("Config Admin does not say which guests are defined: {}", e.toString());
    }
    return sources;
  }

  @Override
  public List<Problem> problems() {
    DefinitionSet set = current();
    List<Problem> problems = new ArrayList<>(set.problems());
    problems.addAll(imageProblems(set, Set.of()));
    problems.addAll(volumeProblems(set));
    return problems;
  }

  @Override
  public List<Problem> refused() {
    return current().problems();
  }

  @Override
  public List<Problem> check(Path directory) {
    SortedMap<String, DefinitionSet.Source> sources = new TreeMap<>();
    Path folder = directory.toAbsolutePath().normalize();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "[!.]*.json")) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        sources.put(name.substring(0, name.length() - 5), source(file));
      }
    } catch (IOException e) {
      return List.of(new Problem(folder, "", "", "can't be read: " + e));
    }
    DefinitionSet set = DefinitionSet.of(sources, schema());
    List<Problem> problems = new ArrayList<>(set.problems());
    problems.addAll(imageProblems(set, imagesBeside(folder)));
    problems.addAll(volumeProblems(set));
    return problems;
  }

  private static DefinitionSet.Source source(Path file) {
    try {
      return new DefinitionSet.Source(file, Files.readString(file), null);
    } catch (IOException e) {
      return new DefinitionSet.Source(file, "", e.toString());
    }
  }

  /** In a folder that is only checked, images may be defined beside it. */
  private static Set<String> imagesBeside(Path folder) {
    Set<String> names = new HashSet<>();
    Path beside = folder.resolveSibling("image");
    if (Files.isDirectory(beside)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(beside, "*.json")) {
        files.forEach(f -> names.add(f.getFileName().toString().replaceFirst("\\.json$", "")));
      } catch (IOException e) {
        LOG.debug("Looking for images", e);
      }
    }
    return names;
  }

  /** An image may be defined after the guest, so an unknown one does not make a definition bad. */
  private List<Problem> imageProblems(DefinitionSet set, Set<String> more) {
    Set<String> known = new java.util.TreeSet<>(more);
    if (images.now("images").isEmpty()) {
      return List.of();
    }
    images.now("images").get().list().stream().map(ImageStatus::name).forEach(known::add);
    List<Problem> problems = new ArrayList<>();
    set.good()
        .forEach((name, definition) ->
            definition
                .image()
                .filter(image -> !known.contains(image))
                .ifPresent(image ->
                    problems.add(
                        new Problem(
                            set.files().get(name),
                            "image",
                            "\"" + image + "\"",
                            "no image is defined by this name; there are "
                                + String.join(", ", known)))));
    return problems;
  }

  /** A volume may be made after the definition, as an image may. */
  private List<Problem> volumeProblems(DefinitionSet set) {
    Optional<GuestVolumes> service = volumes.now(Volumes.NAME);
    List<Problem> problems = new ArrayList<>();
    set.good()
        .forEach((name, definition) ->
            definition.volumes().stream()
                .filter(use -> use.sizeBytes().isEmpty())
                .forEach(use ->
                    service
                        .flatMap(known -> known.problem(use.volume()))
                        .ifPresent(why ->
                            problems.add(
                                new Problem(
                                    set.files().get(name),
                                    use.as(),
                                    "\"" + use.volume() + "\"",
                                    why)))));
    return problems;
  }

  @Override
  public Map<String, List<VolumeUse>> volumes() {
    Map<String, List<VolumeUse>> byGuest = new TreeMap<>();
    current()
        .good()
        .forEach((name, definition) -> {
          if (!definition.volumes().isEmpty()) {
            byGuest.put(name, definition.volumes());
          }
        });
    return byGuest;
  }
}
