package org.lodge.shell.internal.admin;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.lodge.shell.Terminal;

/** The terminal at the other end of the admin socket. */
final class SocketTerminal implements Terminal {
  private final Request request;
  private final StdinPipe stdin;
  private final Consumer<Boolean> setRaw;
  private volatile boolean gone;
  private volatile int columns;
  private volatile int rows;
  private final List<Runnable> resized = new CopyOnWriteArrayList<>();

  SocketTerminal(Request request, StdinPipe stdin, Consumer<Boolean> setRaw) {
    this.request = request;
    this.stdin = stdin;
    this.setRaw = setRaw;
    this.columns = request.columns();
    this.rows = request.rows();
  }

  void resize(int newColumns, int newRows) {
    columns = Math.max(1, newColumns);
    rows = Math.max(1, newRows);
    resized.forEach(Runnable::run);
  }

  @Override
  public Resizing onResize(Runnable action) {
    resized.add(action);
    return () -> resized.remove(action);
  }

  void gone() {
    gone = true;
  }

  @Override
  public boolean isGone() {
    return gone;
  }

  @Override
  public String type() {
    return request.term();
  }

  @Override
  public boolean inputIsTty() {
    return request.stdinTty();
  }

  @Override
  public boolean outputIsTty() {
    return request.stdoutTty();
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public boolean colors() {
    return request.stdoutTty() && !request.noColor() && !request.term().equals("dumb");
  }

  @Override
  public Raw raw() {
    setRaw.accept(true);
    return new Raw() {
      @Override
      public int key(long timeoutMillis) throws IOException {
        return stdin.key(timeoutMillis);
      }

      @Override
      public void close() {
        setRaw.accept(false);
      }
    };
  }
}
