package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestUsersTest {
  private static final String ALL = "         0          0 4294967295\n";

  @TempDir Path directory;

  @Test
  void rootGivesTheLowestUserThatNoSiblingHas() throws Exception {
    Files.createDirectory(directory.resolve("other"));
    GuestUsers users = GuestUsers.of(0, ALL);
    assertEquals(GuestUsers.PREFERRED_FIRST, users.choose(directory, directory.resolve("work")));
  }

  @Test
  void aSmallUserNamespaceGivesItsLastUsers() throws Exception {
    GuestUsers users = GuestUsers.of(0, "0 100000 65536");
    assertEquals(64_536, users.choose(directory, directory.resolve("work")));
    assertEquals(65_535, users.spare());
  }

  @Test
  void whoIsNotRootStaysWhoTheyAre() throws Exception {
    GuestUsers users = GuestUsers.of(1000, ALL);
    assertFalse(users.switched());
    assertEquals(1000, users.choose(directory, directory.resolve("work")));
  }
}
