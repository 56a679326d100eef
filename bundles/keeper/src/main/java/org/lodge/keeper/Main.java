package org.lodge.keeper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The process that {@code lodge up} becomes where no service manager runs it: {@code Main RUN
 * COMMAND...} runs the command, keeps what it stores at {@code RUN/notify.sock}, and starts it
 * again when it dies. Whoever starts this sees to it that there is one per {@code RUN}.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Path socket = Path.of(arguments[0], "notify.sock");
    List<String> command = Arrays.asList(arguments).subList(1, arguments.length);
    Keeper keeper = new Keeper(socket, command, System.getenv(), System.err::println);
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              keeper.stop();
              try {
                main.join();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
    int exitCode = 1;
    try (keeper) {
      exitCode = keeper.run();
    } catch (IOException e) {
      System.err.println("lodge: the keeper of Lodge failed: " + e.getMessage());
    }
    // Not exit: after a signal the hook waits for this thread.
    Runtime.getRuntime().halt(exitCode);
  }
}
