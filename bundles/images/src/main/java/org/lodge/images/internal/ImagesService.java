package org.lodge.images.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.lodge.agent.Agents;
import org.lodge.configuration.Schemas;
import org.lodge.images.BuildOptions;
import org.lodge.images.GuestImage;
import org.lodge.images.ImageException;
import org.lodge.images.ImageStatus;
import org.lodge.images.ImageStatus.Origin;
import org.lodge.images.Images;
import org.lodge.images.Progress;
import org.lodge.images.internal.ImageStore.Stored;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The images of this Lodge. Definitions are read when they are asked for, as nothing happens with
 * them before. Folders: framework properties {@code lodge.config}, {@code lodge.state}, {@code
 * lodge.cache}; {@code lodge.images} moves the images out of the state.
 */
@Component
public final class ImagesService implements Images {

  private static final String NO_LOCK = "";
  private static final String IMPORT_ARGUMENTS = "kernel-arguments";

  private final Path definitions;
  private final ImageStore store;
  private final ImageBuilder builder;
  private final DefinitionReader reader;
  private final AgentRamDisk agentRamDisk;
  private final Turns turns = new Turns();

  @Activate
  public ImagesService(BundleContext context, @Reference Schemas schemas, @Reference Agents agents)
      throws IOException {
    this(
        folder(context, "lodge.config", "").resolve("image"),
        folder(context, "lodge.images", folder(context, "lodge.state", "") + "/images"),
        folder(context, "lodge.cache", ""),
        schemas,
        agents);
  }

  private ImagesService(Path definitions, Path images, Path cache, Schemas schemas, Agents agents)
      throws IOException {
    this.definitions = definitions;
    this.store = new ImageStore(images);
    this.builder = new ImageBuilder(store, Path.of("/etc"), definitions, cache, turns);
    try (InputStream in = ImagesService.class.getResourceAsStream("image.json")) {
      String schema = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      this.reader = new DefinitionReader(schemas.compile(schema));
    }
    try (InputStream program = agents.program()) {
      this.agentRamDisk = new AgentRamDisk(program.readAllBytes());
    }
  }

  private static Path folder(BundleContext context, String property, String otherwise) {
    String value = context.getProperty(property);
    if (value == null && otherwise.isEmpty()) {
      throw new IllegalStateException("the framework property " + property + " is not set");
    }
    return Path.of(value == null ? otherwise : value).toAbsolutePath();
  }

  @Override
  public List<ImageStatus> list() {
    TreeSet<String> names = new TreeSet<>();
    List<ImageStatus> all = new ArrayList<>();
    try {
      names.addAll(store.names());
      if (Files.isDirectory(definitions)) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(definitions, "*.json")) {
          files.forEach(file -> names.add(file.getFileName().toString().replace(".json", "")));
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("the images cannot be listed: " + e, e);
    }
    names.forEach(name -> all.add(status(name)));
    return all;
  }

  @Override
  public ImageStatus build(String name, BuildOptions options, Progress progress)
      throws ImageException {
    return status(builder.build(definition(name), options, progress), true, Optional.empty());
  }

  @Override
  public ImageStatus importDirectory(String name, Path directory) throws ImageException {
    if (!DefinitionReader.isName(name)) {
      throw failed(name, "import", "'" + name + "': a letter, then letters, digits or '-'", null);
    }
    if (Files.exists(definitionFile(name))) {
      throw failed(
          name, "import", "an image '" + name + "' is defined in " + definitionFile(name), null);
    }
    try (var _ = turns.take(store.lockFile(name))) {
      Path work = store.newWork(name);
      try {
        for (String part : List.of(ImageStore.KERNEL, ImageStore.INITRD, ImageStore.ROOT)) {
          Path file = directory.resolve(part);
          if (Files.isRegularFile(file)) {
            Files.copy(file, work.resolve(part));
          } else if (!part.equals(ImageStore.ROOT)) {
            throw failed(name, "import", file + " is missing: an image needs it", null);
          }
        }
        return status(
            store.publish(name, work, Origin.IMPORT, NO_LOCK, arguments(directory), List.of()),
            true,
            Optional.empty());
      } finally {
        Folders.delete(work);
      }
    } catch (IOException e) {
      throw failed(name, "import", "image " + name + " cannot be imported: " + e, e);
    }
  }

  /** An import may say its own command line; otherwise what any guest's serial console needs. */
  private static List<String> arguments(Path directory) throws IOException {
    Path file = directory.resolve(IMPORT_ARGUMENTS);
    if (!Files.exists(file)) {
      return List.of("console=ttyS0", "panic=-1");
    }
    String text = Files.readString(file).strip();
    return text.isEmpty() ? List.of() : List.of(text.split("\\s+"));
  }

  @Override
  public GuestImage resolve(String name) throws ImageException {
    Optional<Stored> stored;
    try {
      stored = DefinitionReader.isName(name) ? store.current(name) : Optional.empty();
    } catch (IOException e) {
      throw failed(name, "store", e.getMessage(), e);
    }
    Stored image =
        stored.orElseThrow(() ->
            Files.exists(definitionFile(name))
                ? failed(
                    name,
                    "store",
                    "image " + name + " is not built yet: lodge image build " + name,
                    null)
                : failed(name, "store", unknown(name), null));
    return new GuestImage(
        name,
        image.digest(),
        image.folder().resolve(ImageStore.KERNEL),
        image.folder().resolve(ImageStore.INITRD),
        image.root(),
        image.kernelArguments(),
        image.tcgKernelArguments());
  }

  @Override
  public GuestImage resolveWithAgent(String name) throws ImageException {
    GuestImage image = resolve(name);
    try {
      return new GuestImage(
          name,
          Digests.of(image.digest() + agentRamDisk.digest()),
          image.kernel(),
          agentRamDisk.before(image.initrd()),
          image.root(),
          Stream.concat(image.kernelArguments().stream(), AgentRamDisk.KERNEL_ARGUMENTS.stream())
              .toList(),
          image.tcgKernelArguments());
    } catch (IOException e) {
      throw failed(
          name,
          "agent",
          "the agent can't be put before " + image.initrd() + ": " + e.getMessage(),
          e);
    }
  }

  @Override
  public List<String> check(Path file) {
    return reader.read(file.toAbsolutePath()).problems();
  }

  private ImageDefinition definition(String name) throws ImageException {
    Path file = definitionFile(name);
    if (!DefinitionReader.isName(name) || !Files.exists(file)) {
      throw failed(name, "definition", unknown(name), null);
    }
    DefinitionReader.Result result = reader.read(file);
    return result
        .definition()
        .orElseThrow(() -> failed(name, "definition", String.join("\n", result.problems()), null));
  }

  private ImageStatus status(String name) {
    try {
      Optional<Stored> stored = store.current(name);
      Path file = definitionFile(name);
      if (!Files.exists(file)) {
        Stored kept = stored.orElseThrow(() -> new IOException("it has gone"));
        Optional<String> gone =
            kept.origin() == Origin.DEFINITION
                ? Optional.of("no definition of it at " + file + "; it stays as it was built")
                : Optional.empty();
        return status(kept, true, gone);
      }
      DefinitionReader.Result result = reader.read(file);
      Optional<String> problem = result.problems().stream().findFirst();
      if (stored.isEmpty()) {
        return status(name, problem);
      }
      boolean upToDate = false;
      if (result.definition().isPresent()) {
        ImageDefinition definition = result.definition().get();
        Optional<PackageLock> lock = builder.knownLock(definition);
        upToDate =
            lock.isPresent() && ImageBuilder.key(definition, lock.get()).equals(stored.get().key());
      }
      return status(stored.get(), upToDate, problem);
    } catch (IOException e) {
      return status(name, Optional.of(String.valueOf(e.getMessage())));
    } catch (ImageException e) {
      return status(name, Optional.of(e.getMessage()));
    }
  }

  private static ImageStatus status(String name, Optional<String> problem) {
    return new ImageStatus(
        name, Origin.DEFINITION, Optional.empty(), Optional.empty(), 0, false, problem);
  }

  private static ImageStatus status(Stored stored, boolean upToDate, Optional<String> problem)
      throws ImageException {
    try {
      return new ImageStatus(
          stored.name(),
          stored.origin(),
          Optional.of(stored.digest()),
          Optional.of(stored.builtAt()),
          stored.sizeBytes(),
          upToDate,
          problem);
    } catch (IOException e) {
      throw failed(stored.name(), "store", "image " + stored.name() + " cannot be read: " + e, e);
    }
  }

  private Path definitionFile(String name) {
    return definitions.resolve(name + ".json");
  }

  private String unknown(String name) {
    String known = String.join(", ", list().stream().map(ImageStatus::name).toList());
    return "there is no image '" + name + "'; there are: " + (known.isEmpty() ? "none" : known);
  }

  private static ImageException failed(String name, String step, String message, Throwable cause) {
    return new ImageException(name, step, message, cause);
  }
}
