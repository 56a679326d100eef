package org.lodge.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;

class TextTest {

  @Test
  void noTextLeavesAControlCharacterBehind() {
    Random random = new Random(3);
    for (int round = 0; round < 5_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(30); i > 0; i--) {
        text.append((char) random.nextInt(random.nextBoolean() ? 0x100 : 0x10000));
      }
      String safe = SafeText.safe(text.toString());
      assertTrue(
          safe.codePoints()
              .noneMatch(p -> p < 0x20 || p >= 0x7f && p < 0xa0 || p >= 0x202a && p <= 0x202e),
          safe);
      int width = random.nextInt(20);
      assertTrue(SafeText.width(SafeText.truncate(safe, width)) <= width);
    }
    assertEquals("^[[2J^G<U+202E>M-^[", SafeText.safe("\033[2J\007\u202e\u009b"));
  }

  @Test
  void wideAndCombiningCharactersKeepColumnsStraight() {
    Table table =
        new Table(
            List.of(new Column("NAME", Style.LEFT, 0), new Column("N", Style.RIGHT, 0)),
            List.of(List.of("日本", "1"), List.of("e\u0301", "22")));
    List<String> lines = TableLayout.lines(table, 80, false);
    assertEquals("日本   1", lines.get(1));
    assertEquals("e\u0301     22", lines.get(2));
  }

  @Test
  void theColumnLeastNeededIsCutFirst() {
    Table table =
        new Table(
            List.of(
                new Column("KEEP", Style.LEFT, 0),
                new Column("SOME", Style.LEFT, 1),
                new Column("LEAST", Style.LEFT, 2)),
            List.of(List.of("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccccccccccccc")));
    List<String> lines = TableLayout.lines(table, 34, false);
    assertEquals("aaaaaaaaaa  bbbbbbbbbb  ccccccccc…", lines.get(1));
    lines = TableLayout.lines(table, 28, false);
    assertEquals("aaaaaaaaaa  bbbbbbb…  ccccc…", lines.get(1));
  }

  @Test
  void coloursDoNotChangeTheLayout() {
    Table table =
        new Table(
            List.of(new Column("STATE", Style.STATE, 0), new Column("X", Style.LEFT, 0)),
            List.of(List.of("running", "1"), List.of("failed", "2")));
    List<String> plain = TableLayout.lines(table, 80, false);
    List<String> coloured = TableLayout.lines(table, 80, true);
    assertFalse(plain.equals(coloured));
    assertEquals(
        plain, coloured.stream().map(line -> line.replaceAll("\033\\[[0-9]*m", "")).toList());
  }

  @Test
  void timesAndSizesReadWell() {
    assertEquals("59s", Durations.age(Duration.ofSeconds(59)));
    assertEquals("1m15s", Durations.age(Duration.ofSeconds(75)));
    assertEquals("3h12m", Durations.age(Duration.ofMinutes(192)));
    assertEquals("2d1h", Durations.age(Duration.ofHours(49)));
    assertEquals("512M", Durations.size(512L << 20));
    assertEquals("1.5G", Durations.size(3L << 29));
    assertEquals(Duration.ofMillis(500), Durations.parse("500ms"));
    assertEquals(10L << 30, Durations.parseSize("10G"));
    assertEquals(512, Durations.parseSize("512"));
    for (String wrong : List.of("", "G", "-1G", "0", "1.5G", "8388608T", "9999999999999999999")) {
      assertThrows(IllegalArgumentException.class, () -> Durations.parseSize(wrong), wrong);
    }
    assertEquals(Duration.ofSeconds(7), Durations.parse("7"));
  }

  @Test
  void aProcessNameMayHoldParenthesesAndSpaces() {
    String stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0";
    ProcessUse use = ProcessUse.parse(stat, "Name: x\nVmRSS:\t   2048 kB\n");
    assertEquals(3000, use.cpuMillis());
    assertEquals(2 << 20, use.residentBytes());
  }

  @Test
  void aLogIsFollowedAcrossItsRotation(@TempDir Path folder) throws IOException {
    Path log = folder.resolve("x.log");
    Files.writeString(log, "one\ntwo\r\nthr");
    LogTail tail = new LogTail(log);
    assertEquals(List.of("two"), tail.last(1));
    Files.writeString(log, "ee\n", StandardOpenOption.APPEND);
    assertEquals(List.of("three"), tail.more());
    assertEquals(List.of(), tail.more());
    Files.move(log, folder.resolve("x.1.log"));
    assertEquals(List.of(), tail.more());
    Files.writeString(log, "new\n");
    assertEquals(List.of("new"), tail.more());
  }

  @Test
  void whereThereIsNoRoomAnEmptyColumnGoesBeforeANameIsCut() {
    Table table =
        new Table(
            List.of(
                new Column("NAME", Style.LEFT, 1),
                new Column("REQUIRES", Style.LEFT, 3),
                new Column("NOTE", Style.LEFT, 2)),
            List.of(List.of("a-long-name", "", "late"), List.of("b", "", "")));
    assertEquals(
        List.of("NAME         REQUIRES  NOTE", "a-long-name            late", "b"),
        TableLayout.lines(table, 27, false));
    assertEquals(
        List.of("NAME         NOTE", "a-long-name  late", "b"),
        TableLayout.lines(table, 20, false));
  }
}
