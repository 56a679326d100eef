package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lodge.agent.AgentException;

/** In a time of its own, where each rest may last longer than was asked for. */
class OnceStartedTest {
  private static final AgentException STARTING =
      new AgentException("still starting", Wire.EINPROGRESS);
  private static final AgentException SILENT = new AgentException("did not answer");
  private static final AgentException NO_FILE = new AgentException("no such file", 2);

  private final Deque<AgentException> answers = new ArrayDeque<>();
  private long nowMillis;
  private int restMillis = 50;

  private String ask(int limitMillis) throws IOException {
    OnceStarted patience =
        new OnceStarted(() -> nowMillis * 1_000_000, time -> nowMillis += restMillis);
    return patience.ask(
        "work",
        Duration.ofMillis(limitMillis),
        left -> {
          AgentException no = answers.poll();
          if (no == SILENT) {
            nowMillis += left.toMillis();
          }
          if (no != null) {
            throw no;
          }
          return "done";
        });
  }

  private String refusal(AgentException... next) {
    answers.addAll(List.of(next));
    return assertThrows(AgentException.class, () -> ask(120)).getMessage();
  }

  @Test
  void aGuestThatComesUpInTimeIsAskedAgain() throws IOException {
    answers.addAll(List.of(STARTING, STARTING));
    assertEquals("done", ask(1000));
    assertEquals(100, nowMillis);
  }

  @Test
  void oneThatDoesNotIsToldAsStarting() {
    String told = refusal(STARTING, STARTING, STARTING);
    assertTrue(told.contains("still starting after 120 ms"), told);
  }

  @Test
  void theReasonIsToldAlsoWhereTimeRunsOutUnderALaterAttempt() {
    restMillis = 500;
    String told = refusal(STARTING, SILENT);
    assertTrue(told.contains("still starting after 120 ms"), told);
  }

  @Test
  void whatElseItSaysIsToldAsItIs() {
    restMillis = 500;
    assertEquals("no such file", refusal(STARTING, NO_FILE));
    assertEquals("did not answer", refusal(SILENT));
  }
}
