package org.lodge.images;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a guest boots: absolute paths of files that never change under this digest.
 *
 * @param digest of all files, hexadecimal SHA-256
 * @param root a read-only file system; the guest finds its disk by the serial {@code root}
 * @param kernelArguments for any accelerator
 * @param tcgKernelArguments added where the guest is emulated: quicker, and less hardened
 */
public record GuestImage(
    String name,
    String digest,
    Path kernel,
    Path initrd,
    Optional<Path> root,
    List<String> kernelArguments,
    List<String> tcgKernelArguments) {

  public GuestImage {
    kernelArguments = List.copyOf(kernelArguments);
    tcgKernelArguments = List.copyOf(tcgKernelArguments);
  }
}
