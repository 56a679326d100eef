package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KernelModulesTest {

  private static final String DEPENDENCIES =
      """
      kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko.xz
      kernel/lib/libcrc32c.ko.xz:
      kernel/crypto/crc32c_generic.ko.xz:
      kernel/drivers/virtio-gpu.ko.xz: kernel/drm_helper.ko.xz kernel/drm.ko.xz
      kernel/drm_helper.ko.xz: kernel/drm.ko.xz
      kernel/drm.ko.xz:
      """;
  private static final String SOFT =
      """
      # Soft dependencies extracted from modules themselves.
      softdep libcrc32c pre: crc32c post: nothing
      softdep libcrc32c pre: crc32c_generic
      """;

  private final KernelModules modules;

  KernelModulesTest() throws IOException {
    modules = new KernelModules(DEPENDENCIES, SOFT, "kernel/drivers/virtio/virtio_pci.ko\n");
  }

  @Test
  void whatAModuleNeedsComesBeforeIt() throws IOException {
    assertEquals(
        List.of("kernel/drm.ko.xz", "kernel/drm_helper.ko.xz", "kernel/drivers/virtio-gpu.ko.xz"),
        modules.loadOrder(List.of("virtio_gpu")));
  }

  @Test
  void aSoftDependencyCountsToo() throws IOException {
    assertEquals(
        List.of(
            "kernel/crypto/crc32c_generic.ko.xz",
            "kernel/lib/libcrc32c.ko.xz",
            "kernel/fs/erofs/erofs.ko.xz"),
        modules.loadOrder(List.of("erofs")));
  }

  @Test
  void aModuleThatIsBuiltInNeedsNoLoading() throws IOException {
    assertEquals(List.of(), modules.loadOrder(List.of("virtio_pci")));
  }

  @Test
  void anUnknownModuleIsNamed() {
    IOException error =
        assertThrows(IOException.class, () -> modules.loadOrder(List.of("virtio_gpx")));
    assertTrue(error.getMessage().contains("virtio_gpx"));
  }

  @Test
  void eachModuleComesOnceAndAfterItsNeedsWhateverTheGraph() throws IOException {
    Random random = new Random(5);
    for (int round = 0; round < 300; round++) {
      int count = 1 + random.nextInt(20);
      StringBuilder dependencies = new StringBuilder();
      StringBuilder soft = new StringBuilder();
      for (int i = 0; i < count; i++) {
        dependencies.append("m").append(i).append(".ko:");
        for (int other = i - 1; other >= 0; other--) {
          if (random.nextInt(3) == 0) {
            dependencies.append(" m").append(other).append(".ko");
          }
        }
        dependencies.append('\n');
        // May close a circle, as real ones do.
        soft.append("softdep m").append(i).append(" pre: m").append(random.nextInt(count));
        soft.append('\n');
      }
      KernelModules graph = new KernelModules(dependencies.toString(), soft.toString(), "");
      List<String> order = graph.loadOrder(List.of("m" + (count - 1)));
      assertEquals(order.size(), new HashSet<>(order).size());
    }
  }
}
