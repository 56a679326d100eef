package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.configuration.SchemaValidator;
import org.lodge.images.internal.ImageDefinition.AddedFile;
import org.lodge.images.internal.ImageDefinition.Content;
import org.lodge.images.internal.ImageDefinition.Variant;

class DefinitionReaderTest {

  private static final Path SHIPPED = Path.of("../../config/image");

  @TempDir Path folder;
  private final DefinitionReader reader = new DefinitionReader(json -> List.of());

  private List<String> problems(String file, String text) throws IOException {
    return reader.read(Files.writeString(folder.resolve(file), text)).problems();
  }

  @Test
  void theShippedImagesAreRead() throws IOException {
    for (String name : List.of("app", "display", "storage")) {
      DefinitionReader.Result result = reader.read(SHIPPED.resolve(name + ".json"));
      assertEquals(List.of(), result.problems());
      assertEquals("trixie", result.definition().orElseThrow().suite());
      GuestFiles.ofRoot(result.definition().orElseThrow());
    }
  }

  @Test
  void whatIsLeftOutHasItsDefault() throws IOException {
    String text =
        """
        {"suite": "trixie", "packages": [], "kernel": {"package": "linux-image-amd64"},
         "files": [{"path": "/etc/motd", "content": "hello"}],
         "services": [{"name": "one", "command": "sleep 1"}]}
        """;
    Path file = Files.writeString(folder.resolve("app.json"), text);
    ImageDefinition definition = reader.read(file).definition().orElseThrow();
    assertEquals(Variant.ESSENTIAL, definition.variant());
    assertEquals("lz4", definition.compression());
    assertTrue(definition.keepLibraries().isEmpty());
    AddedFile motd = definition.files().getFirst();
    assertEquals(0644, motd.mode());
    assertEquals(5, ((Content.Bytes) motd.content()).bytes().length);
    assertTrue(GuestFiles.ofRoot(definition).containsKey("/etc/lodge/services/00-one"));
  }

  @Test
  void aProblemOfTheSchemaNamesFileKeyAndValue() throws IOException {
    SchemaValidator.Problem problem =
        new SchemaValidator.Problem("kernel.package", "grub", "must begin with linux-image-");
    DefinitionReader strict = new DefinitionReader(json -> List.of(problem));
    Path file = Files.writeString(folder.resolve("app.json"), "{}");
    assertEquals(
        List.of(file + ": kernel.package = grub: must begin with linux-image-"),
        strict.read(file).problems());
  }

  @Test
  void aMissingSourceIsNamed() throws IOException {
    List<String> problems =
        problems(
            "app.json",
            """
            {"suite": "trixie", "packages": [], "kernel": {"package": "linux-image-amd64"},
             "files": [{"path": "/a", "source": "files/none"}, {"path": "/a/../b", "content": ""}]}
            """);
    assertEquals(2, problems.size());
    assertTrue(problems.get(0).contains("files[0].source = files/none: no such file"));
    assertTrue(problems.get(1).contains("files[1].path = /a/../b"));
  }

  @Test
  void aNameThatIsNoPlainIdentifierIsRefused() throws IOException {
    for (String name : List.of("App.json", "a b.json", "1a.json", "a_b.json")) {
      assertEquals(1, problems(name, "{}").size(), name);
    }
  }
}
