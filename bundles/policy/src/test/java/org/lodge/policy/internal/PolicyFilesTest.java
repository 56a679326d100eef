package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.policy.Finding;
import org.lodge.policy.Rule;

class PolicyFilesTest {
  private static final String RULE = "sign work vault allow\n";

  @TempDir Path folder;

  @BeforeEach
  void onlyOursToWrite() throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void filesCountInTheOrderOfTheirNames() throws IOException {
    write("50-b.policy", "b work vault allow\n");
    write("10-a.policy", "# first\na work vault allow\n");
    write("10-a.policy~", "not read");
    write(".10-a.policy.swp.policy", "not read");
    write("README", "not read");
    PolicyFiles files = PolicyFiles.read(folder);
    assertEquals(List.of(), files.problems());
    assertEquals(
        List.of("10-a.policy:2", "50-b.policy:1"),
        files.rules().stream().map(Rule::place).toList());
  }

  @Test
  void aBadLineDisablesOnlyItself() throws IOException {
    write("a.policy", "sign work vault dney\r\nsign work vault allow\r\n\nsign\n");
    PolicyFiles files = PolicyFiles.read(folder);
    assertEquals(List.of("a.policy:2"), files.rules().stream().map(Rule::place).toList());
    assertEquals(
        List.of("a.policy:1", "a.policy:4"),
        files.problems().stream().map(p -> p.file() + ":" + p.line()).toList());
    assertEquals(Optional.empty(), files.distrust());
  }

  @Test
  void anOptionThatNobodyReadsDisablesOnlyItsLine() throws IOException {
    write("a.policy", "sign work vault allow bogus=1\nlog work vault allow\n");
    PolicyFiles files = PolicyFiles.read(folder);
    assertEquals(List.of("a.policy:2"), files.rules().stream().map(Rule::place).toList());
    assertEquals(
        List.of("a.policy:1"),
        files.problems().stream().map(p -> p.file() + ":" + p.line()).toList());
  }

  @Test
  void noFolderMeansNoRules() {
    PolicyFiles files = PolicyFiles.read(folder.resolve("none"));
    assertEquals(new PolicyFiles(List.of(), List.of()), files);
  }

  @Test
  void aFileThatOthersMayWriteIsNotTrusted() throws IOException {
    Path file = write("a.policy", RULE);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertDistrust("a.policy: ", "chmod o-w");
  }

  @Test
  void aFileInAFolderThatOthersMayWriteIsNotTrusted() throws IOException {
    write("a.policy", RULE);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertDistrust("a.policy: ", "chmod o-w");
  }

  @Test
  void theFileBehindALinkCounts(@TempDir Path elsewhere) throws IOException {
    Path real = Files.writeString(elsewhere.resolve("real"), RULE);
    Files.createSymbolicLink(folder.resolve("a.policy"), real);
    assertEquals(1, PolicyFiles.read(folder).rules().size());
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertDistrust("a.policy: ", "writable by everybody");
  }

  @Test
  void aFileThatIsNotUtf8IsNotTrusted() throws IOException {
    Files.write(folder.resolve("a.policy"), new byte[] {'#', (byte) 0xff, '\n'});
    assertDistrust("a.policy: ", "not UTF-8");
  }

  @Test
  void whatCannotBeReadIsNotTrusted() throws IOException {
    Files.createDirectory(folder.resolve("a.policy"));
    assertDistrust("a.policy: ", "not a regular file");
  }

  @Test
  void aDanglingLinkIsNotTrusted() throws IOException {
    Files.createSymbolicLink(folder.resolve("a.policy"), folder.resolve("gone"));
    assertDistrust("a.policy: ", "can't be read");
  }

  @Test
  void aFileThatIsTooLargeIsNotTrusted() throws IOException {
    Files.write(folder.resolve("a.policy"), new byte[PolicyFiles.MAX_FILE_BYTES + 1]);
    assertDistrust("a.policy: ", "larger than");
  }

  @Test
  void ownersAndModesDecideTrust() {
    Path path = Path.of("/etc/a.policy");
    assertEquals(Optional.empty(), Trust.objection(path, 0, 0, 0100644, 1000));
    assertEquals(Optional.empty(), Trust.objection(path, 1000, 1000, 0100664, 1000));
    assertEquals(Optional.empty(), Trust.objection(path, 0, 5, 0041775, 1000));
    assertTrue(Trust.objection(path, 1001, 1001, 0100600, 1000).orElseThrow().contains("chown"));
    assertTrue(Trust.objection(path, 1000, 100, 0100664, 1000).orElseThrow().contains("g-w"));
    assertTrue(Trust.objection(path, 0, 0, 0101666, 0).orElseThrow().contains("o-w"));
  }

  private void assertDistrust(String... says) {
    PolicyFiles files = PolicyFiles.read(folder);
    String distrust = files.distrust().orElseThrow();
    for (String part : says) {
      assertTrue(distrust.contains(part), distrust);
    }
    assertEquals(Finding.Kind.UNTRUSTED_FILE, files.problems().getFirst().kind());
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }
}
