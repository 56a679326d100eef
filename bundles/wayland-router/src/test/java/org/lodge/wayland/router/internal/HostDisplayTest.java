package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.Handles;
import org.lodge.connect.ByteStream;

class HostDisplayTest {
  @TempDir Path folder;

  /** Says where it was to connect, and as whom. */
  private static final class Asked implements Handles {
    @Override
    public HandleConnection open(String name, ByteStream stream, HandleLimits limits) {
      throw new UnsupportedOperationException();
    }

    @Override
    public HandleConnection connectHost(String name, Path socket, long uid, HandleLimits limits)
        throws IOException {
      throw new IOException(name + " " + socket + " " + uid);
    }
  }

  private HostDisplay display(Map<String, String> options) throws IOException {
    return HostDisplay.of(new Asked(), HandleLimits.DEFAULT, Path.of("/run/lodge"), options);
  }

  private String owner() throws IOException {
    return Files.getOwner(folder).getName();
  }

  @Test
  void theSocketIsThatOfTheUserInTheRule() throws Exception {
    Path socket = folder.resolve("screen");
    HostDisplay display = display(Map.of("user", owner(), "display", socket.toString()));
    IOException asked = assertThrows(IOException.class, display::connect);
    Object uid = Files.getAttribute(folder, "unix:uid");
    assertEquals("@host:%s:%s %s %s".formatted(owner(), socket, socket, uid), asked.getMessage());
    assertEquals(display.name(), display(Map.of("user", owner(), "display", "" + socket)).name());
  }

  @Test
  void whoseDisplayItIsMustBeSaid() {
    refused("user=NAME", Map.of());
  }

  @Test
  void aUserWhoIsNotLoggedInHasNoDisplay() {
    refused("nobody of that name is logged in", Map.of("user", "nobody-of-this-name"));
  }

  @Test
  void aFolderThatIsNotThereIsSaidToBeMissing() throws Exception {
    refused(
        "there is no folder " + folder.resolve("gone"),
        Map.of("user", owner(), "display", folder.resolve("gone/screen").toString()));
  }

  @Test
  void aFolderOfAnotherUserIsRefused() {
    refused(
        "is not of user=nobody-of-this-name",
        Map.of("user", "nobody-of-this-name", "display", folder.resolve("screen").toString()));
  }

  @Test
  void aFolderThatOthersCanWriteIsRefused() throws Exception {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    refused(
        "can be written by others",
        Map.of("user", owner(), "display", folder.resolve("screen").toString()));
  }

  private void refused(String why, Map<String, String> options) {
    IOException refused = assertThrows(IOException.class, () -> display(options));
    assertTrue(refused.getMessage().contains(why), refused::getMessage);
  }
}
