package org.lodge.device.dice.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The guide shows this bundle as it is. */
class GuideTest {
  private static final Pattern SHOWN =
      Pattern.compile("^`(\\S+)`:\\R+```\\w+\\R(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  @Test
  void everyFileThatTheGuideShowsIsTheFileThatIsTested() throws Exception {
    String guide = Files.readString(Path.of("../../docs/write-a-device.md"));
    List<MatchResult> shown = SHOWN.matcher(guide).results().toList();
    assertEquals(4, shown.size());
    for (MatchResult file : shown) {
      assertEquals(Files.readString(Path.of(file.group(1))), file.group(2), file.group(1));
    }
  }
}
