package org.lodge.keeper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.lodge.linux.Fd;

/**
 * The process that {@code lodge up} becomes where no service manager runs it: {@code Main RUN
 * COMMAND...} runs the command, keeps what it stores at {@code RUN/notify.sock}, and starts it
 * again when it dies. Whoever starts this sees to it that there is one per {@code RUN}: by a lock
 * on the descriptor that {@code LODGE_KEEPER_LOCK} names.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    Path socket = Path.of(arguments[0], "notify.sock");
    List<String> command = Arrays.asList(arguments).subList(1, arguments.length);
    String lock = System.getenv("LODGE_KEEPER_LOCK");
    Keeper keeper =
        new Keeper(
            socket,
            lock == null ? null : Fd.adopt(Integer.parseInt(lock)),
            command,
            System.getenv(),
            System.err::println);
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
