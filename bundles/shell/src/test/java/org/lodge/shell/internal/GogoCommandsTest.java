package org.lodge.shell.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.Set;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.Test;

class GogoCommandsTest {
  @Test
  void whoTypesLogMeansLogs() {
    Set<String> commands = Set.of("felix:lb", "felix:log");
    CommandSession session =
        (CommandSession)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {CommandSession.class},
                (_, method, _) -> method.getName().equals("get") ? commands : null);
    CommandProcessor processor =
        (CommandProcessor)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {CommandProcessor.class},
                (_, _, _) -> session);
    GogoCommands gogo = new GogoCommands(processor);
    assertTrue(gogo.has("lb"));
    assertTrue(gogo.has("felix:log"));
    assertFalse(gogo.has("log"));
  }
}
