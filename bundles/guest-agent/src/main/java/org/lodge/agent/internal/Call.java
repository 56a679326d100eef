package org.lodge.agent.internal;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.agent.AgentCall;
import org.lodge.vsock.VsockStream;

/** A guest's call for a service; the first answer counts. */
final class Call implements AgentCall {
  /** Permission denied, as the guest's programs know it. */
  private static final int EACCES = 13;

  private final VsockStream stream;
  private final Wire.Preface preface;
  private final AtomicBoolean answered = new AtomicBoolean();

  Call(VsockStream stream, Wire.Preface preface) {
    this.stream = stream;
    this.preface = preface;
  }

  @Override
  public String guest() {
    return stream.guest();
  }

  @Override
  public String service() {
    return preface.name();
  }

  @Override
  public String argument() {
    return preface.argument();
  }

  @Override
  public String target() {
    return preface.target();
  }

  @Override
  public VsockStream accept() throws IOException {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "the call of guest '%s' was answered before".formatted(guest()));
    }
    stream.write(Wire.reply(0, ""));
    return stream;
  }

  @Override
  public void refuse(String reason) {
    if (answered.compareAndSet(false, true)) {
      try {
        stream.write(Wire.reply(EACCES, reason));
        stream.close();
      } catch (IOException e) {
        stream.reset();
      }
    }
  }
}
