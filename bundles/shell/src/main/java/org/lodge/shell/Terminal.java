package org.lodge.shell;

import java.io.IOException;

/** What the person looks at. Thread-safe. */
public interface Terminal {

  /** Whether standard input is a terminal. */
  boolean inputIsTty();

  /** Whether standard output is a terminal. */
  boolean outputIsTty();

  /** Of the window, now; 80 where there is none. */
  int columns();

  /** Of the window, now; 24 where there is none. */
  int rows();

  /** Whether standard output is a terminal and the person has not refused colours. */
  boolean colors();

  /** Whether the person has gone away; nothing that is shown reaches anybody then. */
  default boolean isGone() {
    return false;
  }

  /** The terminal's type as programs find it in {@code TERM}, such as {@code xterm}. */
  default String type() {
    return "dumb";
  }

  /**
   * Runs an action after each change of the window's size, on a thread that it must not hold up.
   * Closing ends that.
   */
  default Resizing onResize(Runnable action) {
    return () -> {};
  }

  /** A wish to hear of changes of the window's size. */
  @FunctionalInterface
  interface Resizing extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Each key reaches the command as it is pressed, Ctrl-C too, and lines end in CR LF. Closing puts
   * the terminal back; the end of the command does too.
   */
  Raw raw();

  /** The raw mode. */
  interface Raw extends AutoCloseable {
    /** No key came in time. */
    int NO_KEY = -2;

    /**
     * The next byte typed; do not mix it with reads of the invocation's input.
     *
     * @param timeoutMillis more than 0
     * @return 0 to 255, -1 at the end, or {@link #NO_KEY}
     */
    int key(long timeoutMillis) throws IOException;

    @Override
    void close();
  }
}
