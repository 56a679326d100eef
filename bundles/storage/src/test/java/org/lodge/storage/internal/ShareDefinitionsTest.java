package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.lodge.configuration.ConfigurationKind;
import org.lodge.configuration.SchemaValidator;
import org.lodge.configuration.Schemas;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

class ShareDefinitionsTest {
  private static final String GOOD =
      "{\"from\":\"storage\",\"path\":\"/srv/docs\",\"to\":{\"work\":{\"access\":\"read-only\"}}}";

  private final Map<String, String> files = new TreeMap<>();
  private final SchemaValidator schema =
      text ->
          text.contains("wrong")
              ? List.of(new SchemaValidator.Problem("path", "wrong", "is no path"))
              : List.of();
  private final ShareDefinitions definitions =
      new ShareDefinitions(
          fake(
              ConfigurationAdmin.class,
              (name, arguments) ->
                  files.keySet().stream().map(this::configuration).toArray(Configuration[]::new)),
          fake(Schemas.class, (name, arguments) -> schema));

  private interface Behaviour {
    Object call(String name, Object[] arguments);
  }

  private static <T> T fake(Class<T> type, Behaviour behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> behaviour.call(method.getName(), arguments)));
  }

  private Configuration configuration(String share) {
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(ConfigurationKind.NAME, share);
    properties.put(ConfigurationKind.FILE, "/config/share/" + share + ".json");
    properties.put(ConfigurationKind.JSON, files.get(share));
    return fake(Configuration.class, (name, arguments) -> properties);
  }

  private void file(String share, String text) {
    if (text == null) {
      files.remove(share);
    } else {
      files.put(share, text);
    }
    definitions.addInitialSet(null);
  }

  @Test
  void aSlipInAFileTakesNothingAwayAndIsTold() {
    file("docs", GOOD);
    List<Grant> given = definitions.grants();
    assertEquals(1, given.size());
    file("docs", "wrong");
    assertEquals(given, definitions.grants());
    assertTrue(definitions.refusal("docs").orElseThrow().contains("path: is no path"));
    assertEquals(1, definitions.problems().size());
    file("docs", GOOD.replace("read-only", "read-write"));
    assertEquals(false, definitions.grants().getFirst().rules().readOnly());
    assertTrue(definitions.refusal("docs").isEmpty());
    assertEquals(List.of(), definitions.problems());
  }

  @Test
  void aFileThatIsGoneOrNeverWasGoodGivesNothing() {
    file("docs", "wrong");
    assertEquals(List.of(), definitions.grants());
    file("docs", GOOD);
    file("docs", null);
    assertEquals(List.of(), definitions.grants());
  }
}
