package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Version;

class PublicationTest {
  @Test
  void newerVersionsRankHigher() {
    List<String> rising =
        List.of("0.2.0", "0.2.1", "0.10.0", "1.0.0", "1.0.900", "1.1.0", "2000.0");
    List<Integer> ranks =
        rising.stream().map(text -> Publication.ranking(Version.parseVersion(text))).toList();
    assertEquals(ranks.stream().sorted().distinct().toList(), ranks);
    assertTrue(ranks.getFirst() > 0, "above a service without a ranking");
  }
}
