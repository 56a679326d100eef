package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lodge.connect.Carriage;
import org.lodge.connect.ConnectException;
import org.lodge.connect.Metadata;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceDescription.Field;
import org.lodge.connect.ServiceDescription.Type;

class MetadataCheckTest {
  static final ServiceDescription TERMINAL =
      new ServiceDescription(
          "terminal",
          Carriage.BYTES,
          "",
          List.of(
              new Field("columns", Type.INTEGER, true),
              new Field("login", Type.FLAG, false),
              new Field("title", Type.TEXT, false)));

  @Test
  void checkedValuesHaveTheirTypes() throws ConnectException {
    Metadata metadata =
        MetadataCheck.check(TERMINAL, Map.of("columns", "80", "login", "true", "title", "höflich"));
    assertEquals(80, metadata.integer("columns").orElseThrow());
    assertTrue(metadata.flag("login"));
    assertEquals("höflich", metadata.text("title").orElseThrow());
  }

  @ParameterizedTest
  @CsvSource({
    "login, true", // columns is missing
    "columns, wide",
    "columns, 99999999999999999999",
    "columns, 9223372036854775808",
    "other, 1",
  })
  void whatDoesNotFitIsRefused(String field, String value) {
    assertThrows(ConnectException.class, () -> MetadataCheck.check(TERMINAL, Map.of(field, value)));
  }

  @Test
  void noValueGetsThroughThatItsTypeForbids() {
    Random random = new Random(31);
    int accepted = 0;
    for (int i = 0; i < 20_000; i++) {
      StringBuilder value = new StringBuilder();
      random.ints(random.nextInt(12), 0, 0x2100).forEach(value::appendCodePoint);
      try {
        MetadataCheck.check(TERMINAL, Map.of("columns", "1", "title", value.toString()));
        accepted++;
        assertTrue(value.chars().noneMatch(Character::isISOControl));
      } catch (ConnectException e) {
        assertEquals(ConnectException.Reason.BAD_REQUEST, e.reason());
      }
    }
    assertTrue(accepted > 1000, "only " + accepted);
  }

  @Test
  void descriptionsThatGuestsDeclareAreChecked() {
    assertThrows(IllegalArgumentException.class, () -> ServiceDescription.bytes("Not a name", ""));
    assertThrows(
        IllegalArgumentException.class, () -> ServiceDescription.bytes("sign", "two\nlines"));
    Field field = new Field("a", Type.TEXT, false);
    assertThrows(
        IllegalArgumentException.class,
        () -> new ServiceDescription("sign", Carriage.BYTES, "", List.of(field, field)));
    assertThrows(IllegalArgumentException.class, () -> new Field("a b", Type.TEXT, false));
  }
}
