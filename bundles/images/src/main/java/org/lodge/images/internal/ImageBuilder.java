package org.lodge.images.internal;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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
import org.lodge.images.internal.TarArchive.Entry;

/**
 * Builds one image, from top to bottom: lock the packages, install them, take out what is not
 * wanted, unpack the kernel, write the initial RAM disk and the root.
 */
final class ImageBuilder {

  /** Raised when the same definition and lock shall give other bytes. */
  private static final String RECIPE = "1";

  private static final List<String> ROOT_MODULES = List.of("virtio_blk", "squashfs", "overlay");
  private static final List<String> STATE_MODULES = List.of("ext4");

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
        steps.run("initrd", () -> writeInitrd(definition, kernel, archive, work, image));
        steps.say("writing the root", 90);
        steps.run("root", () -> writeRoot(definition, kernel, archive, work, image));
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

  private static void writeInitrd(
      ImageDefinition definition, KernelPackage kernel, TarArchive archive, Path work, Path image)
      throws IOException {
    List<String> root = kernel.loadOrder(ROOT_MODULES);
    List<String> state = without(kernel.loadOrder(STATE_MODULES), root);
    List<String> early = without(kernel.loadOrder(definition.kernel().early()), root);
    Set<String> all = new LinkedHashSet<>(root);
    all.addAll(state);
    all.addAll(early);
    Path copies = kernel.copyModules(all, work.resolve("early"));
    List<Path> files = new ArrayList<>();
    all.forEach(path -> files.add(copies.resolve(KernelPackage.uncompressed(path))));
    Entry busybox =
        archive.entries().stream()
            .filter(entry -> entry.path().equals("/usr/bin/busybox"))
            .findFirst()
            .orElseThrow(() -> new IOException("the packages brought no /usr/bin/busybox"));
    Initramfs.write(
        image.resolve(ImageStore.INITRD),
        archive.read(busybox, 0, Integer.MAX_VALUE),
        GuestFiles.init(),
        new Initramfs.Modules(names(root), names(state), names(early)),
        files);
  }

  private static void writeRoot(
      ImageDefinition definition, KernelPackage kernel, TarArchive archive, Path work, Path image)
      throws IOException {
    Map<String, AddedFile> added = GuestFiles.ofRoot(definition);
    List<String> wanted = joined(definition.kernel().early(), definition.kernel().modules());
    List<String> modules = kernel.loadOrder(joined(wanted, STATE_MODULES));
    Path moduleFolder = kernel.copyModules(modules, work.resolve("modules"));
    List<Entry> kept =
        RootContents.select(
            archive, definition.prune(), definition.keepLibraries(), added.keySet());
    List<String> command = new ArrayList<>(List.of("sqfstar", "-quiet", "-no-progress"));
    command.addAll(List.of("-root-mode", "0755", "-root-uid", "0", "-root-gid", "0"));
    command.addAll(List.of("-comp", definition.compression()));
    command.addAll(
        definition.compression().equals("lz4")
            ? List.of("-Xhc")
            : List.of("-Xcompression-level", "15"));
    command.add(image.resolve(ImageStore.ROOT).toString());
    Commands.run(
        work,
        Map.of("SOURCE_DATE_EPOCH", RootArchive.EPOCH_SECONDS),
        command,
        line -> {},
        out -> writeTar(archive, kept, added.values(), moduleFolder, out));
  }

  private static void writeTar(
      TarArchive archive,
      List<Entry> kept,
      Collection<AddedFile> added,
      Path moduleFolder,
      OutputStream out)
      throws IOException {
    Set<String> folders = new HashSet<>();
    WritableByteChannel channel = Channels.newChannel(out);
    for (Entry entry : kept) {
      archive.copy(entry, channel);
      if (entry.type() == '5') {
        folders.add(entry.path());
      } else if (entry.type() == '2') {
        refuseBelow(entry, added);
      }
    }
    TarWriter tar = new TarWriter(new BufferedOutputStream(out, 1 << 16));
    for (AddedFile file : added) {
      writeParents(tar, file.path(), folders);
      switch (file.content()) {
        case Content.Bytes content -> tar.file(file.path(), file.mode(), content.bytes());
        case Content.Link link -> tar.link(file.path(), link.target());
      }
    }
    String place = "/usr/lib/modules/" + moduleFolder.getFileName() + "/";
    try (Stream<Path> files = Files.walk(moduleFolder)) {
      for (Path file : new TreeSet<>(files.filter(Files::isRegularFile).toList())) {
        String path = place + moduleFolder.relativize(file);
        writeParents(tar, path, folders);
        tar.file(path, 0644, Files.readAllBytes(file));
      }
    }
    tar.finish();
  }

  private static void writeParents(TarWriter tar, String path, Set<String> folders)
      throws IOException {
    for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      if (folders.add(path.substring(0, slash))) {
        tar.folder(path.substring(0, slash));
      }
    }
  }

  private static void refuseBelow(Entry link, Collection<AddedFile> added) throws IOException {
    for (AddedFile file : added) {
      if (file.path().startsWith(link.path() + "/")) {
        throw new IOException(
            file.path()
                + " lies below a symbolic link: write the path that it leads to, below "
                + link.link());
      }
    }
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

  private static List<String> names(List<String> modulePaths) {
    return modulePaths.stream()
        .map(path -> path.substring(path.lastIndexOf('/') + 1))
        .map(KernelPackage::uncompressed)
        .toList();
  }

  private static List<String> without(List<String> all, List<String> some) {
    return all.stream().filter(one -> !some.contains(one)).toList();
  }

  private static List<String> joined(List<String> one, List<String> other) {
    return Stream.concat(one.stream(), other.stream()).toList();
  }
}
