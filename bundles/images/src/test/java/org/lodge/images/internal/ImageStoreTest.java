package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.images.ImageStatus.Origin;
import org.lodge.images.internal.ImageStore.Stored;

class ImageStoreTest {

  @TempDir Path folder;
  private ImageStore store;

  @BeforeEach
  void anEmptyStore() {
    store = new ImageStore(folder.resolve("images"));
  }

  private Stored publish(String content) throws IOException {
    Path work = store.newWork("app");
    Files.writeString(work.resolve(ImageStore.KERNEL), content);
    Files.writeString(work.resolve(ImageStore.INITRD), "initrd");
    Files.setPosixFilePermissions(
        work.resolve(ImageStore.KERNEL), PosixFilePermissions.fromString("rw-------"));
    return store.publish("app", work, Origin.DEFINITION, "key", List.of("a"), List.of("b"));
  }

  @Test
  void whatIsPublishedIsFoundAgain() throws IOException {
    Stored published = publish("one");
    Stored found = store.current("app").orElseThrow();
    assertEquals(published.digest(), found.digest());
    assertEquals(List.of("a"), found.kernelArguments());
    assertEquals(List.of("b"), found.tcgKernelArguments());
    assertTrue(found.root().isEmpty());
    assertEquals(List.of("app"), store.names());
  }

  @Test
  void everyGuestUserMayRead() throws IOException {
    Path kernel = publish("one").folder().resolve(ImageStore.KERNEL);
    assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(kernel)));
    for (Path path = kernel.getParent(); !path.equals(folder); path = path.getParent()) {
      assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    }
  }

  @Test
  void theFormerImageStaysForGuestsThatRunFromIt() throws IOException {
    Stored one = publish("one");
    Stored two = publish("two");
    assertNotEquals(one.digest(), two.digest());
    assertTrue(Files.exists(one.folder().resolve(ImageStore.KERNEL)));
    publish("three");
    assertFalse(Files.exists(one.folder()));
    assertTrue(Files.exists(two.folder().resolve(ImageStore.KERNEL)));
  }

  @Test
  void theSameBytesAreTheSameImage() throws IOException {
    assertEquals(publish("one").folder(), publish("one").folder());
    assertTrue(Files.exists(store.current("app").orElseThrow().folder()));
  }

  @Test
  void whatAKilledBuildLeftIsRemovedAndTheImageStays() throws IOException {
    Stored published = publish("one");
    Path left = store.newWork("app");
    Files.writeString(left.resolve("half"), "half");
    store.newWork("app");
    assertFalse(Files.exists(left));
    assertEquals(published.digest(), store.current("app").orElseThrow().digest());
  }

  @Test
  void aDamagedDescriptionSaysSo() throws IOException {
    Path about = publish("one").folder().resolve("image.json");
    for (String damaged : List.of("", "{", "{}", "[]", "{\"origin\":\"X\"}")) {
      Files.writeString(about, damaged);
      assertThrows(IOException.class, () -> store.current("app"));
    }
  }
}
