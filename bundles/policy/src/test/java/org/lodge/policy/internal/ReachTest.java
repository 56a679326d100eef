package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ReachTest {
  private static final Guests GUESTS = Guests.of("work", "vault", "display");

  @Test
  void theTextSaysWhoReachesWhomByWhichRule() {
    Reach reach =
        Reach.of(
            Guests.rules(
                "sign+root work vault deny",
                "sign work vault ask",
                "wayland @any @default allow target=display",
                "* @host vault allow"),
            GUESTS);
    assertEquals(
        """
        @host -> vault: * (allow, test.policy:4)
        vault -> display: wayland (allow, test.policy:3)
        work -> display: wayland (allow, test.policy:3)
        work -> vault: sign (ask, test.policy:2)
        """,
        reach.text());
  }

  @Test
  void noRulesReachNobody() {
    assertEquals("Nobody can reach anybody.\n", Reach.of(Guests.rules(), GUESTS).text());
  }

  @Test
  void theDrawingIsXmlWithABoxForEachPartyAndAnArrowForEachPair() throws Exception {
    Reach reach =
        Reach.of(
            Guests.rules("sign work vault ask", "sign vault work allow", "run work vault ask"),
            GUESTS);
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    Document svg =
        factory.newDocumentBuilder().parse(new InputSource(new StringReader(reach.svg())));
    assertEquals("svg", svg.getDocumentElement().getTagName());
    assertEquals(1 + 4, svg.getElementsByTagName("rect").getLength());
    assertEquals(2, svg.getElementsByTagName("title").getLength());
    assertEquals(
        "work to vault: run (ask, test.policy:3), sign (ask, test.policy:1)",
        svg.getElementsByTagName("title").item(1).getTextContent());
  }
}
