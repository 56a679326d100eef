package org.lodge.images.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * An image's initial RAM disk with Lodge's agent before it. The agent is not part of the image: so
 * it always is the one of the Lodge that runs, an import has it too, and no image is built anew for
 * it.
 *
 * <p>The kernel unpacks archives one after the other, and what comes first must not be compressed:
 * so an initial RAM disk of any kind may follow.
 */
final class AgentRamDisk {
  /** The agent is run first and then runs the RAM disk's own first program. */
  static final List<String> KERNEL_ARGUMENTS = List.of("rdinit=/lodge/init");

  /** The kernel wants 4; a block is what tools write. */
  private static final int ALIGNMENT_BYTES = 512;

  private static final String PROGRAM = "usr/lib/lodge/lodge-agent";

  /** What Lodge's own first program copies into the root. */
  private static final String ADDED = "add/";

  private final byte[] archive;
  private final String digest;

  AgentRamDisk(byte[] agent) throws IOException {
    archive = archive(agent);
    digest = Digests.of(new String(archive, StandardCharsets.ISO_8859_1));
  }

  /** Of what is put before a RAM disk. */
  String digest() {
    return digest;
  }

  private static byte[] archive(byte[] agent) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CpioWriter cpio = new CpioWriter(out);
    for (String folder : List.of("", "usr/", "usr/bin/", "usr/lib/", "usr/lib/lodge/")) {
      cpio.folder((ADDED + folder).replaceFirst("/$", ""));
    }
    cpio.file(ADDED + PROGRAM, 0755, agent);
    for (String name : List.of("lodge-agent", "lodge-call")) {
      cpio.link(ADDED + "usr/bin/" + name, "/" + PROGRAM);
    }
    cpio.folder("lodge");
    cpio.link("lodge/init", "/" + ADDED + PROGRAM);
    cpio.finish();
    out.write(new byte[-out.size() & (ALIGNMENT_BYTES - 1)]);
    return out.toByteArray();
  }

  /** The file with both, beside the image's own; made when first asked for. */
  Path before(Path initrd) throws IOException {
    Path both = initrd.resolveSibling("initrd-" + digest.substring(0, 16));
    if (Files.exists(both)) {
      return both;
    }
    Path partial = Files.createTempFile(initrd.getParent(), ".initrd-", "");
    try {
      try (OutputStream out = Files.newOutputStream(partial)) {
        out.write(archive);
        Files.copy(initrd, out);
      }
      Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("rw-r--r--"));
      return Files.move(partial, both, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(partial);
    }
  }
}
