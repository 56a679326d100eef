package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.connect.internal.TestGuest.assertRefused;
import static org.lodge.connect.internal.TestGuest.get;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Grant;
import org.slf4j.LoggerFactory;

class AuditTest {
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger audit = (Logger) LoggerFactory.getLogger("audit");
  private final Rules rules =
      new Rules("work", "vault").allow("sign", "work", "vault").ask("open", "work", "vault");
  private final BrokerService broker = rules.broker(BrokerTest.LIMITS);

  @BeforeEach
  void listen() {
    lines.start();
    audit.addAppender(lines);
    audit.setAdditive(false);
  }

  @AfterEach
  void stop() {
    audit.detachAppender(lines);
    audit.setAdditive(true);
    broker.close();
  }

  @Test
  void aGuestThatIsRefusedAllTheTimeDoesNotFloodIt() throws Exception {
    TestGuest work = new TestGuest(broker, "work");
    for (int i = 0; i < 500; i++) {
      assertRefused(Reason.BAD_REQUEST, work.session.call(Call.of("A", "", "vault")));
      assertRefused(Reason.DENIED, work.session.call(Call.of("read", "", "vault")));
    }
    assertTrue(lines.list.size() < 400, lines.list.size() + " lines");
  }

  @Test
  void everyDecisionAndEveryEndIsALine() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign", "open");
    TestGuest work = new TestGuest(broker, "work");
    Grant grant = work.grant("sign", "vault");
    grant.connection().reset("enough");
    get(grant.connection().ended());
    work.session.call(Call.of("open", "pdf", "vault"));
    broker.asks().getFirst().deny();
    assertRefused(Reason.DENIED, vault.session.call(Call.of("sign", "", "work")));
    assertRefused(Reason.BAD_REQUEST, vault.session.call(Call.of("a\"\nb", "", "work")));
    assertEquals(
        List.of(
            "decision=allow by=rule connection=1 service=sign source=work requested=vault target=vault rule=t:1 why=\"by t:1\"",
            "ended connection=1 service=sign source=work target=vault forwardBytes=0 backwardBytes=0 why=\"enough\"",
            "decision=ask by=rule connection=2 service=open+pdf source=work requested=vault target=vault rule=t:2 why=\"by t:2\"",
            "decision=deny by=person connection=2 service=open+pdf source=work requested=vault target=vault rule=t:2 why=\"denied: a person said no; by t:2\"",
            "ended connection=2 service=open+pdf source=work target=vault forwardBytes=0 backwardBytes=0 why=\"denied: a person said no; by t:2\"",
            "decision=deny by=rule connection=3 service=sign source=vault requested=work target=work rule=none why=\"no rule\"",
            "decision=deny by=spelling source=vault count=1 why=\"service 'a'?b' is not plain: a letter a-z, then at most 62 of a-z, 0-9, . and -\""),
        lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList());
  }
}
