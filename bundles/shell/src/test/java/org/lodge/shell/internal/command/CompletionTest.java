package org.lodge.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.shell.internal.Shell;

/** The script for Bash, run by Bash with a program in place of lodge. */
class CompletionTest {
  @TempDir Path folder;
  private final Shell shell = new Shell();

  @BeforeEach
  void print() throws IOException {
    assertEquals(0, shell.run("completion", "bash"));
    Files.writeString(folder.resolve("script"), shell.out());
  }

  @Test
  void withoutLodgeCommandsAndTheirOptionsAreCompleted() throws Exception {
    lodge("exit 3");
    assertTrue(complete("lodge ").containsAll(Set.of("up", "ls", "device", "completion")));
    assertEquals(Set.of("device"), complete("lodge dev"));
    assertEquals(Set.of("add", "control", "ls", "resize", "rm"), complete("lodge device "));
    assertTrue(complete("lodge device rm work --").contains("--timeout"));
    assertEquals(Set.of("--detach"), complete("lodge up --d"));
    assertEquals(Set.of(), complete("lodge device rm "));
    assertEquals(Set.of(), complete("lodge nonsense --"));
  }

  @Test
  void aLodgeThatRunsIsAskedWithTheWordsAsTyped() throws Exception {
    lodge("printf '%s|' \"$@\" >$0.asked; echo work:; echo display:");
    assertEquals(Set.of("work:", "display:"), complete("lodge cp notes.txt "));
    assertEquals("complete|--|cp|notes.txt||", Files.readString(folder.resolve("lodge.asked")));
    assertEquals(Set.of("work:"), complete("lodge cp notes.txt wo"));
    lodge("echo storage:data; echo storage:more");
    assertEquals(Set.of("data"), complete("lodge volume show storage:da"));
  }

  @Test
  void forOtherShellsThereIsNone() {
    assertEquals(2, shell.run("completion", "fish"));
    assertTrue(shell.err().contains("there is none for fish; there is bash"), shell.err());
  }

  private void lodge(String script) throws IOException {
    Path program = Files.writeString(folder.resolve("lodge"), "#!/bin/sh\n" + script + "\n");
    assertTrue(program.toFile().setExecutable(true));
  }

  private Set<String> complete(String line) throws Exception {
    ProcessBuilder bash =
        new ProcessBuilder(
            "bash",
            "-c",
            "set -u; PATH=$2:$PATH; . $2/script; COMP_LINE=$1 COMP_POINT=${#1};"
                + " _lodge; [ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"",
            "bash",
            line,
            folder.toString());
    Process process = bash.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), out);
    return Set.copyOf(List.copyOf(out.lines().toList()));
  }
}
