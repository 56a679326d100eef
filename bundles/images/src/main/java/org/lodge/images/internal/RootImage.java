package org.lodge.images.internal;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.lodge.images.internal.ImageDefinition.AddedFile;
import org.lodge.images.internal.ImageDefinition.Content;
import org.lodge.images.internal.TarArchive.Entry;

/**
 * The guest's read-only root, a squashfs: what is wanted of the installed packages, then Lodge's
 * and the definition's files, then the kernel's modules. It passes as one tar archive to
 * squashfs-tools, so owners and device files need no privilege here.
 */
final class RootImage {

  private RootImage() {}

  static void make(
      ImageDefinition definition, KernelPackage kernel, TarArchive archive, Path work, Path target)
      throws IOException {
    Map<String, AddedFile> added = GuestFiles.ofRoot(definition);
    List<String> wanted = joined(definition.kernel().early(), definition.kernel().modules());
    List<String> modules = kernel.loadOrder(joined(wanted, Initramfs.STATE_MODULES));
    Path moduleFolder = kernel.copyModules(modules, work.resolve("modules"));
    List<Entry> kept =
        RootContents.select(
            archive, definition.prune(), definition.keepLibraries(), added.keySet());
    List<String> command = new ArrayList<>(List.of("sqfstar", "-quiet", "-no-progress"));
    command.addAll(List.of("-root-mode", "0755", "-root-uid", "0", "-root-gid", "0"));
    command.addAll(List.of("-comp", definition.compression()));
    command.add(target.toString());
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

  private static List<String> joined(List<String> one, List<String> other) {
    return Stream.concat(one.stream(), other.stream()).toList();
  }
}
