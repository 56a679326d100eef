package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class QmpConnectionTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(20);

  @TempDir Path directory;
  private final LinkedBlockingQueue<QmpEvent> events = new LinkedBlockingQueue<>();
  private FakeQemu qemu;
  private QmpConnection qmp;

  @BeforeEach
  void connect() throws Exception {
    qemu = new FakeQemu(directory);
    qmp = new QmpConnection("test", qemu.lodge, events::add);
  }

  @AfterEach
  void close() throws Exception {
    qmp.close();
    qemu.close();
  }

  private void negotiated() throws Exception {
    CompletableFuture<Void> done =
        background(() -> {
          qmp.negotiate(LONG);
          return null;
        });
    qemu.greet();
    done.get();
  }

  private interface Act<T> {
    T run() throws Exception;
  }

  private static <T> CompletableFuture<T> background(Act<T> act) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try {
        result.complete(act.run());
      } catch (Exception e) {
        result.completeExceptionally(e);
      }
    });
    return result;
  }

  private CompletableFuture<JsonValue> execute(QmpRequest request, Duration limit) {
    return background(() -> qmp.execute(request, limit));
  }

  private static QmpException.Kind failure(CompletableFuture<?> command) {
    ExecutionException failed = assertThrows(ExecutionException.class, command::get);
    return assertInstanceOf(QmpException.class, failed.getCause()).kind();
  }

  @Test
  void anAnswerFindsItsCommandWhateverTheOrder() throws Exception {
    negotiated();
    CompletableFuture<JsonValue> first = execute(QmpRequest.Plain.STOP, LONG);
    FakeQemu.Command stop = qemu.hear();
    CompletableFuture<JsonValue> second = execute(QmpRequest.Plain.CONTINUE, LONG);
    FakeQemu.Command resume = qemu.hear();
    qemu.answer(resume, "\"second\"");
    qemu.answer(stop, "\"first\"");
    assertEquals("second", ((JsonString) second.get()).getString());
    assertEquals("first", ((JsonString) first.get()).getString());
  }

  @Test
  void aCommandBeforeTheGreetingWaitsForIt() throws Exception {
    CompletableFuture<JsonValue> early = execute(QmpRequest.Plain.STOP, LONG);
    negotiated();
    qemu.answer(qemu.hear(), "{}");
    early.get();
  }

  @Test
  void aCommandBeforeAGreetingThatNeverComesEndsAtItsLimit() {
    assertEquals(QmpException.Kind.NO_ANSWER, failure(execute(QmpRequest.Plain.POWER_DOWN, SHORT)));
  }

  @Test
  void aRefusalCarriesQemusWords() throws Exception {
    negotiated();
    CompletableFuture<JsonValue> command = execute(QmpRequest.Plain.CONTINUE, LONG);
    qemu.refuse(qemu.hear(), "Resetting the\\n\\u001b[31m Virtual Machine is required");
    ExecutionException failed = assertThrows(ExecutionException.class, command::get);
    assertEquals(
        "QEMU refused cont: Resetting the??[31m Virtual Machine is required",
        failed.getCause().getMessage());
  }

  @Test
  void whatQemuSaysSteersNoTerminal() {
    assertEquals("a?2Jb??c é", Text.printable("a\u009b2Jb\u202e\u2028c é"));
  }

  @Test
  void aMonitorThatDoesNotAnswerStopsNobodyElse() throws Exception {
    negotiated();
    CompletableFuture<JsonValue> slow = execute(QmpRequest.Plain.STOP, SHORT);
    FakeQemu.Command ignored = qemu.hear();
    assertEquals(QmpException.Kind.NO_ANSWER, failure(slow));
    CompletableFuture<JsonValue> next = execute(QmpRequest.Plain.QUERY_STATUS, LONG);
    FakeQemu.Command heard = qemu.hear();
    qemu.answer(ignored, "\"too late\"");
    qemu.answer(heard, "\"right\"");
    assertEquals("right", ((JsonString) next.get()).getString());
  }

  @Test
  void aMonitorThatReadsNothingBlocksNoCallerBeyondItsLimit() throws Exception {
    negotiated();
    String long200k = "x".repeat(200_000);
    for (int i = 0; i < 70; i++) {
      CompletableFuture<JsonValue> unread = execute(new QmpRequest.DeviceDelete(long200k), SHORT);
      assertEquals(QmpException.Kind.NO_ANSWER, failure(unread));
    }
  }

  @Test
  void aLostConnectionFailsEveryCommandUnderWayAndEveryLaterOne() throws Exception {
    negotiated();
    CompletableFuture<JsonValue> first = execute(QmpRequest.Plain.STOP, LONG);
    CompletableFuture<JsonValue> second = execute(QmpRequest.Plain.CONTINUE, LONG);
    qemu.hear();
    qemu.hear();
    qemu.peer.close();
    assertEquals(QmpException.Kind.LOST, failure(first));
    assertEquals(QmpException.Kind.LOST, failure(second));
    assertEquals(QmpException.Kind.LOST, failure(execute(QmpRequest.Plain.STOP, LONG)));
    qmp.ended().get(30, TimeUnit.SECONDS);
  }

  @Test
  void aConnectionLostBeforeTheGreetingEndsTheNegotiation() throws Exception {
    CompletableFuture<Void> negotiation =
        background(() -> {
          qmp.negotiate(LONG);
          return null;
        });
    qemu.peer.close();
    assertEquals(QmpException.Kind.LOST, failure(negotiation));
  }

  @Test
  void theLastEventsAreHandedOutBeforeTheEnd() throws Exception {
    negotiated();
    qemu.say(
        "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}");
    qemu.peer.close();
    qmp.ended().get(30, TimeUnit.SECONDS);
    assertEquals(new QmpEvent.ShutDown(true, "guest-shutdown"), events.poll());
  }

  @Test
  void aListenerMayAskFromItsOwnThread() throws Exception {
    qmp.close();
    CompletableFuture<JsonValue> asked = new CompletableFuture<>();
    CompletableFuture<QmpConnection> self = new CompletableFuture<>();
    try (FakeQemu other = new FakeQemu(Files.createTempDirectory(directory, "o"));
        QmpConnection asking =
            new QmpConnection(
                "asking",
                other.lodge,
                event -> {
                  try {
                    asked.complete(self.join().execute(QmpRequest.Plain.QUERY_STATUS, LONG));
                  } catch (QmpException | InterruptedException e) {
                    asked.completeExceptionally(e);
                  }
                })) {
      self.complete(asking);
      CompletableFuture<Void> done =
          background(() -> {
            asking.negotiate(LONG);
            return null;
          });
      other.greet();
      done.get();
      other.say("{\"event\": \"STOP\"}");
      other.answer(other.hear(), "\"answered\"");
      assertEquals("answered", ((JsonString) asked.get()).getString());
    }
  }

  @Test
  void aListenerThatNeverReturnsCostsEventsAndNoMemoryAndNoCommand() throws Exception {
    CompletableFuture<Void> release = new CompletableFuture<>();
    try (FakeQemu other = new FakeQemu(Files.createTempDirectory(directory, "o"));
        QmpConnection stuck = new QmpConnection("stuck", other.lodge, event -> release.join())) {
      CompletableFuture<Void> done =
          background(() -> {
            stuck.negotiate(LONG);
            return null;
          });
      other.greet();
      done.get();
      for (int i = 0; i < 3000; i++) {
        other.say("{\"event\": \"RESET\", \"data\": {\"guest\": true}}");
      }
      CompletableFuture<JsonValue> command =
          background(() -> stuck.execute(QmpRequest.Plain.STOP, LONG));
      other.answer(other.hear(), "{}");
      command.get();
      release.complete(null);
    }
  }

  @Test
  void aLineWithoutEndIsCutOffAtTheLimit() throws Exception {
    negotiated();
    ByteBuffer flood = ByteBuffer.allocate(64 * 1024);
    assertThrows(
        IOException.class,
        () -> {
          for (int i = 0; i < 1000; i++) {
            qemu.peer.write(flood.clear());
          }
        });
    qmp.ended().get(30, TimeUnit.SECONDS);
  }

  @Test
  void nothingThatQemuSaysLeavesACommandWithoutAnEnd() throws Exception {
    Random random = new Random(20261123);
    String[] words = {
      "{",
      "}",
      "[",
      "]",
      "\"",
      ":",
      ",",
      "\"return\"",
      "\"error\"",
      "\"id\"",
      "\"1\"",
      "\"2\"",
      "\"event\"",
      "\"RESET\"",
      "\"SHUTDOWN\"",
      "\"data\"",
      "\"guest\"",
      "true",
      "null",
      "1e999999",
      "-",
      "\"QMP\"",
      "\\u0000",
      "\n",
      "\u00ff",
      "\"DEVICE_DELETED\"",
      "\"device\"",
      " "
    };
    for (int round = 0; round < 300; round++) {
      try (FakeQemu other = new FakeQemu(Files.createTempDirectory(directory, "o"));
          QmpConnection fuzzed = new QmpConnection("fuzz", other.lodge, events::add)) {
        StringBuilder noise = new StringBuilder(random.nextBoolean() ? FakeQemu.GREETING : "");
        noise.append('\n');
        for (int i = random.nextInt(60); i > 0; i--) {
          noise.append(words[random.nextInt(words.length)]);
        }
        if (random.nextInt(10) == 0) {
          noise.append("[".repeat(5000));
        }
        CompletableFuture<JsonValue> command =
            background(() -> fuzzed.execute(QmpRequest.Plain.STOP, LONG));
        CompletableFuture<Void> negotiation =
            background(() -> {
              fuzzed.negotiate(LONG);
              return null;
            });
        try {
          other.say(noise.toString());
        } catch (IOException e) {
          assertTrue(fuzzed.ended().isDone() || !other.lodge.isOpen(), noise.toString());
        }
        other.peer.close();
        fuzzed.ended().get(30, TimeUnit.SECONDS);
        negotiation.handle((done, failed) -> true).get(30, TimeUnit.SECONDS);
        command.handle((done, failed) -> true).get(30, TimeUnit.SECONDS);
      }
    }
  }
}
