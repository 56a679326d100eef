package org.lodge.images.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.images.internal.ImageDefinition.AddedFile;
import org.lodge.images.internal.ImageDefinition.Content;
import org.lodge.images.internal.ImageDefinition.Service;

/** The files that Lodge puts into every guest: its small init, written in shell. */
final class GuestFiles {

  private static final List<String> PROGRAMS =
      List.of("setup", "services", "supervise", "power-button", "power-off");

  private GuestFiles() {}

  static byte[] init() throws IOException {
    return resource("init");
  }

  /** By path: Lodge's own, the services, and last the definition's files, which win. */
  static Map<String, AddedFile> ofRoot(ImageDefinition definition) throws IOException {
    Map<String, AddedFile> files = new LinkedHashMap<>();
    for (String program : PROGRAMS) {
      add(files, "/usr/lib/lodge/" + program, 0755, resource(program));
    }
    add(files, "/etc/inittab", 0644, resource("inittab"));
    add(files, "/etc/profile", 0644, resource("profile"));
    add(files, "/etc/hostname", 0644, new byte[0]);
    add(files, "/etc/fstab", 0644, new byte[0]);
    link(files, "/usr/lib/lodge/init", "/usr/bin/busybox");
    link(files, "/usr/lib/lodge/sh", "/usr/bin/busybox");
    int number = 0;
    for (Service service : definition.services()) {
      String name = "%02d-%s".formatted(number++, service.name());
      String script = "#!/bin/sh\nexec " + service.command() + "\n";
      add(files, "/etc/lodge/services/" + name, 0755, script.getBytes(StandardCharsets.UTF_8));
      if (service.notifies()) {
        add(files, "/etc/lodge/notifies/" + name, 0644, new byte[0]);
      }
    }
    for (AddedFile file : definition.files()) {
      files.put(file.path(), file);
    }
    return files;
  }

  /** Identifies these files, so that an image is built anew when they change. */
  static String digest() throws IOException {
    StringBuilder all = new StringBuilder(Digests.of(text(init())));
    for (String program : PROGRAMS) {
      all.append(text(resource(program)));
    }
    return Digests.of(
        all.append(text(resource("inittab"))).append(text(resource("profile"))).toString());
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static void add(Map<String, AddedFile> files, String path, int mode, byte[] bytes) {
    files.put(path, new AddedFile(path, mode, new Content.Bytes(bytes)));
  }

  private static void link(Map<String, AddedFile> files, String path, String target) {
    files.put(path, new AddedFile(path, 0777, new Content.Link(target)));
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = GuestFiles.class.getResourceAsStream("guest/" + name)) {
      if (in == null) {
        throw new IOException("this bundle lacks its file guest/" + name);
      }
      return in.readAllBytes();
    }
  }
}
