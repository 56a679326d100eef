package org.lodge.images.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lodge.images.BuildOptions;
import org.lodge.images.ImageException;
import org.lodge.images.ImageStatus.Origin;
import org.lodge.images.Progress;
import org.lodge.images.internal.ImageDefinition.AddedFile;
import org.lodge.images.internal.ImageDefinition.Content;
import org.lodge.images.internal.ImageStore.Stored;
import org.lodge.images.internal.PackageLock.Locked;
import org.lodge.images.internal.PackageLock.Use;

/**
 * Builds one image, from top to bottom: lock the packages, install them, take out what is not
 * wanted, unpack the kernel, write the initial RAM disk and the root.
 */
final class ImageBuilder {

  /** Raised when the same definition and lock shall give other bytes. */
  private static final String RECIPE = "1";

  /** Safe for any guest, and quicker: no self-tests, no probing of devices that are not there. */
  static final List<String> KERNEL_ARGUMENTS =
      List.of(
          "console=ttyS0",
          "quiet",
          "panic=-1",
          "8250.nr_uarts=1",
          "audit=0",
          "cryptomgr.notests",
          "rcupdate.rcu_expedited=1");

  /** Without protections that mean nothing to an emulated CPU, and without its slow probes. */
  static final List<String> TCG_KERNEL_ARGUMENTS =
      List.of(
          "mitigations=off",
          "nokaslr",
          "tsc=reliable",
          "no_timer_check",
          "rodata=off",
          "noreplace-smp",
          "initcall_blacklist=jent_mod_init,load_system_certificate_list");

  private final ImageStore store;
  private final Path etc;
  private final Path definitions;
  private final Path cache;
  private final Turns turns;

  /**
   * @param etc the machine's {@code /etc}
   * @param definitions the folder of definitions and committed locks
   */
  ImageBuilder(ImageStore store, Path etc, Path definitions, Path cache, Turns turns) {
    this.store = store;
    this.etc = etc;
    this.definitions = definitions;
    this.cache = cache;
    this.turns = turns;
  }

  Stored build(ImageDefinition definition, BuildOptions options, Progress progress)
      throws ImageException {
    Steps steps = new Steps(definition.name(), progress);
    try (var _ = turns.take(store.lockFile(definition.name()))) {
      Optional<PackageLock> known =
          steps.run("lock", () -> options.updateLock() ? Optional.empty() : knownLock(definition));
      if (known.isPresent() && !options.force()) {
        Optional<Stored> current = steps.run("store", () -> store.current(definition.name()));
        if (current.isPresent() && current.get().key().equals(key(definition, known.get()))) {
          return current.get();
        }
      }
      steps.run("tools", ImageBuilder::requireTools);
      PackageSource source = steps.run("sources", () -> source(definition));
      PackageLock lock = known.orElse(null);
      if (lock == null) {
        steps.say("asking the package source", 1);
        lock = steps.run("packages", () -> resolve(source, definition));
      }
      return build(definition, lock, source, options.force(), steps);
    } catch (IOException e) {
      throw new ImageException(definition.name(), "store", e.getMessage(), e);
    }
  }

  private Stored build(
      ImageDefinition definition,
      PackageLock lock,
      PackageSource source,
      boolean force,
      Steps steps)
      throws ImageException, IOException {
    Path work = store.newWork(definition.name());
    try {
      Path image = Files.createDirectory(work.resolve("image"));
      Map<String, Path> files = steps.run("download", () -> fetch(definition, lock, source, steps));

      steps.say("unpacking the kernel", 20);
      KernelPackage kernel =
          steps.run(
              "kernel",
              () -> KernelPackage.unpack(paths(lock, Use.KERNEL, files), work.resolve("kernel")));
      steps.run("kernel", () -> kernel.extractKernel(image.resolve(ImageStore.KERNEL)));

      Path installed =
          steps.run("root", () -> installed(definition, lock, files, work, force, steps));
      try (TarArchive archive = steps.run("root", () -> TarArchive.open(installed))) {
        steps.say("writing the initial RAM disk", 88);
        steps.run(
            "initrd",
            () ->
                Initramfs.make(
                    definition, kernel, archive, work, image.resolve(ImageStore.INITRD)));
        steps.say("writing the root", 90);
        steps.run(
            "root",
            () ->
                RootImage.make(definition, kernel, archive, work, image.resolve(ImageStore.ROOT)));
      }

      Files.writeString(image.resolve(ImageStore.LOCK), lock.text());
      List<String> all = joined(KERNEL_ARGUMENTS, definition.kernel().arguments());
      List<String> tcg = joined(TCG_KERNEL_ARGUMENTS, definition.kernel().tcgArguments());
      String key = key(definition, lock);
      Stored stored = store.publish(definition.name(), image, Origin.DEFINITION, key, all, tcg);
      steps.say("done", 100);
      return stored;
    } finally {
      Folders.delete(work);
    }
  }

  /** A lock that a person committed, or else the one of the image that is there. */
  Optional<PackageLock> knownLock(ImageDefinition definition) throws IOException {
    Path committed = committedLock(definition.name());
    String request = PackageSource.request(definition);
    if (Files.exists(committed)) {
      PackageLock lock = PackageLock.parse(committed.toString(), Files.readString(committed));
      if (!lock.request().equals(request)) {
        throw new IOException(
            committed
                + " was made for other packages than the definition now asks for. Lock them anew:"
                + " lodge image build --update-lock "
                + definition.name());
      }
      return Optional.of(lock);
    }
    Optional<Stored> current = store.current(definition.name());
    if (current.isEmpty() || current.get().origin() != Origin.DEFINITION) {
      return Optional.empty();
    }
    Path built = current.get().folder().resolve(ImageStore.LOCK);
    PackageLock lock = PackageLock.parse(built.toString(), Files.readString(built));
    return Optional.of(lock).filter(found -> found.request().equals(request));
  }

  /** Digest of all that an image is made from. */
  static String key(ImageDefinition definition, PackageLock lock) throws IOException {
    StringBuilder all = new StringBuilder();
    all.append(RECIPE).append('\n').append(GuestFiles.digest()).append('\n');
    all.append(Initramfs.choice()).append('\n');
    all.append(KERNEL_ARGUMENTS).append(TCG_KERNEL_ARGUMENTS).append('\n');
    all.append(definition.text()).append('\n').append(lock.text());
    for (AddedFile file : definition.files()) {
      if (file.content() instanceof Content.Bytes content) {
        all.append(Digests.of(new String(content.bytes(), StandardCharsets.ISO_8859_1)));
      }
    }
    return Digests.of(all.toString());
  }

  private static void requireTools() throws IOException {
    List<String> missing = Commands.missingPackages();
    if (!missing.isEmpty()) {
      throw new IOException(
          "this machine lacks programs that a build needs: apt-get install "
              + String.join(" ", missing));
    }
  }

  private PackageSource source(ImageDefinition definition) throws IOException {
    Path own = definitions.resolve("apt.sources");
    String sources =
        Files.exists(own)
            ? Files.readString(own)
            : MachineSources.forSuite(etc, definition.suite());
    return new PackageSource(cache, definition.suite(), sources);
  }

  private PackageLock resolve(PackageSource source, ImageDefinition definition) throws IOException {
    PackageLock lock;
    try (var _ = turns.take(aptTurn())) {
      lock = source.resolve(definition);
    }
    Path committed = committedLock(definition.name());
    if (Files.exists(committed)) {
      Path written =
          Files.writeString(committed.resolveSibling("." + committed.getFileName()), lock.text());
      Files.move(written, committed, StandardCopyOption.ATOMIC_MOVE);
    }
    return lock;
  }

  private Map<String, Path> fetch(
      ImageDefinition definition, PackageLock lock, PackageSource source, Steps steps)
      throws IOException {
    try (var _ = turns.take(aptTurn())) {
      return source.fetch(
          definition.name(),
          lock.packages(),
          (done, total) ->
              steps.say("downloading packages: " + done + " of " + total, 2 + 18 * done / total));
    }
  }

  /** The installed packages; kept in the cache, as most changes leave them as they are. */
  private Path installed(
      ImageDefinition definition,
      PackageLock lock,
      Map<String, Path> files,
      Path work,
      boolean force,
      Steps steps)
      throws IOException {
    List<Locked> packages = lock.of(Use.ROOT);
    String key = Digests.of(RECIPE + definition.variant() + lock.request() + packages);
    Path folder = Files.createDirectories(cache.resolve("installed"));
    Path kept = folder.resolve(definition.name() + "-" + key.substring(0, 16) + ".tar");
    if (Files.exists(kept) && !force) {
      return kept;
    }
    Path archive = work.resolve("installed.tar");
    int[] done = {0};
    Consumer<String> heard =
        line -> {
          if (line.startsWith("Unpacking ") || line.startsWith("Setting up ")) {
            int percent = 25 + Math.min(60, 60 * ++done[0] / (2 * packages.size()));
            steps.say(line.replaceFirst(" \\.\\.\\.$", "").replaceFirst(" \\(.*", ""), percent);
          }
        };
    steps.say("installing " + packages.size() + " packages", 25);
    RootArchive.make(definition, packages, files, work, archive, heard);
    try (DirectoryStream<Path> old =
        Files.newDirectoryStream(folder, definition.name() + "-????????????????.tar")) {
      for (Path file : old) {
        Files.delete(file);
      }
    }
    Path arriving = folder.resolve("." + kept.getFileName());
    Files.move(archive, arriving, StandardCopyOption.REPLACE_EXISTING);
    return Files.move(arriving, kept, StandardCopyOption.ATOMIC_MOVE);
  }

  private Path committedLock(String name) {
    return definitions.resolve(name + ".lock");
  }

  private Path aptTurn() {
    return cache.resolve(".packages.lock");
  }

  private static List<Path> paths(PackageLock lock, Use use, Map<String, Path> files) {
    return lock.of(use).stream().map(locked -> files.get(locked.sha256())).toList();
  }

  private static List<String> joined(List<String> one, List<String> other) {
    return Stream.concat(one.stream(), other.stream()).toList();
  }
}
