package org.lodge.shell.internal.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class AcceptingTest {
  private final Deque<IOException> outcomes = new ArrayDeque<>();
  private final List<String> done = new ArrayList<>();

  private SocketChannel accept() throws IOException {
    IOException outcome = outcomes.poll();
    if (outcome != null && !outcome.getMessage().isEmpty()) {
      throw outcome;
    }
    if (outcome == null) {
      throw new ClosedChannelException();
    }
    return null;
  }

  private void take(SocketChannel client) throws IOException {
    done.add("client");
    throw new IOException("can't be served");
  }

  @Test
  void itWaitsWhereAcceptFailsAndGoesOn() {
    outcomes.add(new IOException("Too many open files"));
    outcomes.add(new IOException("Too many open files"));
    outcomes.add(new IOException(""));
    outcomes.add(new IOException(""));
    new Accepting(this::accept, this::take, () -> done.add("wait")).run();
    assertEquals(List.of("wait", "wait", "client", "client"), done);
  }
}
