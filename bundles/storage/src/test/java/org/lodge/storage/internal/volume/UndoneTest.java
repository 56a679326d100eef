package org.lodge.storage.internal.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.internal.LeasesComponent;
import org.lodge.storage.VolumeException;
import org.lodge.vm.GuestException;
import org.lodge.vm.VolumeUse;

/** Reverts that are decided, and that the host's file system then does not let happen at once. */
class UndoneTest {
  private static final String NEW = "new";
  private static final ImageCopy STILL = ImageCopy.still((done, total) -> {});

  @TempDir Path state;
  private final Failing files = new Failing();
  private VolumeKeeper keeper;
  private VolumeFolder folder;

  private static final class Failing extends DurableFiles {
    Path full;
    Runnable onceDecided = () -> {};
    private boolean deciding;

    @Override
    void rename(Path from, Path to) throws IOException {
      if (full != null && to.startsWith(full)) {
        throw new IOException("no space left");
      }
      super.rename(from, to);
      deciding = to.endsWith(".todo");
    }

    @Override
    void syncFolder(Path place) throws IOException {
      super.syncFolder(place);
      if (deciding) {
        deciding = false;
        onceDecided.run();
      }
    }
  }

  @BeforeEach
  void threeVolumes() throws Exception {
    keeper = new VolumeKeeper(new LeasesComponent(), state, files);
    keeper.claim("a", "made").close();
    folder = keeper.folder();
    for (String name : List.of("a", "b", "c")) {
      folder.create(name, 4096);
      Files.writeString(folder.disk(name), "old");
      folder.keep(name, "before", STILL);
      Files.writeString(folder.disk(name), NEW);
    }
  }

  @AfterEach
  void itLetsGo() {
    keeper.deactivate();
  }

  private String read(String name) throws IOException {
    return Files.readString(folder.disk(name)).substring(0, 3);
  }

  private void revertBoth() throws Exception {
    Map<String, String> both = new LinkedHashMap<>();
    both.put("a", "before");
    both.put("b", "before");
    folder.revert(both, STILL);
  }

  @Test
  void itIsDoneBeforeAGuestIsGivenWhatItIsAbout() throws Exception {
    files.full = folder.disk("b").getParent();
    assertThrows(VolumeFolder.UndoneException.class, this::revertBoth);
    VolumeUse use = new VolumeUse("a", "disk a", false, OptionalLong.empty());
    String refused =
        assertThrows(GuestException.class, () -> keeper.open("work", List.of(use))).getMessage();
    assertTrue(refused.contains("being reverted"), refused);
    assertThrows(VolumeException.class, () -> keeper.claim("b", "removed"));
    keeper.claim("c", "removed").close();
    assertEquals(NEW, read("b"));
    files.full = null;
    keeper.open("work", List.of(use)).close();
    assertEquals("old", read("a"));
    assertEquals("old", read("b"));
    assertEquals(NEW, Files.readString(folder.snapshot("b", "before-revert")).substring(0, 3));
  }

  @Test
  void theNextOneComesAfterIt() throws Exception {
    files.full = folder.disk("b").getParent();
    assertThrows(VolumeFolder.UndoneException.class, this::revertBoth);
    assertThrows(IOException.class, () -> folder.revert(Map.of("c", "before"), STILL));
    assertEquals(NEW, read("c"));
    files.full = null;
    folder.revert(Map.of("c", "before"), STILL);
    assertEquals("old", read("b"));
    assertEquals("old", read("c"));
  }

  @Test
  @Timeout(30)
  void twoAtOnceAreBothDone() throws Exception {
    FutureTask<Void> other =
        new FutureTask<>(() -> {
          folder.revert(Map.of("c", "before"), STILL);
          return null;
        });
    Thread thread = Thread.ofPlatform().unstarted(other);
    files.onceDecided =
        () -> {
          files.onceDecided = () -> {};
          thread.start();
          while (!other.isDone() && thread.getState() != Thread.State.BLOCKED) {
            Thread.onSpinWait();
          }
        };
    revertBoth();
    other.get();
    for (String name : List.of("a", "b", "c")) {
      assertEquals("old", read(name), name);
    }
  }

  @Test
  void whatIsDamagedIsNamed() throws Exception {
    Files.writeString(folder.root().resolve(".todo"), "\n");
    String refused =
        assertThrows(VolumeException.class, () -> keeper.claim("a", "removed")).getMessage();
    assertTrue(refused.contains(".todo is damaged"), refused);
    keeper.deactivate();
    assertThrows(VolumeException.class, () -> keeper.claim("a", "removed"));
  }
}
