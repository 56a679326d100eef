package org.lodge.agent.internal;

import java.io.IOException;
import java.util.HexFormat;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.agent.AgentCall;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockStream;

/** A guest's call for a service; the first answer counts. */
final class Call implements AgentCall {
  private final VsockStream stream;
  private final Wire.Preface preface;
  private final Statuses statuses;
  private final AtomicBoolean answered = new AtomicBoolean();

  Call(VsockStream stream, Wire.Preface preface, Statuses statuses) {
    this.stream = stream;
    this.preface = preface;
    this.statuses = statuses;
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
  public boolean withHandles() {
    return preface.withHandles();
  }

  @Override
  public boolean asRoot() {
    return Wire.isRoots(stream.guestPort());
  }

  @Override
  public VsockStream accept() throws IOException {
    return accept("");
  }

  @Override
  public VsockStream accept(CompletionStage<ExitStatus> outcome) throws IOException {
    return accept(outcome, false);
  }

  @Override
  public VsockStream acceptProgram(CompletionStage<ExitStatus> outcome) throws IOException {
    return accept(outcome, true);
  }

  private VsockStream accept(CompletionStage<ExitStatus> outcome, boolean ofProgram)
      throws IOException {
    return accept(
        preface.wantsStatus()
            ? HexFormat.of().toHexDigits(statuses.expect(guest(), outcome, ofProgram))
            : "");
  }

  private VsockStream accept(String text) throws IOException {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "the call of guest '%s' was answered before".formatted(guest()));
    }
    stream.write(Wire.reply(0, text));
    return stream;
  }

  @Override
  public void refuse(String reason) {
    if (answered.compareAndSet(false, true)) {
      try {
        stream.write(Wire.reply(Wire.EACCES, reason));
        stream.close();
      } catch (IOException e) {
        stream.reset();
      }
    }
  }
}
