package org.lodge.shell.internal;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.lodge.shell.Terminal;

/** The dispatcher over guests in memory, with its output kept. */
public final class Shell {
  public final FakeGuests guests = new FakeGuests();
  public final Services services;
  final CommandRegistry registry;
  final Dispatcher dispatcher;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  public InputStream in = InputStream.nullInputStream();
  public Path folder = Path.of("/tmp");
  public Terminal terminal;
  int columns = 80;

  public Shell() {
    services = new Services(null);
    registry = new CommandRegistry(services);
    dispatcher = new Dispatcher(registry, null);
    services.bindGuests(guests);
  }

  private Shell(Shell other) {
    services = other.services;
    registry = other.registry;
    dispatcher = other.dispatcher;
  }

  /** Another person at the same Lodge. */
  public Shell beside() {
    return new Shell(this);
  }

  public int run(String... words) {
    out.reset();
    err.reset();
    Io io =
        new Io(
            in,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminal == null ? new Window(columns) : terminal,
            folder);
    return dispatcher.run(List.of(words), io);
  }

  public String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  public String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  public JsonObject json() {
    return parse(out());
  }

  static JsonObject parse(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return reader.readObject();
    }
  }

  record Window(int columns) implements Terminal {

    @Override
    public boolean inputIsTty() {
      return false;
    }

    @Override
    public boolean outputIsTty() {
      return true;
    }

    @Override
    public int rows() {
      return 24;
    }

    @Override
    public boolean colors() {
      return false;
    }

    @Override
    public Raw raw() {
      return new NoRaw();
    }
  }
}
