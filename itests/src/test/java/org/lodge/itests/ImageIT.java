package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.bench.Screens;

/** Images as they are built and booted. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ImageIT {
  private LodgeHost host;

  @BeforeEach
  void aHostOfItsOwn() throws Exception {
    host = new LodgeHost();
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  @Test
  void theSameLockGivesTheSameBytes() throws Exception {
    host.image("tiny");
    Map<String, Long> first = files("tiny");
    host.lodge("image", "build", "tiny", "--force").ok();
    Map<String, Long> second = files("tiny");
    assertEquals(first, second);
    LodgeHost.deleteTree(LodgeHost.images().resolve("tiny"));
  }

  @Test
  void theDisplayGuestShowsItsDesktop() throws Exception {
    host.define(
        "display",
        "{'image': 'display', 'memory': '512M', 'cpus': 2,"
            + " 'screen': {'width': 1024, 'height': 768}}");
    host.up();
    host.lodge("start", "display").ok();
    Path picture = host.place.resolve("screen.png");
    LodgeHost.until(
        "the desktop is visible",
        () -> {
          host.lodge("screenshot", "display", picture.toString()).ok();
          return Screens.showsADesktop(picture);
        });
  }

  /** Kernel, initrd and root by a checksum of their bytes. */
  private Map<String, Long> files(String image) throws Exception {
    JsonObject built =
        LodgeHost.json(host.lodge("image", "ls", "--json").ok().out())
            .asJsonObject()
            .getJsonArray("images")
            .getValuesAs(JsonObject.class)
            .stream()
            .filter(candidate -> candidate.getString("name").equals(image))
            .findFirst()
            .orElseThrow();
    Map<String, Long> files = new TreeMap<>();
    Path folder = LodgeHost.images().resolve(image);
    try (Stream<Path> found = Files.walk(folder)) {
      for (Path file : found.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        if (file.getParent()
                .getFileName()
                .toString()
                .startsWith(built.getString("digest").substring(0, 8))
            && !name.equals("image.json")) {
          CRC32C sum = new CRC32C();
          sum.update(Files.readAllBytes(file));
          files.put(name, sum.getValue());
        }
      }
    }
    assertTrue(files.keySet().containsAll(Set.of("kernel", "initrd", "root")), files.toString());
    return files;
  }
}
