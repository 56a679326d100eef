package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a schema can't say of a definition. */
class ShareReaderTest {

  private static ShareReader.Result read(String text) {
    Path file = Path.of("config/share/docs.json");
    return ShareReader.read(file, "docs", text.replace('\'', '"'), json -> List.of());
  }

  private static void assertFault(String text, String key, String part) {
    ShareReader.Result result = read(text);
    assertTrue(result.grants().isEmpty(), text);
    assertEquals(1, result.problems().size(), text);
    assertEquals(key, result.problems().getFirst().key());
    assertTrue(result.problems().getFirst().message().contains(part), text);
  }

  @Test
  void aDirectoryOrAFileIsSharedAndNotBothOrNeither() {
    String to = "'to': {'work': {'locks': 'guest', 'acl': true}}";
    Grant file = read("{'from': 'storage', 'file': '/srv/one', " + to + "}").grants().getFirst();
    assertTrue(file.file());
    assertEquals("/srv/one", file.path());
    assertEquals(Optional.of("guest"), file.locks());
    assertTrue(file.rules().accessLists());
    Grant folder = read("{'from': 'storage', 'path': '/srv', " + to + "}").grants().getFirst();
    assertFalse(folder.file());
    assertFault("{'from': 'storage', " + to + "}", "path", "either path");
    assertFault(
        "{'from': 'storage', 'path': '/a', 'file': '/b', " + to + "}", "path", "either path");
  }

  @Test
  void listsOfUsersNeedTheUsersAsTheyAre() {
    assertFault(
        "{'from': 'storage', 'path': '/srv', 'to': {'work': {'acl': true, 'uid': 1000}}}",
        "to.work.acl",
        "leave out uid");
  }
}
