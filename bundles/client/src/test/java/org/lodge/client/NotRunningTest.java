package org.lodge.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotRunningTest {
  @TempDir Path place;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void toEndALodgeThatDoesNotRunIsNoFailure() {
    assertEquals(0, say("down"));
    assertEquals("Lodge is not running; there is nothing to end\n", text(out));
    assertEquals("", text(err));
    out.reset();
    assertEquals(0, say("down", "--json"));
    assertEquals("{\"kept\":false}\n", text(out));
  }

  @Test
  void guestsThatRunOnWithoutLodgeAreNamed() throws IOException {
    guest("work", "12", "300");
    guest("vault", "13", "300");
    guest("gone", "14", "300");
    process("12", "300");
    process("13", "301");
    assertEquals(3, say("down"));
    assertTrue(text(err).contains("but its guests are: work\n(stop them with:"), text(err));
    err.reset();
    assertEquals(3, say("down", "--json"));
    assertTrue(text(err).startsWith("{\"error\":{\"message\":\"Lodge is not"), text(err));
  }

  @Test
  void whatNeedsALodgeSaysHowToStartOne() {
    assertEquals(3, say("ls"));
    assertTrue(text(err).contains("start it with: lodge up\n(nothing answers at "), text(err));
    err.reset();
    assertEquals(3, say("exec", "work", "--", "down", "--json"));
    assertTrue(text(err).startsWith("Lodge is not running"), text(err));
  }

  private int say(String... arguments) {
    NotRunning none = new NotRunning(place.resolve("run"), place.resolve("proc"));
    return none.say(arguments, 0, new PrintStream(out), new PrintStream(err));
  }

  private void guest(String name, String pid, String startTicks) throws IOException {
    Path folder = Files.createDirectories(place.resolve("run/vm").resolve(name));
    String record = "{\"guest\":\"%s\",\"pid\":\"%s\",\"startTicks\":\"%s\"}\n";
    Files.writeString(folder.resolve("vmm.json"), record.formatted(name, pid, startTicks));
  }

  private void process(String pid, String startTicks) throws IOException {
    Path folder = Files.createDirectories(place.resolve("proc").resolve(pid));
    String stat = pid + " (qemu) x) S " + "0 ".repeat(18) + startTicks + " 0 0\n";
    Files.writeString(folder.resolve("stat"), stat);
  }

  private static String text(ByteArrayOutputStream stream) {
    return stream.toString(StandardCharsets.UTF_8);
  }
}
