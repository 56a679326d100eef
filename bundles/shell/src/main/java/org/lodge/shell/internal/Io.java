package org.lodge.shell.internal;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import org.lodge.shell.Terminal;

/** Where a command's words came from and where its output goes. */
public record Io(InputStream in, PrintStream out, PrintStream err, Terminal terminal, Path folder) {

  /** Nowhere. */
  static Io none() {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    return new Io(InputStream.nullInputStream(), nowhere, nowhere, null, Path.of("/"));
  }
}
